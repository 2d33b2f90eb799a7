"""Square's payments and refunds, of all locations: without one named, Square tells of the main one only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

from square import Square

from hub.channels.links import Links
from hub.channels.manifest import Connecting
from hub.channels.ports import ChannelPayment, Page, Unread
from hub.channels.square.client import ONCE, SquareApi, given
from hub.channels.square.mapping import payment_of, refund_of
from hub.channels.square.places import Places
from hub.channels.square.rounds import after, again, begun
from hub.channels.square.words import Json, Round, Unreadable, raw, stamp

_LIMIT = 100
_REFUNDS = "~refunds"
"""The last list of a round; refunds come of all locations at once."""


class Payments:
    """See `ports.PaymentSource`."""

    def __init__(self, api: SquareApi, places: Places, connecting: Connecting) -> None:
        self._api = api
        self._places = places
        self._connecting = connecting

    def cursor_at(self, since: datetime) -> str:
        """The cursor from which `changed` gives everything since then."""
        return Round(since=stamp(since)).text()

    def changed(self, cursor: str) -> Page[ChannelPayment]:
        """Payments by their time of change, location by location, then refunds. A fee is a change."""
        stages = [*(place.key for place in self._places.all()), _REFUNDS]
        at = begun(cursor, stages, self._connecting.now())
        span = {"updated_at_begin_time": at.since, "sort_field": "UPDATED_AT"}
        answer = self._api.page(lambda square: _listed(square, at.stage, at.page, span))
        if answer is None:
            return Page((), again(at).text(), more=True)
        found, unread = _read(answer, self._connecting.links())
        following, more = after(at, answer.get("cursor"), stages)
        return Page(found, following.text(), more=more, unread=unread)

    def between(self, start: datetime, end: datetime, locations: Collection[str]) -> Sequence[ChannelPayment]:
        """All that was taken and given back in a span of time; what cannot be read is left out, see `changed`."""
        span = {"begin_time": stamp(start), "end_time": stamp(end), "sort_field": "CREATED_AT"}
        found: list[ChannelPayment] = []
        for stage in [*sorted(locations), _REFUNDS]:
            found += self._all(stage, span)
        return [each for each in found if start <= each.at < end and each.location in locations]

    def _all(self, stage: str, span: dict[str, Any]) -> list[ChannelPayment]:
        name = "refunds" if stage == _REFUNDS else "payments"
        listed = self._api.pages(lambda square, page: _listed(square, stage, page, span), name)
        return _read({name: list(listed)}, self._connecting.links())[0]


def _listed(square: Square, stage: str, page: str | None, span: dict[str, Any]) -> Any:  # noqa: ANN401 - the SDK's pager
    order: Literal["ASC"] = "ASC"
    asked = {**given(cursor=page), **span}
    if stage == _REFUNDS:
        return square.refunds.list(limit=_LIMIT, sort_order=order, request_options=ONCE, **asked)
    return square.payments.list(location_id=stage, limit=_LIMIT, sort_order=order, request_options=ONCE, **asked)


def _read(answer: Json, links: Links) -> tuple[list[ChannelPayment], list[Unread]]:
    found: list[ChannelPayment] = []
    unread: list[Unread] = []
    for kind, read in (("payments", payment_of), ("refunds", refund_of)):
        for each in answer.get(kind) or ():
            try:
                found.append(read(each, links))
            except (Unreadable, KeyError) as error:
                unread.append(Unread(kind.removesuffix("s"), str(each.get("id")), str(error), raw(each)))
    return found, unread
