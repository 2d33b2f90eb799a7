"""Square's orders in our words, and hand-overs in Square's. Pure.

What of an order enters the hub:
- an order with something to fulfil (pick-up, shipment, delivery), paid or not: placed, the store gathers it;
- a sale on Square's own POS (complete, nothing to fulfil): placed, and everything left at once, when it was made;
- goods that came back: Square writes them as an order of its own, which becomes the first one's `returned`.
Knowingly nothing: drafts, tickets that are open and unpaid, amounts without goods (a till's Terminal checkout).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.channels.links import Links
from hub.channels.ports import ChannelCustomer, ChannelLine, ChannelOrder, HandedOver, LeftGoods, ReturnedGoods
from hub.channels.square.mapping import e164
from hub.channels.square.notes import MARK, by_line, goods_of, noted, notes_of, told_key
from hub.channels.square.words import Json, Unreadable, moment, raw, thousandths
from hub.matters.orders import OrderHead

_WORD_MAX = 64
_TEXT_MAX = 512
_OVER = {"CANCELED", "FAILED"}
_DETAILS = ("pickup_details", "shipment_details", "delivery_details")
_LEFT_AT = ("picked_up_at", "shipped_at", "completed_at", "delivered_at")
_DUE_AT = ("pickup_at", "expected_shipped_at", "deliver_at")


@dataclass(frozen=True)
class Context:
    """What mapping an order needs beside it."""

    channel: str
    links: Links
    pos_sales: bool = True


def order_of(order: Json, context: Context, returns: Sequence[Json] = ()) -> ChannelOrder | None:
    """An order as it is now, or None where it is knowingly nothing to us; `returns` are orders that give of it back.

    Raises Unreadable, and UnmappedWord for a location or a variation that is nothing of ours.
    """
    goods = [line for line in order.get("line_items") or () if line.get("catalog_object_id")]
    fulfilments = order.get("fulfillments") or []
    is_pos = not fulfilments
    if not goods or order.get("state") == "DRAFT" or (is_pos and not context.pos_sales):
        return None
    if is_pos and order.get("state") != "COMPLETED":
        return None  # a ticket that is still open; cancelled, it never took anything
    store = context.links.to_ours("location", order["location_id"]).ours
    skus = _skus(order, context.links)
    quantities = {line["uid"]: thousandths(line["quantity"]) for line in goods}
    back = _returned(order, returns, skus, store)
    # What Square's own POS made has no version, so the time of change stands beside it.
    version = "+".join(
        [f"{order.get('version', '')}@{order['updated_at']}", *sorted(str(each["id"]) for each in returns)]
    )
    return ChannelOrder(
        key=order["id"],
        version=version,
        updated_at=max(moment(each["updated_at"]) for each in (order, *returns)),
        head=_head(order, context.channel, store),
        state="cancelled" if _is_cancelled(order) else "placed",
        lines=_lines(order, goods, skus, quantities, back.by_line),
        customer=_customer(order),
        left=_left(order, skus, quantities, store),
        returned=back.goods,
        own=any(key.startswith(MARK) for key in order.get("metadata") or {}),
        returned_once=True,
        raw=raw(order),
    )


def returned_of(order: Json) -> list[str]:
    """The orders that this one gives something back of."""
    sources = [each.get("source_order_id") for each in order.get("returns") or ()]
    return sorted({source for source in sources if source})


def line_key(order: str, uid: str) -> str:
    """A line's id: Square's is unique within an order only."""
    return f"{order}/{uid}"


def hand_over_of(order: Json, parcel: HandedOver, links: Links) -> tuple[Json | None, str]:
    """What is to be written to Square for a parcel that left (None: it stands there already), and the id of it.

    The fulfilment is completed once all of its goods have left, of whichever store; until then each parcel is noted in
    its metadata. Goods that stand in no fulfilment are the pieces of a pack or a bundle: then the only one that is open
    is taken to be meant, and done. Raises Unreadable where none is open and has such goods, and where the order was not
    made through the API: Square lets nobody change such a one.
    """
    key = told_key(parcel.key)
    skus = _skus(order, links)
    fulfilments = order.get("fulfillments") or ()
    if any(name.startswith(key) for each in fulfilments for name in each.get("metadata") or {}):
        return None, line_key(order["id"], key)
    opened = [each for each in fulfilments if each.get("state") not in {*_OVER, "COMPLETED"}]
    fitting = [each for each in opened if set(parcel.goods) <= set(goods_of(order, each, skus))]
    if not fitting and (len(opened) != 1 or set(parcel.goods) <= set(skus.values())):
        raise Unreadable(f"order {order['id']}: no open fulfilment has {', '.join(sorted(parcel.goods))}")
    if "version" not in order:
        raise Unreadable(f"order {order['id']}: made on Square's own screens, which alone can complete it")
    fulfilment = (fitting or opened)[0]
    held = goods_of(order, fulfilment, skus)
    gone = Counter(parcel.goods)
    for note in notes_of(order, fulfilment, skus):
        gone.update(note.goods)
    is_all = not fitting or all(gone[sku] >= quantity for sku, quantity in held.items())
    whole = not fitting or all(parcel.goods.get(sku, 0) >= quantity for sku, quantity in held.items())
    change = {"uid": fulfilment["uid"], "metadata": noted(key, parcel, whole=whole)}
    if is_all:
        change["state"] = "COMPLETED"
    written = {"location_id": order["location_id"], "version": order["version"], "fulfillments": [change]}
    return written, line_key(order["id"], key)


def paid_lines(order: Json) -> dict[str, tuple[str, int]]:
    """Lines that Square has taken out of its stock: (variation, thousandths) by line id. None unless it is paid."""
    due = (order.get("net_amount_due_money") or {}).get("amount", 0)
    if order.get("state") not in {"OPEN", "COMPLETED"} or not order.get("tenders") or due:
        return {}
    return {
        line_key(order["id"], line["uid"]): (line["catalog_object_id"], thousandths(line["quantity"]))
        for line in order.get("line_items") or ()
        if line.get("catalog_object_id")
    }


def _is_cancelled(order: Json) -> bool:
    states = [fulfilment.get("state") for fulfilment in order.get("fulfillments") or ()]
    return order.get("state") == "CANCELED" or (bool(states) and all(state in _OVER for state in states))


def _head(order: Json, channel: str, store: str) -> OrderHead:
    fulfilments = order.get("fulfillments") or [{}]
    kind, details = fulfilments[0].get("type") or "PICKUP", _details(fulfilments[0])
    name = f"{channel}:{order['id']}"
    if len(name) > _WORD_MAX:
        raise Unreadable(f"order {order['id']}: {name!r} is longer than {_WORD_MAX}; give the channel a shorter name")
    due = next((details[at] for at in _DUE_AT if details.get(at)), None)
    return OrderHead(
        order=name,
        channel=channel,
        number=(order.get("ticket_name") or order.get("reference_id") or "")[:_TEXT_MAX],
        way="delivery" if kind in {"SHIPMENT", "DELIVERY"} else "pickup",
        store="" if kind == "SHIPMENT" else store,
        customer=((details.get("recipient") or {}).get("display_name") or "")[:_TEXT_MAX],
        note=(details.get("note") or details.get("shipping_note") or "")[:_TEXT_MAX],
        placed_at=moment(order["created_at"]),
        due_at=moment(due) if due else None,
    )


def _details(fulfilment: Json) -> Json:
    return next((fulfilment[name] for name in _DETAILS if fulfilment.get(name)), {})


def _lines(
    order: Json, goods: Sequence[Json], skus: Mapping[str, str], quantities: Mapping[str, int], back: Counter[str]
) -> list[ChannelLine]:
    fulfilled = Counter(dict.fromkeys(skus, 0))
    if not order.get("fulfillments"):
        fulfilled.update(quantities)
    for fulfilment in order.get("fulfillments") or ():
        if fulfilment.get("state") == "COMPLETED":
            fulfilled.update(by_line(order, fulfilment))
    return [
        ChannelLine(
            line_key(order["id"], line["uid"]),
            skus[line["uid"]],
            quantities[line["uid"]],
            (line.get("name") or "")[:_TEXT_MAX],
            fulfilled[line["uid"]],
            back[line["uid"]],
        )
        for line in goods
    ]


def _left(order: Json, skus: Mapping[str, str], quantities: Mapping[str, int], store: str) -> list[LeftGoods]:
    """Goods that are gone: a POS sale when it was made, else our own notes and what staff completed beside them."""
    if not order.get("fulfillments"):
        gone: Counter[str] = Counter()
        for uid, quantity in quantities.items():
            gone[skus[uid]] += quantity
        return [LeftGoods(line_key(order["id"], "pos"), store, moment(order["created_at"]), dict(sorted(gone.items())))]
    found = []
    for fulfilment in order["fulfillments"]:
        notes = notes_of(order, fulfilment, skus)
        found += [LeftGoods(line_key(order["id"], n.key), n.store, n.at, n.goods, n.parcel) for n in notes]
        if fulfilment.get("state") != "COMPLETED":
            continue
        rest = Counter(goods_of(order, fulfilment, skus))
        for note in notes:
            rest.subtract(note.goods)
        goods = {sku: quantity for sku, quantity in sorted(rest.items()) if quantity > 0}
        if goods:
            details = _details(fulfilment)
            at = next((details[name] for name in _LEFT_AT if details.get(name)), order["updated_at"])
            found.append(LeftGoods(line_key(order["id"], fulfilment["uid"]), store, moment(at), goods))
    return found


def _skus(order: Json, links: Links) -> dict[str, str]:
    return {
        line["uid"]: links.to_ours("item", line["catalog_object_id"]).ours
        for line in order.get("line_items") or ()
        if line.get("catalog_object_id")
    }


@dataclass(frozen=True)
class _Back:
    goods: list[ReturnedGoods]
    by_line: Counter[str]


def _returned(order: Json, returns: Sequence[Json], skus: Mapping[str, str], store: str) -> _Back:
    found, by_line = [], Counter[str]()
    for giving in returns:
        goods: Counter[str] = Counter()
        for part in giving.get("returns") or ():
            if part.get("source_order_id") != order["id"]:
                continue
            for line in part.get("return_line_items") or ():
                uid, quantity = line.get("source_line_item_uid") or "", thousandths(line["quantity"])
                if uid in skus:
                    by_line[uid] += quantity
                    goods[skus[uid]] += quantity
        if goods:
            at = moment(giving.get("closed_at") or giving["created_at"])
            found.append(ReturnedGoods(line_key(giving["id"], "return"), store, at, dict(sorted(goods.items()))))
    return _Back(found, by_line)


def _customer(order: Json) -> ChannelCustomer | None:
    fulfilments = order.get("fulfillments") or ()
    people = [_details(fulfilment).get("recipient") or {} for fulfilment in fulfilments]
    person = next((each for each in people if each), {})
    key = order.get("customer_id") or person.get("customer_id") or ""
    if not key:
        return None  # a guest: her name stands in the order, and Square has no person for her
    return ChannelCustomer(
        key=key,
        version="",
        name=person.get("display_name") or "",
        email=(person.get("email_address") or "").strip().lower(),
        phone=e164(person.get("phone_number") or ""),
    )
