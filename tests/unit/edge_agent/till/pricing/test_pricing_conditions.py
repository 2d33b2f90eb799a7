"""When a promotion holds, for whom, with which code; and what the cashier hears about it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.pricing import Basket, BasketLine, Message, compile_rules, price
from edge_agent.till.pricing.coupons import COUPONS_MAX
from edge_agent.till.pricing.hints import HINTS_MAX
from edge_agent.till.pricing.windows import holding_at
from protocol.promotions import BuyPay, GroupPrice, Hours, Off, Promotion, Selection, Spend
from tests.unit.edge_agent.till.pricing.baskets import NOW, promote

MILK = Selection(skus=("SUA",))
TEN_OFF = Off(goods=Selection(everything=True), percent_bp=1_000)
FRIDAY_NIGHT = promote(TEN_OFF, hours=(Hours(start=time(22), end=time(2)),), weekdays=(5,))


def milk(pieces: int, *coupons: str, group: str = "") -> Basket:
    """So many milk at 7.000."""
    line = BasketLine(number=1, sku="SUA", quantity=pieces * 1_000, unit_price=7_000)
    return Basket(lines=(line,), local_now=NOW, coupons=coupons, customer_group=group)


def told(basket: Basket, *promotions: Promotion) -> list[tuple[str, str]]:
    """(code of the message, coupon or promotion) of everything that is said."""
    messages = price(basket, compile_rules(promotions)).messages
    return [(message.code, message.coupon or message.promotion) for message in messages]


@pytest.mark.parametrize(
    ("at", "holding"),
    [
        ("2026-11-27T21:59:59", "closed"),  # a Friday
        ("2026-11-27T22:00:00", "open"),
        ("2026-11-28T01:59:59", "open"),  # Saturday, and still Friday's night
        ("2026-11-28T02:00:00", "closed"),
        ("2026-11-27T01:00:00", "closed"),  # Thursday's night
        ("2026-11-28T22:30:00", "closed"),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(at: str, holding: str) -> None:
    """Friday from 22:00 to 02:00 ends on Saturday."""
    assert holding_at(FRIDAY_NIGHT, datetime.fromisoformat(at)) == holding


@pytest.mark.parametrize(
    ("day", "holding"),
    [("2026-10-31", "not_yet"), ("2026-11-01", "open"), ("2026-11-30", "open"), ("2026-12-01", "over")],
)
def test_the_first_and_the_last_day_count(day: str, holding: str) -> None:
    """From the first minute to the last, in the store's time."""
    november = promote(TEN_OFF, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30))
    for clock in ("00:00:00", "23:59:59.999999"):
        assert holding_at(november, datetime.fromisoformat(f"{day}T{clock}")) == holding


def test_a_last_night_goes_on_after_midnight() -> None:
    """The last day's night is open until its end, and over from then on."""
    night = promote(TEN_OFF, last_day=date(2026, 11, 30), hours=(Hours(start=time(22), end=time(2)),))
    assert holding_at(night, datetime.fromisoformat("2026-12-01T01:59:00")) == "open"
    assert holding_at(night, datetime.fromisoformat("2026-12-01T02:00:00")) == "over"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.times(), st.times())  # noqa: DTZ001 - wall clocks
def test_hours_and_their_rest_make_a_day(at: datetime, start: time, end: time) -> None:
    """A promotion by day and one for the rest of the day: at every moment one of them holds."""
    if start == end:
        return
    day = holding_at(promote(TEN_OFF, hours=(Hours(start=start, end=end),)), at)
    rest = holding_at(promote(TEN_OFF, hours=(Hours(start=end, end=start),)), at)
    assert {day, rest} == {"open", "closed"}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.sets(st.integers(1, 7), min_size=1))  # noqa: DTZ001 - wall clocks
def test_weekdays_are_the_calendars(at: datetime, weekdays: set[int]) -> None:
    """Monday is 1; a promotion with none named holds on all."""
    some = promote(TEN_OFF, weekdays=tuple(weekdays))
    assert (holding_at(some, at) == "open") is (at.isoweekday() in weekdays)
    assert holding_at(promote(TEN_OFF), at) == "open"


def test_a_coupon_opens_its_promotion_however_it_was_typed() -> None:
    """One of a list of codes; case, spaces and the way of writing accents do not matter."""
    sale = promote(TEN_OFF, coupons=("TẾT2026", "LAN-0001"), name="Tết")
    for code in ("TẾT2026", " te\u0302\u0301t2026 ", "lan-0001"):
        receipt = price(milk(1, code), compile_rules([sale]))
        assert (receipt.total, receipt.coupons) == (6_300, (code,))
        (cut,) = receipt.cuts
        assert (cut.kind, cut.coupon, cut.promotion) == ("coupon", code, "KM")
    assert price(milk(1), compile_rules([sale])).total == 7_000


