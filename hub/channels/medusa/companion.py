"""Our plugin inside a Medusa (folder `companion/`), where it is installed: asked for once in a while, used if found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from hub.channels.medusa.answers import Level, Reservation
from hub.channels.medusa.client import MedusaClient
from hub.channels.medusa.levels import Spot

_ASK_AGAIN = timedelta(minutes=5)
_SPEAKS = 1


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """Add `delta` pieces to a level, once: `revision` is how often the hub has set this level so far."""

    inventory_item_id: str
    location_id: str
    delta: Decimal
    revision: int


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """A level after that. Not `applied`: its revision is another by now, so an earlier try had its effect."""

    inventory_item_id: str
    location_id: str
    applied: bool
    stocked_quantity: Decimal
    reserved_quantity: Decimal
    revision: int


class _Level(Level, frozen=True, kw_only=True):
    revision: int = 0


class _About(msgspec.Struct, frozen=True):
    companion: int = 0


class _Levels(msgspec.Struct, frozen=True):
    levels: tuple[_Level, ...] = ()
    reservations: tuple[Reservation, ...] = ()


class Snapshot(NamedTuple):
    """Levels of some items, how often the hub has set each, and what is kept of them, as of one moment."""

    levels: Mapping[Spot, Level]
    revisions: Mapping[Spot, int]
    reservations: Sequence[Reservation]


class _Adjusted(msgspec.Struct, frozen=True):
    levels: tuple[Adjusted, ...] = ()


class Companion:
    """The companion's routes. It is looked for every five minutes, for it may come and go."""

    def __init__(self, client: MedusaClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._asked_at: datetime | None = None
        self._there = False
        self._asking = threading.Lock()

    def is_there(self) -> bool:
        """Whether the shop has it, in a version that speaks like us."""
        with self._asking:
            now = self._now()
            if self._asked_at is None or not timedelta() <= now - self._asked_at < _ASK_AGAIN:
                about = self._client.find("/admin/tillwire", _About)
                self._there = about is not None and about.companion == _SPEAKS
                self._asked_at = now
            return self._there

    def read(self, items: Sequence[str]) -> Snapshot:
        """All levels of these items, and all that is kept of them."""
        told = self._client.post("/admin/tillwire/levels", {"inventory_item_ids": list(items)}, _Levels)
        levels = {Spot(one.inventory_item_id, one.location_id): one for one in told.levels}
        return Snapshot(levels, {spot: one.revision for spot, one in levels.items()}, told.reservations)

    def adjust(self, deltas: Iterable[Delta]) -> Sequence[Adjusted]:
        """Add all of them, or none. A level that is not there is made."""
        return self._client.post("/admin/tillwire/adjust", {"adjustments": list(deltas)}, _Adjusted).levels
