"""Where on the broker each message goes.

    tillwire/v1/{bucket}/{store}/{terminal}/journal|status|pull|epoch|answer|ask  a terminal says
    tillwire/v1/{bucket}/{store}/{terminal}/ack|grant|chunk|command|told          the hub says to one terminal
    tillwire/v1/feed/{feed}                                                       the hub says to all of a store

`bucket` is a hash of the store, so that several hub workers can share the load by topic filters.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Literal, NamedTuple

from protocol.errors import InvalidId
from protocol.ids import FeedName, StoreId, TerminalId, store_id, store_of_feed, terminal_id

ROOT = "tillwire/v1"
BUCKETS = 64

UpLeaf = Literal["journal", "status", "pull", "epoch", "answer", "ask"]
DownLeaf = Literal["ack", "grant", "chunk", "command", "told"]
_KNOWN_MAX = 16_384
"""How many topics are remembered taken apart: a chain has a few thousand tills, and each speaks many times a second."""

_LEAVES = frozenset({"journal", "status", "pull", "epoch", "answer", "ask", "ack", "grant", "chunk", "command", "told"})


class TerminalTopic(NamedTuple):
    """A topic of one terminal, taken apart."""

    store: StoreId
    terminal: TerminalId
    leaf: str


@lru_cache(maxsize=_KNOWN_MAX)
def bucket_of(store: StoreId) -> str:
    """Which bucket a store's topics are in: "b00" to "b63". Stable for good: it stands in brokers' rules."""
    return f"b{bucket_number(store):02d}"


def bucket_number(store: StoreId) -> int:
    """The number of its bucket, 0 to BUCKETS - 1."""
    return hashlib.sha256(store.encode()).digest()[0] % BUCKETS


def terminal_topic(store: StoreId, terminal: TerminalId, leaf: UpLeaf | DownLeaf) -> str:
    """The topic on which a terminal says, or hears, `leaf`."""
    return f"{ROOT}/{bucket_of(store)}/{store}/{terminal}/{leaf}"


def feed_topic(feed: FeedName) -> str:
    """The topic of a feed's broadcasts."""
    return f"{ROOT}/feed/{feed}"


def up_filter(leaf: UpLeaf, bucket: str = "+") -> str:
    """The filter under which the hub hears `leaf` of all terminals (of one bucket)."""
    return f"{ROOT}/{bucket}/+/+/{leaf}"


@lru_cache(maxsize=_KNOWN_MAX)
def parse_terminal_topic(topic: str) -> TerminalTopic:
    """Take a terminal's topic apart. Raises InvalidId for anything else, a wrong bucket included."""
    parts = topic.split("/")
    if len(parts) != 6 or f"{parts[0]}/{parts[1]}" != ROOT or parts[5] not in _LEAVES:  # noqa: PLR2004 - see the docstring
        raise InvalidId(f"topic {topic!r} is not a terminal's")
    store = store_id(parts[3])
    if parts[2] != bucket_of(store):
        raise InvalidId(f"topic {topic!r}: store {store} belongs to bucket {bucket_of(store)}")
    return TerminalTopic(store, terminal_id(parts[4]), parts[5])


def parse_feed_topic(topic: str) -> FeedName:
    """Take a feed's topic apart. Raises InvalidId for anything else."""
    head, _, name = topic.rpartition("/")
    if head != f"{ROOT}/feed":
        raise InvalidId(f"topic {topic!r} is not a feed's")
    feed = FeedName(name)
    store_of_feed(feed)
    return feed
