"""The invariants of the link: what must hold at every step, and what must hold when all is quiet.

Nothing here asks the code under test for its opinion where an opinion of our own can be had: chains are hashed again,
levels are added up from the books, views from what the hub had at the replica's revision.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from edge_agent.journal.clock import Stamp
from hub.stock.level import Level
from hub.storage.records import EpochKey, LevelKey, LoggedEvent
from protocol.ids import GLOBAL_FEED, Sku, StoreId, TerminalId, store_feed
from tests.simulation.books import Effect, Fact, effects_of, in_transit, level
from tests.simulation.checks_orders import OrderChecks
from tests.simulation.scenario import SKUS

if TYPE_CHECKING:
    from tests.simulation.till import Till
    from tests.simulation.world import World

_HubAt = tuple[Mapping[str, Level], Mapping[tuple[str, int], int]]


WRONG_MAX = timedelta(seconds=40)
"""A clock may be off by what a till does not notice, and an event held back for a moment."""


class Violation(Exception):
    """An invariant does not hold; the text says which, where and what was found."""


class Checks:
    """Watches one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._at: dict[tuple[str, int], _HubAt] = {}
        self._cursors: dict[EpochKey, int] = {}
        self._logged: dict[EpochKey, list[LoggedEvent]] = {}
        self._times: Counter[str] = Counter()
        self._halves: dict[str, dict[str, tuple[EpochKey, int]]] = {}
        self._orders = OrderChecks(world, world.sql) if world.sql is not None else None

    def after_commit(self) -> None:
        """The hub has committed: remember what it had at this revision; its cursors never run backwards."""
        hub = self._world.hub
        for found in self._orders.after_commit() if self._orders is not None else ():
            raise Violation(found)
        for store in self._world.stores:
            revision = hub.heads()[store_feed(store)]
            if (store, revision) in self._at:
                continue
            levels = {str(key.sku): found for key, found in hub.levels().items() if key.store == store}
            cursors: dict[tuple[str, int], int] = {}
            for key in self._epochs(store):
                cursor = hub.cursor(key)
                assert cursor is not None
                cursors[key.terminal, key.epoch] = cursor.sequence
                if cursor.sequence < self._cursors.get(key, 0):
                    raise Violation(f"4: the hub's cursor of {key} ran backwards to {cursor.sequence}")
                self._cursors[key] = cursor.sequence
            self._at[store, revision] = (levels, cursors)
        self._look_for_early_boxes()

    def _look_for_early_boxes(self) -> None:
        for transfer, halves in list(self._halves.items()):
            has = {half: self._cursors.get(key, 0) >= sequence for half, (key, sequence) in halves.items()}
            if has.get("received") and "sent" in has:
                del self._halves[transfer]
                if not has["sent"]:
                    self._world.dice.count("transfer received before its sending was heard of")

    def after_step(self, till: Till) -> None:
        """Invariant 4: what the till holds for acknowledged is durable at the hub, and nothing else was forgotten."""
        journal = till.disk.journal
        key = EpochKey(till.identity.store, till.identity.terminal, journal.epoch)
        cursor = self._world.hub.cursor(key)
        durable = cursor.sequence if cursor is not None else 0
        if journal.acked > durable:
            raise Violation(f"4: {till.name} holds {journal.acked} for acknowledged, the hub has {durable} of {key}")
        if journal.acked < till.acked_seen.get(journal.epoch, 0):
            raise Violation(f"4: {till.name}: the ack ran backwards to {journal.acked}")
        till.acked_seen[journal.epoch] = journal.acked
        if journal.forgotten > journal.acked:
            raise Violation(f"4: {till.name} forgot up to {journal.forgotten}, acknowledged is {journal.acked}")

    def after_journalling(self, till: Till, fact: Fact, moment: Stamp) -> None:
        """Invariant 6: a journal's times never run backwards, and a time that is far from the hub's is flagged."""
        if fact.transfer and self._world.scenario.is_exact:
            transfer, _, is_sent = fact.transfer.partition(">")
            place = EpochKey(till.identity.store, till.identity.terminal, 1), len(till.life.facts) + 1
            self._halves.setdefault(transfer, {})["sent" if is_sent else "received"] = place
        last = max((known.at for known in till.life.facts), default=fact.at)
        if fact.at < last:
            raise Violation(f"6: {till.name} journals {fact.at} after {last}")
        wrong_by = abs(fact.at - self._world.hub_wall)
        if wrong_by > WRONG_MAX and not (moment.unchecked or self._world.scenario.hub_clock_jumps):
            raise Violation(f"6: {till.name} is wrong by {wrong_by}, and does not say so")
        if moment.unchecked and wrong_by > WRONG_MAX:
            self._world.dice.count("wrong time flagged")

    def after_hearing(self, till: Till) -> None:
        """Invariant 3 on the way: a till's view is the hub's level at its revision plus its own uncounted facts."""
        if not self._world.scenario.is_exact:
            return
        store, replica = till.identity.store, till.disk.replica
        at = self._at.get((store, replica.feed_state(store_feed(store)).revision))
        if at is None:
            return
        levels, cursors = at
        counted = cursors.get((till.identity.terminal, till.disk.journal.epoch), 0)
        own = till.life.facts[counted:]
        for sku in SKUS:
            effects = [effect for fact in own for effect in fact.effects if effect.sku == sku]
            if any(effect.checkpoint for effect in effects):
                continue  # what others sold after an own count is not known here before the hub has the count
            expected = _view(levels.get(sku), effects)
            found = replica.stock_view(sku)
            if found != expected:
                raise Violation(f"3: {till.name} shows {found} of {sku}, right is {expected} (counted up to {counted})")

    def at_the_end(self) -> Iterator[str]:
        """All invariants, when messages have stopped."""
        for store in self._world.stores:
            for event in self._world.hub.events(store):
                self._logged.setdefault(event.key, []).append(event)
        for till in self._world.tills:
            yield from self._documents(till)
        for store in self._world.stores:
            yield from self._chains(store)
        if self._world.scenario.is_exact:
            yield from self._logs()
        else:
            yield from self._each_once()
        yield from self._times_run_on()
        yield from self._parked()
        yield from self._levels()
        yield from self._ledger()
        yield from self._receipts()
        if self._orders is not None:
            yield from self._orders.at_the_end([f for f in self._world.books.all_facts().values() if self._counts(f)])
        lost = in_transit(self._world.books.all_facts().values())
        self._world.dice.happened["transfer sent and never received"] += len(lost)

    def _documents(self, till: Till) -> Iterator[str]:
        hub, replica = self._world.hub, till.disk.replica
        for feed in (GLOBAL_FEED, store_feed(till.identity.store)):
            wanted = {(d.kind, d.key): d for d in hub.snapshot(feed, 0).documents if not d.deleted}
            if dict(replica.documents(feed)) != wanted:
                yield f"3: {till.name}: its documents of {feed} are not the hub's"
        for sku in SKUS:
            at_hub = hub.level(till.identity.store, Sku(sku))
            wanted_view = at_hub.on_hand if at_hub is not None else None
            if replica.stock_view(sku) != wanted_view:
                yield f"3: {till.name} shows {replica.stock_view(sku)} of {sku}, the hub has {wanted_view}"

    def _chains(self, store: StoreId) -> Iterator[str]:
        for key in self._epochs(store):
            digest = bytes(32)
            for number, event in enumerate(self._logged.get(key, ()), 1):
                body = event.raw.rpartition(b',"digest":"')[0] + b"}"
                digest = hashlib.sha256(digest + body).digest()
                if (
                    event.sequence != number
                    or event.digest != digest
                    or not event.raw.endswith(digest.hex().encode() + b'"}')
                ):
                    yield f"1: the chain of {key} breaks at {number} (stored as {event.sequence})"
                    break

    def _logs(self) -> Iterator[str]:
        for life in self._world.books.lives:
            key = EpochKey(StoreId(life.store), TerminalId(life.terminal), 1)
            found = [event.raw for event in self._logged.get(key, ())]
            wanted = [fact.raw for fact in life.facts]
            if found != wanted:
                missing = [fact.id for fact in life.facts if fact.raw not in found]
                yield f"1: {life.name}: {len(wanted)} facts journalled, {len(found)} in the log, missing: {missing}"
        for store in self._world.stores:
            extra = [key for key in self._epochs(store) if key.epoch != 1 and key in self._logged]
            if extra:
                yield f"1: epochs that nothing called for: {extra}"

    def _each_once(self) -> Iterator[str]:
        books = self._world.books
        self._times.update(
            fact.id
            for fact in books.all_facts().values()
            for log in self._logged.values()
            for event in log
            if event.duplicate_of is None and fact.mark in event.raw
        )
        aside = b"".join(raw for till in self._world.tills for raw in till.disk.journal.set_aside)
        forked = {parked.event_id for parked in self._world.hub.parked_events() if parked.reason == "fork"}
        living = books.living_facts()
        damaged = {fact_id for life in books.lives for fact_id in life.damaged}
        for fact in books.all_facts().values():
            visible = fact.mark in aside or fact.id in forked or (fact.id in damaged and bool(aside))
            if self._times[fact.id] > 1:
                yield f"1: {fact.id} counts {self._times[fact.id]} times"
            elif fact.id in living and not self._times[fact.id] and not visible:
                yield f"1: {fact.id} is neither in the log nor put aside"
        yield from self._unaltered()

    def _unaltered(self) -> Iterator[str]:
        facts = self._world.books.all_facts()
        for key, log in self._logged.items():
            for event in log:
                fact = facts.get(event.event_id or "")
                if event.event_id is not None and (fact is None or _data(fact.raw) != _data(event.raw)):
                    yield f"1: {key} {event.sequence} says what no till has said"

    def _times_run_on(self) -> Iterator[str]:
        for key, log in self._logged.items():
            times = [str(json.loads(event.raw)["time"]) for event in log if event.event_id is not None]
            comparable = [datetime.fromisoformat(time) for time in times]
            if comparable != sorted(comparable):
                yield f"6: the times of {key} run backwards"

    def _parked(self) -> Iterator[str]:
        parked = self._world.hub.parked_events()
        odd = {fact.mark for fact in self._world.books.all_facts().values() if fact.poison or fact.future}
        for entry in parked:
            if (
                entry.reason != "fork"
                and self._world.scenario.kind != "damage"
                and not any(mark in entry.raw for mark in odd)
            ):
                yield f"7: {entry.key} {entry.sequence} is still parked ({entry.reason}), and this version knows it"
        kept = [raw for till in self._world.tills for raw in till.disk.journal.set_aside]
        damaged = {fact_id for life in self._world.books.lives for fact_id in life.damaged}
        for fact in self._world.books.living_facts().values():
            if not (fact.poison or fact.future):
                continue
            reasons = [p.reason for p in parked if fact.mark in p.raw and p.reason != "fork"]
            wanted = "unreadable" if fact.poison else "unknown_type"
            # A poison that the disk damaged too is set aside by the till, and its mark may be what was damaged.
            aside = any(fact.mark in raw for raw in kept) or (fact.id in damaged and bool(kept))
            if reasons != [wanted] and not (aside and not reasons):
                yield f"1: {fact.id} should be parked once as {wanted}, found {reasons}"

    def _levels(self) -> Iterator[str]:
        hub = self._world.hub
        facts = [fact for fact in self._world.books.all_facts().values() if self._counts(fact)]
        for store in self._world.stores:
            for sku in SKUS:
                found = hub.level(store, Sku(sku))
                wanted = level(store, sku, facts)
                if (found.on_hand if found is not None else None) != wanted:
                    yield f"2: {store} {sku}: the hub has {found}, the books have {wanted}"
        known = {LevelKey(store, Sku(sku)) for store in self._world.stores for sku in SKUS}
        strange = [key for key in hub.levels() if key not in known]
        if strange:
            yield f"2: levels of nobody's: {strange}"

    def _ledger(self) -> Iterator[str]:
        facts = [fact for fact in self._world.books.all_facts().values() if self._counts(fact)]
        for store in self._world.stores:
            for sku in SKUS:
                found = Counter(
                    (m.delta, m.at, m.kind == "count", m.lot, m.expires)
                    for m in self._world.hub.movements(store, Sku(sku))
                )
                wanted = Counter(entry for e in effects_of(store, sku, facts) for entry in _entries(e))
                if found != wanted:
                    yield f"2: the ledger of {store} {sku} has {found - wanted} too many, lacks {wanted - found}"

    def _receipts(self) -> Iterator[str]:
        found = sorted(sale.receipt_number for sale in self._world.hub.sales())
        wanted = sorted(f.receipt for f in self._world.books.all_facts().values() if f.receipt and self._counts(f))
        if found != wanted:
            yield f"1: {len(found)} receipts at the hub, {len(wanted)} in the books"

    def _counts(self, fact: Fact) -> bool:
        return self._world.scenario.is_exact or self._times[fact.id] > 0

    def _epochs(self, store: StoreId) -> Iterator[EpochKey]:
        for terminal in self._world.terminals[store]:
            epoch = 1
            while self._world.hub.cursor(EpochKey(store, terminal, epoch)) is not None:
                yield EpochKey(store, terminal, epoch)
                epoch += 1


def _entries(effect: Effect) -> Iterator[tuple[int, datetime, bool, str, date | None]]:
    yield effect.amount, effect.at, effect.checkpoint, effect.lot, effect.expires
    for lot, expires, quantity in effect.lots:
        yield quantity, effect.at, False, lot, expires


def _view(level_then: Level | None, own: Iterable[Effect]) -> int | None:
    if level_then is None:
        return None
    since = level_then.counted_at
    return level_then.on_hand + sum(effect.amount for effect in own if since is None or effect.at > since)


def _data(raw: bytes) -> bytes:
    return raw.rpartition(b',"digest":"')[0].partition(b'"data":')[2]
