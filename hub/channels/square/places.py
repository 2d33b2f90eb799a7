"""Square's locations: which there are, and which the shop wants left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.channels.manifest import Connecting
from hub.channels.ports import ChannelPlace
from hub.channels.square.client import ONCE, SquareApi
from hub.channels.square.words import Json

_KEPT = timedelta(minutes=10)


class Places:
    """The locations of a seller, asked for at most every ten minutes."""

    def __init__(self, api: SquareApi, connecting: Connecting) -> None:
        self._api = api
        self._now = connecting.now
        ignored = connecting.settings.get("ignored_locations", "").split(",")
        self._ignored = frozenset(each.strip() for each in ignored if each.strip())
        self._found: list[Json] = []
        self._asked: datetime | None = None

    def all(self) -> list[ChannelPlace]:
        """All locations, the closed ones too: they may have payments, and refunds long after."""
        now = self._now()
        if self._asked is None or now - self._asked > _KEPT:
            answer = self._api.read(lambda square: square.locations.list(request_options=ONCE))
            self._found, self._asked = answer.get("locations") or [], now
        places = [ChannelPlace(each["id"], each.get("name") or each["id"]) for each in self._found]
        return sorted(place for place in places if place.key not in self._ignored)
