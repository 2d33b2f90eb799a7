"""What a provider should have taken for a payment, by the rules that the shop has written down. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hub.storage.money_records import FeeRule, Paid

MILLION = 1_000_000


def expected_fee(rules: Iterable[FeeRule], payment: Paid) -> int | None:
    """The fee in minor units (a refund's is negative, it comes back); None where no rule says anything.

    The rule of the payment's kind goes before the one of any kind, then the newest that held on the payment's day.
    """
    fitting = [
        rule
        for rule in rules
        if rule.channel == payment.channel
        and rule.kind in ("", payment.kind)
        and rule.currency == payment.currency
        and rule.since <= payment.day
    ]
    if not fitting:
        return None
    rule = max(fitting, key=lambda one: (one.kind != "", one.since))
    if payment.amount < 0 and rule.refunds == "kept":
        return 0
    share = (abs(payment.amount) * rule.rate_ppm + MILLION // 2) // MILLION
    return -(share + rule.fixed) if payment.amount < 0 else share + rule.fixed
