"""How many lanes take journals, in which processes, and which stores are whose."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hub.broker.link import BrokerLink
from hub.config import HubConfig, now
from hub.ingest.session import IngestLimits
from hub.ingest.worker import CommitReport, WorkerHooks
from hub.running.commit_tally import tally_of
from hub.running.data import OpenData
from hub.running.lane_process import LaneHooks, LaneProcess, LaneProcesses, can_have_processes
from hub.running.lane_words import LaneSetup
from hub.running.lanes import SHARES_FILE, IngestLanes, LaneParts, Lanes
from hub.running.shares import Shares, deal_again, remembered
from hub.storage.port import KeyRing
from hub.storage.refusals import Refusals
from protocol.topics import bucket_number

# What suits the broker: rumqttd's window is 100 deliveries a connection; Mosquitto's is what its configuration says.
EMBEDDED_LINES, EMBEDDED_MESSAGES, EMBEDDED_WAIT_MS = 4, 400, 5
EXTERNAL_MESSAGES, EXTERNAL_WAIT_MS = 1_000, 20
POSTGRES_LANES, POSTGRES_PROCESSES = 6, 2


@dataclass(frozen=True)
class Share:
    """The deal of stores to lines, the lines of each lane, and in how many processes the lanes are (0: in this one)."""

    shares: Shares
    lanes: tuple[tuple[int, ...], ...]
    processes: int

    @property
    def noted(self) -> int:
        """How many note what they refuse."""
        return self.processes or len(self.lanes)


@dataclass(frozen=True)
class IngestParts:
    """What lanes work with; `refusals` are as many as `Share.noted`."""

    link: BrokerLink
    keys: KeyRing
    hooks: LaneHooks
    refusals: Sequence[Refusals]


def share_out(config: HubConfig, data: OpenData) -> Share:
    """Decide; stores stay where they were, if that is still about fair."""
    embedded = config.broker.mode == "embedded"
    # Several where commits of different stores do not wait for each other: while some wait, others plan.
    alone = data.database.is_sqlite or embedded
    count = config.limits.ingest_lanes or (1 if alone else POSTGRES_LANES)
    lines = count * (EMBEDDED_LINES if embedded else 1)
    known = remembered(config.folder / SHARES_FILE)
    terminals = Counter(bucket_number(store) for store, _ in data.stores.fleet.keys().terminals)
    shares = deal_again(known.shares if known is not None else None, terminals, lines)
    lanes = tuple(tuple(range(number, lines, count)) for number in range(count))
    processes = config.limits.ingest_processes or (1 if alone else min(POSTGRES_PROCESSES, os.cpu_count() or 1))
    processes = min(processes, count) if can_have_processes() and not data.database.is_sqlite else 1
    return Share(shares, lanes, processes if processes > 1 else 0)


def make_lanes(config: HubConfig, data: OpenData, share: Share, parts: IngestParts) -> Lanes:
    """The lanes of a share, not started."""
    limits, hooks = _limits(config), parts.hooks
    if not share.processes:

        def committed(report: CommitReport) -> None:
            hooks.counted(tally_of(report))

        inner = WorkerHooks(hooks.publish, committed, hooks.failed)
        lane_parts = LaneParts(parts.link, data.stores.ledger, parts.keys, limits, inner, time.monotonic, now)
        return IngestLanes(lane_parts, parts.refusals, share.shares, share.lanes)
    level = logging.getLogger().getEffectiveLevel()
    return LaneProcesses(
        [
            LaneProcess(
                LaneSetup(
                    config.database_url, parts.link, limits, share.shares, share.lanes[number :: share.processes], level
                ),
                refused,
                hooks,
                number + 1,
            )
            for number, refused in enumerate(parts.refusals)
        ]
    )


def _limits(config: HubConfig) -> IngestLimits:
    embedded = config.broker.mode == "embedded"
    messages = config.limits.batch_messages or (EMBEDDED_MESSAGES if embedded else EXTERNAL_MESSAGES)
    wait_ms = config.limits.batch_wait_ms or (EMBEDDED_WAIT_MS if embedded else EXTERNAL_WAIT_MS)
    return IngestLimits(messages_max=messages, wait_s=wait_ms / 1000)
