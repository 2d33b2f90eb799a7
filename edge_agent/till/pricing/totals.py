"""The sums at the foot of a receipt: taxes by rate, and what cash can pay.

Tax is rounded once a line, half away from zero, and a rate's tax is the sum of its lines' taxes: that is what a
customer can add up on paper, and what a line that comes back takes with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge_agent.till.pricing.priced import RateTax
from protocol.money import added_tax, included_tax, round_to_step


class CashDue(NamedTuple):
    """`amount` is to be paid in cash; `rounding` is how much that is more (or less) than what was due."""

    amount: int
    rounding: int


def cash_due(amount: int, cash_step: int) -> CashDue:
    """Round what is left to pay in cash to the smallest coin or note; half away from zero, a refund like a sale.

    Only what is paid in cash is rounded: give it the total less all other tenders.
    """
    rounded = round_to_step(amount, cash_step)
    return CashDue(rounded, rounded - amount)


def tax_of(amount: int, rate_bp: int, *, included: bool) -> int:
    """The tax of one line: inside its amount, or on top of it."""
    return included_tax(amount, rate_bp) if included else added_tax(amount, rate_bp)


def taxes_by_rate(lines: Iterable[tuple[int, int, int]], *, included: bool) -> tuple[RateTax, ...]:
    """Sum (rate, amount, tax) of lines by rate, the lowest rate first."""
    sums: dict[int, tuple[int, int]] = {}
    for rate_bp, amount, tax in lines:
        taxed_before, tax_before = sums.get(rate_bp, (0, 0))
        sums[rate_bp] = (taxed_before + (amount - tax if included else amount), tax_before + tax)
    return tuple(RateTax(rate_bp, taxed, tax) for rate_bp, (taxed, tax) in sorted(sums.items()))
