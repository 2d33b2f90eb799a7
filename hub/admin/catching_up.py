"""Which tills send a long backlog, and how long it will take them: from what they said in the last minute.

The numbers are the tills' own statuses, which come every five seconds; a time is told once two of them show a pace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.storage.reading import TerminalRow

LONG_BACKLOG = 200
"""So many entries take more than a moment, and somebody may ask."""

WINDOW = timedelta(minutes=1)
PACE_FROM = timedelta(seconds=4)
SAMPLES_MAX = 64

Place = tuple[str, str]


@dataclass(frozen=True)
class CatchUp:
    """A till that is sending `behind` entries; `left` is how long that takes at its pace, None before it shows."""

    behind: int
    left: timedelta | None


class CatchUps:
    """Remembers what tills with a long backlog said. Bounded by the number of tills; one caller at a time."""

    def __init__(self) -> None:
        self._said: dict[Place, deque[tuple[datetime, int]]] = {}

    def take(self, terminals: Sequence[TerminalRow], now: datetime) -> Mapping[Place, CatchUp]:
        """Who is catching up now."""
        before, self._said = self._said, {}
        found = {}
        for row in terminals:
            place = (row.store, row.terminal)
            if not row.online or row.backlog < (1 if place in before else LONG_BACKLOG):
                continue
            said = self._said[place] = before.get(place, deque(maxlen=SAMPLES_MAX))
            if not said or said[-1][1] != row.backlog:
                said.append((row.last_seen_at or now, row.backlog))
            while len(said) > 1 and said[0][0] < now - WINDOW:
                said.popleft()
            found[place] = CatchUp(row.backlog, _left(said))
        return found


def _left(said: Sequence[tuple[datetime, int]]) -> timedelta | None:
    (begun, first), (ended, last) = said[0], said[-1]
    if ended - begun < PACE_FROM or first <= last:
        return None
    return (ended - begun) * (last / (first - last))
