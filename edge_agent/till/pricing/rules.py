"""The price rules of a store, compiled once: promotions sorted, and found by SKU, category, brand and code.

Make one when a promotion or a setting has changed, not for every scan.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from edge_agent.till.pricing.basket import Basket, BasketLine
from edge_agent.till.pricing.priced import MessageCode
from edge_agent.till.pricing.windows import holding_at
from protocol.promotions import COMBINING, Bundle, Deal, Promotion, Selection

CATEGORY_MARK = "/"
"""Between a category and the one below it, as in "drinks/coffee"."""


class Place(NamedTuple):
    """A promotion (its rank in the rules) and one part of its deal; a deal that is no bundle has one part, 0."""

    promotion: int
    part: int


@dataclass(frozen=True, slots=True)
class PriceRules:
    """See `compile_rules`. `promotions` stand by falling priority, then id: that order decides between equals.

    Their places in it are their ranks; `deals` has their deals by rank.
    """

    promotions: tuple[Promotion, ...]
    deals: tuple[Deal, ...]
    prices_include_tax: bool
    currency: str
    cash_step: int
    by_sku: Mapping[str, tuple[Place, ...]]
    by_category: Mapping[str, tuple[Place, ...]]
    by_brand: Mapping[str, tuple[Place, ...]]
    everywhere: tuple[Place, ...]
    everywhere_but: tuple[Place, ...]
    by_code: Mapping[str, tuple[int, ...]]
    exceptions: Mapping[Place, tuple[frozenset[str], frozenset[str]]]

    def places_of(self, line: BasketLine) -> set[Place]:
        """Every part of every promotion that these goods belong to, whether it holds now or not.

        What takes `everything` without an exception is not among them: see `everywhere`.
        """
        found = set(self.everywhere_but)
        found.update(self.by_sku.get(line.sku, ()))
        categories = list(_with_parents(line.category))
        for category in categories:
            found.update(self.by_category.get(category, ()))
        if line.brand:
            found.update(self.by_brand.get(line.brand, ()))
        if self.exceptions.keys().isdisjoint(found):
            return found
        return {place for place in found if not self._is_excepted(place, line.sku, categories)}

    def _is_excepted(self, place: Place, sku: str, categories: list[str]) -> bool:
        excepted = self.exceptions.get(place)
        return excepted is not None and (sku in excepted[0] or not excepted[1].isdisjoint(categories))


def compile_rules(
    promotions: Iterable[Promotion], *, prices_include_tax: bool = True, currency: str = "VND", cash_step: int = 1
) -> PriceRules:
    """Index promotions for pricing; of two with one id the later one counts.

    Left out are inactive ones, and those with a deal or a way of combining that only a newer version knows.

    `cash_step` is the smallest sum that cash can pay, in minor units, at least 1.
    """
    assert cash_step >= 1
    newest = {promotion.promotion: promotion for promotion in promotions}
    ordered = sorted(
        (promotion for promotion in newest.values() if promotion.active and promotion.combining in COMBINING),
        key=lambda promotion: (-promotion.priority, promotion.promotion),
    )
    ranked = [(promotion, deal) for promotion in ordered if (deal := promotion.deal) is not None]
    index: dict[str, defaultdict[str, list[Place]]] = {
        name: defaultdict(list) for name in ("skus", "categories", "brands")
    }
    everywhere: list[Place] = []
    by_code: defaultdict[str, list[int]] = defaultdict(list)
    exceptions: dict[Place, tuple[frozenset[str], frozenset[str]]] = {}
    for rank, (promotion, deal) in enumerate(ranked):
        for code in {code_key(code) for code in promotion.coupons}:
            by_code[code].append(rank)
        for part, goods in enumerate(_selections(deal)):
            place = Place(rank, part)
            if goods.except_skus or goods.except_categories:
                exceptions[place] = (frozenset(goods.except_skus), frozenset(goods.except_categories))
            if goods.everything:
                everywhere.append(place)
                continue
            for name, places in index.items():
                for word in set(getattr(goods, name)):
                    places[word].append(place)
    frozen = {name: {word: tuple(found) for word, found in places.items()} for name, places in index.items()}
    return PriceRules(
        promotions=tuple(promotion for promotion, _ in ranked), deals=tuple(deal for _, deal in ranked),
        prices_include_tax=prices_include_tax, currency=currency, cash_step=cash_step,
        by_sku=frozen["skus"], by_category=frozen["categories"], by_brand=frozen["brands"],
        everywhere=tuple(place for place in everywhere if place not in exceptions),
        everywhere_but=tuple(place for place in everywhere if place in exceptions),
        by_code={code: tuple(ranks) for code, ranks in by_code.items()},
        exceptions=exceptions,
    )  # fmt: skip


def _selections(deal: Deal) -> tuple[Selection, ...]:
    return tuple(part.goods for part in deal.parts) if isinstance(deal, Bundle) else (deal.goods,)


def code_key(code: str) -> str:
    """A coupon's code as it is compared: case, spaces around it and the way of writing accents do not matter."""
    return unicodedata.normalize("NFKC", code).strip().upper()


def why_not(promotion: Promotion, basket: Basket) -> MessageCode | None:
    """Why a promotion does not hold for this basket, in the words of a coupon's message; None if it does."""
    holding = holding_at(promotion, basket.local_now)
    if holding != "open":
        return _WORDS[holding]
    if promotion.price_lists and basket.price_list not in promotion.price_lists:
        return "coupon_not_for_customer"
    if promotion.customer_groups and basket.customer_group not in promotion.customer_groups:
        return "coupon_not_for_customer"
    return None


_WORDS: Mapping[str, MessageCode] = {
    "not_yet": "coupon_not_yet", "over": "coupon_over", "closed": "coupon_not_now",
}  # fmt: skip


def _with_parents(category: str) -> Iterator[str]:
    while category:
        yield category
        category = category.rpartition(CATEGORY_MARK)[0]
