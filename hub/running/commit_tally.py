"""What is counted of a commit: made where the commit was, small enough to be told to another process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from hub.ingest.worker import CommitReport
from hub.storage import latency_buckets as buckets
from protocol.ids import StoreId

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class CommitTally:
    """One commit in numbers.

    `minute` is its minute since 1970. `timely_ms` are the latencies of new events of tills that had a line and had
    checked their clocks, in milliseconds; `late` counts the other new events. In `troubled` stores something was
    parked, or the chain of digests was not as it should be.
    """

    took_s: float
    minute: int
    taken: int
    seen: int
    duplicates: int
    parked: int
    forked: int
    statuses: Counter[str]
    timely_ms: tuple[float, ...]
    late: int
    troubled: frozenset[StoreId]


def tally_of(report: CommitReport) -> CommitTally:
    """Count a commit."""
    results, committed_at = report.results, report.committed_at
    took_ms = [(committed_at - at) / _MS for result in results for at in result.checked_at]
    timely_ms = tuple(latency_ms for latency_ms in took_ms if latency_ms <= buckets.LATE_AFTER_S * 1000)
    return CommitTally(
        took_s=report.took_s,
        minute=int(committed_at.timestamp()) // 60,
        taken=sum(result.taken for result in results),
        seen=sum(result.seen for result in results),
        duplicates=sum(result.duplicates for result in results),
        parked=sum(result.parked for result in results),
        forked=sum(result.forked for result in results),
        statuses=Counter(result.ack.status for result in results),
        timely_ms=timely_ms,
        late=len(took_ms) - len(timely_ms) + sum(result.unchecked for result in results),
        troubled=frozenset(
            result.key.store for result in results if result.parked or result.forked or result.ack.status == "broken"
        ),
    )
