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
    Step,
    captured_payment,
    draft_of,
    is_refunded,
    next_step,
    open_collection,
    refund_note,
)
from hub.channels.ports import TillReceipt
from hub.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown, UnmappedWord
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
        known = self._find(receipt.key) if may_be_known else ""
        return self._finish(self._order(known) if known else self._draft(receipt))

    def _draft(self, receipt: TillReceipt) -> Order:
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
                return self._order(found)
            raise
        if draft is None:
            raise OutcomeUnknown("Medusa made a draft order and does not say which")
        return draft

    def _finish(self, order: Order) -> str:
        """Go on from how the order is; what a step makes of it is known from its answer, and not read again."""
        state = order
        for _ in range(STEPS_MAX):
            step = next_step(state)
            if step is None:
                return state.id
            state = self._taken(state, step)
        raise ChannelUnavailable(f"Medusa's order {order.id} is not whole after {STEPS_MAX} steps")

    def _taken(self, state: Order, step: Step) -> Order:
        """The order after a step."""
        match step:
            case "convert":
                self._client.post(f"/admin/draft-orders/{state.id}/convert-to-order", {}, Answer)
                return msgspec.structs.replace(state, status="pending", is_draft_order=False)
            case "collect":
                body = {"order_id": state.id, "amount": state.total}
                made = self._client.post("/admin/payment-collections", body, Answer).payment_collection
                if made is None:
                    raise OutcomeUnknown("Medusa made a payment collection and does not say which")
                return msgspec.structs.replace(state, payment_collections=(*(state.payment_collections or ()), made))
            case "pay":
                path = f"/admin/payment-collections/{open_collection(state)}/mark-as-paid"
                self._client.post(path, {"order_id": state.id}, Answer)
                return self._order(state.id)
            case "complete":
                self._client.post(f"/admin/orders/{state.id}/complete", {}, Answer)
                return msgspec.structs.replace(state, status="completed")

    def _refund(self, order: str, receipt: TillReceipt) -> str:
        """Give back the money only: a record never had goods that could come back. Its note is looked for first."""
        state = self._order(order)
        if next_step(state) is not None:
            self._finish(state)
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
