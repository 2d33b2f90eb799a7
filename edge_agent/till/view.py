"""What the cashier's page shows, as one frozen picture.

The counter makes a new `CounterView` after every change; pages draw it and decide nothing. Quantities are
thousandths, amounts minor units. Words that a cashier reads are chosen by the page in her language: a view carries
codes and facts, not sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from protocol.messages import DeviceState

NoticeCode = Literal[
    "line_added", "unknown_code", "bad_check_digit", "card_number_refused", "unreadable_scan", "nothing_to_pay",
    "not_enough_cash", "bad_amount", "bad_quantity", "line_voided", "sale_done", "disk_full", "stale_page",
    "stock_negative", "cart_full", "journal_broken", "not_priced", "order_failed",
]  # fmt: skip
PrintState = Literal["queued", "sending", "await_fence", "printed", "held", "unknown", "cancelled"]
PaperState = Literal["ok", "low", "out", "unknown"]


@dataclass(frozen=True)
class LineView:
    """One line of the receipt in the making. `stock_left` is this store's stock after this cart; None if unknown."""

    number: int
    sku: str
    name: str
    barcode: str | None
    unit: str
    quantity: int
    unit_price: int
    amount: int
    stock_left: int | None


@dataclass(frozen=True)
class NoticeView:
    """What just happened. `serial` grows with each one, so that the page beeps once. `good` picks the beep."""

    serial: int
    code: NoticeCode
    good: bool
    detail: str = ""


@dataclass(frozen=True)
class DeviceView:
    """A device's health. `problem` is a code that the page turns into words and a remedy ("" = fine)."""

    kind: Literal["scanner", "printer", "drawer", "scale", "display", "pick_printer"]
    name: str
    state: DeviceState
    problem: str = ""
    paper: PaperState = "unknown"
    waiting: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class LinkView:
    """The link to the hub. `epoch_problem` is "" or why this till asked the hub for a new epoch."""

    online: bool
    backlog: int
    since: datetime | None = None
    oldest_unsent_at: datetime | None = None
    epoch_problem: str = ""


@dataclass(frozen=True)
class PrintQuestionView:
    """A receipt of which the till cannot know whether it was printed: only a person can say."""

    job_id: str
    receipt_number: str
    reason: Literal["unknown", "unprinted"]


@dataclass(frozen=True)
class SaleDoneView:
    """The sale that was just paid, shown until the next scan."""

    receipt_number: str
    total: int
    given: int
    change: int
    print_state: PrintState


@dataclass(frozen=True)
class CounterView:
    """Everything on the page. `sale_id` names the cart: a payment says which cart it means and counts once."""

    revision: int
    store: str
    store_name: str
    terminal: str
    cashier: str
    language: Literal["vi", "en"]
    currency: str
    sale_id: str
    lines: tuple[LineView, ...]
    item_count: int
    total: int
    tax_total: int
    link: LinkView
    devices: tuple[DeviceView, ...]
    items_known: int
    notice: NoticeView | None = None
    last_sale: SaleDoneView | None = None
    questions: tuple[PrintQuestionView, ...] = ()
    pending_quantity: int | None = None
    """The N of a typed `N*` that waits for its code; thousandths."""
