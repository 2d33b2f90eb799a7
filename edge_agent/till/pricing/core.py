"""The one place that prices a receipt: pure, deterministic, and bounded in work.

The customer gets the cheapest of a few complete ways to price the receipt: with each set of the coupons that open
something (at most 2 ** COUPONS_MAX), and with each promotion that stands alone (at most ALONE_MAX, and as many for each
coupon). Because a set of coupons is never given up when one more is scanned, a coupon can never make a receipt dearer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from edge_agent.till.pricing.basket import Basket, BasketLine
from edge_agent.till.pricing.coupons import Key, about, sort_codes
from edge_agent.till.pricing.deals import Members
from edge_agent.till.pricing.hints import hints
from edge_agent.till.pricing.pool import Pool, PoolLine, in_order, pool_of
from edge_agent.till.pricing.priced import Cut, Message, PricedBasket, PricedLine
from edge_agent.till.pricing.promoting import Promoter
from edge_agent.till.pricing.rules import Place, PriceRules, code_key, why_not
from edge_agent.till.pricing.sums import Threshold, cut_sums
from edge_agent.till.pricing.totals import cash_due, tax_of, taxes_by_rate
from protocol.promotions import Off

ALONE_MAX = 8
"""Promotions that stand alone, and are tried against all others together; the first by priority."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What all ways have in common."""

    basket: Basket
    ordered: Sequence[BasketLine]
    rules: PriceRules
    members: dict[int, Members]


@dataclass(frozen=True, slots=True)
class _Way:
    """One complete way to price the receipt."""

    promoter: Promoter
    thresholds: Sequence[Threshold]
    taxes: Sequence[int]
    total: int


def price(basket: Basket, rules: PriceRules) -> PricedBasket:
    """Price a receipt. The same basket and rules always give the same answer, whatever order its lines are in."""
    ordered = in_order(basket)
    members = _members(basket, ordered, rules)
    keys, refused = sort_codes(basket, rules, members)
    scene = _Scene(basket, ordered, rules, members)
    ways = [_walk(scene, ranks, chosen) for ranks, chosen in _choices(members, rules, keys)]
    best = min(ways, key=lambda way: way.total)  # the first of equals: the one that spends fewest coupons
    return _answer(basket, rules, best, keys, refused)


def _members(basket: Basket, ordered: Sequence[BasketLine], rules: PriceRules) -> dict[int, Members]:
    """By rank, rising: the goods of each promotion that holds now and needs no code that was not given."""
    given = {code_key(code) for code in basket.coupons}
    opened = {rank for code in given for rank in rules.by_code.get(code, ())}
    quantities: defaultdict[str, int] = defaultdict(int)
    goods: dict[Place, Sequence[int]] = {}
    found: defaultdict[Place, list[int]] = defaultdict(list)
    everything = [index for index, line in enumerate(ordered) if line.is_sold and line.promotable]
    for index in everything:
        line = ordered[index]
        quantities[line.sku] += line.quantity
        for place in rules.places_of(line):
            found[place].append(index)
    if everything:
        goods = dict.fromkeys(rules.everywhere, everything)  # one list for all of them
    goods.update(found)
    members: dict[int, dict[int, Sequence[int]]] = {}
    holds: dict[int, bool] = {}
    for place in sorted(goods):
        rank, indexes = place.promotion, goods[place]
        promotion, deal = rules.promotions[rank], rules.deals[rank]
        if rank not in holds:
            holds[rank] = (not promotion.coupons or rank in opened) and why_not(promotion, basket) is None
        if isinstance(deal, Off) and deal.from_quantity:
            wanted = deal.from_quantity
            indexes = [index for index in indexes if quantities[ordered[index].sku] >= wanted]
        if holds[rank] and indexes:
            members.setdefault(rank, {})[place.part] = indexes
    return dict(members)


def _choices(
    members: Iterable[int], rules: PriceRules, keys: Sequence[Key]
) -> Iterator[tuple[list[int], tuple[Key, ...]]]:
    """The promotions and the coupons of each way, fewest coupons first."""
    alone = {rank for rank in members if rules.promotions[rank].combining == "alone"}
    free = [rank for rank in members if not rules.promotions[rank].coupons]
    for count in range(len(keys) + 1):
        for chosen in combinations(keys, count):
            ranks = {*free, *(rank for key in chosen for rank in key.ranks)} - alone
            yield sorted(ranks), chosen
        if count == 0:
            yield from (([rank], ()) for rank in [rank for rank in free if rank in alone][:ALONE_MAX])
        if count == 1:
            for key in keys:
                yield from (([rank], (key,)) for rank in [rank for rank in key.ranks if rank in alone][:ALONE_MAX])


def _walk(scene: _Scene, ranks: Sequence[int], chosen: Iterable[Key]) -> _Way:
    codes = {rank: key.code for key in chosen for rank in key.ranks}
    promoter = Promoter(pool_of(scene.ordered), scene.rules, scene.members, codes)
    promoter.apply(ranks)
    thresholds = cut_sums(promoter, ranks, scene.basket.receipt_cut)
    taxes = [_tax(line, scene.rules) for line in promoter.pool.lines]
    total = sum(line.payable for line in promoter.pool.lines)
    return _Way(promoter, thresholds, taxes, total if scene.rules.prices_include_tax else total + sum(taxes))


def _tax(line: PoolLine, rules: PriceRules) -> int:
    if line.line.fixed_tax is not None:
        return line.line.fixed_tax
    return tax_of(line.payable, line.line.tax_rate_bp, included=rules.prices_include_tax)


def _answer(
    basket: Basket, rules: PriceRules, way: _Way, keys: Iterable[Key], refused: Iterable[Message]
) -> PricedBasket:
    pool = way.promoter.pool
    cuts = _cuts_by_source(pool)
    used = {cut.coupon for cut in cuts if cut.coupon}
    told = [
        about("coupon_used" if key.code in used else "coupon_no_gain", key.code, rules.promotions[key.ranks[0]])
        for key in keys
    ]
    cash = cash_due(way.total, rules.cash_step)
    by_number = {
        line.line.number: PricedLine(line.line.number, line.gross, tuple(line.cuts), line.payable, tax)
        for line, tax in zip(pool.lines, way.taxes, strict=True)
    }
    taxed = ((line.line.tax_rate_bp, line.payable, tax) for line, tax in zip(pool.lines, way.taxes, strict=True))
    return PricedBasket(
        lines=tuple(by_number[line.number] for line in basket.lines),
        gross_total=sum(line.gross for line in pool.lines),
        cut_total=sum(cut.amount for cut in cuts),
        cuts=cuts,
        taxes=taxes_by_rate(taxed, included=rules.prices_include_tax),
        tax_total=sum(way.taxes),
        total=way.total,
        cash_total=cash.amount,
        rounding=cash.rounding,
        coupons=tuple(key.code for key in keys if key.code in used),
        messages=(*told, *refused, *hints(pool, rules, way.promoter.leftovers, way.thresholds)),
    )


def _cuts_by_source(pool: Pool) -> tuple[Cut, ...]:
    sums: dict[tuple[str, ...], int] = {}
    first: dict[tuple[str, ...], Cut] = {}
    for line in pool.lines:
        for cut in line.cuts:
            source = (cut.kind, cut.promotion, cut.coupon, cut.label, cut.by)
            first.setdefault(source, cut)
            sums[source] = sums.get(source, 0) + cut.amount
    return tuple(replace(cut, amount=sums[source]) for source, cut in first.items())
