"""Hubs whose ledger, reservations or orders are broken: see `mutants.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from hub.ingest.levels import ending, moved_levels
from hub.ingest.replay import replay
from hub.ingest.session import IngestLimits, IngestSession
from hub.matters.orders import PlacedOrder
from hub.projections.matters import MatterProjection
from hub.stock.level import Level
from hub.storage import schema
from hub.storage.level_moves import moved_keys
from hub.storage.moments import to_us
from hub.storage.orders import SqlOrderStore
from hub.storage.port import KeyRing, LedgerStore, LedgerTransaction, ParkedStore
from hub.storage.records import LedgerMovement, LedgerWrites, LevelKey, LoggedEvent, ParkedEvent, Promise
from protocol.event import Unreadable, read_data, read_event
from protocol.events import SaleCompleted, SaleRefunded
from protocol.frame import Key
from protocol.ids import FeedName, Sku, StoreId
from protocol.movements import movements_of
from tests.simulation.lying import LyingStore, LyingTransaction
from tests.simulation.old_worker import OldIngest, OldTransaction
from tests.simulation.parts import LINEAGE
from tests.simulation.sql_hub import Rewrite, SqlHub


class _Liar(IngestSession):
    lie: ClassVar[type[LyingTransaction]]

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, self.lie), keys, limits)


class _OtherMovements(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        movements = tuple(self.change(writes))
        ended = ending({promise for promise, _ in writes.reservations}, self.real)
        self.real.write(
            replace(writes, movements=movements, moves={}, levels=moved_levels(movements, self.real, ended))
        )

    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        raise NotImplementedError


def _absolute(writes: LedgerWrites, known: Mapping[LevelKey, Level]) -> LedgerWrites:
    """The same with what each level becomes, as far as `known` tells, in the place of what is added to it."""
    became = {
        key: msgspec.structs.replace(level, on_hand=level.on_hand + writes.moves[key].delta)
        for key in moved_keys(writes)
        for level in [known.get(key, Level())]
    }
    return replace(writes, moves={}, levels={**became, **writes.levels})


class _OnlyOut(_OtherMovements):
    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        return (entry for entry in writes.movements if entry.movement.kind != "transfer_in")


class CountsTransferAtSender(_Liar):
    """Takes what was sent off the sender's shelf, and never puts what came on the receiver's."""

    lie = _OnlyOut


class _Differences(_OtherMovements):
    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        for entry in writes.movements:
            movement, place = entry.movement, LevelKey(entry.key.store, entry.movement.sku)
            if movement.kind == "count":
                level = self.real.levels([place]).get(place, Level())
                movement = msgspec.structs.replace(movement, kind="adjust", delta=movement.delta - level.on_hand)
            yield msgspec.structs.replace(entry, movement=movement)


class CountIsADifference(_Liar):
    """Turns a count into what it differs by from the level of the moment at which it comes."""

    lie = _Differences


class _NeverCounted(LyingTransaction):
    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        return {key: msgspec.structs.replace(level, counted_at=None) for key, level in self.real.levels(keys).items()}

    def write(self, writes: LedgerWrites) -> None:
        self.real.write(_absolute(writes, self.levels(moved_keys(writes))))


class LateSaleSubtractsAgain(_Liar):
    """Forgets when a level was counted: a sale from before, which the count has seen, is taken off once more."""

    lie = _NeverCounted


class _Wholes(_OtherMovements):
    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        sold = {(event.key, event.sequence): found for event in writes.events if (found := _sale_of(event))}
        for entry in writes.movements:
            if (entry.key, entry.sequence) not in sold:
                yield entry
        for (key, sequence), (data, at) in sold.items():
            lines = tuple(msgspec.structs.replace(line, moves=()) for line in data.lines)
            for movement in movements_of(msgspec.structs.replace(data, lines=lines), at):
                yield LedgerMovement(key, sequence, movement)


class BundleMovesItself(_Liar):
    """Takes a case or a bundle off a shelf on which it does not stand."""

    lie = _Wholes


class _Nameless(_OtherMovements):
    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        for entry in writes.movements:
            yield msgspec.structs.replace(entry, movement=msgspec.structs.replace(entry.movement, lot="", expires=None))


class ForgetsLots(_Liar):
    """Writes down how much moved, and not of which lot."""

    lie = _Nameless


class _HubTime(_OtherMovements):
    def change(self, writes: LedgerWrites) -> Iterable[LedgerMovement]:
        for entry in writes.movements:
            yield msgspec.structs.replace(entry, movement=msgspec.structs.replace(entry.movement, at=writes.at))


class TakesHubTime(_Liar):
    """Orders counts and sales by when the hub heard of them."""

    lie = _HubTime


class CachesLevels(IngestSession):
    """Keeps levels in memory: also those of a transaction that failed, and those that another worker has moved."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        known: dict[LevelKey, Level] = {}
        super().__init__(LyingStore(store, lambda real: _Cached(real, known)), keys, limits)


