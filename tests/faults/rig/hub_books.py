"""What a hub's database says, read from outside with SQL of our own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted


@dataclass(frozen=True)
class HubBooks:
    """`events` are the ids of the sales in the log that count, `sales` receipt numbers.

    `moved` is by event id what the ledger took off; `levels` is (store, SKU) -> on hand, `ledger` the sum of movements;
    `open_aside` are events that are parked or forked and not resolved.
    """

    events: Counter[str]
    sales: Counter[str]
    moved: Mapping[str, tuple[tuple[str, int], ...]]
    levels: Mapping[tuple[str, str], int]
    ledger: Mapping[tuple[str, str], int]
    open_aside: frozenset[str]


_EVENTS = (
    "SELECT store, terminal, epoch, sequence, event_id, raw FROM event"
    " WHERE duplicate_of IS NULL AND event_id IS NOT NULL"
)
_MOVED = "SELECT store, sku, source, epoch, sequence, delta, kind FROM movement WHERE kind <> 'count_lot'"


def read_hub(engine: sa.Engine) -> HubBooks:
    """Read everything in one transaction, so that it is of one moment."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        events: Counter[str] = Counter()
        ids: dict[tuple[str, str, int, int], str] = {}
        for store, terminal, epoch, sequence, event_id, raw in connection.execute(sa.text(_EVENTS)):
            if _is_sale(bytes(raw)):
                events[event_id] += 1
                ids[store, terminal, epoch, sequence] = event_id
        sums: dict[str, Counter[str]] = {}
        ledger: Counter[tuple[str, str]] = Counter()
        for store, sku, source, epoch, sequence, delta, kind in connection.execute(sa.text(_MOVED)):
            ledger[store, sku] += delta
            if kind == "sale":
                event_id = ids.get((store, source, epoch, sequence), f"{store}/{source}/{epoch}/{sequence} of no event")
                sums.setdefault(event_id, Counter())[sku] -= delta
        sales = Counter(str(row[0]) for row in connection.execute(sa.text("SELECT receipt_number FROM sale")))
        levels = {
            (row[0], row[1]): int(row[2])
            for row in connection.execute(sa.text("SELECT store, sku, on_hand FROM level"))
        }
        aside = connection.execute(sa.text("SELECT event_id FROM parked WHERE resolved_us IS NULL"))
        return HubBooks(
            events, sales, {name: tuple(sorted(sold.items())) for name, sold in sums.items()}, levels, ledger,
            frozenset(str(row[0]) for row in aside),
        )  # fmt: skip


def read_levels(engine: sa.Engine) -> Mapping[tuple[str, str], int]:
    """Only the levels: (store, SKU) -> on hand."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT store, sku, on_hand FROM level"))
        return {(row[0], row[1]): int(row[2]) for row in rows}


def _is_sale(raw: bytes) -> bool:
    event = read_event(raw)
    return isinstance(event, Event) and isinstance(read_data(event), SaleCompleted)
