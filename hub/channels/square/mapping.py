"""Square's items, people and money in our words. Pure: what comes in is Square's JSON, what goes out is of `ports`.

Orders have a module of their own, `orders_mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from hub.channels.links import Links
from hub.channels.ports import ChannelCustomer, ChannelItem, ChannelPayment
from hub.channels.square.words import Json, Unreadable, moment
from hub.errors import UnmappedWord
from protocol.documents import Item

_REGULAR = {"", "regular", "default"}
"""Names of the only variation of an item: they say nothing."""

_TENDERS = {
    "CARD": "card", "CASH": "cash", "WALLET": "wallet", "BANK_ACCOUNT": "bank", "EXTERNAL": "external",
    "BUY_NOW_PAY_LATER": "pay_later", "SQUARE_ACCOUNT": "square_account",
}  # fmt: skip
_FREE_OF_FEES = {"CASH", "EXTERNAL"}
"""Square takes nothing for these, so it never tells of a fee."""

_STATES: Mapping[str, Literal["pending", "completed", "failed", "cancelled"]] = {
    "APPROVED": "pending", "PENDING": "pending", "COMPLETED": "completed", "CANCELED": "cancelled",
    "FAILED": "failed", "REJECTED": "failed",
}  # fmt: skip


def item_of(variation: Json, item: Json, taxes: Mapping[str, Json], currency: str) -> ChannelItem:
    """A variation as a thing that is sold. Raises Unreadable where it has no SKU, or no price that can be told.

    `taxes` are TAX objects by id; `currency` is the seller's, for a price that is typed at the till.
    """
    data = variation.get("item_variation_data") or {}
    about = item.get("item_data") or {}
    sku = (data.get("sku") or "").strip()
    if not sku:
        raise Unreadable(f"{_name(about, data) or variation['id']}: it has no SKU; give it one in Square")
    price = data.get("price_money") or {}
    is_open = data.get("pricing_type") == "VARIABLE_PRICING" or "amount" not in price
    try:
        read = Item(
            sku=sku,
            name=_name(about, data),
            barcodes=(data["upc"],) if data.get("upc") else (),
            price=0 if is_open else price["amount"],
            currency=price.get("currency") or currency,
            tax_rate_bp=sum(_rate(taxes[key]) for key in about.get("tax_ids") or () if key in taxes),
            open_price=is_open,
        )
        read = msgspec.convert(msgspec.to_builtins(read), Item)  # the bounds are checked on the way in only
    except (ValueError, TypeError) as error:
        raise Unreadable(f"{sku}: {error}") from error
    return ChannelItem(
        key=variation["id"],
        version=f"{variation.get('version', 0)}.{item.get('version', 0)}",
        item=read,
        place={"item": data.get("item_id") or item.get("id") or ""},
        deleted=bool(variation.get("is_deleted") or item.get("is_deleted")),
    )


def gone_item(variation: Json, links: Links, currency: str) -> ChannelItem | None:
    """A deleted variation of which Square tells the id only: known by the mapping, else None (we never had it)."""
    data = variation.get("item_variation_data") or {}
    sku = (data.get("sku") or "").strip()
    if not sku:
        try:
            sku = links.to_ours("item", variation["id"]).ours
        except UnmappedWord:
            return None
    item = Item(sku=sku, name=data.get("name") or sku, price=0, currency=currency)
    version = f"{variation.get('version', 0)}.deleted"
    return ChannelItem(variation["id"], version, item, {"item": data.get("item_id") or ""}, deleted=True)


def customer_of(person: Json, *, deleted: bool = False) -> ChannelCustomer:
    """A person. That she unsubscribed is a no; that she did not is no yes."""
    names = [person.get(name) or "" for name in ("given_name", "family_name")]
    unsubscribed = (person.get("preferences") or {}).get("email_unsubscribed")
    return ChannelCustomer(
        key=person["id"],
        version=str(person.get("version", person.get("updated_at", ""))),
        name=" ".join(name for name in names if name) or person.get("company_name") or person.get("nickname") or "",
        email=(person.get("email_address") or "").strip().lower(),
        phone=e164(person.get("phone_number") or ""),
        consent=False if unsubscribed else None,
        deleted=deleted,
        ours=person.get("reference_id") or "",
    )


def person_of(customer: ChannelCustomer) -> Json:
    """What of a person is written to Square. The whole name goes into one field: names are not ours to cut."""
    fields = {
        "given_name": customer.name, "email_address": customer.email, "phone_number": customer.phone,
        "reference_id": customer.ours,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def payment_of(payment: Json, links: Links) -> ChannelPayment:
    """Money that was taken: with the tip, as the customer paid it. Raises Unreadable."""
    total = payment.get("total_money") or payment.get("amount_money") or {}
    source = payment.get("source_type") or ""
    state = _STATES.get(payment.get("status") or "")
    if state is None or "amount" not in total:
        raise Unreadable(f"payment {payment['id']}: status {payment.get('status')!r}, total {total!r}")
    return ChannelPayment(
        key=payment["id"],
        version=payment.get("version_token") or payment.get("updated_at") or "",
        at=moment(payment.get("created_at")),
        location=payment.get("location_id") or "",
        kind=_tender(source, links),
        state=state,
        amount=total["amount"],
        currency=total.get("currency") or "",
        fee=0 if source in _FREE_OF_FEES else _fee(payment),
        order=payment.get("order_id") or "",
        reference=_reference(payment),
    )


def refund_of(refund: Json, links: Links, source: str = "CARD") -> ChannelPayment:
    """Money that was given back: negative. Its fee is what Square gave back of its own, so positive."""
    money = refund["amount_money"]
    state = _STATES.get(refund.get("status") or "")
    if state is None:
        raise Unreadable(f"refund {refund['id']}: status {refund.get('status')!r}")
    return ChannelPayment(
        key=refund["id"],
        version=refund.get("updated_at") or "",
        at=moment(refund.get("created_at")),
        location=refund.get("location_id") or "",
        kind=_tender(refund.get("destination_type") or source, links),
        state=state,
        amount=-money["amount"],
        currency=money.get("currency") or "",
        fee=_fee(refund),
        refund_of=refund.get("payment_id") or "",
        order=refund.get("order_id") or "",
    )


def e164(phone: str) -> str:
    """A number with its country, "+44..."; "" for one without: which country it is of would be a guess."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    return f"+{digits}" if phone.strip().startswith("+") and digits else ""


def _name(about: Json, data: Json) -> str:
    name, variation = (about.get("name") or "").strip(), (data.get("name") or "").strip()
    return name if name and variation.lower() in _REGULAR else f"{name} {variation}".strip()


def _rate(tax: Json) -> int:
    data = tax.get("tax_data") or {}
    if not data.get("enabled", True) or not data.get("percentage"):
        return 0
    return int((Decimal(data["percentage"]) * 100).to_integral_value())


def _tender(source: str, links: Links) -> str:
    """Our word: the mapping's where the shop made one, else a plain one."""
    try:
        return links.to_ours("tender", source).ours
    except UnmappedWord:
        return _TENDERS.get(source, source.lower() or "unknown")


def _fee(of: Json) -> int | None:
    """What Square kept, negative; None while it has not said. Adjustments come as further entries."""
    fees = of.get("processing_fee") or ()
    return -sum(fee["amount_money"]["amount"] for fee in fees) if fees else None


def _reference(payment: Json) -> str:
    """What our till may have kept beside the payment's own id: its attempt's id, else the bank's approval."""
    approval = (payment.get("card_details") or {}).get("auth_result_code")
    return str(payment.get("reference_id") or approval or "")
