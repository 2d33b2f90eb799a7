"""Strategies: small shops with few goods and many promotions, so that these meet each other all the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from edge_agent.till.pricing import Basket, BasketLine, HandCut, PriceRules, compile_rules
from protocol.promotions import (
    Bundle,
    BundlePart,
    BuyPay,
    CheapestOff,
    Deal,
    GroupPrice,
    Off,
    Promotion,
    Selection,
    Spend,
)

NOW = datetime(2026, 11, 23, 10, 30)  # noqa: DTZ001 - the store's wall clock has no zone; a Monday
SKUS = ("A", "B", "C", "D")
CATEGORIES = ("drinks", "drinks/coffee", "fruit", "")
CODES = ("TET", "LAN10", "ZALO")
FIELDS = {
    BuyPay: "buy_pay", GroupPrice: "group_price", CheapestOff: "cheapest_off", Off: "off", Bundle: "bundle",
    Spend: "spend",
}  # fmt: skip


def promote(deal: Deal, **conditions: Any) -> Promotion:  # noqa: ANN401 - whatever a promotion takes
    """A promotion with this deal; its id and name are "KM" unless they are given."""
    return Promotion(**{"promotion": "KM", "name": "KM", **conditions, FIELDS[type(deal)]: deal})


always = st.just(True)  # noqa: FBT003 - the value itself is what is drawn
selections = st.one_of(
    st.builds(Selection, skus=st.lists(st.sampled_from(SKUS), min_size=1, max_size=3, unique=True).map(tuple)),
    st.builds(Selection, categories=st.sampled_from(CATEGORIES[:3]).map(lambda name: (name,))),
    st.builds(Selection, everything=always, except_skus=st.sampled_from([(), ("A",)])),
)
percents = st.sampled_from([1, 333, 500, 1_000, 2_500, 5_000, 10_000])
amounts = st.sampled_from([1, 499, 1_000, 5_000, 100_000])
counts = st.integers(1, 4)


@st.composite
def deals(draw: st.DrawFn) -> Deal:  # noqa: PLR0911 - one for each kind
    """Any deal that a document can say."""
    goods = draw(selections)
    mixed = draw(st.booleans())
    match draw(
        st.sampled_from(["buy_pay", "group_price", "cheapest", "percent", "amount", "price", "bundle", "spend"])
    ):
        case "buy_pay":
            buy = draw(st.integers(2, 5))
            return BuyPay(goods=goods, buy=buy, pay=draw(st.integers(0, buy - 1)), mixed=mixed)
        case "group_price":
            return GroupPrice(goods=goods, count=draw(counts), price=draw(st.integers(0, 60_000)), mixed=mixed)
        case "cheapest":
            count = draw(counts)
            cheapest = draw(st.integers(1, count))
            return CheapestOff(goods=goods, count=count, cheapest=cheapest, percent_bp=draw(percents), mixed=mixed)
        case "percent":
            return Off(goods=goods, percent_bp=draw(percents), from_quantity=draw(st.sampled_from([0, 3_000])))
        case "amount":
            return Off(goods=goods, amount=draw(amounts))
        case "price":
            return Off(goods=goods, price=draw(st.integers(0, 30_000)))
        case "bundle":
            return draw(bundles())
        case _:
            return draw(spends(goods))


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """Two or three parts, for a price, an amount less, or with a gift."""
    parts = draw(st.lists(st.builds(BundlePart, goods=selections, count=st.integers(1, 2)), min_size=2, max_size=3))
    match draw(st.integers(0, 2)):
        case 0:
            return Bundle(parts=tuple(parts), price=draw(st.integers(0, 60_000)))
        case 1:
            return Bundle(parts=tuple(parts), amount=draw(amounts))
        case _:
            gift = BundlePart(goods=draw(selections), off_bp=draw(percents))
            return Bundle(parts=(*parts[:-1], gift))


@st.composite
def spends(draw: st.DrawFn, goods: Selection) -> Spend:
    """A threshold with a percentage or an amount."""
    if draw(st.booleans()):
        cap = draw(st.none() | amounts)
        return Spend(goods=goods, from_amount=draw(st.integers(0, 100_000)), percent_bp=draw(percents), max_amount=cap)
    return Spend(goods=goods, from_amount=draw(st.integers(1, 100_000)), amount=draw(amounts), each=draw(st.booleans()))


promotions = st.builds(
    promote,
    deals(),
    promotion=st.sampled_from([f"KM{number}" for number in range(40)]),
    name=st.just("Khuyến mãi"),
    coupons=st.sampled_from([(), (), (), *[(code,) for code in CODES]]),
    priority=st.integers(-1, 1),
    combining=st.sampled_from(["once", "once", "once", "on_top", "alone"]),
    max_uses=st.none() | st.integers(1, 3),
)


either = st.booleans()


def rules_of(
    promoted: st.SearchStrategy[Promotion] = promotions, included: st.SearchStrategy[bool] = either
) -> st.SearchStrategy[PriceRules]:
    """Rules with up to six promotions, with taxes included or added."""
    return st.builds(
        compile_rules,
        st.lists(promoted, max_size=6),
        prices_include_tax=included,
        currency=st.just("VND"),
        cash_step=st.sampled_from([1, 5, 500, 1_000]),
    )


hand_cuts = st.one_of(
    st.builds(HandCut, kind=st.just("amount"), value=st.integers(0, 50_000), reason=st.just("hộp móp")),
    st.builds(HandCut, kind=st.just("percent"), value=st.integers(0, 10_000), by=st.just("minh")),
)


@st.composite
def sold_lines(draw: st.DrawFn) -> BasketLine:
    """Goods that leave the shop: pieces, weighed, or with a label's price."""
    kind = draw(st.sampled_from(["pieces", "pieces", "pieces", "weighed", "label"]))
    return BasketLine(
        number=0,
        sku=draw(st.sampled_from(SKUS)),
        quantity=draw(st.integers(1, 5_000)) if kind == "weighed" else draw(st.integers(1, 7)) * 1_000,
        unit_price=draw(st.sampled_from([0, 1, 999, 4_500, 7_000, 20_000, 56_000])),
        tax_rate_bp=draw(st.sampled_from([0, 500, 800, 1_000])),
        category=draw(st.sampled_from(CATEGORIES)),
        fixed_amount=draw(st.integers(0, 90_000)) if kind == "label" else None,
        weighed=kind == "weighed",
        promotable=draw(st.sampled_from([True, True, True, False])),
        cut=draw(st.none() | hand_cuts),
    )


@st.composite
def returned_lines(draw: st.DrawFn) -> BasketLine:
    """Goods that come back, for what the old receipt said."""
    amount = draw(st.integers(-90_000, 0))
    return BasketLine(
        number=0, sku=draw(st.sampled_from(SKUS)), quantity=-1_000, unit_price=-amount, fixed_amount=amount,
        fixed_tax=amount // 11, tax_rate_bp=1_000,
    )  # fmt: skip


@st.composite
def baskets(draw: st.DrawFn, lines: st.SearchStrategy[BasketLine] | None = None) -> Basket:
    """Up to six lines, with coupons and a cut of the whole; only sold lines unless others are given."""
    drawn = draw(st.lists(sold_lines() if lines is None else lines, max_size=6))
    return Basket(
        lines=tuple(replace(line, number=number) for number, line in enumerate(drawn, 1)),
        local_now=NOW,
        receipt_cut=draw(st.none() | hand_cuts),
        coupons=tuple(draw(st.lists(st.sampled_from(CODES), max_size=2))),
    )


mixed_baskets = baskets(st.one_of(sold_lines(), sold_lines(), returned_lines()))
