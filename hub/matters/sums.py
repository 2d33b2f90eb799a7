"""What receipts add up to: for a store's day, and for a shift, to be held against what the till says. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from protocol.events import AccountPaid, CashMoved, EventData, SaleCompleted, SaleRefunded, ShiftSums


@dataclass
class ReceiptSums:
    """Sums in minor units of one currency. Refunds count against tenders, turnover, tax and rounding.

    `tenders` has all that was taken, also what customers paid into their accounts; `exchanges` counts the refunds
    that belong to a sale, `discounted` is what people and promotions took off.
    """

    currency: str
    sales: int = 0
    sold: int = 0
    refunds: int = 0
    refunded: int = 0
    exchanges: int = 0
    tax_total: int = 0
    rounding: int = 0
    discounted: int = 0
    account_paid: int = 0
    cash_in: int = 0
    cash_out: int = 0
    tenders: Counter[str] = field(default_factory=Counter)

    @property
    def turnover(self) -> int:
        """Sold less given back."""
        return self.sold - self.refunded

    def add(self, data: EventData) -> None:
        """Add a receipt or a movement of cash; other events and other currencies add nothing."""
        if getattr(data, "currency", "") != self.currency:
            return
        match data:
            case SaleCompleted():
                self.sales += 1
                self.sold += data.total
                self.discounted += sum(cut.amount for line in data.lines for cut in line.cuts)
                self._pay(data, 1)
            case SaleRefunded():
                self.refunds += 1
                self.refunded += data.total
                self.exchanges += bool(data.exchange)
                self._pay(data, -1)
            case AccountPaid():
                self.account_paid += data.amount
                self._pay(data, 1)
            case CashMoved(amount=amount) if amount > 0:
                self.cash_in += amount
            case CashMoved(amount=amount):
                self.cash_out -= amount
            case _:
                pass

    def differences(self, said: ShiftSums) -> dict[str, tuple[int, int]]:
        """Where a Z report says something else: what, the till's sum, ours."""
        theirs = {
            "sales": said.sales, "sold": said.sold, "refunds": said.refunds, "refunded": said.refunded,
            "turnover": said.turnover, "tax_total": said.tax_total, "rounding": said.rounding,
            "account_paid": said.account_paid, "cash_in": said.cash_in, "cash_out": said.cash_out,
        }  # fmt: skip
        pairs = {name: (amount, int(getattr(self, name))) for name, amount in theirs.items()}
        tendered: Counter[str] = Counter()
        for tender in said.tenders:
            tendered[tender.kind] += tender.amount
        pairs |= {kind: (tendered[kind], self.tenders[kind]) for kind in sorted(set(tendered) | set(self.tenders))}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def _pay(self, data: SaleCompleted | SaleRefunded | AccountPaid, sign: int) -> None:
        self.rounding += sign * data.rounding
        if not isinstance(data, AccountPaid):
            self.tax_total += sign * data.tax_total
        for tender in data.tenders:
            self.tenders[tender.kind] += sign * tender.amount
