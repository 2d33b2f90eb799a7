"""The channels of this hub process: their parts joined with the database, their figures, and what is tidied up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, Histogram

from hub.channels.breaker import Circuit, circuit
from hub.channels.journal_part import make_journal_part
from hub.channels.outbox_part import (
    OUT_PART,
    PEOPLE_PART,
    SALES_PART,
    OutboxTools,
    Senders,
    make_out_part,
    make_people_part,
    make_sales_part,
)
from hub.channels.part import ORDINARY, PATIENT, URGENT, Opened, PartKind, PartKinds
from hub.channels.registry import Registry
from hub.channels.runner import ChannelRunner, RunnerClock, RunnerStores
from hub.channels.stock_part import STOCK_PART, StockTools, make_stock_part
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_outbox import SqlOutbox
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database

GAUGES_EVERY_S, PRUNE_EVERY_S = 5.0, 600.0
_PUSH_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CIRCUITS: dict[Circuit, float] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


class ChannelMetrics:
    """Figures of channels for Prometheus. Names are public."""

    def __init__(self, registry: CollectorRegistry) -> None:
        one, part = ["channel"], ["channel", "part"]
        self.waiting = Gauge("tillwire_channel_outbox_waiting", "Messages that wait", one, registry=registry)
        self.oldest_s = Gauge(
            "tillwire_channel_outbox_oldest_seconds", "Age of the oldest message that waits", one, registry=registry
        )
        self.parked = Gauge("tillwire_channel_outbox_parked", "Messages that were refused", one, registry=registry)
        self.offers_due = Gauge("tillwire_channel_stock_due", "Levels to be told again", one, registry=registry)
        self.offers_parked = Gauge(
            "tillwire_channel_stock_parked", "Levels that were refused", one, registry=registry
        )  # fmt: skip
        self.circuit = Gauge(
            "tillwire_channel_circuit", "0: calls go through, 1: none does, 0.5: one does", part, registry=registry
        )
        self.push_s = Histogram(
            "tillwire_channel_push_seconds", "One call that tells levels", one,
            registry=registry, buckets=_PUSH_BUCKETS_S,
        )  # fmt: skip

    def pushed(self, channel: str, took_s: float) -> None:
        """Count a call that told levels."""
        self.push_s.labels(channel).observe(took_s)


@dataclass(frozen=True)
class ChannelStores:
    """All tables of channels."""

    setups: SqlChannelSetups
    parts: SqlChannelParts
    links: SqlChannelLinks
    stock: SqlChannelStock
    outbox: SqlOutbox
    journals: SqlChannelJournals


def channel_stores(database: Database) -> ChannelStores:
    """The tables of channels in a database."""
    return ChannelStores(
        SqlChannelSetups(database), SqlChannelParts(database), SqlChannelLinks(database), SqlChannelStock(database),
        SqlOutbox(database), SqlChannelJournals(database),
    )  # fmt: skip


def outgoing_kinds(
    stores: ChannelStores,
    clock: RunnerClock,
    metrics: ChannelMetrics,
    people: Callable[[Opened], Senders],
) -> PartKinds:
    """The parts that tell channels something; `people` gives the senders of what is told of people."""
    stock = StockTools(stores.stock, stores.parts, clock.chance, clock.clock_s, metrics.pushed)
    outbox = OutboxTools(stores.outbox, clock.wall, clock.clock_s, clock.chance)
    drains = (SALES_PART, OUT_PART)
    return (
        PartKind(STOCK_PART, partial(make_stock_part, stock), urgency=URGENT),
        PartKind(JOURNAL_PART, partial(make_journal_part, stores.journals, drains)),
        PartKind(SALES_PART, partial(make_sales_part, outbox, stores.journals), alone=False, urgency=PATIENT),
        PartKind(OUT_PART, partial(make_out_part, outbox), alone=False, urgency=ORDINARY),
        PartKind(PEOPLE_PART, partial(make_people_part, outbox, people), alone=False, urgency=PATIENT),
    )


def channel_runner(
    stores: ChannelStores, registry: Registry, kinds: PartKinds, clock: RunnerClock
) -> ChannelRunner:  # fmt: skip
    """The runner of all channels of this process."""
    return ChannelRunner(RunnerStores(stores.setups, stores.parts, stores.links), registry, kinds, clock)


def holder_name(installation: str, start: str) -> str:
    """Who works for channels: this installation, in this start of it."""
    return f"{installation}:{start}"


def forget_former(stores: ChannelStores, installation: str) -> None:
    """Take over at once what former starts of this installation were at: it is locked, so they are dead."""
    stores.parts.forget_holder(installation)
    stores.outbox.forget_holder(installation)


class ChannelChores:
    """Keeps the figures, and forgets what was told long ago. Used from one thread; see `running.silence.HeldBack`."""

    def __init__(self, stores: ChannelStores, metrics: ChannelMetrics) -> None:
        self._stores = stores
        self._metrics = metrics
        self._gauges_at_s = self._prune_at_s = float("-inf")

    def advance(self, now: datetime, now_s: float) -> int:
        """Do what it is time for; it changes nothing that is held back. Raises StorageError."""
        if now_s - self._gauges_at_s >= GAUGES_EVERY_S:
            self._gauges_at_s = now_s
            self._gauge(now)
        if now_s - self._prune_at_s >= PRUNE_EVERY_S:
            self._prune_at_s = now_s
            while self._stores.outbox.prune(now):
                pass
        return 0

    def _gauge(self, now: datetime) -> None:
        stores, metrics = self._stores, self._metrics
        names = [setup.name for setup in stores.setups.all()]
        counts, offers = stores.outbox.counts(), stores.stock.counts()
        states = stores.parts.states()
        gauges = (metrics.waiting, metrics.oldest_s, metrics.parked, metrics.offers_due, metrics.offers_parked)
        for gauge in (*gauges, metrics.circuit):
            gauge.clear()
        for name in names:
            count = counts.get(name)
            oldest_at = count.oldest_at if count is not None else None
            metrics.waiting.labels(name).set(count.waiting if count is not None else 0)
            metrics.parked.labels(name).set(count.parked if count is not None else 0)
            metrics.oldest_s.labels(name).set((now - oldest_at).total_seconds() if oldest_at is not None else 0)
            metrics.offers_due.labels(name).set(offers.get(name, {}).get("due", 0))
            metrics.offers_parked.labels(name).set(offers.get(name, {}).get("parked", 0))
        for (name, part), state in states.items():
            metrics.circuit.labels(name, part).set(_CIRCUITS[circuit(state, now)])
