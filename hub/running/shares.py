"""Which line hears which stores, so that all lines have about as much to do. Pure, but for the file that remembers.

Stores stand in buckets by a hash, so twenty stores dealt out bucket by bucket may well give one line of six a third of
them, and the others then wait for it. So buckets are dealt out by how many terminals are in them, the heaviest first,
always to the line that has least. What was dealt out is kept as long as it is nearly as good as a new deal would be: a
session's filters stand at the broker, and a new deal needs new sessions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from protocol.topics import BUCKETS, up_filter

KEPT_UP_TO = 1.25
"""A former deal is kept while its busiest line has at most so many times what the busiest of a new deal would have."""


class Shares(msgspec.Struct, frozen=True):
    """The buckets of each line; together all buckets, each once. `named` says of which client they are the lines."""

    buckets: tuple[tuple[int, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What to append to the client id for each line: another deal has other names, one line alone has no number."""
        if len(self.buckets) == 1:
            return ("-journal",)
        written = hashlib.sha256(msgspec.json.encode(self.buckets)).hexdigest()[:6]
        return tuple(f"-journal-{number}of{len(self.buckets)}-{written}" for number in range(1, len(self.buckets) + 1))

    def filters(self, line: int) -> list[str]:
        """The topics that a line (from 0) hears."""
        if len(self.buckets) == 1:
            return [up_filter("journal")]
        return [up_filter("journal", f"b{bucket:02d}") for bucket in self.buckets[line]]

    def heaviest(self, weights: Mapping[int, int]) -> int:
        """What the busiest line has."""
        return max(sum(weights.get(bucket, 0) for bucket in mine) for mine in self.buckets)


class Remembered(msgspec.Struct, frozen=True):
    """The file: the deal, and the client ids that the broker keeps sessions for."""

    shares: Shares
    sessions: tuple[str, ...]


def deal(weights: Mapping[int, int], lines: int) -> Shares:
    """Deal all buckets out to `lines` (1 to BUCKETS); `weights` is how many terminals are in a bucket (default 0)."""
    loads = [(0, 0, line) for line in range(lines)]
    mine: list[list[int]] = [[] for _ in range(lines)]
    for bucket in sorted(range(BUCKETS), key=lambda bucket: (-weights.get(bucket, 0), bucket)):
        load, count, line = min(loads)
        loads[line] = (load + weights.get(bucket, 0), count + 1, line)
        mine[line].append(bucket)
    return Shares(tuple(tuple(sorted(buckets)) for buckets in mine))


def deal_again(former: Shares | None, weights: Mapping[int, int], lines: int) -> Shares:
    """The former deal, where it is one of as many lines and nearly as good as a new one; else a new one."""
    fresh = deal(weights, lines)
    if former is None or len(former.buckets) != lines or not _is_whole(former):
        return fresh
    return former if former.heaviest(weights) <= KEPT_UP_TO * fresh.heaviest(weights) else fresh


def remembered(file: Path) -> Remembered | None:
    """What was written down last; None for nothing, or nothing that we understand."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):
        return None


def remember(file: Path, shares: Shares, sessions: Collection[str]) -> None:
    """Write down the deal and the sessions."""
    file.write_bytes(msgspec.json.encode(Remembered(shares, tuple(sorted(sessions)))))


def _is_whole(shares: Shares) -> bool:
    return sorted(bucket for mine in shares.buckets for bucket in mine) == list(range(BUCKETS))
