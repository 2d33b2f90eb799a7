"""What both databases promise about money: each tender and payment once, on its store's day, whatever comes when."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
import sqlalchemy as sa

from hub.channels.ports import ChannelPayment
from hub.money.days import reconcile_days
from hub.storage.database import Database
from hub.storage.schema_money import money_day, money_line, money_stale, money_tender
from protocol.events import PaymentResolved, SaleCompleted, Tender
from tests.contract.hub_storage.money_shop import (
    MoneyShop,
    card_refund,
    card_sale,
    local,
    november,
    payment,
)
from tests.unit.hub.journals import sale


def test_a_day_is_reconciled_from_the_log(database: Database) -> None:
    """A sale that was paid, one that was not heard of there, a payment without a sale, a refund."""
    shop = MoneyShop(database)
    shop.sell(1, 50_000, local(20, 10), reference="p1")
    shop.sell(2, 70_000, local(20, 11))
    shop.till_says(card_refund(3, "R1", 20_000, november(20)), local(20, 12))
    shop.provider_says(
        payment("p1", 50_000, local(20, 10)), payment("p9", 10_000, local(20, 15)),
        payment("r1", -20_000, local(20, 18), refund_of="p1"),
    )  # fmt: skip
    shop.reconcile(20, 20)
    assert [(line.outcome, line.receipt, line.found_by) for line in shop.lines()] == [
        ("matched", "R1", "reference"), ("missing_there", "R2", ""), ("matched", "B3", "refund"),
        ("missing_here", "", ""),
    ]  # fmt: skip
    with database.read() as connection:
        [day] = connection.execute(sa.select(money_day)).all()
    assert (day.day, day.store, day.lines, day.differences, day.tendered, day.paid) == (
        "2026-11-20", "hanoi", 4, 2, 100_000, 40_000,
    )  # fmt: skip
    assert day.fees_unknown == 3


def test_cash_leaves_no_trace_and_a_split_receipt_one_for_each_card(database: Database) -> None:
    """Only what a provider decides is of interest; two cards on one receipt are two tenders."""
    shop = MoneyShop(database)
    made = sale(1, ("tea", 3000))
    tenders = (Tender(kind="card", amount=1_000), Tender(kind="cash", amount=500), Tender(kind="card", amount=1_500))
    both = SaleCompleted(
        receipt_number="R1", business_day=november(20), currency="VND", cashier="an", lines=made.lines,
        tenders=tenders, total=3_000,
    )  # fmt: skip
    shop.till_says(both, local(20))
    shop.provider_says(payment("a", 1_500, local(20)), payment("b", 1_000, local(20)))
    shop.reconcile(20, 20)
    assert {(line.tender, line.payment) for line in shop.lines()} == {
        ("hanoi/till1/1/1/0", "b"), ("hanoi/till1/1/1/2", "a"),
    }  # fmt: skip


def test_midnight_belongs_to_the_store(database: Database) -> None:
    """A payment of 23:59 and its receipt of 00:01 meet, whichever day is looked at first; it is the receipt's day."""
    shop = MoneyShop(database)
    shop.sell(1, 50_000, local(21, 0, 1))
    shop.provider_says(payment("p", 50_000, local(20, 23, 59)))
    shop.reconcile(20, 20)
    assert shop.outcomes() == [(20, "missing_here")]
    shop.reconcile(21, 21)
    assert shop.outcomes() == [(21, "matched")]
    shop.reconcile(20, 20)
    assert shop.outcomes() == [(21, "matched")]
    with database.read() as connection:
        assert [row.day for row in connection.execute(sa.select(money_day))] == ["2026-11-21"]


def test_days_follow_the_stores_clock_when_it_is_put_back(database: Database) -> None:
    """New York, 1 November 2026: a day of 25 hours; 23:30 of it is 04:30 UTC of the next."""
    shop = MoneyShop(database, zone="America/New_York")
    late = local(2, 11, 30)  # 04:30 UTC
    shop.provider_says(payment("p", 50_000, late), payment("q", 60_000, local(2, 12, 30)))
    shop.reconcile(1, 2)
    assert shop.outcomes() == [(1, "missing_here"), (2, "missing_here")]


def test_late_payments_turn_missing_into_matched(database: Database) -> None:
    """The provider worked offline for three days and dates what it tells now with the first time."""
    shop = MoneyShop(database)
    shop.sell(1, 50_000, local(20))
    shop.reconcile(20, 20)
    assert shop.outcomes() == [(20, "missing_there")]
    shop.provider_says(payment("p", 50_000, local(20, 12, 2)))
    with database.read() as connection:
        assert [(row.store, row.day) for row in connection.execute(sa.select(money_stale))] == [("hanoi", "2026-11-20")]
    shop.reconcile(20, 20)
    assert shop.outcomes() == [(20, "matched")]
    with database.read() as connection:
        assert connection.execute(sa.select(money_stale)).all() == []