@pytest.mark.parametrize(
    ("promotion", "message"),
    [
        (promote(TEN_OFF, coupons=("KHAC",)), "coupon_unknown"),
        (promote(TEN_OFF, coupons=("TET",)), "coupon_used"),
        (promote(TEN_OFF, coupons=("TET",), first_day=NOW.date() + timedelta(days=1)), "coupon_not_yet"),
        (promote(TEN_OFF, coupons=("TET",), last_day=NOW.date() - timedelta(days=1)), "coupon_over"),
        (promote(TEN_OFF, coupons=("TET",), hours=(Hours(start=time(17), end=time(19)),)), "coupon_not_now"),
        (promote(TEN_OFF, coupons=("TET",), weekdays=(6, 7)), "coupon_not_now"),
        (promote(TEN_OFF, coupons=("TET",), customer_groups=("VIP",)), "coupon_not_for_customer"),
        (promote(TEN_OFF, coupons=("TET",), price_lists=("si",)), "coupon_not_for_customer"),
        (promote(Off(goods=Selection(skus=("GAO",)), amount=1), coupons=("TET",)), "coupon_no_goods"),
        (promote(Spend(from_amount=500_000, amount=1), coupons=("TET",)), "coupon_no_gain"),
    ],
)
def test_each_coupon_is_answered(promotion: Promotion, message: str) -> None:
    """The cashier can tell the customer why, in one sentence."""
    assert told(milk(1, "TET"), promotion) == [(message, "TET")]


def test_a_coupon_that_others_outdo_stays_the_customers() -> None:
    """Half price beats the coupon's 10 %: the code is not used up."""
    coupon = promote(TEN_OFF, promotion="a", coupons=("TET",))
    half = promote(Off(goods=MILK, percent_bp=5_000), promotion="b")
    receipt = price(milk(1, "TET"), compile_rules([coupon, half]))
    assert (receipt.total, receipt.coupons) == (3_500, ())
    assert [message.code for message in receipt.messages] == ["coupon_no_gain"]


def test_the_same_coupon_counts_once() -> None:
    """Scanned twice, or a second code of the same promotion."""
    sale = promote(TEN_OFF, coupons=("TET", "XUAN"))
    assert told(milk(1, "TET", "tet", "XUAN"), sale) == [
        ("coupon_used", "TET"), ("coupon_double", "tet"), ("coupon_double", "XUAN"),
    ]  # fmt: skip


def test_coupons_beyond_the_limit_are_refused() -> None:
    """The first ones count; the rest is told, not silently forgotten."""
    codes = [f"C{number}" for number in range(COUPONS_MAX + 1)]
    sales = [promote(TEN_OFF, promotion=code, coupons=(code,), combining="on_top") for code in codes]
    assert told(milk(1, *codes), *sales) == [
        *[("coupon_used", code) for code in codes[:-1]], ("coupon_too_many", codes[-1]),
    ]  # fmt: skip


@pytest.mark.parametrize(("pieces", "hinted"), [(1, False), (2, True), (3, False), (4, False), (5, True), (6, False)])
def test_one_more_is_offered_when_one_is_missing(pieces: int, hinted: bool) -> None:
    """Three for the price of two: a customer with two, or with five, is told."""
    deal = promote(BuyPay(goods=MILK, buy=3, pay=2), name="Mua 3 trả 2", name_en="Three for two")
    messages = price(milk(pieces), compile_rules([deal])).messages
    wanted = Message("one_more", good=True, promotion="KM", label="Mua 3 trả 2", label_en="Three for two", missing=1)
    assert messages == ((wanted,) if hinted else ())


@pytest.mark.parametrize(("pieces", "missing"), [(5, 0), (6, 8_000), (7, 1_000), (8, 0)])
def test_a_threshold_that_is_near_is_mentioned(pieces: int, missing: int) -> None:
    """From 50.000: at 42.000 there are 8.000 missing, at 35.000 nobody is pestered."""
    messages = price(milk(pieces), compile_rules([promote(Spend(from_amount=50_000, amount=5_000))])).messages
    assert [(message.code, message.missing) for message in messages] == ([("spend_more", missing)] if missing else [])


def test_hints_are_few() -> None:
    """However many promotions are nearly there."""
    deals = [promote(GroupPrice(goods=MILK, count=2, price=total), promotion=f"{total}") for total in range(20)]
    assert len(told(milk(1), *deals)) == HINTS_MAX
