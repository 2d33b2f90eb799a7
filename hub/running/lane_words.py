"""What the hub's process and a process of lanes say to each other, through a pipe between the two."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.broker.link import BrokerLink
from hub.ingest.session import IngestLimits
from hub.running.commit_tally import CommitTally
from hub.running.shares import Shares
from hub.storage.refusals import Sample
from protocol.link import Publish


@dataclass(frozen=True)
class LaneSetup:
    """The first word, to the new process: what its lanes work with. `lanes` has the numbers of each lane's lines."""

    database_url: str = field(repr=False)
    link: BrokerLink
    limits: IngestLimits
    shares: Shares
    lanes: tuple[tuple[int, ...], ...]
    log_level: int


@dataclass(frozen=True)
class Stop:
    """To it: hear no more, commit what waits, publish the acks, and end. So it does when the pipe breaks."""


@dataclass(frozen=True)
class LaneState:
    """From it, whenever it has changed: see the properties of `Lanes`."""

    connected: bool
    line_problem: str
    problem: str
    waiting: int
    reconnects: int


@dataclass(frozen=True)
class Acks:
    """From it: to be published now."""

    publishes: tuple[Publish, ...]


@dataclass(frozen=True)
class Failed:
    """From it: the database refused a commit."""

    why: str


@dataclass(frozen=True)
class Refused:
    """From it: messages that it refused since it last said so."""

    counts: Counter[str]
    samples: tuple[Sample, ...]


Word = LaneState | Acks | CommitTally | Failed | Refused
