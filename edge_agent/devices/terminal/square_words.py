"""What is said to Square about a Terminal checkout, and what its answers mean, without I/O.

An attempt's id is the idempotency key and, as far as that goes, the reference: so Square makes one checkout of it
however often it is asked to, and it can be found again by a till that has forgotten everything but its attempts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from edge_agent.devices.terminal.port import TerminalAnswer

VERSION = "2025-08-20"
"""The version of Square's API whose published description these words are held to."""

KEY_MAX = 64
REFERENCE_MAX = 40
DEADLINE = "PT5M"
"""What no buyer has looked at by then, Square cancels itself; longer it does not allow."""

SEARCH_LIMIT = 100
_PAID = frozenset({"COMPLETED", "APPROVED"})


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units."""

    amount: int = 0
    currency: str = ""


class Checkout(msgspec.Struct, frozen=True):
    """Of a checkout, what a till needs."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern="^[0-9A-Za-z_.:=+-]+$")]
    status: str = ""
    reference_id: str | None = None
    payment_ids: list[str] = msgspec.field(default_factory=list)


class Payment(msgspec.Struct, frozen=True):
    """Of a payment, what a till needs. `amount_money` is without a tip."""

    id: str
    status: str = ""
    amount_money: Money = Money()


class Trouble(msgspec.Struct, frozen=True):
    """One of Square's reasons."""

    category: str = ""
    code: str = ""
    detail: str = ""
    field: str = ""


class Answer(msgspec.Struct, frozen=True):
    """Any of Square's answers."""

    checkout: Checkout | None = None
    checkouts: list[Checkout] = msgspec.field(default_factory=list)
    payment: Payment | None = None
    cursor: str = ""
    errors: list[Trouble] = msgspec.field(default_factory=list)

    def words(self) -> str:
        """Why it said no."""
        said = (f"{each.code} {each.detail} {each.field}".strip() for each in self.errors)
        return "; ".join(said) or "no reason given"


class UnreadableCheckout(ValueError):
    """The answer is none that this driver knows."""


def read(content: bytes) -> Answer:
    """Read an answer. Raises UnreadableCheckout."""
    try:
        return msgspec.json.decode(content, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableCheckout(f"{len(content)} bytes that are no answer of Square's: {error}") from error


def reference(attempt: str) -> str:
    """What an attempt is called at Square: its id, or what stands for a longer one."""
    return attempt if len(attempt) <= REFERENCE_MAX else hashlib.sha256(attempt.encode()).hexdigest()[:REFERENCE_MAX]


def start_body(attempt: str, amount: int, currency: str, device: str) -> bytes:
    """Ask for a charge: no tip, no choices on the terminal, nothing but the amount."""
    key = attempt if len(attempt) <= KEY_MAX else reference(attempt)
    options = {"device_id": device, "skip_receipt_screen": True, "tip_settings": {"allow_tipping": False}}
    checkout = {
        "amount_money": {"amount": amount, "currency": currency},
        "device_options": options,
        "reference_id": reference(attempt),
        "deadline_duration": DEADLINE,
    }
    return msgspec.json.encode({"idempotency_key": key, "checkout": checkout})


def search_body(device: str, since: str, cursor: str = "", limit: int = SEARCH_LIMIT) -> bytes:
    """Ask for a terminal's checkouts since a moment (RFC 3339), the newest first. Square cannot look by reference."""
    query = {"filter": {"device_id": device, "created_at": {"start_at": since}}, "sort": {"sort_order": "DESC"}}
    body = {"query": query, "limit": limit, **({"cursor": cursor} if cursor else {})}
    return msgspec.json.encode(body)


def meaning(checkout: Checkout, payments: Sequence[Payment]) -> TerminalAnswer:
    """What a checkout and all of its payments mean. Money that was taken counts, whatever else the checkout says."""
    paid = [payment for payment in payments if payment.status in _PAID]
    charged = sum(payment.amount_money.amount for payment in paid)
    if charged > 0 and checkout.status in {"COMPLETED", "CANCELED"}:
        return TerminalAnswer("approved", paid[0].id, charged)
    if checkout.status in {"PENDING", "IN_PROGRESS", "CANCEL_REQUESTED"}:
        return TerminalAnswer("in_progress")
    if checkout.status == "CANCELED":
        refused: Literal["declined", "cancelled"] = "declined" if payments else "cancelled"
        return TerminalAnswer(refused)
    if checkout.status == "COMPLETED" and payments and all(each.status in {"CANCELED", "FAILED"} for each in payments):
        return TerminalAnswer("declined")
    # Completed, and its payments say nothing yet: asked again.
    return TerminalAnswer("in_progress")
