"""Random scripts of what a link and a till may do to a replica."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from edge_agent.replica.port import Replica
from protocol.documents import Document, Item, Stock
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, Sku, StoreId, TerminalId, store_feed
from protocol.messages import Cursor
from protocol.movements import Movement

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
SKUS = st.sampled_from("abc")
FEEDS = st.sampled_from([GLOBAL_FEED, store_feed(STORE)])
REQUESTS = st.sampled_from(["", "r1", "r2"])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of either feed, or a tombstone."""
    sku = draw(SKUS)
    body: Item | Stock = Stock(sku=sku, on_hand=draw(st.integers(-9, 9)))
    kind = draw(st.sampled_from(["item", "stock"]))
    if kind == "item":
        name, codes = draw(st.sampled_from(["a", "b c", "c a 1l"])), draw(st.lists(st.sampled_from("XYZ")))
        body = Item(sku=sku, name=name, barcodes=tuple(codes), price=1, currency="VND")
    raw = msgspec.Raw(msgspec.json.encode(body))
    return Document(kind=kind, key=sku, revision=1, body=raw, deleted=draw(st.booleans()))


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, tuple[Any, ...]]:
    """One call of the port that changes something."""
    name = draw(st.sampled_from(["stage", "apply", "tidy", "add_own", "rekey_own"]))
    some = tuple(draw(st.lists(documents(), max_size=3)))
    if name == "stage":
        return name, (draw(FEEDS), Stage(draw(REQUESTS), some, draw(st.booleans())))
    if name == "apply":
        cursors = tuple(
            Cursor(terminal="t1", epoch=draw(st.integers(1, 2)), sequence=draw(st.integers(0, 5)))
            for _ in range(draw(st.integers(0, 2)))
        )
        return name, (draw(FEEDS), Apply(some, cursors, "l", 1, draw(REQUESTS), draw(st.booleans())))
    if name == "tidy":
        return name, (draw(st.integers(1, 3)),)
    if name == "rekey_own":
        return name, (1, 2, draw(st.sets(st.integers(1, 9), max_size=3)))
    return name, (1, 0, (_sale(draw(SKUS)),))


def _sale(sku: str) -> Movement:
    return Movement(0, Sku(sku), -1, "sale", datetime(2026, 1, 1, tzinfo=UTC))


def play(replica: Replica, script: list[tuple[str, tuple[Any, ...]]], places: Iterator[int]) -> None:
    """Make the calls of a script; places of own events are made here, because a journal uses none twice."""
    for name, arguments in script:
        if name == "add_own":
            replica.add_own(1, next(places), arguments[2])
        elif name == "rekey_own":
            replica.rekey_own(1, 2, {old: next(places) for old in arguments[2]})
        else:
            getattr(replica, name)(*arguments)
