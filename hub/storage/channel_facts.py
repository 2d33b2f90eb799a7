"""What people counted, received and wrote off at a channel, taken into the ledger: each fact once, in one transaction.

A channel that was counted at shows what was counted there, whatever the hub told it before. So what it was told of that
SKU is not to be relied on any more, even where the hub's number is the same: it is told anew, at once and once more
when every sale of before has been heard of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import sqlalchemy as sa

from hub.matters.stock_facts import SaidFact, lines_of, refusal_of
from hub.stock.level import Level, after_movements
from hub.storage.channel_pages import NotTaken, PageEnd, end_page
from hub.storage.database import Database
from hub.storage.ledger import ledger_on
from hub.storage.moments import to_us
from hub.storage.port import LedgerTransaction
from hub.storage.records import CHANNEL_SOURCE, EpochKey, LedgerMovement, LedgerWrites, LevelKey
from hub.storage.schema_channels import channel_fact, channel_offer
from hub.storage.settling_orders import all_stores
from hub.storage.shelves import parts_by_sku
from hub.storage.upserts import insert_new
from protocol.ids import Sku, StoreId
from protocol.movements import Movement

ONCE_MORE = timedelta(minutes=15)
"""A push takes off what a channel's staff sold lately and the hub has not heard of, which a count has seen already."""
AT_ONCE = 1_000
_PART = 500
_FACT, _OFFER = channel_fact.c, channel_offer.c


class SqlChannelFacts:
    """See `schema_channels.channel_fact`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, said: Sequence[SaidFact], end: PageEnd, not_taken: Sequence[NotTaken], now: datetime) -> int:
        """Take in those that are new, and end the page; returns how many. What cannot be taken in is parked with why.

        Raises LeaseLost (another process does this now, nothing is written) and StorageUnavailable.
        """
        found = {fact.key: fact for fact in said}
        with self._database.write() as connection:
            # The stores' rows first, as everywhere: what is read below holds until the end.
            ledger = ledger_on(connection, {StoreId(fact.store) for fact in found.values()})
            known = _known(connection, end.channel, list(found))
            made_of = parts_by_sku(connection, sorted({fact.sku for fact in found.values()}))
            stores = all_stores(connection)
            why = {key: refusal_of(one, stores, made_of.get(one.sku, ()), now) for key, one in found.items()}
            new = [fact for key, fact in found.items() if key not in known and not why[key]]
            movements = [
                (fact, Movement(0, Sku(line.sku), line.delta, line.kind, fact.at))
                for fact in new
                for line in lines_of(fact, made_of.get(fact.sku, ()))
            ]
            _move(ledger, end.channel, movements, now)
            insert_new(connection, channel_fact, [_row(end.channel, fact, now) for fact in new])
            tell_anew(connection, end.channel, now)
            refused = [NotTaken(key, why[key], found[key].raw) for key in found if why[key] and key not in known]
            gone = found.keys() - {one.key for one in refused}
            end_page(connection, end, gone, [*not_taken, *refused], now)
        return len(new)


def tell_anew(connection: sa.Connection, channel: str, now: datetime) -> None:
    """Have SKUs told anew that people counted there, until the channel has been told after it was counted."""
    due = sa.and_(_FACT.channel == channel, _FACT.again_us <= to_us(now))
    columns = (_FACT.key, _FACT.location, _FACT.sku, _FACT.taken_us, _FACT.again_us)
    rows = connection.execute(sa.select(*columns).where(due).order_by(_FACT.again_us, _FACT.key).limit(AT_ONCE)).all()
    offers = _offers(connection, channel, sorted({row.sku for row in rows}))
    stale: set[tuple[str, str]] = set()
    for row in rows:
        place = (row.location, row.sku)
        if place in offers and ((sent_us := offers[place]) is None or sent_us <= row.again_us):
            stale.add(place)
            continue
        first = place in offers and row.again_us == row.taken_us
        following = row.taken_us + ONCE_MORE // timedelta(microseconds=1) if first else None
        mine = sa.and_(_FACT.channel == channel, _FACT.key == row.key)
        connection.execute(sa.update(channel_fact).where(mine).values(again_us=following))
    for location, sku in sorted(stale):
        mine = sa.and_(_OFFER.channel == channel, _OFFER.location == location, _OFFER.sku == sku)
        change = sa.update(channel_offer).where(mine, _OFFER.state == "done")
        connection.execute(change.values(state="due", due_us=to_us(now)))


def _known(connection: sa.Connection, channel: str, keys: Sequence[str]) -> frozenset[str]:
    query = sa.select(_FACT.key).where(_FACT.channel == channel)
    parts = (keys[start : start + _PART] for start in range(0, len(keys), _PART))
    return frozenset(key for part in parts for key in connection.execute(query.where(_FACT.key.in_(part))).scalars())


def _move(ledger: LedgerTransaction, channel: str, found: Sequence[tuple[SaidFact, Movement]], now: datetime) -> None:
    """Write movements and the levels that follow from them."""
    if not found:
        return
    revisions = ledger.revisions()
    lines: defaultdict[str, count[int]] = defaultdict(count)
    entries: list[LedgerMovement] = []
    by_level: defaultdict[LevelKey, list[Movement]] = defaultdict(list)
    for fact, said in found:
        store = StoreId(fact.store)
        movement = Movement(next(lines[store]), said.sku, said.delta, said.kind, said.at)
        reason = f"{channel} {fact.key} {fact.note}".strip()
        entries.append(LedgerMovement(EpochKey(store, CHANNEL_SOURCE, 0), revisions[store] + 1, movement, reason))
        by_level[LevelKey(store, movement.sku)].append(movement)
    ledger.write(
        LedgerWrites(
            at=now,
            revisions={store: revisions[store] + 1 for store in {key.store for key in by_level}},
            movements=tuple(entries),
            levels=_levels(ledger, by_level),
        )
    )


def _levels(ledger: LedgerTransaction, by_level: Mapping[LevelKey, Sequence[Movement]]) -> dict[LevelKey, Level]:
    before = ledger.levels(list(by_level))
    return {
        key: after_movements(before.get(key, Level()), new, partial(ledger.ledger, key))
        for key, new in sorted(by_level.items())
    }


def _offers(connection: sa.Connection, channel: str, skus: Collection[str]) -> Mapping[tuple[str, str], int | None]:
    """When the channel was last told of these, by location and SKU."""
    wanted = sorted(skus)
    query = sa.select(_OFFER.location, _OFFER.sku, _OFFER.sent_us).where(_OFFER.channel == channel)
    found: dict[tuple[str, str], int | None] = {}
    for start in range(0, len(wanted), _PART):
        for row in connection.execute(query.where(_OFFER.sku.in_(wanted[start : start + _PART]))):
            found[row.location, row.sku] = row.sent_us
    return found


def _row(channel: str, fact: SaidFact, now: datetime) -> dict[str, object]:
    us = to_us(now)
    return {
        "channel": channel, "key": fact.key, "kind": fact.kind, "store": fact.store, "location": fact.location,
        "sku": fact.sku, "quantity": fact.quantity, "at_us": to_us(fact.at), "note": fact.note, "taken_us": us,
        "again_us": us,
    }  # fmt: skip
