"""Web orders: what changed of them, and what became of them in the stores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

import msgspec

from hub.channels.links import Links
from hub.channels.medusa import polling
from hub.channels.medusa.answers import Answer, Fulfilment, Order, Reservation
from hub.channels.medusa.client import MedusaClient, Params
from hub.channels.medusa.mapping import (
    PARCEL_WORD,
    ShopWords,
    Untranslatable,
    is_settled,
    order_of,
    pieces,
    thousandths,
)
from hub.channels.ports import ChannelOrder, HandedOver, Page, Unread
from hub.errors import ChannelRefused, ChannelUnavailable, UnmappedWord

LIMIT: Final = 50
_PICKUPS: Final = 500
ORDER_FIELDS: Final = (
    "id,display_id,status,created_at,updated_at,email,currency_code,sales_channel_id,metadata,customer_id,total,"
    "items.id,items.title,items.quantity,items.variant_id,items.variant_sku,"
    "items.detail.fulfilled_quantity,items.detail.return_received_quantity,"
    "shipping_address.first_name,shipping_address.last_name,shipping_address.phone,"
    "shipping_methods.shipping_option_id,"
    "*fulfillments,fulfillments.items.line_item_id,fulfillments.items.quantity,"
    "payment_collections.id,payment_collections.status,payment_collections.amount,"
    "returns.id,returns.status,returns.updated_at,returns.location_id,*returns.items"
)


class MedusaOrders:
    """OrderSource. `since` is where the first round of asking begins."""

    def __init__(  # noqa: PLR0913 - what a shop's orders are chosen and read by
        self,
        client: MedusaClient,
        links: Callable[[], Links],
        *,
        channel: str,
        web_channels: Collection[str],
        pos_channels: Callable[[], Collection[str]],
        since: datetime | None,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._links = links
        self._channel = channel
        self._web_channels = sorted(web_channels)
        self._pos_channels = pos_channels
        self._since = since
        self._now = now
        self._pickups: Mapping[str, str] = {}
        self._options: frozenset[str] = frozenset()

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """A page of orders, oldest change first. One that may yet vanish is left for the next round."""
        where = polling.read_cursor(cursor, self._since or self._now())
        params: Params = [
            *polling.question(where, LIMIT),
            *(("sales_channel_id[]", one) for one in self._web_channels),
            ("fields", ORDER_FIELDS),
        ]
        raws = self._client.get("/admin/orders", Answer, params).orders
        stamps = [msgspec.json.decode(raw, type=polling.Stamped) for raw in raws]
        step = polling.after(where, [one.updated_at for one in stamps], LIMIT, self._now())
        found: list[ChannelOrder] = []
        unread: list[Unread] = []
        words = self._words()
        for stamp, raw in zip(stamps, raws, strict=True):
            try:
                if is_settled(msgspec.json.decode(raw, type=Order), self._now()):
                    found.append(self._translated(bytes(raw), words))
            except (UnmappedWord, Untranslatable, msgspec.MsgspecError) as error:
                unread.append(Unread("order", stamp.id, str(error), bytes(raw)))
        return Page(found, polling.write_cursor(step.cursor), step.more, unread)

    def order(self, order: str) -> ChannelOrder | None:
        """One order. Raises UnmappedWord, and ChannelRefused where it cannot be translated."""
        answer = self._client.find(f"/admin/orders/{order}", Answer, [("fields", ORDER_FIELDS)])
        if answer is None:
            return None
        try:
            return self._translated(bytes(answer.order), self._words())
        except (Untranslatable, msgspec.MsgspecError) as error:
            raise ChannelRefused(f"Medusa's order {order} cannot be translated: {error}") from error

    def hand_over(self, parcel: HandedOver, *, may_be_known: bool) -> str:
        """Make a fulfilment where Medusa keeps the goods, one for each such location; returns their ids.

        Medusa takes a parcel's goods from the location that it is told and releases the reservation wherever it is.
        Taken from elsewhere, one level would be too low and another too high until both are set again.
        """
        del may_be_known  # the order is read in any case, to know its lines
        order = self._order(parcel.order)
        done = {
            (one.metadata or {}).get("location"): one
            for one in order.fulfillments or ()
            if (one.metadata or {}).get(PARCEL_WORD) == parcel.key and one.canceled_at is None
        }
        told = {line: quantity for one in done.values() for line, quantity in _quantities(one).items()}
        wanted = _lines(order, parcel, told, self._words())
        ids = [one.id for one in done.values()]
        for location, lines in sorted(self._by_location(wanted, parcel.store).items()):
            if location not in done:
                ids.append(self._fulfil(order.id, parcel.key, location, lines))
        return ",".join(ids)

    def cancel(self, order: str, *, may_be_known: bool) -> None:
        """Cancel an order of which nothing has left; Medusa releases what it kept and gives back what was paid."""
        del may_be_known  # it is looked up in any case, for Medusa refuses the second cancel
        found = self._order(order)
        if found.status == "canceled":
            return
        if any(one.canceled_at is None for one in found.fulfillments or ()):
            raise ChannelRefused(
                f"a part of Medusa's order {order} has left already, and Medusa cancels whole orders only: take the "
                "rest off with an order edit in Medusa, or take the parcel back"
            )
        self._client.post(f"/admin/orders/{order}/cancel", {}, Answer)

    def _order(self, order: str) -> Order:
        raw = self._client.get(f"/admin/orders/{order}", Answer, [("fields", ORDER_FIELDS)]).order
        return _decoded(raw, order)

    def _translated(self, raw: bytes, words: ShopWords) -> ChannelOrder:
        order = msgspec.json.decode(raw, type=Order)
        chosen = {method.shipping_option_id for method in order.shipping_methods or () if method.shipping_option_id}
        if not chosen <= self._options:
            self._learn_options(chosen)
            words = self._words()
        return order_of(order, raw, words)

    def _learn_options(self, chosen: Collection[str]) -> None:
        """Which shipping options are picked up, and where; asked again when an order has one that is new."""
        params: Params = [
            ("limit", _PICKUPS),
            ("fields", "id,service_zone.fulfillment_set.type,service_zone.fulfillment_set.location.id"),
        ]
        options = self._client.get("/admin/shipping-options", Answer, params).shipping_options
        self._pickups = {option.id: option.pickup_location for option in options if option.pickup_location}
        self._options = frozenset([*(option.id for option in options), *chosen])

    def _words(self) -> ShopWords:
        return ShopWords(self._channel, self._links(), self._pos_channels(), self._pickups)

    def _by_location(self, lines: Mapping[str, int], store: str) -> Mapping[str, dict[str, int]]:
        """Where Medusa keeps these lines; those that it keeps nowhere leave the store's own location."""
        params: Params = [*(("line_item_id[]", line) for line in sorted(lines)), ("limit", 500)]
        kept: dict[str, Reservation] = {}
        if lines:
            for one in self._client.get("/admin/reservations", Answer, params).reservations:
                kept.setdefault(one.line_item_id or "", one)
        places: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for line, quantity in lines.items():
            reservation = kept.get(line)
            place = reservation.location_id if reservation else self._links().to_theirs("location", store).theirs
            places[place][line] = quantity
        return places

    def _fulfil(self, order: str, key: str, location: str, lines: Mapping[str, int]) -> str:
        body = {
            "location_id": location,
            "items": [{"id": line, "quantity": pieces(quantity)} for line, quantity in sorted(lines.items())],
            "no_notification": True,
            "metadata": {PARCEL_WORD: key, "location": location},
        }
        self._client.post(f"/admin/orders/{order}/fulfillments", body, Answer)
        for one in self._order(order).fulfillments or ():
            said = one.metadata or {}
            if said.get(PARCEL_WORD) == key and said.get("location") == location and one.canceled_at is None:
                return one.id
        raise ChannelUnavailable(f"Medusa took the parcel {key} of order {order}, and does not show it yet")


