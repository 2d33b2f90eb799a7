"""What each of Square's webhooks is to us: whose cursor it moves, or why it is of no interest. Pure data.

A type that stands in neither table is new to us: it is parked, and somebody decides.
"""

from __future__ import annotations

from hub.channels.ports import PortName

HINTS: dict[str, tuple[PortName, tuple[str, ...]]] = {
    "order.created": ("orders", ("order_created", "order_id")),
    "order.updated": ("orders", ("order_updated", "order_id")),
    "order.fulfillment.updated": ("orders", ("order_fulfillment_updated", "order_id")),
    "payment.created": ("payments", ("payment", "id")),
    "payment.updated": ("payments", ("payment", "id")),
    "refund.created": ("payments", ("refund", "id")),
    "refund.updated": ("payments", ("refund", "id")),
    "catalog.version.updated": ("catalogue", ()),
    "customer.created": ("customers", ("customer", "id")),
    "customer.updated": ("customers", ("customer", "id")),
    "customer.deleted": ("customers", ("customer", "id")),
    "inventory.count.updated": ("counts", ()),
    # What it says is true at the next call: that is refused, and the channel says so on the dashboard at once.
    "oauth.authorization.revoked": ("payments", ()),
}
"""Port, and where in `data.object` the id stands; no place: look at all."""

_TILL = "the till that sent it asks for itself; its payment comes as payment.created"
_MONEY = "not money of a sale: the bank's, a dispute's, a payout's business"
_OTHER = "a matter of Square's that the hub has no part in"

IGNORED: dict[str, str] = {
    "terminal.checkout.created": _TILL,
    "terminal.checkout.updated": _TILL,
    "terminal.refund.created": "the refund itself comes as refund.created",
    "terminal.refund.updated": "the refund itself comes as refund.updated",
    "terminal.action.created": _OTHER,
    "terminal.action.updated": _OTHER,
}

IGNORED_FAMILIES: dict[str, str] = {
    "bank_account.": _MONEY,
    "dispute.": _MONEY,
    "payout.": _MONEY,
    "invoice.": "an invoice's order and payment come by themselves",
    "order.custom_attribute": "fields of the seller's own; the order itself is asked for when it changes",
    "booking.": _OTHER,
    "card.": "cards on file are never ours to know",
    "customer.custom_attribute": "fields of the seller's own; the person is asked for when she changes",
    "device.": _OTHER,
    "gift_card.": "vouchers are the hub's own",
    "inventory.": "what people do with stock is told by inventory.count.updated",
    "job.": _OTHER,
    "labor.": _OTHER,
    "location.": "locations are asked for every ten minutes",
    "loyalty.": _OTHER,
    "merchant.": _OTHER,
    "online_checkout.": _OTHER,
    "subscription.": _OTHER,
    "team_member.": _OTHER,
    "transfer_order.": "transfers between stores are the hub's own",
    "vendor.": _OTHER,
}


def reason_to_ignore(kind: str) -> str:
    """Why a type is knowingly of no interest; "" if nobody has decided that."""
    if kind in IGNORED:
        return IGNORED[kind]
    return next((why for family, why in IGNORED_FAMILIES.items() if kind.startswith(family)), "")
