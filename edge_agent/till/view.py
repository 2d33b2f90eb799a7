"""What the cashier's page shows, as one frozen picture.

The counter makes a new `CounterView` after every change; pages draw it and decide nothing. Quantities are
thousandths, amounts minor units. Words that a cashier reads are chosen by the page in her language: a view carries
codes and facts, not sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from edge_agent.till.health import HealthView
from protocol.messages import DeviceState, Loading

NoticeCode = Literal[
    "line_added", "unknown_code", "bad_check_digit", "card_number_refused", "unreadable_scan", "nothing_to_pay",
    "not_enough_cash", "bad_amount", "bad_quantity", "line_voided", "sale_done", "disk_full", "stale_page",
    "stock_negative", "cart_full", "journal_broken", "not_priced", "order_failed", "line_is_fixed", "bad_input",
    "approval_needed", "approved", "approval_dropped", "wrong_pin", "pin_locked", "signed_in", "signed_out",
    "sign_in_first", "shift_open_first", "shift_opened", "shift_closed", "shift_not_open", "shift_has_cart",
    "cash_moved", "drawer_opened", "no_printer", "held", "recalled", "nothing_held", "cart_not_empty", "cart_voided",
    "cut_set", "cut_too_much", "coupon_taken", "coupon_unknown", "note_set", "customer_set", "customer_unknown",
    "customer_saved", "customer_dropped", "expired", "nothing_to_repeat", "asks_first", "answered", "price_set",
    "receipt_unknown", "already_returned", "return_added", "reprinted", "gift_printed", "training_on",
    "training_off", "cut_bounded", "paid_part", "payment_dropped", "payment_open", "too_much_paid", "voucher_unknown",
    "voucher_empty", "no_customer", "account_paid", "qr_waiting", "qr_paid",
    "qr_not_ready", "card_approved", "card_charged_less", "card_waiting", "card_not_ready", "card_declined",
    "card_unknown",
    "work_started", "work_dropped", "work_done", "work_line", "work_waits", "work_unknown", "work_enough",
    "work_announced", "work_empty", "work_full", "not_in_work", "partner_missing", "reason_missing", "pick_first",
    "ticket_printed", "weight_moving", "weight_stale", "weight_missing", "not_while_paying",
    "may_not", "given_part", "approval_missing", "payment_late", "late_answered", "qr_printed",
    "report_printed", "serial_doubled", "held_full", "receipt_scanned", "voucher_scanned", "age_refused",
    "not_whole_packs", "work_pack", "work_bundle", "pack_unknown", "lot_missing", "lot_set", "bad_date",
    "customer_taken",
    "trouble_read",
]  # fmt: skip
PrintState = Literal["queued", "sending", "await_fence", "printed", "held", "unknown", "cancelled"]
PaperState = Literal["ok", "low", "out", "unknown"]


@dataclass(frozen=True)
class PartView:
    """What a pack or bundle takes from the shelf: so many thousandths of this SKU."""

    sku: str
    name: str
    quantity: int


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
    gross: int = 0
    cuts: tuple[CutView, ...] = ()
    tax_rate_bp: int = 0
    note: str = ""
    serials: tuple[str, ...] = ()
    lot: str = ""
    expires: date | None = None
    weighed: bool = False
    returned_from: str | None = None
    """The old receipt of a line that comes back, "" for one without; None for goods that are sold."""
    takes: tuple[PartView, ...] = ()
    """The first of what the line takes from the shelf, where that is not its own SKU; `takes_more` counts the rest."""
    takes_more: int = 0


@dataclass(frozen=True)
class CutView:
    """Something taken off, to be shown below a line or among the sums; `amount` is positive where the price fell."""

    kind: str
    label: str
    amount: int


@dataclass(frozen=True)
class HintView:
    """What a promotion or a coupon wants said: `code` is one of `pricing.MessageCode`, `label` the promotion's name.

    `missing` is pieces ("one_more") or minor units ("spend_more").
    """

    code: str
    good: bool
    label: str = ""
    coupon: str = ""
    missing: int = 0


@dataclass(frozen=True)
class TaxView:
    """The tax of one rate: on or in `taxed`."""

    rate_bp: int
    taxed: int
    tax: int


@dataclass(frozen=True)
class PersonView:
    """Who is signed in."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class WaitingView:
    """An order that waits for somebody who may allow it. `right` is a code of `rights.Right`, `asked_by` a name."""

    right: str
    detail: str
    amount: int | None
    asked_by: str
    id: str = ""


@dataclass(frozen=True)
class ShiftView:
    """The shift that is open."""

    id: str
    number: int
    opened_at: datetime
    opened_by: str


@dataclass(frozen=True)
class CustomerView:
    """The customer who is attached to the cart; `phone` with its middle hidden."""

    id: str
    name: str
    phone: str = ""
    points: int = 0
    owes: int = 0
    credit_limit: int | None = None


