"""Why a level is what it is: the ledger in the order of event time, with the running level. Pure.

The running level is what the ledger says today about that moment, not what was believed then. A movement at the very
moment of a count was seen by it, so it stands before the count; of two counts at one moment the lower one is last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from protocol.movements import MovementKind


@dataclass(frozen=True)
class LedgerEntry:
    """A movement and where it comes from. `received_at` is when the hub got it; `by` and `document` are for people."""

    at: datetime
    kind: MovementKind
    delta: int
    source: str
    epoch: int
    sequence: int
    line: int
    received_at: datetime
    reason: str = ""
    by: str = ""
    document: str = ""
    lot: str = ""
    expires: date | None = None

    @property
    def order(self) -> tuple[datetime, bool, int, str, int, int, int]:
        """Where it stands in the ledger's event time."""
        is_count = self.kind == "count"
        return self.at, is_count, -self.delta if is_count else 0, self.source, self.epoch, self.sequence, self.line


@dataclass(frozen=True)
class Step:
    """An entry, the level after it, and whether it had come to the hub only after a count that had seen it already."""

    entry: LedgerEntry
    level: int
    seen_before: bool


def steps_of(entries: Iterable[LedgerEntry], before: int, count: LedgerEntry | None) -> Sequence[Step]:
    """Let the level run through entries from the level `before` them; `count` is what today's level stands on."""
    steps: list[Step] = []
    level = before
    for entry in sorted(entries, key=lambda entry: entry.order):
        level = entry.delta if entry.kind == "count" else level + entry.delta
        steps.append(Step(entry, level, was_seen(entry, count)))
    return steps


def was_seen(entry: LedgerEntry, count: LedgerEntry | None) -> bool:
    """Whether this came after the count had come, and tells of a time that the count had seen already."""
    return (
        count is not None and entry.kind != "count" and entry.at <= count.at and entry.received_at > count.received_at
    )
