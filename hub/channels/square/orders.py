"""Orders and sales of Square: asked for by time of change, and told what became of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.channels.manifest import Connecting
from hub.channels.ports import ChannelOrder, HandedOver, Page, Unread
from hub.channels.square.client import ONCE, SquareApi, SquareRefused, given
from hub.channels.square.orders_mapping import Context, hand_over_of, order_of, returned_of
from hub.channels.square.places import Places
from hub.channels.square.rounds import DEEP_BACK, after, again, begun, deep, deep_is_due, is_deep
from hub.channels.square.words import Json, Round, Unreadable, moment, raw, stamp
from hub.errors import ChannelRefused, OutcomeUnknown, UnmappedWord

_LOCATIONS_MAX = 10
_LIMIT = 100
_TRIES_MAX = 4
"""Of one change of an order: so often may somebody else be faster."""
_REFUND_KEY_MAX = 45
_OVER = {"COMPLETED", "CANCELED", "FAILED"}


class Orders:
    """See `ports.OrderSource`."""

    def __init__(self, api: SquareApi, places: Places, connecting: Connecting) -> None:
        self._api = api
        self._places = places
        self._connecting = connecting

    def cursor_at(self, since: datetime) -> str:
        """The cursor from which `changed` gives everything since then."""
        return Round(since=stamp(since), deep=stamp(self._connecting.now())).text()

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """Orders by their time of change; once an hour, those made in the last 73 hours, for they may be late."""
        now = self._connecting.now()
        groups = _groups([place.key for place in self._places.all()])
        stages = [*groups, *(deep(name) for name in groups)] if deep_is_due(cursor, now) else [*groups]
        at = begun(cursor, stages, now)
        if not at.stage:
            return Page((), after(at, None, stages)[0].text())
        late = is_deep(at.stage)
        start = moment(at.began) - DEEP_BACK if late else moment(at.since)
        field = "created_at" if late else "updated_at"
        query: Any = {
            "filter": {"date_time_filter": {field: {"start_at": stamp(start)}}},
            "sort": {"sort_field": field.upper(), "sort_order": "ASC"},
        }
        places = groups[at.stage.removeprefix("~")]
        answer = self._api.page(
            lambda square: square.orders.search(
                location_ids=places, query=query, limit=_LIMIT, request_options=ONCE, **given(cursor=at.page)
            )
        )
        if answer is None:
            return Page((), again(at).text(), more=True)
        found, unread = self._read(answer.get("orders") or [])
        following, more = after(at, answer.get("cursor"), stages)
        return Page(found, following.text(), more=more, unread=unread)

    def order(self, order: str) -> ChannelOrder | None:
        """One order as it is now, None too for one that is nothing to us (a draft, an amount without goods).

        One that gives back of another is that other, with what came back of it.
        """
        try:
            found = self._get(order)
        except SquareRefused as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP's own word
                return None
            raise
        context = self._context()
        return order_of(found, context) or next(iter(self._given_back(found, context)), None)

    def hand_over(self, parcel: HandedOver, *, may_be_known: bool) -> str:  # noqa: ARG002 - it always looks first
        """Note the parcel in the order's fulfilment, and complete that once all of it has left."""
        order = self._own(parcel.order)
        links = self._connecting.links()
        for _ in range(_TRIES_MAX):
            found = self._get(order)
            try:
                change, key = hand_over_of(found, parcel, links)
            except Unreadable as error:
                raise ChannelRefused(f"channel {self._connecting.name}: {error}") from error
            if change is None or self._changed(order, change):
                return key
        raise OutcomeUnknown(f"channel {self._connecting.name}: order {order} was changed {_TRIES_MAX} times meanwhile")

    def cancel(self, order: str, *, may_be_known: bool) -> None:  # noqa: ARG002 - it always looks first
        """Cancel what is not fulfilled, and give back what was paid; what is done already is not done again."""
        order = self._own(order)
        for _ in range(_TRIES_MAX):
            found = self._get(order)
            opened = [each for each in found.get("fulfillments") or () if each.get("state") not in _OVER]
            if found.get("state") != "OPEN" or not opened:
                break
            if "version" not in found:
                raise ChannelRefused(
                    f"channel {self._connecting.name}: order {order} was made on Square's own screens: cancel it there"
                )
            gone = [{"uid": each["uid"], "state": "CANCELED"} for each in opened]
            change: Json = {"location_id": found["location_id"], "version": found["version"], "fulfillments": gone}
            if not found.get("tenders"):
                change["state"] = "CANCELED"
            if self._changed(order, change):
                break
        else:
            raise OutcomeUnknown(f"channel {self._connecting.name}: order {order} changed {_TRIES_MAX} times meanwhile")
        self._give_back(order, found)

    def _read(self, orders: Sequence[Json]) -> tuple[list[ChannelOrder], list[Unread]]:
        context = self._context()
        found: list[ChannelOrder] = []
        unread: list[Unread] = []
        for each in orders:
            try:
                read = order_of(each, context)
                if read is not None:
                    found.append(read)
                found.extend(self._given_back(each, context))
            except (Unreadable, UnmappedWord, KeyError, ValueError) as error:
                unread.append(Unread("order", str(each.get("id")), _why(error), raw(each)))
        return found, unread

    def _given_back(self, giving: Json, context: Context) -> list[ChannelOrder]:
        """The orders that an order gives something back of, each with that return."""
        sources = returned_of(giving)
        if not sources:
            return []
        answer = self._api.read(lambda square: square.orders.batch_get(order_ids=sources, request_options=ONCE))
        read = (order_of(each, context, [giving]) for each in answer.get("orders") or ())
        return [order for order in read if order is not None]

    def _give_back(self, order: str, found: Json) -> None:
        for tender in found.get("tenders") or ():
            key = tender.get("payment_id") or tender["id"]
            payment = self._payment(key)
            total = payment["total_money"]
            rest = total["amount"] - (payment.get("refunded_money") or {}).get("amount", 0)
            if payment["status"] == "APPROVED":
                self._void(key)
            elif payment["status"] == "COMPLETED" and rest > 0:
                once = hashlib.sha256(f"cancel {order} {key} {rest}".encode()).hexdigest()[:_REFUND_KEY_MAX]
                self._refund(key, once, {"amount": rest, "currency": total["currency"]})

    def _payment(self, key: str) -> Json:
        found: Json = self._api.read(lambda square: square.payments.get(payment_id=key, request_options=ONCE))
        return dict(found["payment"])

    def _void(self, key: str) -> None:
        self._api.write(lambda square: square.payments.cancel(payment_id=key, request_options=ONCE))

    def _refund(self, key: str, once: str, money: Any) -> None:  # noqa: ANN401 - the SDK's own type of money
        self._api.write(
            lambda square: square.refunds.refund_payment(
                idempotency_key=once, amount_money=money, payment_id=key, reason="cancelled", request_options=ONCE
            )
        )

    def _get(self, order: str) -> Json:
        found: Json = self._api.read(lambda square: square.orders.get(order_id=order, request_options=ONCE))["order"]
        return found

    def _changed(self, order: str, change: Any) -> bool:  # noqa: ANN401 - the SDK's own type of an order
        """Whether a change was written; False if somebody was faster, so that one looks again."""
        once = hashlib.sha256(raw({"order": order, **change})).hexdigest()[:64]
        try:
            self._api.write(
                lambda square: square.orders.update(
                    order_id=order, order=change, idempotency_key=once, request_options=ONCE
                )
            )
        except SquareRefused as error:
            if error.codes & {"VERSION_MISMATCH", "CONFLICT"}:
                return False
            raise
        return True

    def _context(self) -> Context:
        connecting = self._connecting
        return Context(connecting.name, connecting.links(), connecting.settings.get("pos_sales", "take") == "take")

    def _own(self, order: str) -> str:
        return order.removeprefix(f"{self._connecting.name}:")


def _groups(places: Sequence[str]) -> dict[str, list[str]]:
    """At most ten locations go into one search; the groups' names sort as they come."""
    return {f"{at:06d}": list(places[at : at + _LOCATIONS_MAX]) for at in range(0, len(places), _LOCATIONS_MAX)}


def _why(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
