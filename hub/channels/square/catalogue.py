"""Square's catalogue: what changed since the last look, deleted things too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain

import msgspec

from hub.channels.manifest import Connecting
from hub.channels.ports import ChannelItem, ChannelPlace, Page, Unread
from hub.channels.square.client import ONCE, SquareApi, given
from hub.channels.square.mapping import gone_item, item_of
from hub.channels.square.places import Places
from hub.channels.square.rounds import again
from hub.channels.square.words import Json, Round, Unreadable, moment, raw, round_of, stamp

_LIMIT = 200
_OVERLAP = timedelta(minutes=1)


class Catalogue:
    """See `ports.CatalogueSource`."""

    def __init__(self, api: SquareApi, places: Places, connecting: Connecting) -> None:
        self._api = api
        self._places = places
        self._links = connecting.links
        self._currency = connecting.settings.get("currency", "")

    def locations(self) -> Sequence[ChannelPlace]:
        """Square's locations."""
        return self._places.all()

    def changed(self, cursor: str) -> Page[ChannelItem]:
        """Variations that changed, or whose item did; all of them at first."""
        at = round_of(cursor) if cursor else Round(since="")
        answer = self._api.page(
            lambda square: square.catalog.search(
                object_types=["ITEM", "ITEM_VARIATION"],
                include_deleted_objects=True,
                include_related_objects=True,
                limit=_LIMIT,
                request_options=ONCE,
                **given(cursor=at.page, begin_time=at.since),
            )
        )
        if answer is None:
            return Page((), again(at).text(), more=True)
        began = at.began or answer.get("latest_time") or at.since
        found, unread = self._read(answer)
        page = answer.get("cursor") or ""
        if page:
            return Page(found, msgspec.structs.replace(at, began=began, page=page).text(), more=True, unread=unread)
        since = stamp(moment(began) - _OVERLAP) if began else ""
        return Page(found, Round(since=since).text(), more=False, unread=unread)

    def _read(self, answer: Json) -> tuple[list[ChannelItem], list[Unread]]:
        objects, related = answer.get("objects") or [], answer.get("related_objects") or []
        items = {each["id"]: each for each in chain(related, objects) if each["type"] == "ITEM"}
        taxes = {each["id"]: each for each in related if each["type"] == "TAX"}
        found: dict[str, ChannelItem] = {}
        unread: dict[str, Unread] = {}
        for variation, item in _variations(objects, items):
            try:
                if item is None or variation.get("is_deleted") or item.get("is_deleted"):
                    gone = gone_item({**variation, "is_deleted": True}, self._links(), self._currency or "XXX")
                    if gone is not None:
                        found[gone.key] = gone
                    continue
                found[variation["id"]] = item_of(variation, item, taxes, self._currency or "XXX")
            except Unreadable as error:
                unread[variation["id"]] = Unread("item", variation["id"], str(error), raw(variation))
        return list(found.values()), list(unread.values())


def _variations(objects: Sequence[Json], items: Mapping[str, Json]) -> Iterator[tuple[Json, Json | None]]:
    """Variations with their items; what stands for itself comes last and is the newest word."""
    for each in objects:
        if each["type"] == "ITEM":
            for variation in (each.get("item_data") or {}).get("variations") or ():
                yield variation, each
    for each in objects:
        if each["type"] == "ITEM_VARIATION":
            yield each, items.get((each.get("item_variation_data") or {}).get("item_id") or "")
