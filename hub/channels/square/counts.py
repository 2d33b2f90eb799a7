"""What people count, receive and write off in Square's own screens: read from Square's history of inventory.

Never from its levels: a level says what is left after everybody's sales and our own counts, the history says what was
done, when, by whom. Both a count of ours and one of theirs stand in it, whichever came last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.channels.manifest import Connecting
from hub.channels.ports import Page, StockFact, Unread
from hub.channels.square.client import ONCE, SquareApi, SquareRefused, given
from hub.channels.square.counts_mapping import ADJUSTMENT, COUNT, Reading, fact_of, key_of
from hub.channels.square.places import Places
from hub.channels.square.rounds import after, again, begun
from hub.channels.square.words import Json, Unreadable, raw
from hub.errors import UnmappedWord

_LIMIT = 1_000
_STAGE = "changes"
_NOT_FOUND = 404


class Counts:
    """See `ports.StockSource`."""

    def __init__(self, api: SquareApi, places: Places, connecting: Connecting) -> None:
        self._api = api
        self._places = places
        self._connecting = connecting
        self._apps = frozenset(filter(None, map(str.strip, connecting.settings.get("counting_apps", "").split(","))))

    def changed(self, cursor: str) -> Page[StockFact]:
        """What Square was told since the cursor: `created_at` decides, so what was done offline days ago is there."""
        reading = self._reading()
        stages = [_STAGE] if reading.places else []
        at = begun(cursor, stages, self._connecting.now())
        if not stages:
            return Page((), after(at, None, stages)[0].text())
        types: Any = [COUNT, ADJUSTMENT]
        answer = self._api.page(
            lambda square: square.inventory.batch_get_changes(
                location_ids=sorted(reading.places), types=types, updated_after=at.since, limit=_LIMIT,
                request_options=ONCE, **given(cursor=at.page),
            )
        )  # fmt: skip
        if answer is None:
            return Page((), again(at).text(), more=True)
        found, unread = _read(answer.get("changes") or (), reading)
        following, more = after(at, answer.get("cursor"), stages)
        return Page(found, following.text(), more=more, unread=unread)

    def fact(self, key: str) -> StockFact | None:
        """One entry of the history. Raises Unreadable and UnmappedWord where nobody can tell what it is."""
        kind, _, entry = key.partition("/")
        try:
            if kind == COUNT:
                answer = self._api.read(lambda square: square.inventory.get_physical_count(entry, request_options=ONCE))
                change = {"type": COUNT, "physical_count": answer.get("count") or {}}
            else:
                answer = self._api.read(lambda square: square.inventory.get_adjustment(entry, request_options=ONCE))
                change = {"type": ADJUSTMENT, "adjustment": answer.get("adjustment") or {}}
        except SquareRefused as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return fact_of(change, self._reading())

    def _reading(self) -> Reading:
        places = frozenset(place.key for place in self._places.all())
        return Reading(self._connecting.links(), places, self._apps)


def _read(changes: Sequence[Json], reading: Reading) -> tuple[list[StockFact], list[Unread]]:
    found: list[StockFact] = []
    unread: list[Unread] = []
    for change in changes:
        try:
            fact = fact_of(change, reading)
        except (Unreadable, UnmappedWord, KeyError) as error:
            unread.append(Unread("count", key_of(change), str(error), raw(change)))
            continue
        if fact is not None:
            found.append(fact)
    return found, unread
