"""A latency histogram of few numbers: buckets that grow by 4.4 %, so a percentile is off by 2.2 % at most.

Percentiles cannot be averaged, but bucket counts can be added: over workers, over minutes, over restarts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

LATE = -1
"""The bucket of events that say nothing about the link: sold while offline, or by an unchecked clock."""

LATE_AFTER_S = 300
_PER_DOUBLING = 16
_FLOOR_MS = 0.1
_BUCKET_MAX = _PER_DOUBLING * 32


def bucket_of(latency_ms: float) -> int:
    """The bucket of a latency; below 0.1 ms (or before the event, by a clock that is off) is bucket 0."""
    if latency_ms <= _FLOOR_MS:
        return 0
    return min(_BUCKET_MAX, 1 + int(_PER_DOUBLING * math.log2(latency_ms / _FLOOR_MS)))


def middle_ms(bucket: int) -> float:
    """What a bucket stands for."""
    return _FLOOR_MS if bucket <= 0 else _FLOOR_MS * 2 ** ((bucket - 0.5) / _PER_DOUBLING)


def percentile_ms(counts: Mapping[int, int], share: float) -> float | None:
    """The latency that `share` (0.95: 95 %) of the events did not exceed; None without any event. LATE is left out."""
    total = sum(count for bucket, count in counts.items() if bucket != LATE)
    wanted, seen = math.ceil(total * share), 0
    for bucket in sorted(bucket for bucket in counts if bucket != LATE):
        seen += counts[bucket]
        if seen >= wanted and seen:
            return middle_ms(bucket)
    return None
