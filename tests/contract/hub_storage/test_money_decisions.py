"""What people decide about differences, and what happens by itself at night."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from hub.errors import DecisionRefused
from hub.money.nightly import MoneyProjection
from hub.money.remedies import remedies
from hub.storage.database import Database
from hub.storage.money_decisions import MoneyDecisions
from hub.storage.money_records import DIFFERENCES, FeeRule
from hub.storage.queries_money import MoneyFilter, MoneyQueries
from hub.storage.schema_money import money_stale
from tests.contract.hub_storage.money_shop import NOW, MoneyShop, local, november, payment

OPEN = MoneyFilter(open=True)


def test_a_decision_puts_a_difference_away_until_it_is_taken_back(database: Database) -> None:
    """The line and its day say so; both decisions stay on record."""
    shop, decisions, queries = MoneyShop(database), MoneyDecisions(database), MoneyQueries(database)
    shop.sell(1, 50_000, local(20))
    shop.reconcile(20, 20)
    [kept] = queries.lines(OPEN, 10)
    number = decisions.add(kept.position, "settled", "paid in cash", "lan", NOW)
    assert queries.lines(OPEN, 10) == []
    [now_kept] = queries.lines(MoneyFilter(), 10)
    assert now_kept.decision is not None
    assert (now_kept.decision.action, now_kept.decision.by, now_kept.open) == ("settled", "lan", False)
    assert [(day.differences, day.undecided) for day in queries.days(MoneyFilter(), 10)] == [(1, 0)]
    decisions.undo(number, "it was not", "hoa", NOW)
    assert [one.position for one in queries.lines(OPEN, 10)] == [kept.position]
    assert [(one.action, one.by, one.undoes) for one in decisions.decisions(10)] == [
        ("undone", "hoa", number), ("settled", "lan", None),
    ]  # fmt: skip
    with pytest.raises(DecisionRefused):
        decisions.undo(number, "", "hoa", NOW)


def test_asking_somebody_leaves_a_difference_open(database: Database) -> None:
    """It says that somebody is at it, and still counts."""
    shop, queries = MoneyShop(database), MoneyQueries(database)
    shop.provider_says(payment("p", 50_000, local(20)))
    shop.reconcile(20, 20)
    [kept] = queries.lines(OPEN, 10)
    MoneyDecisions(database).add(kept.position, "ask_cashier", "", "lan", NOW)
    [asked] = queries.lines(OPEN, 10)
    assert asked.decision is not None
    assert asked.decision.action == "ask_cashier"


def test_a_decision_survives_reconciling_and_ends_with_its_difference(database: Database) -> None:
    """Reconciled again it stands; when the payment comes after all, there is nothing left to decide."""
    shop, decisions, queries = MoneyShop(database), MoneyDecisions(database), MoneyQueries(database)
    shop.sell(1, 50_000, local(20), reference="x")
    shop.reconcile(20, 20)
    number = decisions.add(queries.lines(OPEN, 1)[0].position, "settled", "cash", "lan", NOW)
    shop.reconcile(20, 20, NOW + timedelta(days=9))  # it can no longer come: the line is another one
    [kept] = queries.lines(MoneyFilter(), 10)
    assert (kept.line.note, kept.open) == ("", False)
    shop.provider_says(payment("p", 60_000, local(20), reference="x"))
    shop.reconcile(20, 20)
    [differs] = queries.lines(OPEN, 10)
    assert (differs.line.outcome, differs.decision) == ("amount_differs", None)
    assert decisions.decisions(10)[0].position == number
    with pytest.raises(DecisionRefused):
        decisions.add(kept.position, "settled", "twice", "lan", NOW)


def test_every_difference_has_a_remedy_and_nothing_else_has(database: Database) -> None:
    """Whatever differs, there is something that can be done about it."""
    shop = MoneyShop(database)
    MoneyQueries(database).set_fee_rule(FeeRule("square", "", "VND", november(1), 25_000))
    shop.sell(1, 50_000, local(20, 9), reference="a")
    shop.sell(2, 50_000, local(20, 10), reference="b")
    shop.sell(3, 70_000, local(20, 11))
    shop.provider_says(
        payment("p1", 60_000, local(20, 9), reference="a"), payment("p2", 50_000, local(20, 10), reference="b", fee=9),
        payment("p3", 10_000, local(20, 15)), payment("r", -10_000, local(20, 16), refund_of="p2"),
        payment("p4", 1_000, local(20, 17), state="pending"), payment("p5", 1_000, local(20, 17), state="failed"),
        payment("r2", -5_000, local(20, 18)),
    )  # fmt: skip
    shop.reconcile(20, 20)
    found = {line.outcome: bool(remedies(line)) for line in shop.lines()}
    assert {outcome for outcome, has in found.items() if has} == DIFFERENCES
    assert found["pending"] is found["void"] is False


def test_the_night_reconciles_closed_days_and_late_ones_follow_within_a_minute(database: Database) -> None:
    """The last four days by themselves; then whatever something new comes for; the running day waits."""
    shop = MoneyShop(database)
    now = local(25, 3)
    nights = MoneyProjection(database, 60)
    shop.provider_says(payment("p0", 10_000, local(19)))
    shop.sell(1, 50_000, local(24))
    shop.sell(2, 50_000, local(25, 2))
    assert run(nights, now, 0) > 0
    assert shop.outcomes() == [(19, "missing_here"), (24, "missing_there")]
    shop.provider_says(payment("p", 50_000, local(24)))
    assert nights.advance(now, 30) == 0
    assert run(nights, now, 100) == 1
    assert shop.outcomes() == [(19, "missing_here"), (24, "matched")]
    run(nights, local(26, 0, 1), 200)
    assert (25, "missing_there") in shop.outcomes()


def test_what_was_taken_before_a_provider_was_connected_is_missing_nowhere(database: Database) -> None:
    """Years of card payments before the first word of the provider are no differences."""
    shop = MoneyShop(database)
    shop.sell(1, 50_000, local(10))
    shop.sell(2, 50_000, local(23))
    shop.provider_says(payment("p", 50_000, local(24)))
    run(MoneyProjection(database, 60), local(25), 0)
    assert shop.outcomes() == [(24, "missing_here")]
    with database.read() as connection:
        assert connection.execute(sa.select(money_stale)).all() == []


def test_a_shop_without_a_provider_does_no_work(database: Database) -> None:
    """Nothing is read, nothing is written."""
    shop = MoneyShop(database)
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM channel_part"))
    shop.sell(1, 50_000, local(20))
    assert run(MoneyProjection(database, 60), local(25), 0) == 0
    assert shop.lines() == []


def test_lines_are_paged_with_what_differs_first(database: Database) -> None:
    """Over all pages each line once; those that somebody has to look at come before all others."""
    shop, queries = MoneyShop(database), MoneyQueries(database)
    for number in range(6):
        shop.sell(number, 50_000, local(20, number))
    shop.provider_says(*(payment(f"p{number}", 50_000, local(20, number)) for number in range(4)))
    shop.reconcile(20, 20)
    pages = [queries.lines(MoneyFilter(), 4, offset) for offset in (0, 4)]
    found = [kept for page in pages for kept in page]
    assert [kept.open for kept in found] == [True, True, False, False, False, False]
    assert len({kept.position for kept in found}) == queries.count(MoneyFilter()) == 6
    assert queries.count(OPEN) == 2
    totals, days = queries.totals(MoneyFilter())
    assert ([(one.currency, one.tendered, one.paid) for one in totals], days) == ([("VND", 300_000, 200_000)], 1)


def run(nights: MoneyProjection, now: datetime, now_s: float) -> int:
    """Step until there is nothing left to do."""
    changed = 0
    for _ in range(50):
        changed += nights.advance(now, now_s)
    return changed
