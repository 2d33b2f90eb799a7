"""The code under test, as one value: what ships, by default. A mutant is the same with one part broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.sync.session import TerminalSession
from hub.feed.session import FeedSession
from hub.fleet.session import FleetSession
from hub.ingest.session import IngestSession
from protocol.link import Publish
from tests.simulation.disk import MakeDisk, memory_disks


@dataclass(frozen=True)
class Parts:
    """Which classes a run is made of."""

    disk: MakeDisk = field(default_factory=memory_disks)
    terminal_session: type[TerminalSession] = TerminalSession
    ingest_session: type[IngestSession] = IngestSession
    feed_session: type[FeedSession] = FeedSession
    fleet_session: type[FleetSession] = FleetSession
    on_puback: Callable[[TerminalSession, Publish], None] | None = None
