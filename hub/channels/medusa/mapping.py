"""Medusa's words to ours and back. Pure: JSON in, our frozen types out.

Medusa writes money in major units (1.99) and quantities in pieces, both as decimals; here they become minor units and
thousandths, exactly. What has more decimals than that is not rounded: it cannot be translated (Untranslatable).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from hub.channels.links import Links
from hub.channels.medusa.answers import Customer, Fulfilment, Order, OrderItem, Price, Returning, Variant
from hub.channels.ports import ChannelCustomer, ChannelItem, ChannelLine, ChannelOrder, LeftGoods, ReturnedGoods
from hub.errors import UnmappedWord
from hub.matters.orders import OrderHead
from protocol.documents import Item
from protocol.money import decimals
from protocol.quantity import SCALE

SALE_WORD = "pos_sale_id"
"""Names a till's sale in an order's metadata: by it we know our own."""
PARCEL_WORD = "tillwire_parcel"
"""Names our hand-over in a fulfilment's metadata."""
CUSTOMER_WORD = "tillwire_customer"
CONSENT_WORD = "marketing_consent"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_WORD_MAX = 64
_DIGEST: Final = 12
_UNPAID: Final = frozenset({"not_paid", "awaiting", "requires_action"})
_YOUNG: Final = timedelta(seconds=15)
_TEXT_MAX = 512


class Untranslatable(ValueError):
    """Something of Medusa's that has no counterpart with us; says what and why."""


@dataclass(frozen=True)
class ShopWords:
    """What orders are translated with: `pickups` are the shipping options that are picked up, and where."""

    channel: str
    links: Links
    pos_channels: Collection[str] = ()
    pickups: Mapping[str, str] = field(default_factory=dict)


def minor_units(amount: Decimal, currency: str) -> int:
    """1.99 EUR is 199. Raises Untranslatable for a part of a cent."""
    value = amount.scaleb(decimals(currency))
    if value != value.to_integral_value():
        raise Untranslatable(f"{amount} {currency} has parts of the smallest coin")
    return int(value)


def major_units(amount: int, currency: str) -> Decimal:
    """199 EUR is 1.99."""
    return Decimal(amount).scaleb(-decimals(currency))


def thousandths(quantity: Decimal) -> int:
    """2 is 2000. Raises Untranslatable for less than a thousandth."""
    value = quantity * SCALE
    if value != value.to_integral_value():
        raise Untranslatable(f"a quantity of {quantity} has more than three decimals")
    return int(value)


def pieces(quantity: int) -> Decimal:
    """2000 is 2, 642 is 0.642."""
    return (Decimal(quantity) / SCALE).normalize() + 0


# goods


def item_of(variant: Variant, currency: str) -> ChannelItem:
    """A variant as an item: its price for everybody, in the shop's currency. Raises Untranslatable."""
    if not variant.sku:
        raise Untranslatable(f"variant {variant.id} has no SKU; give it one in Medusa")
    if len(variant.sku) > _WORD_MAX:
        raise Untranslatable(f"SKU {variant.sku!r} has more than {_WORD_MAX} letters")
    try:
        item = Item(
            sku=variant.sku,
            name=_name(variant),
            barcodes=tuple(
                dict.fromkeys(
                    code.strip() for code in (variant.barcode, variant.ean, variant.upc) if code and code.strip()
                )
            ),
            price=minor_units(_price(variant.prices, variant.sku, currency), currency),
            currency=currency,
        )
        msgspec.convert(msgspec.to_builtins(item), Item)  # lengths and bounds hold on the wire, so they hold here
    except msgspec.ValidationError as error:
        raise Untranslatable(f"variant {variant.id} ({variant.sku}): {error}") from error
    place = {"product": variant.product_id or "", "inventory_item": only_item(variant)}
    stamp = f"{item.name}|{item.price}|{','.join(item.barcodes)}|{place['inventory_item']}"
    return ChannelItem(key=variant.id, version=stamp, item=item, place={k: v for k, v in place.items() if v})


def only_item(variant: Variant) -> str:
    """The inventory item whose level is the variant's; "" where it takes several, or several of one: a kit."""
    uses = variant.inventory_items
    return uses[0].inventory_item_id if len(uses) == 1 and uses[0].required_quantity == 1 else ""


def gone_item(key: str, sku: str, currency: str) -> ChannelItem:
    """An item that Medusa does not have any more."""
    return ChannelItem(key=key, version="gone", item=Item(sku=sku, name=sku, price=0, currency=currency), deleted=True)