def _lines(order: Order, parcel: HandedOver, told: Mapping[str, int], words: ShopWords) -> dict[str, int]:
    """Which lines of the order the parcel's goods are; `told` is what an earlier try has told of this very parcel."""
    rest = dict(parcel.goods)
    chosen: dict[str, int] = {}
    for line in order.items:
        sku = words.links.to_ours("item", line.variant_id).ours if line.variant_id else line.variant_sku or ""
        already = told.get(line.id, 0)
        part = min(rest.get(sku, 0), thousandths(line.quantity - line.detail.fulfilled_quantity) + already)
        if part > 0:
            rest[sku] -= part
            if part > already:
                chosen[line.id] = part - already
    if left := {sku: quantity for sku, quantity in rest.items() if quantity > 0}:
        goods = ", ".join(f"{pieces(quantity)} {sku}" for sku, quantity in sorted(left.items()))
        raise ChannelRefused(f"Medusa's order {order.id} does not have so much left to send: {goods}")
    return chosen


def _quantities(parcel: Fulfilment) -> dict[str, int]:
    return {item.line_item_id: thousandths(item.quantity) for item in parcel.items if item.line_item_id}


def _decoded(raw: msgspec.Raw, order: str) -> Order:
    try:
        return msgspec.json.decode(raw, type=Order)
    except msgspec.MsgspecError as error:
        raise ChannelRefused(f"Medusa's order {order} is not understood: {error}") from error