def test_a_fee_that_comes_later_is_added_and_stays(database: Database) -> None:
    """The same telling again changes nothing; a newer one with the fee does; one without it takes nothing away."""
    shop = MoneyShop(database)
    assert shop.provider_says(payment("p", 50_000, local(20))) == 1
    assert shop.provider_says(payment("p", 50_000, local(20))) == 0
    assert shop.provider_says(payment("p", 50_000, local(20), fee=1_250, version="2")) == 1
    shop.reconcile(20, 20)
    assert [line.fee for line in shop.lines()] == [1_250]
    shop.provider_says(payment("p", 50_000, local(20), version="3"))
    shop.reconcile(20, 20)
    assert [line.fee for line in shop.lines()] == [1_250]


def test_a_payment_of_an_unmapped_location_is_kept_until_it_is_mapped(database: Database) -> None:
    """It stands under no store, and moves to its store with the mapping."""
    shop = MoneyShop(database)
    shop.provider_says(payment("p", 50_000, local(20), location="L-new"))
    reconcile_days(database, ("",), november(20), november(20), local(27))
    assert [(line.store, line.note) for line in shop.lines()] == [("", "unmapped")]
    with database.write() as connection:
        connection.execute(sa.text("UPDATE channel_link SET theirs = 'L-new' WHERE ours = 'hanoi'"))
    shop.reconcile(20, 20)
    assert [(line.store, line.note) for line in shop.lines()] == [("hanoi", "")]


def test_a_late_transfer_without_a_sale_is_money_here(database: Database) -> None:
    """The till has told of it as resolved, with no receipt."""
    shop = MoneyShop(database)
    late = PaymentResolved(attempt="t1", kind="card", state="approved", amount=50_000, currency="VND", by="an")
    shop.till_says(late, local(20))
    shop.provider_says(payment("p", 50_000, local(20, 12, 1)))
    shop.reconcile(20, 20)
    assert [(line.outcome, line.note) for line in shop.lines()] == [("matched", "no_sale")]


def test_two_stores_at_one_location_are_told_apart_by_their_tenders(database: Database) -> None:
    """A location that two stores share: what is matched stands with the store that took it."""
    shop = MoneyShop(database, stores=("hanoi", "hue"))
    with database.write() as connection:
        connection.execute(sa.text("UPDATE channel_link SET theirs = 'L'"))
    shop.sell(1, 50_000, local(20), store="hue")
    shop.provider_says(payment("p", 50_000, local(20), location="L"), payment("q", 60_000, local(20), location="L"))
    shop.reconcile(20, 20)
    assert {(line.store, line.outcome) for line in shop.lines()} == {("hue", "matched"), ("hanoi", "missing_here")}


@pytest.mark.parametrize("seed", range(12))
def test_each_tender_and_payment_is_in_one_line_whatever_comes_when(database: Database, seed: int) -> None:
    """Sales, payments and runs over any days in any order; when all days have been looked at, all adds up."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    shop = MoneyShop(database)
    told: list[ChannelPayment] = []
    for number in range(30):
        when = local(chance.choice([19, 20, 20, 21]), chance.choice([0, 12, 23]), chance.randrange(60))
        amount = chance.choice([50_000, 50_000, 90_000])
        reference = chance.choice(["", "", f"x{chance.randrange(6)}"])
        if chance.random() < 0.5:
            day = when.date() if when.hour or chance.random() < 0.5 else november(when.day - 1)
            shop.till_says(card_sale(number, amount, day, reference), when)
        else:
            state = chance.choice(["completed", "completed", "completed", "pending", "failed"])
            told.append(payment(f"p{number}", amount, when, reference=reference, state=state))
            shop.provider_says(told[-1])
        if chance.random() < 0.3:
            first = chance.choice([18, 19, 20, 21])
            shop.reconcile(first, min(21, first + chance.randrange(3)))
    for first in chance.sample([18, 19, 20, 21], 4):
        shop.reconcile(first, first)
    for again in chance.sample([18, 19, 20, 21], 4):  # what met something of a day that was looked at before
        shop.reconcile(again, again)
    lines = shop.lines()
    with database.read() as connection:
        tenders = connection.execute(sa.select(money_tender)).all()
        days = connection.execute(sa.select(money_day)).all()
    assert Counter(line.tender for line in lines if line.tender) == Counter(
        f"{row.store}/{row.terminal}/{row.epoch}/{row.sequence}/{row.number}" for row in tenders
    )
    assert Counter(line.payment for line in lines if line.payment) == Counter(one.key for one in told)
    assert sum(row.tendered for row in days) == sum(row.amount for row in tenders)
    assert sum(row.paid for row in days) == sum(one.amount for one in told if one.state == "completed")
    assert sum(row.lines for row in days) == len(lines)


def test_reconciling_twice_touches_nothing(database: Database) -> None:
    """The second run finds everything as it is, and leaves it."""
    shop = MoneyShop(database)
    for number in range(5):
        shop.sell(number, 50_000, local(20, number))
    shop.provider_says(*(payment(f"p{number}", 50_000, local(20, number, 1)) for number in range(4)))
    assert shop.reconcile(19, 21) == 5
    with database.read() as connection:
        before = connection.execute(sa.select(money_line.c.position)).scalars().all()
    assert shop.reconcile(19, 21) == 0
    with database.read() as connection:
        assert connection.execute(sa.select(money_line.c.position)).scalars().all() == before