def _name(variant: Variant) -> str:
    product = variant.product.title if variant.product else ""
    own = variant.title or ""
    plain = not own or own.casefold() in {"default", "default variant", product.casefold()}
    return (product if plain and product else f"{product} {own}".strip() or variant.sku or variant.id)[:_TEXT_MAX]


def _price(prices: Sequence[Price], sku: str, currency: str) -> Decimal:
    for price in prices:
        if (
            price.currency_code.upper() == currency
            and not price.rules
            and price.min_quantity is None
            and price.max_quantity is None
        ):
            return price.amount
    raise Untranslatable(f"{sku} has no price in {currency} that holds for everybody; give it one in Medusa")


# orders


def order_of(order: Order, raw: bytes, words: ShopWords) -> ChannelOrder:
    """An order as it is now, with all that left and came back. Raises UnmappedWord and Untranslatable."""
    if order.updated_at is None:
        raise Untranslatable(f"order {order.id} does not say when it changed")
    own = bool(order.said(SALE_WORD)) or order.sales_channel_id in words.pos_channels
    lines = () if own else tuple(_line(line, words) for line in order.items)
    sku_of = {line.line: line.sku for line in lines}
    state: Literal["placed", "cancelled"] = "cancelled" if order.status == "canceled" else "placed"
    left = () if own else tuple(_left(order, sku_of, words))
    returned = () if own else tuple(_returned(order, sku_of, words))
    # Medusa stamps an order before all that belongs to the change is written, so the stamp alone may be half a change.
    digest = hashlib.sha256(msgspec.json.encode((state, lines, left, returned))).hexdigest()[:_DIGEST]
    return ChannelOrder(
        key=order.id,
        version=f"{order.updated_at.isoformat()} {digest}",
        updated_at=order.updated_at,
        head=_head(order, words, own=own),
        state=state,
        lines=lines,
        customer=None if own else _customer_of_order(order),
        left=left,
        returned=returned,
        own=own,
        raw=raw,
    )


def is_settled(order: Order, now: datetime) -> bool:
    """Whether an order has come to stay.

    Medusa's checkout makes the order first, then keeps its stock and takes its payment, and deletes it again where one
    of them fails: for some moments there is an order that nobody ever placed. Once money is authorised it stays; one
    that needs none is believed after some seconds.
    """
    paid = any(each.status not in _UNPAID for each in order.payment_collections or ())
    return paid or order.created_at is None or now - order.created_at > _YOUNG


def _head(order: Order, words: ShopWords, *, own: bool) -> OrderHead:
    pickup = "" if own else next(filter(None, (words.pickups.get(option, "") for option in _options(order))), "")
    address = order.shipping_address
    name = " ".join(filter(None, (address.first_name, address.last_name))) if address else ""
    return OrderHead(
        order=f"{words.channel}:{order.id}",
        channel=words.channel,
        number=str(order.display_id),
        way="pickup" if pickup else "delivery",
        store=words.links.to_ours("location", pickup).ours if pickup else "",
        customer=(name or order.email or "")[:_TEXT_MAX],
        placed_at=order.created_at,
    )


def _options(order: Order) -> list[str]:
    return [method.shipping_option_id for method in order.shipping_methods or () if method.shipping_option_id]


def _line(line: OrderItem, words: ShopWords) -> ChannelLine:
    return ChannelLine(
        line=line.id,
        sku=_sku(line, words),
        quantity=thousandths(line.quantity),
        name=line.title[:_TEXT_MAX],
        fulfilled=thousandths(line.detail.fulfilled_quantity),
        returned=thousandths(line.detail.return_received_quantity),
    )


def _sku(line: OrderItem, words: ShopWords) -> str:
    """Our SKU of a line: by its variant, or, where somebody typed it without one, by the SKU that stands there."""
    if line.variant_id:
        return words.links.to_ours("item", line.variant_id).ours
    if line.variant_sku:
        return words.links.to_theirs("item", line.variant_sku).ours
    raise UnmappedWord(words.channel, "item", line.title or line.id, theirs=True)


def _left(order: Order, sku_of: Mapping[str, str], words: ShopWords) -> Iterator[LeftGoods]:
    """Parcels that were not taken back; `ours` names those that our tills handed over, which are told by them."""
    for parcel in order.fulfillments or ():
        goods = _goods(parcel, sku_of)
        if goods and parcel.canceled_at is None:
            ours = (parcel.metadata or {}).get(PARCEL_WORD)
            yield LeftGoods(
                key=parcel.id,
                store=_store(parcel.location_id, words),
                at=parcel.created_at,
                goods=goods,
                ours=ours if isinstance(ours, str) else "",
            )


