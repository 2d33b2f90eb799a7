"""What is true of every receipt, whatever the goods, the promotions and the hands that cut."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.pricing import Basket, BasketLine, HandCut, PriceRules, compile_rules, price, price_cuts
from protocol.promotions import Off, Promotion, Selection
from tests.unit.edge_agent.till.pricing.baskets import (
    CODES,
    NOW,
    always,
    baskets,
    hand_cuts,
    mixed_baskets,
    promote,
    promotions,
    returned_lines,
    rules_of,
    sold_lines,
)


@given(mixed_baskets, rules_of())
def test_sums_are_exact(basket: Basket, rules: PriceRules) -> None:
    """Cuts explain each line, lines make the total, rates make the tax, and rounding makes the cash."""
    priced = price(basket, rules)
    for line, asked in zip(priced.lines, basket.lines, strict=True):
        assert (line.number, line.gross) == (asked.number, asked.gross)
        assert line.gross - sum(cut.amount for cut in line.cuts) == line.amount
        assert sum(cut.amount for cut in price_cuts(line, "vi")) == line.gross - line.amount
    amounts = sum(line.amount for line in priced.lines)
    assert priced.tax_total == sum(line.tax for line in priced.lines) == sum(rate.tax for rate in priced.taxes)
    assert priced.total == (amounts if rules.prices_include_tax else amounts + priced.tax_total)
    assert sum(rate.taxed + rate.tax for rate in priced.taxes) == priced.total
    assert priced.gross_total - priced.cut_total == amounts
    assert priced.cut_total == sum(cut.amount for cut in priced.cuts)
    assert priced.cash_total == priced.total + priced.rounding
    assert priced.cash_total % rules.cash_step == 0
    assert abs(priced.rounding) * 2 <= rules.cash_step


@given(baskets(), rules_of())
def test_nothing_that_is_sold_costs_less_than_nothing(basket: Basket, rules: PriceRules) -> None:
    """A line ends between 0 and what it cost; a cut takes something off, and its share has its sign."""
    priced = price(basket, rules)
    assert all(0 <= line.amount <= line.gross for line in priced.lines)
    assert all(cut.amount > 0 for line in priced.lines for cut in line.cuts)
    assert priced.total >= 0


@given(mixed_baskets, rules_of(), st.randoms(use_true_random=False))
def test_the_order_of_scanning_changes_no_sum(basket: Basket, rules: PriceRules, chance: object) -> None:
    """Whoever lays the goods on the belt the other way round pays the same, to the last unit."""
    lines = list(basket.lines)
    getattr(chance, "shuffle")(lines)  # noqa: B009 - hypothesis' Random, without importing random here
    renumbered = tuple(replace(line, number=number) for number, line in enumerate(lines, 1))
    one, other = price(basket, rules), price(replace(basket, lines=renumbered), rules)
    assert (one.total, one.tax_total, one.cut_total, one.taxes) == (
        other.total, other.tax_total, other.cut_total, other.taxes,
    )  # fmt: skip


@given(mixed_baskets, rules_of(), st.sampled_from([*CODES, "???"]))
def test_a_coupon_never_raises_the_total(basket: Basket, rules: PriceRules, code: str) -> None:
    """Not even where the cheaper goods miss a threshold; and a coupon that took nothing off is not used up."""
    without = price(basket, rules)
    with_it = price(replace(basket, coupons=(*basket.coupons, code)), rules)
    assert with_it.total <= without.total
    assert set(with_it.coupons) == {cut.coupon for cut in with_it.cuts if cut.coupon}
    assert len([message for message in with_it.messages if message.coupon]) == len(basket.coupons) + 1


@given(baskets(), rules_of(included=always), st.data())
def test_a_kinder_hand_never_raises_the_total(basket: Basket, rules: PriceRules, data: st.DataObject) -> None:
    """Neither on a line nor on the whole: a threshold looks at the goods before cuts by hand."""
    kind = data.draw(st.sampled_from(["amount", "percent"]))
    small, large = sorted(data.draw(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000))))
    cuts = [HandCut(kind="percent" if kind == "percent" else "amount", value=value) for value in (small, large)]
    on_whole = [price(replace(basket, receipt_cut=cut), rules).total for cut in cuts]
    assert on_whole[1] <= on_whole[0]
    if basket.lines:
        first, *rest = basket.lines
        on_line = [price(replace(basket, lines=(replace(first, cut=cut), *rest)), rules).total for cut in cuts]
        # Where several thresholds want different goods, their shares are rounded one behind the other.
        assert on_line[1] <= on_line[0] + len(rules.promotions)


@given(baskets(), rules_of())
def test_a_whole_receipt_off_costs_nothing(basket: Basket, rules: PriceRules) -> None:
    """100 % of the whole leaves only what may not be given away."""
    lines = tuple(replace(line, promotable=True) for line in basket.lines)
    free = price(replace(basket, lines=lines, receipt_cut=HandCut("percent", 10_000)), rules)
    assert (free.total, free.tax_total, free.cash_total) == (0, 0, 0)
    assert all(line.amount == 0 for line in free.lines)


@given(baskets(sold_lines()), rules_of())
def test_what_may_not_be_given_away_is_not(basket: Basket, rules: PriceRules) -> None:
    """Tobacco and vouchers: only a person's cut of that very line touches them."""
    lines = tuple(replace(line, promotable=False) for line in basket.lines)
    priced = price(replace(basket, lines=lines), rules)
    assert all(cut.kind == "line" for line in priced.lines for cut in line.cuts)


