"""What the cashier wrote down by herself: each receipt that her screen showed, the money, the goods.

Nothing here comes from the till's books. In the end everybody's sums are held against these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

PIECE = 1000


@dataclass(frozen=True)
class Receipt:
    """One payment as the page showed it. `total` is what was to pay before cash was rounded, negative for money back.

    `tenders` is what was taken by kind, `goods` what left the store by SKU (thousandths, negative: came back). An
    exchange has a `refund` besides: the worth of what came back, which the page shows in the sum only.
    """

    number: str
    total: int
    tenders: dict[str, int]
    goods: dict[str, int]
    refund: int = 0

    @property
    def rounding(self) -> int:
        """What cash made of the total."""
        return sum(self.tenders.values()) - self.total


@dataclass
class Notebook:
    """One till's day."""

    float_amount: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    cash_in: int = 0
    cash_out: int = 0
    voided_lines: int = 0
    voided_receipts: int = 0
    drawer_openings: int = 0
    reprints: int = 0
    paid_into_account: int = 0
    slips: int = 0
    """Pieces of paper that are no receipt of a sale: reports, copies, presents, slips of cash and of payments."""

    @property
    def sold(self) -> int:
        """All that was sold, exchanges in full."""
        return sum(each.total + each.refund for each in self.receipts if each.total + each.refund > 0)

    @property
    def refunded(self) -> int:
        """All that was given back."""
        return sum(each.refund or max(0, -each.total) for each in self.receipts)

    @property
    def sales(self) -> int:
        """How many receipts sold something."""
        return sum(each.total + each.refund > 0 for each in self.receipts)

    @property
    def refunds(self) -> int:
        """How many gave something back."""
        return sum(bool(each.refund) or each.total < 0 for each in self.receipts)

    @property
    def rounding(self) -> int:
        """What cash was rounded by, in all."""
        return sum(each.rounding for each in self.receipts)

    @property
    def tenders(self) -> Counter[str]:
        """Money by way of paying, what was given back taken off; without what exchanges set off against each other."""
        sums: Counter[str] = Counter()
        for receipt in self.receipts:
            for kind, amount in receipt.tenders.items():
                sums[kind] += amount
        sums["cash"] += self.paid_into_account
        return sums

    @property
    def expected_cash(self) -> int:
        """What should be in the drawer."""
        return self.float_amount + self.tenders["cash"] + self.cash_in - self.cash_out

    @property
    def goods(self) -> Counter[str]:
        """What left the store, by SKU."""
        sums: Counter[str] = Counter()
        for receipt in self.receipts:
            for sku, quantity in receipt.goods.items():
                sums[sku] += quantity
        return sums
