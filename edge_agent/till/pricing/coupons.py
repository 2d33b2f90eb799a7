"""Which of the codes on a receipt may open something, and what is to be said about the others."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from edge_agent.till.pricing.basket import Basket
from edge_agent.till.pricing.priced import Message, MessageCode
from edge_agent.till.pricing.rules import PriceRules, code_key, why_not
from protocol.promotions import Promotion

COUPONS_MAX = 4
"""Codes on one receipt that are tried together; each doubles the work. Those after it are refused, not forgotten."""


@dataclass(frozen=True, slots=True)
class Key:
    """A code that opens promotions, as it was given, and the ranks of those that no code before it has opened."""

    code: str
    ranks: tuple[int, ...]


def sort_codes(basket: Basket, rules: PriceRules, with_goods: Container[int]) -> tuple[list[Key], list[Message]]:
    """Tell the codes that open something now from the rest; `with_goods` are promotions that find goods here."""
    keys: list[Key] = []
    refused: list[Message] = []
    opened: set[int] = set()
    for code in basket.coupons:
        ranks = rules.by_code.get(code_key(code), ())
        reasons = [why_not(rules.promotions[rank], basket) for rank in ranks]
        holding = [rank for rank, reason in zip(ranks, reasons, strict=True) if reason is None]
        found = [rank for rank in holding if rank in with_goods]
        fresh = tuple(rank for rank in found if rank not in opened)
        first = rules.promotions[(fresh or found or holding or ranks)[0]] if ranks else None
        if fresh and len(keys) < COUPONS_MAX:
            keys.append(Key(code, fresh))
            opened.update(fresh)
            continue
        why: MessageCode = "coupon_unknown"
        if ranks:
            why = reasons[0] or "coupon_no_goods"
        if fresh:
            why = "coupon_too_many"
        elif found:
            why = "coupon_double"
        elif holding:
            why = "coupon_no_goods"
        refused.append(about(why, code, first))
    return keys, refused


def about(what: MessageCode, code: str, promotion: Promotion | None) -> Message:
    """A message about a code and, where it is known, its promotion."""
    good = what == "coupon_used"
    if promotion is None:
        return Message(what, good=good, coupon=code)
    return Message(
        what, good=good, coupon=code, promotion=promotion.promotion, label=promotion.name, label_en=promotion.name_en
    )