@given(baskets(returned_lines()), rules_of())
def test_what_comes_back_is_never_cut_again(basket: Basket, rules: PriceRules) -> None:
    """Its amount and its tax are the old receipt's."""
    priced = price(basket, rules)
    assert [line.amount for line in priced.lines] == [line.fixed_amount for line in basket.lines]
    assert [line.tax for line in priced.lines] == [line.fixed_tax for line in basket.lines]
    assert not priced.cuts


@given(baskets(), rules_of())
def test_a_receipt_that_comes_back_whole_gives_back_its_total(basket: Basket, rules: PriceRules) -> None:
    """Pricing is its own inverse on what it answered: total, tax by rate and cash rounding, negated."""
    priced = price(basket, rules)
    back = tuple(
        replace(asked, quantity=-asked.quantity, fixed_amount=-line.amount, fixed_tax=-line.tax, cut=None)
        for asked, line in zip(basket.lines, priced.lines, strict=True)
    )
    refund = price(Basket(lines=back, local_now=NOW), rules)
    assert (refund.total, refund.tax_total, refund.rounding) == (-priced.total, -priced.tax_total, -priced.rounding)
    assert [(rate.taxed, rate.tax) for rate in refund.taxes] == [(-rate.taxed, -rate.tax) for rate in priced.taxes]


@given(baskets(), rules_of())
def test_a_price_that_was_told_stays(basket: Basket, rules: PriceRules) -> None:
    """The same basket gives the same answer, and an answer without promotions is its own answer."""
    priced = price(basket, rules)
    assert price(basket, rules) == priced
    told = tuple(
        replace(asked, fixed_amount=line.amount, promotable=False, cut=None)
        for asked, line in zip(basket.lines, priced.lines, strict=True)
    )
    again = price(Basket(lines=told, local_now=NOW), rules)
    assert (again.total, again.taxes) == (priced.total, priced.taxes)


@given(baskets(), rules_of())
def test_a_promotion_that_stands_alone_stands_alone(basket: Basket, rules: PriceRules) -> None:
    """No receipt has it beside another promotion."""
    alone = {promotion.promotion for promotion in rules.promotions if promotion.combining == "alone"}
    applied = {cut.promotion for cut in price(basket, rules).cuts if cut.promotion}
    assert not applied & alone or len(applied) == 1


@given(baskets(), st.lists(promotions, max_size=4), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_higher_percentage_on_everything_never_costs_more(
    basket: Basket, others: list[Promotion], one: int, other: int
) -> None:
    """On top of whatever else holds, more off is less to pay."""
    totals = []
    small, large = sorted((max(one, 1), max(other, 1)))
    for percent_bp in (small, large):
        deal = Off(goods=Selection(everything=True), percent_bp=percent_bp)
        sale = promote(deal, promotion="zz", combining="on_top", priority=-1_000)
        kept = [promotion for promotion in others if promotion.spend is None]
        totals.append(price(basket, compile_rules([*kept, sale])).total)
    assert totals[1] <= totals[0]


@given(baskets(), hand_cuts)
def test_without_promotions_only_hands_cut(basket: Basket, cut: HandCut) -> None:
    """A shop without promotions has plain prices, less what a person took off."""
    plain = Basket(lines=tuple(replace(line, cut=None) for line in basket.lines), local_now=NOW)
    rules = compile_rules([])
    assert price(plain, rules).total == sum(line.gross for line in basket.lines)
    cut_once = price(replace(plain, receipt_cut=cut), rules)
    assert {found.kind for found in cut_once.cuts} <= {"receipt"}
    assert len(cut_once.cuts) <= 1


@given(rules_of())
def test_an_empty_basket_costs_nothing(rules: PriceRules) -> None:
    """No lines, no money, no news."""
    priced = price(Basket(lines=(), local_now=NOW), rules)
    assert (priced.total, priced.tax_total, priced.cash_total, priced.rounding, priced.messages) == (0, 0, 0, 0, ())
    assert priced.taxes == ()


@given(sold_lines(), st.integers(0, 8))
def test_lines_of_nothing_are_harmless(line: BasketLine, count: int) -> None:
    """Goods for 0 stay at 0, whatever is on offer."""
    free = replace(line, unit_price=0, fixed_amount=None, cut=HandCut("amount", 1_000))
    lines = tuple(replace(free, number=number) for number in range(count))
    deal = Off(goods=Selection(everything=True), amount=500)
    rules = compile_rules([promote(deal)])
    assert price(Basket(lines=lines, local_now=NOW), rules).total == 0
