"""What the tests of the protocol draw from: facts, sealed chains, and journals cut into batches.

Chains are made by `seal` itself; where a test needs an independent opinion it computes one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from protocol.event import GENESIS, Digest, SealedEvent, seal, source_of
from protocol.events import (
    CountedLine,
    DrawerOpened,
    EventData,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockCounted,
    StockLine,
    StockReceived,
    Tender,
)
from protocol.frame import Key
from protocol.ids import store_id, terminal_id
from protocol.messages import Batch

STORE = store_id("S01")
TERMINAL = terminal_id("T1")
SOURCE = source_of(STORE, TERMINAL)
KEY = Key(bytes(range(32)))
EPOCH = 1
AT = datetime(2026, 11, 22, 11, 4, tzinfo=UTC)

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
skus = st.sampled_from(["G7-21", "CF-1KG", "Trà sen", "X"])
quantities = st.integers(-(10**9), 10**9)
times = st.integers(0, 10**9).map(lambda microseconds: AT + timedelta(microseconds=microseconds))


@st.composite
def sale_lines(draw: st.DrawFn) -> SaleLine:
    """A line of a receipt."""
    return SaleLine(
        sku=draw(skus), name=draw(words), quantity=draw(st.integers(0, 10**7)), unit_price=draw(st.integers(0, 10**7)),
        amount=draw(st.integers(0, 10**9)), note=draw(st.none() | words),
    )  # fmt: skip


def _receipt(kind: type[SaleCompleted | SaleRefunded]) -> st.SearchStrategy[SaleCompleted | SaleRefunded]:
    return st.builds(
        kind,
        receipt_number=words,
        business_day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        currency=st.sampled_from(["VND", "USD"]),
        cashier=words,
        lines=st.lists(sale_lines(), max_size=3).map(tuple),
        tenders=st.lists(st.builds(Tender, kind=words, amount=st.integers(0, 10**9)), max_size=2).map(tuple),
        total=st.integers(0, 10**9),
    )


facts: st.SearchStrategy[EventData] = st.one_of(
    _receipt(SaleCompleted),
    _receipt(SaleRefunded),
    st.builds(
        StockReceived,
        lines=st.lists(st.builds(StockLine, sku=skus, quantity=quantities), max_size=3).map(tuple),
        by=words,
    ),
    st.builds(
        StockCounted,
        session=words,
        lines=st.lists(st.builds(CountedLine, sku=skus, quantity=quantities, at=times), max_size=3).map(tuple),
        by=words,
    ),
    st.builds(DrawerOpened, by=words, why=st.just("no_sale")),
)
"""Any fact that a till can state, small."""


def sealed_chain(  # noqa: PLR0913 - where a chain starts, and whose it is
    data: Sequence[EventData],
    *,
    first: int = 1,
    previous: Digest = GENESIS,
    epoch: int = EPOCH,
    source: str = SOURCE,
    life: str = "a",
) -> tuple[SealedEvent, ...]:
    """Seal facts one behind the other; `life` makes the ids of two histories differ."""
    events: list[SealedEvent] = []
    for sequence, fact in enumerate(data, first):
        event = seal(
            fact, previous=previous, epoch=epoch, sequence=sequence, event_id=f"{life}-{sequence}",
            time=AT + timedelta(seconds=sequence), source=source,
        )  # fmt: skip
        events.append(event)
        previous = event.digest
    return tuple(events)


def drawer_chain(count: int, *, first: int = 1, previous: Digest = GENESIS, life: str = "a") -> tuple[SealedEvent, ...]:
    """`count` small events, for tests that care about positions only."""
    return sealed_chain([DrawerOpened(by=life, why="no_sale")] * count, first=first, previous=previous, life=life)


def batch_of(chain: Sequence[SealedEvent], first: int, last: int, *, epoch: int = EPOCH) -> Batch:
    """The events `first` to `last` of a chain that starts with sequence 1, as a frame would bring them."""
    previous = chain[first - 2].digest if first > 1 else GENESIS
    return Batch(epoch, first, previous, AT, tuple(event.raw for event in chain[first - 1 : last]))
