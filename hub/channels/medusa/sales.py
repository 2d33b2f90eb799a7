"""Tills' sales and refunds as records in Medusa, each once, whatever breaks in between.

Steps are taken one after another, never two at once: Medusa pays an order four times if it is told four times at once.
A try that may have been made before begins by looking; so does each one whose last answer was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from hub.channels.links import LinkKind, Links
from hub.channels.medusa.answers import Answer, Order
from hub.channels.medusa.client import MedusaClient, MedusaRefused, Params
from hub.channels.medusa.mapping import SALE_WORD, Untranslatable, major_units
from hub.channels.medusa.receipts import (
    STEPS_MAX,
    captured_payment,
    draft_of,
    is_refunded,
    next_step,
    open_collection,
    refund_note,
)
from hub.channels.ports import TillReceipt
from hub.errors import ChannelRefused, ChannelUnavailable, UnmappedWord
from protocol.events import SaleRefunded

_FIELDS: Final = (
    "id,status,is_draft_order,total,metadata,payment_collections.id,payment_collections.status,"
    "payment_collections.amount,payment_collections.payments.id,payment_collections.payments.amount,"
    "payment_collections.payments.captured_at,payment_collections.payments.refunds.amount,"
    "payment_collections.payments.refunds.note"
)
_FOUND_MAX: Final = 20


class MedusaSales:
    """SaleSink."""

    def __init__(self, client: MedusaClient, links: Callable[[], Links], sales_channel: str, region: str) -> None:
        self._client = client
        self._links = links
        self._sales_channel = sales_channel
        self._region = region
        self._regions: dict[str, str] = {}

    def record(self, receipt: TillReceipt, *, may_be_known: bool) -> str:
        """Make the record, or go on where an earlier try ended."""
        if isinstance(receipt.data, SaleRefunded) and receipt.original:
            original = self._known("sale", receipt.original) or self._find(receipt.original)
            if original:
                return self._refund(original, receipt)
        order = self._find(receipt.key) if may_be_known else ""
        return self._finish(order or self._draft(receipt), receipt)

    def _draft(self, receipt: TillReceipt) -> str:
        body = draft_of(
            receipt,
            region=self._region_of(receipt.data.currency),
            sales_channel=self._channel_of(receipt.store),
            customer=self._known("customer", receipt.data.customer) if receipt.data.customer else "",
        )
        try:
            draft = self._client.post("/admin/draft-orders", body, Answer).draft_order
        except MedusaRefused:
            # With a unique sale id (the companion's) a second record is refused: then there is a first one.
            if found := self._find(receipt.key):
                return found
            raise
        if draft is None:
            raise ChannelUnavailable("Medusa made a draft order and does not say which")
        return draft.id

    def _finish(self, order: str, receipt: TillReceipt) -> str:
        for _ in range(STEPS_MAX):
            state = self._order(order)
            match next_step(state):
                case "convert":
                    self._client.post(f"/admin/draft-orders/{order}/convert-to-order", {}, Answer)
                case "collect":
                    self._client.post("/admin/payment-collections", {"order_id": order, "amount": state.total}, Answer)
                case "pay":
                    path = f"/admin/payment-collections/{open_collection(state)}/mark-as-paid"
                    self._client.post(path, {"order_id": order}, Answer)
                case "complete":
                    self._client.post(f"/admin/orders/{order}/complete", {}, Answer)
                case None:
                    return order
        raise ChannelUnavailable(f"Medusa's order {order} of sale {receipt.key} is not whole after {STEPS_MAX} steps")

    def _refund(self, order: str, receipt: TillReceipt) -> str:
        """Give back the money only: a record never had goods that could come back. Its note is looked for first."""
        state = self._order(order)
        if next_step(state) is not None:
            self._finish(order, receipt)
            state = self._order(order)
        if not is_refunded(state, receipt) and receipt.data.total:
            try:
                payment = captured_payment(state)
            except Untranslatable as error:
                raise ChannelRefused(str(error)) from error
            amount = major_units(receipt.data.total, receipt.data.currency)
            self._client.post(
                f"/admin/payments/{payment}/refund", {"amount": amount, "note": refund_note(receipt)}, Answer
            )
        return order

    def _order(self, order: str) -> Order:
        raw = self._client.get(f"/admin/orders/{order}", Answer, [("fields", _FIELDS)]).order
        return msgspec.json.decode(raw, type=Order)

    def _find(self, key: str) -> str:
        """The order of a receipt, "" if there is none. `q=` finds parts of words, so each is compared."""
        params: Params = [("q", key), ("limit", _FOUND_MAX), ("fields", "id,metadata")]
        for path in ("/admin/orders", "/admin/draft-orders"):
            answer = self._client.get(path, Answer, params)
            for raw in (*answer.orders, *answer.draft_orders):
                order = msgspec.json.decode(raw, type=Order)
                if order.said(SALE_WORD) == key:
                    return order.id
        return ""

    def _known(self, kind: LinkKind, ours: str) -> str:
        try:
            return self._links().to_theirs(kind, ours).theirs
        except UnmappedWord:
            return ""

    def _channel_of(self, store: str) -> str:
        """The store's own sales channel, if its location link names one; else the one of the settings."""
        try:
            own = self._links().to_theirs("location", store).more.get("sales_channel", "")
        except UnmappedWord:
            own = ""
        if not (own or self._sales_channel):
            raise ChannelRefused("no sales channel for tills' sales: set pos_channel to the id of one in Medusa")
        return own or self._sales_channel

    def _region_of(self, currency: str) -> str:
        if self._region:
            return self._region
        if currency not in self._regions:
            regions = self._client.get(
                "/admin/regions", Answer, [("limit", 200), ("fields", "id,currency_code")]
            ).regions
            self._regions = {region.currency_code.upper(): region.id for region in regions}
        if currency not in self._regions:
            raise ChannelRefused(f"Medusa has no region with the currency {currency}: add one, or set region")
        return self._regions[currency]
