"""What would make the customer's next piece cheaper: "one more for ...", "spend 12.000 more for ...".

Only what is nearly there, only the few that are about the newest lines: a till that always talks is not listened to.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.till.pricing.pool import Pool
from edge_agent.till.pricing.priced import Message, MessageCode
from edge_agent.till.pricing.promoting import Leftover
from edge_agent.till.pricing.rules import PriceRules
from edge_agent.till.pricing.sums import Threshold
from protocol.money import BASIS_POINTS
from protocol.promotions import Promotion, Spend

HINTS_MAX = 3

NEARLY_BP = 8_000
"""A threshold is worth mentioning when so much of it is reached."""


def hints(
    pool: Pool, rules: PriceRules, leftovers: Iterable[Leftover], thresholds: Iterable[Threshold]
) -> list[Message]:
    """At most HINTS_MAX messages, those about the newest lines first, then those about sums."""
    found: dict[str, tuple[int, Message]] = {}
    for leftover in leftovers:
        newest = _newest_if_one_is_missing(pool, leftover)
        promotion = rules.promotions[leftover.offer.promotion]
        if newest is not None and newest > found.get(promotion.promotion, (-1,))[0]:
            found[promotion.promotion] = (newest, _about("one_more", promotion, 1))
    one_more = [message for _, message in sorted(found.values(), key=lambda entry: -entry[0])]
    spend_more = [
        _about("spend_more", threshold.promotion, threshold.deal.from_amount - threshold.spent)
        for threshold in thresholds
        if _is_near(threshold.deal, threshold.spent)
    ]
    return [*one_more, *spend_more][:HINTS_MAX]


def _newest_if_one_is_missing(pool: Pool, leftover: Leftover) -> int | None:
    """The newest line of an offer that lacks one piece, by number; None for an offer that lacks none, or more."""
    missing, newest = 0, -1
    taken: dict[int, int] = {}
    for slot in leftover.offer.slots:
        wanted = slot.count
        for index in slot.lines:
            count = min(leftover.free[index] - taken.get(index, 0), wanted)
            if count > 0:
                taken[index] = taken.get(index, 0) + count
                wanted -= count
                newest = max(newest, pool.lines[index].line.number)
        missing += wanted
    return newest if missing == 1 and newest >= 0 else None


def _is_near(deal: Spend, spent: int) -> bool:
    return spent < deal.from_amount and spent * BASIS_POINTS >= deal.from_amount * NEARLY_BP


def _about(code: MessageCode, promotion: Promotion, missing: int) -> Message:
    return Message(
        code, good=True, promotion=promotion.promotion,
        label=promotion.name, label_en=promotion.name_en, missing=missing,
    )  # fmt: skip
