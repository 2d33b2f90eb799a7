"""Who may do what at a till: roles, rights, and how far a role goes without asking.

Pure. A right is a word; a role has it always, never, or up to a limit that the store's settings give. What a role may
not do alone waits for somebody who may: see `counter/permission.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protocol.documents import Settings

Right = Literal[
    "cut", "price", "void_receipt", "refund", "refund_unknown", "no_sale", "cash_move", "close_shift", "x_report",
    "expired_lot", "training", "reprint_old", "voucher_unknown", "account", "adjust_stock", "finish_count", "set_up",
    "payment_override",
]  # fmt: skip

_ROLES = ("cashier", "supervisor", "manager")
# The lowest role that has the right without asking. "cut" and "refund" also have limits by role in the settings.
_LOWEST: dict[Right, str] = {
    "cut": "cashier",
    "price": "supervisor",
    "void_receipt": "supervisor",
    "refund": "cashier",
    "refund_unknown": "supervisor",
    "no_sale": "supervisor",
    "cash_move": "supervisor",
    "close_shift": "cashier",
    "x_report": "supervisor",
    "expired_lot": "manager",
    "training": "supervisor",
    "reprint_old": "cashier",
    "voucher_unknown": "supervisor",
    "account": "cashier",
    "adjust_stock": "supervisor",
    "finish_count": "supervisor",
    "set_up": "manager",
    "payment_override": "supervisor",
}


@dataclass(frozen=True)
class Person:
    """Who stands at the till. `role` is a word of the hub; one that is not known here counts as cashier."""

    id: str
    name: str
    role: str


def may(role: str, right: Right) -> bool:
    """Whether a role has a right, limits aside."""
    return _rank(role) >= _rank(_LOWEST[right])


def may_cut(role: str, cut_bp: int, settings: Settings) -> bool:
    """Whether a role may take so much off a price (basis points of what it was). A manager's limit is set too."""
    return cut_bp <= settings.cut_limits_bp.get(role, 0)


def may_refund(role: str, amount: int, settings: Settings) -> bool:
    """Whether a role may give so much back (minor units) on its own. Supervisors and managers without a limit may."""
    limit = settings.refund_limits.get(role)
    if limit is not None:
        return amount <= limit
    return _rank(role) >= _rank("supervisor")


def _rank(role: str) -> int:
    return _ROLES.index(role) if role in _ROLES else 0
