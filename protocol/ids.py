"""Names of stores, terminals, SKUs and feeds: the words of which topics and keys are made.

A name is checked once, where it enters (configuration, command line, topic), and is trusted afterwards.
"""

from __future__ import annotations

import re
from typing import NewType

from protocol.errors import InvalidId

StoreId = NewType("StoreId", str)
TerminalId = NewType("TerminalId", str)
Sku = NewType("Sku", str)
FeedName = NewType("FeedName", str)

GLOBAL_FEED = FeedName("global")

# No "/", "+", "#" (MQTT topics) and no "." (NATS client ids); short enough for a receipt's head line.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_SKU = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?")


def store_id(text: str) -> StoreId:
    """Check that `text` can name a store. Raises InvalidId."""
    return StoreId(_name(text, "store"))


def terminal_id(text: str) -> TerminalId:
    """Check that `text` can name a terminal. Raises InvalidId."""
    return TerminalId(_name(text, "terminal"))


def sku(text: str) -> Sku:
    """Check that `text` can name a stock-keeping unit: 1 to 64 visible characters. Raises InvalidId."""
    if not _SKU.fullmatch(text):
        raise InvalidId(f"SKU {text!r}: use 1 to 64 visible characters, no space at either end")
    return Sku(text)


def store_feed(store: StoreId) -> FeedName:
    """Name the feed that carries one store's documents."""
    return FeedName(f"store-{store}")


def store_of_feed(feed: FeedName) -> StoreId | None:
    """Say whose feed it is; None for the global feed. Raises InvalidId for a name that is no feed's."""
    if feed == GLOBAL_FEED:
        return None
    if not feed.startswith("store-"):
        raise InvalidId(f"feed {feed!r}: feeds are called 'global' or 'store-<store>'")
    return store_id(feed.removeprefix("store-"))


def _name(text: str, what: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidId(f"{what} {text!r}: use 1 to 32 letters, digits, '-' or '_', the first a letter or a digit")
    return text
