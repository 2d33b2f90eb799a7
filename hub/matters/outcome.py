"""What follows from all events of a matter. The same set of events gives the same outcome, in whatever order it came.

What the office said of a rest (owed, left on a voucher, still to come) holds as of the moment at which it was said,
as a count does: events from before are seen already, whenever they arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from protocol.documents import Customer, Pick, Purchase, Transfer, Voucher
from protocol.events import (
    CustomerSaved,
    EventData,
    OrderHandedOver,
    OrderPicked,
    SaleCompleted,
    SaleRefunded,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
    VoucherIssued,
)
from protocol.quantity import format_quantity


@dataclass(frozen=True)
class Told:
    """An event of a matter: what it says, when it happened, who says it."""

    data: EventData
    at: datetime
    store: str
    terminal: str


@dataclass(frozen=True)
class VoucherOutcome:
    """`voucher` is None when nothing is left, or when nobody has issued it yet (`known` False: wait for it)."""

    voucher: Voucher | None
    rest: int
    known: bool


@dataclass(frozen=True)
class TransferOutcome:
    """Documents by store (None: there is none any more), and how what came differs from what was sent."""

    documents: tuple[tuple[str, Transfer | None], ...]
    differs: str = ""


def customer_after(
    base: Customer | None, base_at: datetime | None, saved: tuple[CustomerSaved, datetime] | None, owes: int
) -> Customer | None:
    """A customer as the office or a till last wrote her, whoever did so later. `owes` is what she owes now."""
    if saved is None or (base_at is not None and saved[1] <= base_at):
        return None if base is None else msgspec.structs.replace(base, owes=owes)
    said, _ = saved
    known = base or Customer(customer=said.customer, name=said.name)
    return msgspec.structs.replace(
        known, name=said.name, phone=said.phone, email=said.email.lower(), card=said.card, consent=said.consent,
        owes=owes,
    )  # fmt: skip


def voucher_after(base: Voucher | None, as_of: datetime | None, told: Iterable[Told], code: str) -> VoucherOutcome:
    """What is left of a voucher. A refund onto it counts once, whether the till also says that it issued it or not."""
    events = _since(as_of, told)
    issues = [event.data for event in events if isinstance(event.data, VoucherIssued)]
    issued_with = {issue.receipt_number for issue in issues}
    rest = (base.amount if base is not None else 0) + sum(issue.amount for issue in issues)
    known = base is not None or as_of is not None or bool(issues)
    for event in events:
        tenders = getattr(event.data, "tenders", ())
        amount = sum(tender.amount for tender in tenders if tender.kind == "voucher" and tender.reference == code)
        if not isinstance(event.data, SaleRefunded):
            rest -= amount
        elif event.data.receipt_number not in issued_with:
            rest += amount
    if not known or rest <= 0:
        return VoucherOutcome(None, rest, known)
    first = base or _voucher_of(min(issues, key=lambda issue: (issue.expires is None, str(issue.expires), issue.by)))
    return VoucherOutcome(msgspec.structs.replace(first, amount=rest), rest, known)


def purchase_after(base: Purchase, as_of: datetime | None, told: Iterable[Told]) -> Purchase | None:
    """What is still to come of a delivery; None when all has come."""
    rest = _sum(base.lines)
    for event in _since(as_of, told):
        if isinstance(event.data, StockReceived):
            rest.subtract(_sum(event.data.lines))
    lines = _lines(rest)
    return msgspec.structs.replace(base, lines=lines) if lines else None


def pick_after(base: Pick, told: Iterable[Told]) -> Pick:
    """A web order as far as its store has got with it; what was handed over was picked, whichever came first."""
    said = {type(event.data) for event in told}
    if OrderHandedOver in said:
        return msgspec.structs.replace(base, state="handed_over")
    return msgspec.structs.replace(base, state="picked") if OrderPicked in said else base


def promised_by(pick: Pick, told: Iterable[Told]) -> Counter[str]:
    """What a pick that was put by hand still promises: its goods, then what was found of them, handed over nothing."""
    wanted = _sum(pick.lines)
    picks = [(event.at, event.terminal, event.data) for event in told if isinstance(event.data, OrderPicked)]
    if pick.state == "handed_over":
        return Counter()
    if picks:
        *_, last = max(picks, key=lambda said: (said[0], said[1], msgspec.json.encode(said[2])))
        found = _sum(last.lines)
        wanted = Counter({sku: min(quantity, found[sku]) for sku, quantity in wanted.items()})
    return +wanted


def transfer_after(transfer: str, put: Iterable[Transfer], told: Sequence[Told]) -> TransferOutcome:
    """Where a transfer's documents are: wanted of the sender, then on the way to the receiver, then nowhere.

    `put` is what the office said: goods wanted of a store, or sent to one by papers.
    """
    sent = [(event, event.data) for event in told if isinstance(event.data, TransferSent)]
    received = [(event, event.data) for event in told if isinstance(event.data, TransferReceived)]
    goods_sent = _sum(line for _, data in sent for line in data.lines)
    goods_received = _sum(line for _, data in received for line in data.lines)
    documents: list[tuple[str, Transfer | None]] = []
    for said in put:
        if said.state == "wanted":
            documents.append((said.from_store, None if sent or received else said))
        elif not sent:
            documents.append((said.to_store, None if received or said.state == "received" else said))
    for to_store in sorted({data.to_store for _, data in sent}):
        first = min((event for event, data in sent if data.to_store == to_store), key=lambda event: event.at)
        on_its_way = Transfer(
            transfer=transfer, from_store=first.store, to_store=to_store, lines=_by_lot(sent), sent_at=first.at,
            note=next((data.note for _, data in sent if data.note), ""),
        )  # fmt: skip
        documents.append((to_store, None if received else on_its_way))
    if not (sent and received) or goods_sent == goods_received:
        return TransferOutcome(tuple(documents))
    from_to = f"{sent[0][0].store} > {', '.join(sorted({event.store for event, _ in received}))}"
    return TransferOutcome(tuple(documents), f"{from_to}: {_difference(goods_sent, goods_received)}")


def returned_lines(sale: SaleCompleted, refunds: Iterable[SaleRefunded]) -> Counter[int]:
    """How much of each line (from 1) of a receipt has come back, in thousandths.

    A refund that does not say which line it gives back takes those of the same SKU in their order.
    """
    returned: Counter[int] = Counter()
    loose: Counter[str] = Counter()
    for refund in refunds:
        for line in refund.lines:
            original = line.original_line
            if original is not None and original <= len(sale.lines) and sale.lines[original - 1].sku == line.sku:
                returned[original] += line.quantity
            else:
                loose[line.sku] += line.quantity
    for number, line in enumerate(sale.lines, 1):
        room = min(loose[line.sku], max(0, line.quantity - returned[number]))
        returned[number] += room
        loose[line.sku] -= room
    for sku, left in loose.items():
        # More than was sold at all: it stands at the SKU's last line, where everybody can see it.
        number = max((n for n, line in enumerate(sale.lines, 1) if line.sku == sku), default=0)
        if left and number:
            returned[number] += left
    return +returned


def returned_twice(sale: SaleCompleted, refunds: Sequence[Told]) -> str:
    """Which lines came back more often than they were sold, and by which receipts; "" for none."""
    given = [(event, event.data) for event in refunds if isinstance(event.data, SaleRefunded)]
    returned = returned_lines(sale, [refund for _, refund in given])
    over = [
        f"{line.name} ({line.sku}): {format_quantity(line.quantity)} < {format_quantity(returned[number])}"
        for number, line in enumerate(sale.lines, 1)
        if returned[number] > line.quantity
    ]
    # Refunds by value have no quantity; a till rounds each line by less than one minor unit.
    worth = sum(refund.total for _, refund in given)
    slack = sum(max(1, len(refund.lines)) for _, refund in given)
    if not over and worth > sale.total + slack:
        over = [f"{sale.total} {sale.currency} < {worth} {sale.currency}"]
    if not over:
        return ""
    ordered = sorted(given, key=lambda pair: (pair[0].at, pair[1].receipt_number))
    by = ", ".join(f"{refund.receipt_number} ({event.store}/{event.terminal})" for event, refund in ordered)
    return f"{'; '.join(over)}: {by}"


def _since(as_of: datetime | None, told: Iterable[Told]) -> list[Told]:
    return [event for event in told if as_of is None or event.at > as_of]


def _voucher_of(issue: VoucherIssued) -> Voucher:
    return Voucher(code=issue.code, amount=issue.amount, currency=issue.currency, expires=issue.expires)


def _sum(lines: Iterable[StockLine]) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in lines:
        total[line.sku] += line.quantity
    return total


def _by_lot(sent: Iterable[tuple[Told, TransferSent]]) -> tuple[StockLine, ...]:
    """What is on its way, lot by lot: the store that takes it in need not read them all again."""
    found: dict[tuple[str, str, date | None], int] = {}
    for _, data in sent:
        for line in data.lines:
            place = (line.sku, line.lot, line.expires)
            found[place] = found.get(place, 0) + line.quantity
    return tuple(StockLine(sku=sku, quantity=q, lot=lot, expires=day) for (sku, lot, day), q in found.items() if q > 0)


def _lines(goods: Counter[str]) -> tuple[StockLine, ...]:
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in goods.items() if quantity > 0)


def _difference(sent: Counter[str], received: Counter[str]) -> str:
    return "; ".join(
        f"{sku} {format_quantity(sent[sku])} > {format_quantity(received[sku])}"
        for sku in sorted(set(sent) | set(received))
        if sent[sku] != received[sku]
    )