@dataclass(frozen=True)
class PaymentView:
    """Money that was taken already for this cart."""

    id: str
    kind: str
    amount: int
    given: int | None = None
    reference: str = ""


@dataclass(frozen=True)
class AttemptView:
    """A payment that a machine or a bank decides, under way. `payload` is what a QR code says.

    After `until` somebody should ask what became of it; money that comes later still counts.
    """

    id: str
    kind: str
    state: Literal["created", "pending", "in_progress", "approved", "declined", "cancelled", "unknown"]
    amount: int
    since: datetime
    reference: str = ""
    payload: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class AskView:
    """What the till must be told before anything is paid: "age", "serial", "lot", "price", "weight".

    `number` is the line's; `missing` counts the serial numbers that are still to come.
    """

    kind: Literal["age", "serial", "lot", "price", "weight"]
    name: str
    years: int = 0
    number: int = 0
    missing: int = 1


@dataclass(frozen=True)
class WeightView:
    """What the scale says now: thousandths of a kilogram, or why there is no weight to sell."""

    state: Literal["stable", "motion", "over", "under", "stale", "absent"]
    weight: int = 0


@dataclass(frozen=True)
class WorkLineView:
    """One SKU of a store work, or one lot of it. `expected` is None when nothing was announced, or counting is blind.

    `asks`: the lot or the date must still be read off these goods. A line that is not `is_touched` waits to be counted.
    """

    number: int
    sku: str
    name: str
    quantity: int
    unit: str
    expected: int | None = None
    barcode: str = ""
    shelf: str = ""
    lot: str = ""
    expires: date | None = None
    asks: bool = False
    is_touched: bool = True


@dataclass(frozen=True)
class WorkView:
    """Store work that scans go to instead of the cart."""

    kind: Literal["receive", "count", "send", "take_in", "write_off", "pick"]
    id: str
    title: str
    lines: tuple[WorkLineView, ...]
    note: str = ""
    more: int = 0


@dataclass(frozen=True)
class QuickKeyView:
    """A button that sells one item."""

    sku: str
    label: str
    page: str
    colour: str
    symbol: str
    price: int


@dataclass(frozen=True)
class NoticeView:
    """What just happened. `serial` grows with each one, so that the page beeps once. `good` picks the beep.

    `panel` is the panel that helps now, with what it asks: "search?text=milk"; "" leaves the page as it is.
    """

    serial: int
    code: NoticeCode
    good: bool
    detail: str = ""
    panel: str = ""


@dataclass(frozen=True)
class DeviceView:
    """A device's health. `problem` is a code that the page turns into words and a remedy ("" = fine)."""

    kind: Literal["scanner", "printer", "drawer", "scale", "display", "pick_printer", "terminal"]
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
    loading: Loading | None = None
    """How far a first load is; None when nothing large is under way."""
    to_send_in_all: int = 0
    """While a long backlog goes out: how many events it was, sold meanwhile included; else 0."""


@dataclass(frozen=True)
class PrintQuestionView:
    """A receipt of which the till cannot know whether it was printed: only a person can say."""

    job_id: str
    receipt_number: str
    reason: Literal["unknown", "unprinted"]


@dataclass(frozen=True)
class SaleDoneView:
    """The sale that was just paid, shown until the next scan. A negative `total` was given back.

    `payments` are its tenders, if there was more than cash.
    """

    receipt_number: str
    total: int
    given: int
    change: int
    print_state: PrintState
    payments: tuple[PaymentView, ...] = ()


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
    person: PersonView | None = None
    """Who is signed in; None locks the till."""
    has_staff: bool = False
    """Whether people sign in at this store at all."""
    waiting: WaitingView | None = None
    shift: ShiftView | None = None
    requires_shift: bool = False
    has_terminal: bool = False
    """Whether a card terminal takes amounts from this till."""
    customer: CustomerView | None = None
    gross_total: int = 0
    cuts: tuple[CutView, ...] = ()
    """What was taken off in all, by promotion, coupon and person: the sums, not the lines'."""
    taxes: tuple[TaxView, ...] = ()
    tax_included: bool = True
    cash_total: int = 0
    """What is to pay if it is paid in cash: rounded to what coins can pay."""
    left: int = 0
    """What is still to pay."""
    cash_left: int = 0
    payments: tuple[PaymentView, ...] = ()
    attempt: AttemptView | None = None
    asking: AskView | None = None
    weight: WeightView | None = None
    held_count: int = 0
    coupons: tuple[str, ...] = ()
    hints: tuple[HintView, ...] = ()
    note: str = ""
    gift: bool = False
    training: bool = False
    work: WorkView | None = None
    quick_keys: tuple[QuickKeyView, ...] = ()
    tenders: tuple[str, ...] = ("cash",)
    """The ways of paying that this store takes, in the order of their buttons."""
    take: str = ""
    """What the next money is called: a form that is sent twice means the same money."""
    late_payments: int = 0
    """Transfers that paid nothing here and wait for somebody."""
    health: HealthView = field(default_factory=HealthView)
