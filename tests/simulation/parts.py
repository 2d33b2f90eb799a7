"""The code under test, as one value: what ships, by default. A mutant is the same with one part broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from edge_agent.journal.clock import TillClock
from edge_agent.sync.session import TerminalSession
from hub.feed.session import FeedSession
from hub.fleet.session import FleetSession
from hub.ingest.replay import replay
from hub.ingest.session import IngestSession
from hub.projections.matters import MatterProjection
from hub.storage.memory import MemoryStore
from hub.storage.orders import SqlOrderStore
from hub.storage.port import LedgerStore, ParkedStore
from protocol.frame import Key
from protocol.ids import StoreId
from protocol.link import Publish
from tests.simulation.disk import MakeDisk, memory_disks
from tests.simulation.old_worker import OldIngest
from tests.simulation.sql_hub import SqlHub

LINEAGE = "hub"


def memory_hub(global_feed_key: Key) -> MemoryStore:
    """A hub's database, empty."""
    return MemoryStore(lineage=LINEAGE, global_feed_key=global_feed_key)


def sql_hub(global_feed_key: Key) -> SqlHub:
    """A hub's database on SQL, empty."""
    return SqlHub(LINEAGE, global_feed_key)


def unchanged(raw: bytes) -> bytes:
    """What an honest salvage does to an event."""
    return raw


@dataclass(frozen=True)
class Parts:
    """Which classes a run is made of."""

    hub: Callable[[Key], MemoryStore] = memory_hub
    disk: MakeDisk = field(default_factory=memory_disks)
    terminal_session: type[TerminalSession] = TerminalSession
    ingest_session: type[IngestSession] = IngestSession
    feed_session: type[FeedSession] = FeedSession
    fleet_session: type[FleetSession] = FleetSession
    on_puback: Callable[[TerminalSession, Publish], None] | None = None
    old_ingest_session: type[IngestSession] = OldIngest
    clock: Callable[[Callable[[], datetime], Callable[[], float]], TillClock] = TillClock
    replay: Callable[[LedgerStore, ParkedStore, StoreId, datetime], int] = replay
    salvaged: Callable[[bytes], bytes] = unchanged
    believes_remembered: bool = False
    sql_hub: Callable[[Key], SqlHub] = sql_hub
    order_store: type[SqlOrderStore] = SqlOrderStore
    matters: type[MatterProjection] = MatterProjection
