"""The hub's figures for Prometheus. Names are public: dashboards and alerts of others are built on them."""

from __future__ import annotations

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub.running.commit_tally import CommitTally
from hub.running.tallies import TalliedHistogram

_COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SYNC_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class HubMetrics:
    """All figures on one registry."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.events = Counter("tillwire_ingest_events", "Journal events taken", registry=registry)
        self.seen = Counter("tillwire_ingest_seen", "Events that came again and were let go", registry=registry)
        self.duplicates = Counter("tillwire_ingest_duplicates", "Events sealed twice, counted once", registry=registry)
        self.parked = Counter("tillwire_ingest_parked", "Events that could not be read", registry=registry)
        self.forked = Counter("tillwire_ingest_forked", "Events of a second history", registry=registry)
        self.batches = Counter("tillwire_ingest_acks", "Acks by status", ["status"], registry=registry)
        self.commit_s = Histogram(
            "tillwire_ingest_commit_seconds", "One commit of journals", registry=registry, buckets=_COMMIT_BUCKETS_S
        )
        self.failures = Counter("tillwire_ingest_failures", "Commits that the database refused", registry=registry)
        self.sync_s = TalliedHistogram(
            "tillwire_sync_latency_seconds", "From the till's event to the hub's commit", _SYNC_BUCKETS_S, registry
        )
        self.late = Counter("tillwire_sync_late", "Events that came after a till was offline", registry=registry)
        self.refused = Counter("tillwire_bad_frames", "Messages refused, by reason", ["reason"], registry=registry)
        self.published = Counter("tillwire_feed_publishes", "Feed updates and answers sent", registry=registry)
        self.asks_let_go = Gauge("tillwire_asks_let_go", "Tills' questions beyond what one may ask", registry=registry)
        self.inbox = Gauge("tillwire_ingest_inbox", "Journal messages that wait for the worker", registry=registry)
        self.online = Gauge("tillwire_terminals_online", "Terminals online", registry=registry)
        self.terminals = Gauge("tillwire_terminals", "Terminals enrolled", registry=registry)
        self.revision = Gauge("tillwire_feed_revision", "Newest revision", ["feed"], registry=registry)
        self.reconnects = Gauge("tillwire_broker_reconnects", "Connections made anew", ["client"], registry=registry)
        self.dropped = Gauge("tillwire_publishes_dropped", "Messages not sent: no broker", registry=registry)
        self.broker_restarts = Counter("tillwire_broker_restarts", "Embedded broker restarts", registry=registry)
        self.lane_restarts = Counter("tillwire_lane_restarts", "Processes of lanes started again", registry=registry)
        self._refused_before: Tally[str] = Tally()

    def committed(self, tally: CommitTally) -> None:
        """Count one commit."""
        self.commit_s.observe(tally.took_s)
        self.events.inc(tally.taken)
        self.seen.inc(tally.seen)
        self.duplicates.inc(tally.duplicates)
        self.parked.inc(tally.parked)
        self.forked.inc(tally.forked)
        self.late.inc(tally.late)
        self.sync_s.add(max(0.0, latency_ms / 1000) for latency_ms in tally.timely_ms)
        for status, count in tally.statuses.items():
            self.batches.labels(status).inc(count)

    def refusals(self, counts: Tally[str]) -> Tally[str]:
        """Take the sessions' running counts of refused messages; returns what is new since the last call."""
        new = counts - self._refused_before
        self._refused_before = Tally(counts)
        for reason, count in new.items():
            self.refused.labels(reason).inc(count)
        return new