def _returned(order: Order, sku_of: Mapping[str, str], words: ShopWords) -> Iterator[ReturnedGoods]:
    """What came back and can be sold again, a piece at a time.

    Only the line says how much there is by now: a return's own numbers are those of its last reception, with damaged
    goods in them. Pieces come bit by bit, each bit at its own moment, so the n-th piece of a line has a key of its own.
    Which of several returns of a line it came with is not said: they are taken to be received in their order.
    """
    for line in order.items:
        came = [(back, item.quantity) for back in order.returns or () for item in back.items if item.item_id == line.id]
        came = sorted(((back, many) for back, many in came if back.status != "canceled"), key=lambda one: one[0].id)
        rest = thousandths(line.detail.return_received_quantity)
        if rest and not came:
            raise Untranslatable(f"line {line.id} of order {order.id} came back with no return")
        number = 0
        while rest > 0:
            back = _nth(came, number)
            number += 1
            part = min(rest, SCALE)
            rest -= part
            store = _store(back.location_id, words)
            goods = {sku_of[line.id]: part}
            yield ReturnedGoods(key=f"{line.id}:{number}", store=store, at=back.updated_at, goods=goods)


def _nth(came: Sequence[tuple[Returning, Decimal]], number: int) -> Returning:
    """The return that the n-th piece (from 0) belongs to; what is beyond all of them belongs to the last."""
    for back, many in came:
        if number < many:
            return back
        number -= int(many)
    return came[-1][0]


def _goods(parcel: Fulfilment, sku_of: Mapping[str, str]) -> dict[str, int]:
    goods: defaultdict[str, int] = defaultdict(int)
    for item in parcel.items:
        sku = sku_of.get(item.line_item_id or "")
        if sku is None:
            raise Untranslatable(f"fulfilment {parcel.id} has a line that the order has not: {item.line_item_id}")
        goods[sku] += thousandths(item.quantity)
    return {sku: quantity for sku, quantity in sorted(goods.items()) if quantity > 0}


def _store(location: str | None, words: ShopWords) -> str:
    return words.links.to_ours("location", location or "").ours


# people


def customer_of(customer: Customer) -> ChannelCustomer:
    """A person of Medusa's."""
    metadata = customer.metadata or {}
    consent = metadata.get(CONSENT_WORD)
    ours = metadata.get(CUSTOMER_WORD)
    return ChannelCustomer(
        key=customer.id,
        version=customer.updated_at.isoformat(),
        name=" ".join(filter(None, (customer.first_name, customer.last_name)))[:_TEXT_MAX],
        email=(customer.email or "").strip().lower(),
        phone=e164(customer.phone or ""),
        consent=consent if isinstance(consent, bool) else None,
        ours=ours if isinstance(ours, str) else "",
    )


def customer_body(customer: ChannelCustomer) -> dict[str, object]:
    """A person as Medusa takes her. What is empty is left as it is there: she may have told the shop, not us."""
    first, _, last = customer.name.strip().partition(" ")
    body: dict[str, object] = {}
    if first:
        body |= {"first_name": first, "last_name": last}
    if customer.email:
        body["email"] = customer.email.strip().lower()
    if customer.phone:
        body["phone"] = customer.phone
    metadata: dict[str, object] = {}
    if customer.ours:
        metadata[CUSTOMER_WORD] = customer.ours
    if customer.consent is not None:
        metadata[CONSENT_WORD] = customer.consent
    return body | ({"metadata": metadata} if metadata else {})


def e164(text: str) -> str:
    """A number that is written internationally; "" for others, whose country nobody can know from here."""
    number = re.sub(r"[\s().\-/]", "", text)
    number = f"+{number[2:]}" if number.startswith("00") else number
    return number if _E164.fullmatch(number) else ""


def _customer_of_order(order: Order) -> ChannelCustomer | None:
    address = order.shipping_address
    email = (order.email or "").strip().lower()
    phone = e164(address.phone or "") if address else ""
    name = " ".join(filter(None, (address.first_name, address.last_name))) if address else ""
    if not order.customer_id or order.updated_at is None:
        return None
    return ChannelCustomer(
        key=order.customer_id, version=order.updated_at.isoformat(), name=name[:_TEXT_MAX], email=email, phone=phone
    )