class _Cached(LyingTransaction):
    def __init__(self, real: LedgerTransaction, known: dict[LevelKey, Level]) -> None:
        super().__init__(real)
        self._known = known

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        found = dict(self.real.levels(keys))
        return found | {key: self._known[key] for key in keys if key in self._known}

    def write(self, writes: LedgerWrites) -> None:
        writes = _absolute(writes, self.levels(moved_keys(writes)))
        self._known.update(writes.levels)
        self.real.write(writes)


class _KnownFieldsOnly(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        events = tuple(
            msgspec.structs.replace(event, raw=event.raw.replace(b'"basket":{"of":"the future"},', b""))
            for event in writes.events
        )
        self.real.write(replace(writes, events=events))


class KeepsKnownFieldsOnly(_Liar):
    """Writes an event as it understood it: what a newer till said beside that is gone."""

    lie = _KnownFieldsOnly


class _TwiceFree(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        levels = dict(writes.levels)  # what is freed is never only added to
        for (promise, sku), quantity in ending({p for p, _ in writes.reservations}, self.real).items():
            key = LevelKey(promise.store, sku)
            levels[key] = msgspec.structs.replace(levels[key], reserved=levels[key].reserved - quantity)
        self.real.write(replace(writes, levels=levels))


class ReleasesTwice(_Liar):
    """Frees what was reserved for an order once more when it is handed over."""

    lie = _TwiceFree


class _NeverFree(LyingTransaction):
    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        del promises
        return {}


class KeepsReservation(_Liar):
    """Leaves what was reserved for an order reserved when it is handed over."""

    lie = _NeverFree


class _WithoutRole(LyingTransaction):
    roles: ClassVar[frozenset[str]]

    def write(self, writes: LedgerWrites) -> None:
        kept = tuple(matter for matter in writes.matters if matter.part.role not in self.roles)
        self.real.write(replace(writes, matters=kept))


class _WithoutPicks(_WithoutRole):
    roles = frozenset({"picked"})


class ForgetsPicks(_Liar):
    """Hears that an order was gathered, and short of what, and draws no consequence: nobody else is asked."""

    lie = _WithoutPicks


class _WithoutArrivals(_WithoutRole):
    roles = frozenset({"received"})


class ForgetsArrivals(_Liar):
    """Counts what came, and leaves it on its way."""

    lie = _WithoutArrivals


class _DroppingTransaction(OldTransaction):
    def park(self, event: LoggedEvent) -> tuple[ParkedEvent, ...]:
        del event
        return ()


class OldWorkerDrops(OldIngest):
    """An old worker that passes over what it does not know."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        IngestSession.__init__(self, LyingStore(store, _DroppingTransaction), keys, limits)


class _NeverReplayed(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        self.real.write(replace(writes, replayed=()))


class _WithoutMatters(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        self.real.write(replace(writes, matters=()))


def replay_again(ledger: LedgerStore, parked: ParkedStore, store: StoreId, now: datetime) -> int:
    """Count parked events in, and leave them parked."""
    return replay(LyingStore(ledger, _NeverReplayed), parked, store, now)


def replay_without_matters(ledger: LedgerStore, parked: ParkedStore, store: StoreId, now: datetime) -> int:
    """Count what parked events move, and draw no other consequence."""
    return replay(LyingStore(ledger, _WithoutMatters), parked, store, now)


class PlacesTwice(SqlOrderStore):
    """Takes an order that comes again for another one."""

    def place(self, order: PlacedOrder, now: datetime) -> bool:
        """Under a name that is free."""
        return super().place(order, now) or self.place(msgspec.structs.replace(order, order=f"{order.order}+"), now)


class CancelsOnPaper(SqlOrderStore):
    """Writes down that an order is off, and leaves its goods reserved."""

    def cancel(self, order: str, now: datetime) -> bool:
        """Without what follows."""
        table = schema.web_order.c
        mine = sa.update(schema.web_order).where(table.id == order, table.cancelled_us.is_(None))
        with self._database.write() as connection:
            return bool(connection.execute(mine.values(cancelled_us=to_us(now))).rowcount)


def sells_expired(global_feed_key: Key) -> SqlHub:
    """A hub that keeps lots with their days, and sells what has expired."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        return statement.replace("movement.expires != ''", "movement.expires = 'never'"), parameters

    return _rewriting(global_feed_key, rewrite)


def never_looks_twice(global_feed_key: Key) -> SqlHub:
    """A hub to which a second hand-over is as good as the first: nobody is told, nobody counts."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        if statement.startswith("INSERT INTO alarm") and "handed_over_twice" in str(parameters):
            start = statement.replace("VALUES", "SELECT * FROM (VALUES", 1)
            statement = start + ") WHERE 0"
        return statement, parameters

    return _rewriting(global_feed_key, rewrite)


def _rewriting(global_feed_key: Key, rewrite: Rewrite) -> SqlHub:
    return SqlHub(LINEAGE, global_feed_key, rewrite)


def promises_twice(global_feed_key: Key) -> SqlHub:
    """A hub that asks stores for what it has promised already."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        is_shelf = "LEFT OUTER JOIN offline_buffer" in statement
        return statement.replace("level.reserved", "0") if is_shelf else statement, parameters

    return _rewriting(global_feed_key, rewrite)


def forgets_later_rounds(global_feed_key: Key) -> SqlHub:
    """A hub that asks another store when one was short, and writes down that it has asked for nothing."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        if "INSERT INTO allotment" in statement:
            start = statement.replace("VALUES", "SELECT * FROM (VALUES", 1)
            statement = start + ") WHERE column2 < 2"
        return statement, parameters

    return _rewriting(global_feed_key, rewrite)


def asks_nobody_to_count(global_feed_key: Key) -> SqlHub:
    """A hub that lives with levels below zero."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        return statement.replace("level.on_hand < 0", "level.on_hand < -1000000000"), parameters

    return _rewriting(global_feed_key, rewrite)


def keeps_alarms(global_feed_key: Key) -> SqlHub:
    """A hub whose alarms about orders and transfers stand for ever."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        ends = statement.startswith("UPDATE alarm")
        return statement.replace("alarm.closed_us IS NULL", "0") if ends else statement, parameters

    return _rewriting(global_feed_key, rewrite)


def sells_safety_stock(global_feed_key: Key) -> SqlHub:
    """A hub that keeps rules about what is to be held back, and reads them as nothing."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        is_read = statement.startswith("SELECT")
        return statement.replace("stock_rule.quantity", "0") if is_read else statement, parameters

    return _rewriting(global_feed_key, rewrite)


class NeverAsksAgain(MatterProjection):
    """What nobody could fill when it was ordered stays so, whatever comes in."""

    def advance(self, heads: Mapping[FeedName, int], now: datetime, now_s: float) -> int:
        """Without ever asking again."""
        self._missing_at_s = now_s
        return super().advance(heads, now, now_s)


def _sale_of(event: LoggedEvent) -> tuple[SaleCompleted | SaleRefunded, datetime] | None:
    found = read_event(event.raw)
    if event.duplicate_of is not None or isinstance(found, Unreadable):
        return None
    data = read_data(found)
    if not isinstance(data, SaleCompleted | SaleRefunded) or not any(line.moves for line in data.lines):
        return None
    return None if isinstance(data, SaleRefunded) and not data.restock else (data, found.time)
