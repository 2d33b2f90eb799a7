"""Worked examples in dong: what a shop owner would check by hand, one table for each kind of deal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.till.pricing import Basket, BasketLine, HandCut, PricedBasket, compile_rules, label_of, price
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
from tests.unit.edge_agent.till.pricing.baskets import NOW, promote

MILK = Selection(skus=("SUA",))
DRINKS = Selection(categories=("do-uong",))
ALL = Selection(everything=True)


def goods(*lines: tuple[str, float, int] | tuple[str, float, int, str]) -> Basket:
    """A basket of (sku, pieces, unit price[, category]); what is no whole number of pieces was weighed."""
    return Basket(
        lines=tuple(
            BasketLine(
                number=number, sku=line[0], quantity=round(line[1] * 1000), unit_price=line[2],
                category=line[3] if len(line) > 3 else "", weighed=line[1] != int(line[1]), tax_rate_bp=800,
            )
            for number, line in enumerate(lines, 1)
        ),
        local_now=NOW,
    )  # fmt: skip


def priced(basket: Basket, *deals: Deal | Promotion) -> PricedBasket:
    """The basket with these deals, named KM0, KM1 ..., or whole promotions."""
    promotions = [
        deal if isinstance(deal, Promotion) else promote(deal, promotion=f"KM{number}")
        for number, deal in enumerate(deals)
    ]
    return price(basket, compile_rules(promotions))


@pytest.mark.parametrize(
    ("deal", "pieces", "total"),
    [
        (BuyPay(goods=MILK, buy=3, pay=2), 2, 14_000),
        (BuyPay(goods=MILK, buy=3, pay=2), 3, 14_000),
        (BuyPay(goods=MILK, buy=3, pay=2), 7, 35_000),
        (BuyPay(goods=MILK, buy=6, pay=5), 6, 35_000),
        (GroupPrice(goods=MILK, count=3, price=20_000), 3, 20_000),
        (GroupPrice(goods=MILK, count=3, price=20_000), 4, 27_000),
        (GroupPrice(goods=MILK, count=3, price=25_000), 3, 21_000),
        (CheapestOff(goods=MILK, count=2, percent_bp=5_000), 2, 10_500),
        (CheapestOff(goods=MILK, count=2, percent_bp=5_000), 3, 17_500),
        (Off(goods=MILK, percent_bp=1_000), 3, 18_900),
        (Off(goods=MILK, amount=500), 3, 19_500),
        (Off(goods=MILK, amount=9_000), 3, 0),
        (Off(goods=MILK, price=6_200), 3, 18_600),
        (Off(goods=MILK, price=8_000), 3, 21_000),
        (Off(goods=MILK, price=6_000, from_quantity=12_000), 11, 77_000),
        (Off(goods=MILK, price=6_000, from_quantity=12_000), 12, 72_000),
        (Spend(from_amount=50_000, percent_bp=1_000), 7, 49_000),
        (Spend(from_amount=49_000, percent_bp=1_000), 7, 44_100),
        (Spend(from_amount=49_000, percent_bp=1_000, max_amount=4_000), 7, 45_000),
        (Spend(from_amount=20_000, amount=3_000, each=True), 7, 43_000),
        (Spend(from_amount=20_000, amount=3_000), 7, 46_000),
    ],
)  # fmt: skip
def test_milk_at_7000(deal: Deal, pieces: int, total: int) -> None:
    """One article, one deal, so many of it."""
    assert priced(goods(("SUA", pieces, 7_000)), deal).total == total


def test_buy_five_get_one_says_so_below_its_line() -> None:
    """The cashier and the customer see what the line got, in both languages."""
    deal = promote(BuyPay(goods=MILK, buy=6, pay=5), name="Mua 5 tặng 1", name_en="Buy 5 get 1 free")
    receipt = priced(goods(("SUA", 6, 4_500), ("GAO", 1, 98_000)), deal)
    (cut,) = receipt.lines[0].cuts
    assert (cut.kind, cut.amount, label_of(cut, "vi"), label_of(cut, "en")) == (
        "promotion", 4_500, "Mua 5 tặng 1", "Buy 5 get 1 free",
    )  # fmt: skip
    assert receipt.lines[1].cuts == ()
    assert receipt.total == 22_500 + 98_000


@pytest.mark.parametrize(
    ("deal", "total"),
    [
        # Groups of neighbours in price: of 30+25+20 the 20 is free, 12 and 10 are left over.
        (BuyPay(goods=DRINKS, buy=3, pay=2, mixed=True), 77_000),
        (BuyPay(goods=DRINKS, buy=3, pay=2), 97_000),
        # The dearest three for 60.000.
        (GroupPrice(goods=DRINKS, count=3, price=60_000, mixed=True), 82_000),
        # 30+25 and 20+12: half of 25 and of 12 off.
        (CheapestOff(goods=DRINKS, count=2, percent_bp=5_000), 97_000 - 12_500 - 6_000),
        (CheapestOff(goods=DRINKS, count=5, cheapest=2), 75_000),
    ],
)
def test_five_different_drinks(deal: Deal, total: int) -> None:
    """Mix and match: any pieces of a set."""
    prices = (12_000, 30_000, 10_000, 25_000, 20_000)
    basket = goods(*[(f"D{number}", 1, unit_price, "do-uong/lon") for number, unit_price in enumerate(prices)])
    assert priced(basket, deal).total == total


CAKE, BAG = Selection(skus=("BANH",)), Selection(skus=("TUI",))


@pytest.mark.parametrize(
    ("deal", "total"),
    [
        (Bundle(parts=(BundlePart(goods=MILK), BundlePart(goods=CAKE, count=2)), price=30_000), 42_000),
        (Bundle(parts=(BundlePart(goods=MILK), BundlePart(goods=CAKE)), amount=2_000), 45_000),
        (Bundle(parts=(BundlePart(goods=MILK), BundlePart(goods=BAG, off_bp=10_000))), 44_000),
        (Bundle(parts=(BundlePart(goods=MILK, count=3), BundlePart(goods=BAG, off_bp=10_000))), 49_000),
    ],
)
def test_milk_cakes_and_a_bag(deal: Deal, total: int) -> None:
    """Together for a price, for less, or with a gift: 2 milk at 7.000, 2 cakes at 15.000, a bag at 5.000 = 49.000."""
    assert priced(goods(("SUA", 2, 7_000), ("BANH", 2, 15_000), ("TUI", 1, 5_000)), deal).total == total


def test_what_a_bundle_saves_is_spread_by_price() -> None:
    """A gift that comes back takes only its share with it: nobody keeps the gift and the money."""
    deal = Bundle(parts=(BundlePart(goods=MILK), BundlePart(goods=Selection(skus=("TUI",)), off_bp=10_000)))
    receipt = priced(goods(("SUA", 1, 15_000), ("TUI", 1, 5_000)), deal)
    assert [line.amount for line in receipt.lines] == [11_250, 3_750]


@pytest.mark.parametrize(
    ("pieces", "total"), [(1, 10_000), (2, 15_000), (3, 24_000), (4, 30_000), (5, 39_000), (6, 45_000), (7, 54_000)]
)
def test_tiers_of_one_article_are_combined_best(pieces: int, total: int) -> None:
    """2 for 15.000 and 3 for 24.000 at 10.000 each: four are twice two, not three and one."""
    tiers = (GroupPrice(goods=MILK, count=2, price=15_000), GroupPrice(goods=MILK, count=3, price=24_000))
    assert priced(goods(("SUA", pieces, 10_000)), *tiers).total == total


def test_a_group_must_beat_what_its_pieces_would_get_alone() -> None:
    """3 for 20.000 saves 1.000 on milk that costs 10 % less anyway: the 2.100 are taken, and once only."""
    deals = (GroupPrice(goods=MILK, count=3, price=20_000), Off(goods=MILK, percent_bp=1_000))
    receipt = priced(goods(("SUA", 3, 7_000)), *deals)
    assert receipt.total == 18_900
    assert [cut.promotion for cut in receipt.cuts] == ["KM1"]


def test_a_higher_priority_takes_its_goods_first() -> None:
    """Even where another promotion would have given more: that is what a priority is for."""
    first = promote(GroupPrice(goods=MILK, count=3, price=20_000), promotion="ưu tiên", priority=5)
    receipt = priced(goods(("SUA", 4, 7_000)), first, Off(goods=MILK, percent_bp=5_000))
    assert [(cut.promotion, cut.amount) for cut in receipt.cuts] == [("ưu tiên", 1_000), ("KM1", 3_500)]


def test_on_top_counts_on_what_is_left_to_pay() -> None:
    """10 % for members on top of 3 for 20.000."""
    members = promote(Off(goods=ALL, percent_bp=1_000), promotion="tv", combining="on_top", customer_groups=("VIP",))
    basket = goods(("SUA", 3, 7_000))
    group = GroupPrice(goods=MILK, count=3, price=20_000)
    assert priced(basket, group, members).total == 20_000
    assert priced(replace(basket, customer_group="VIP"), group, members).total == 18_000


def test_alone_or_all_the_others_whichever_is_less() -> None:
    """25 % on everything that combines with nothing, against 3 for 2 on milk."""
    alone = promote(Off(goods=ALL, percent_bp=2_500), promotion="một mình", combining="alone")
    three = BuyPay(goods=MILK, buy=3, pay=2)
    assert [cut.promotion for cut in priced(goods(("SUA", 3, 7_000)), alone, three).cuts] == ["KM1"]
    both = priced(goods(("SUA", 3, 7_000), ("GAO", 1, 98_000)), alone, three)
    assert ([cut.promotion for cut in both.cuts], both.total) == (["một mình"], 89_250)


def test_uses_are_counted_by_receipt() -> None:
    """At most two groups, at most one piece at half price (the dearest)."""
    twice = promote(BuyPay(goods=MILK, buy=3, pay=2), max_uses=2)
    assert priced(goods(("SUA", 9, 7_000)), twice).total == 49_000
    once = promote(Off(goods=ALL, percent_bp=5_000), max_uses=1)
    assert priced(goods(("SUA", 3, 7_000), ("GAO", 2, 98_000)), once).total == 21_000 + 98_000 + 49_000


def test_weighed_goods_and_labels_are_reduced_whole_and_never_grouped() -> None:
    """0.642 kg of mango at 85.000 a kilogram; a label that says 54.570 is worth the same."""
    weighed = goods(("XOAI", 0.642, 85_000))
    label = replace(weighed, lines=(replace(weighed.lines[0], fixed_amount=54_570),))
    mango = Selection(skus=("XOAI",))
    for basket in (weighed, label):
        assert priced(basket, BuyPay(goods=mango, buy=2, pay=1)).total == 54_570
        assert priced(basket, Off(goods=mango, percent_bp=1_000)).total == 49_113
        assert priced(basket, Off(goods=mango, amount=5_000)).total == 54_570 - 3_210
        assert priced(basket, Off(goods=mango, price=60_000)).total == 38_520


def test_cuts_by_hand_come_after_promotions() -> None:
    """Milk 3 for 20.000, a dented one 2.000 off, then 5 % off the whole, rounded to the dong and spread."""
    basket = goods(("SUA", 3, 7_000), ("GAO", 1, 98_001))
    dented = replace(basket.lines[0], cut=HandCut("amount", 2_000, reason="hộp móp", by="minh"))
    basket = replace(basket, lines=(dented, basket.lines[1]), receipt_cut=HandCut("percent", 500, reason="khách quen"))
    receipt = priced(basket, GroupPrice(goods=MILK, count=3, price=20_000))
    assert [[(cut.kind, cut.amount, cut.label) for cut in line.cuts] for line in receipt.lines] == [
        [("promotion", 1_000, "KM"), ("line", 2_000, "hộp móp"), ("receipt", 900, "khách quen")],
        [("receipt", 4_900, "khách quen")],
    ]
    assert (receipt.total, receipt.cut_total) == (18_000 + 98_001 - 5_800, 8_800)


def test_a_kindness_does_not_cost_the_gift() -> None:
    """From 50.000 there are 10.000 off; 5.000 off by hand on a receipt of 52.000 makes 37.000, not 47.000."""
    basket = goods(("GAO", 1, 52_000))
    kind = replace(basket, lines=(replace(basket.lines[0], cut=HandCut("amount", 5_000)),))
    assert priced(kind, Spend(from_amount=50_000, amount=10_000)).total == 37_000


def test_of_two_thresholds_the_better_counts() -> None:
    """300.000: 30.000 off; 500.000: 70.000 off. 600.000 get 70.000, 400.000 get 30.000, never both."""
    steps = (Spend(from_amount=300_000, amount=30_000), Spend(from_amount=500_000, amount=70_000))
    assert priced(goods(("GAO", 6, 100_000)), *steps).total == 530_000
    assert priced(goods(("GAO", 4, 100_000)), *steps).total == 370_000


def test_goods_that_are_excepted_are_neither_cut_nor_counted() -> None:
    """10 % on drinks from 100.000, but not on beer: 90.000 of water and 50.000 of beer are not enough."""
    drinks = Selection(categories=("do-uong",), except_categories=("do-uong/bia",), except_skus=("X",))
    deal = Spend(goods=drinks, from_amount=100_000, percent_bp=1_000)
    water, beer = ("NUOC", 10, 9_000, "do-uong/nuoc"), ("BIA", 2, 25_000, "do-uong/bia")
    assert priced(goods(water, beer), deal).total == 140_000
    receipt = priced(goods(water, beer, ("TRA", 1, 10_000, "do-uong"), ("X", 1, 10_000, "do-uong")), deal)
    assert [line.amount for line in receipt.lines] == [81_000, 50_000, 9_000, 10_000]


def test_a_price_list_and_a_brand_are_conditions_too() -> None:
    """Wholesale customers get 15 % on one brand."""
    deal = promote(Off(goods=Selection(brands=("Vinamilk",)), percent_bp=1_500), price_lists=("si",))
    basket = goods(("SUA", 1, 20_000), ("GAO", 1, 50_000))
    basket = replace(basket, lines=(replace(basket.lines[0], brand="Vinamilk"), basket.lines[1]))
    assert priced(basket, deal).total == 70_000
    assert priced(replace(basket, price_list="si"), deal).total == 67_000


def test_a_promotion_that_only_a_newer_till_knows_is_left_out() -> None:
    """No deal that is known here, or another way of combining: plain prices."""
    newer = Promotion(promotion="a", name="?")
    strange = promote(Off(goods=ALL, percent_bp=5_000), combining="by_moonlight")
    ended = promote(Off(goods=ALL, percent_bp=5_000), active=False)
    for promotion in (newer, strange, ended):
        assert priced(goods(("SUA", 1, 7_000)), promotion).total == 7_000
