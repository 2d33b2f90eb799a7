"""What became of each tender and each payment."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.money.fees import expected_fee
from hub.money.reconciling import Terms, fold_tries, reconcile
from hub.storage.money_records import FeeRule, Line, Paid, Tendered
from tests.unit.hub.money.money_facts import at, paid, payments, tender, tenders

TERMS = Terms(now=at(10 * 24 * 60), providers={("hanoi", "card"): "square"})
RULE = FeeRule("square", "", "VND", date(2026, 1, 1), rate_ppm=25_000)


def outcome_of(ours: list[Tendered], theirs: list[Paid], terms: Terms = TERMS) -> list[tuple[str, str]]:
    """The outcomes and how they were found."""
    return [(line.outcome, line.found_by) for line in reconcile(ours, theirs, terms)]


@given(tenders(), payments())
def test_every_payment_and_every_tender_is_in_exactly_one_line(ours: list[Tendered], theirs: list[Paid]) -> None:
    """Nothing is lost and nothing is counted twice."""
    lines = reconcile(ours, theirs, TERMS)
    wanted = Counter(one.key for one in fold_tries(ours) if one.state == "taken")
    alone = {line.tender for line in lines if line.tender}
    assert Counter(line.tender for line in lines if line.tender and line.tender in wanted) == wanted
    assert all(one.key in alone for one in fold_tries(ours) if one.state == "approved")
    assert Counter(line.payment for line in lines if line.payment) == Counter(one.key for one in theirs)


@given(tenders(), payments())
def test_the_lines_add_up(ours: list[Tendered], theirs: list[Paid]) -> None:
    """What tills took and what providers completed are the sums of the lines, so the differences explain the rest."""
    lines = reconcile(ours, theirs, TERMS)
    took = sum(one.amount for one in fold_tries(ours) if one.state in ("taken", "approved"))
    completed = sum(one.amount for one in theirs if one.state == "completed")
    assert sum(line.tendered for line in lines) == took
    assert sum(line.paid for line in lines) == completed
    explained = [line for line in lines if line.outcome not in ("matched", "fee_differs", "void")]
    assert sum(line.difference for line in explained) == completed - took


@given(tenders(), payments(), st.randoms(use_true_random=False))
def test_the_order_in_which_things_come_does_not_matter(
    ours: list[Tendered], theirs: list[Paid], chance: Random
) -> None:
    """The same facts make the same lines."""
    lines = reconcile(ours, theirs, TERMS)
    chance.shuffle(ours)
    chance.shuffle(theirs)
    assert reconcile(ours, theirs, TERMS) == lines


@given(tenders(), payments())
def test_what_is_matched_fits(ours: list[Tendered], theirs: list[Paid]) -> None:
    """A matched pair has one amount, one direction, and a reason; without one, it lies within the window."""
    by_key = {one.key: one for one in theirs}
    for line in reconcile(ours, theirs, TERMS):
        if line.outcome == "matched":
            assert line.difference == 0
            assert line.found_by
            assert by_key[line.payment or ""].state == "completed"
        if line.found_by == "amount_and_time":
            assert abs(line.apart_ms or 0) <= 15 * 60_000


@given(st.lists(st.sampled_from([50_000, 90_000, 120_000]), max_size=10), st.data())
def test_late_payments_turn_a_day_from_missing_to_matched(amounts: list[int], data: st.DataObject) -> None:
    """A provider that worked offline tells up to three days later, with the first time: then all is matched."""
    ours = [tender(number, amount, number * 60) for number, amount in enumerate(amounts)]
    theirs = [paid(f"p{number}", amount, number * 60 + 2) for number, amount in enumerate(amounts)]
    heard = data.draw(st.integers(0, len(theirs)))
    early = reconcile(ours, theirs[:heard], Terms(at(24 * 60), TERMS.providers))
    assert Counter(line.outcome for line in early)["missing_there"] == len(amounts) - heard
    assert {line.note for line in early if line.outcome == "missing_there"} <= {"may_come"}
    late = reconcile(ours, theirs, Terms(at(72 * 60), TERMS.providers))
    assert all(line.outcome == "matched" for line in late)


def test_a_reference_goes_before_amount_and_time() -> None:
    """Of two payments of one amount, the one that the till kept the id of belongs to it, though it is farther away."""
    ours = [tender(1, 50_000, 0, reference="p2")]
    theirs = [paid("p1", 50_000, 0), paid("p2", 50_000, 9)]
    lines = reconcile(ours, theirs, TERMS)
    assert {line.payment: line.outcome for line in lines} == {"p2": "matched", "p1": "missing_here"}


def test_nearest_pairs_first_and_one_to_one() -> None:
    """Two sales and two payments of one amount within minutes: each has its own."""
    ours = [tender(1, 50_000, 0), tender(2, 50_000, 3)]
    theirs = [paid("a", 50_000, 1), paid("b", 50_000, 4)]
    assert {(line.receipt, line.payment) for line in reconcile(ours, theirs, TERMS)} == {("R1", "a"), ("R2", "b")}


def test_a_sale_just_after_midnight_meets_its_payment_before_midnight() -> None:
    """The day is the receipt's business day, whatever day the provider's clock says."""
    late = tender(1, 50_000, 12 * 60 + 1)
    [line] = reconcile([late], [paid("p", 50_000, 12 * 60 - 1)], TERMS)
    assert (line.outcome, line.day, line.apart_ms) == ("matched", late.day, -120_000)


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome", "note"),
    [
        ([], [paid("p", 50_000)], "missing_here", ""),
        ([tender(1, 50_000)], [], "missing_there", ""),
        ([tender(1, 50_000, reference="x")], [paid("p", 60_000, reference="x")], "amount_differs", ""),
        ([tender(1, 50_000, reference="x")], [paid("p", 50_000, reference="x", state="failed")], "missing_there",
         "provider_failed"),
        ([tender(1, 50_000)], [paid("p", 50_000, state="pending")], "pending", ""),
        ([], [paid("p", 50_000, state="cancelled")], "void", "provider_cancelled"),
        ([], [paid("p", 50_000, stores=())], "missing_here", "unmapped"),
        ([tender(1, 50_000, state="unknown", attempt="a", receipt="")], [paid("p", 50_000)], "missing_here",
         "tried_unknown"),
        ([tender(1, 50_000, state="approved", attempt="a", receipt="")], [paid("p", 50_000)], "matched", "no_sale"),
    ],
)  # fmt: skip
def test_outcomes(ours: list[Tendered], theirs: list[Paid], outcome: str, note: str) -> None:
    """Each kind of difference has its word, and says why."""
    [line] = reconcile(ours, theirs, TERMS)
    assert (line.outcome, line.note) == (outcome, note)


def test_a_refund_there_that_nobody_made_here_names_its_receipt() -> None:
    """The provider gave back what a till had sold, and no till knows of it."""
    lines = reconcile([tender(1, 50_000)], [paid("p", 50_000), paid("r", -20_000, 30, refund_of="p")], TERMS)
    assert [(line.outcome, line.about) for line in lines] == [("matched", ""), ("refund_of", "R1")]


def test_a_refund_meets_its_receipts_refund_however_late() -> None:
    """A refund that the provider books a day later belongs to the refund of that receipt."""
    ours = [tender(1, 50_000), tender(2, -50_000, 60, original="R1")]
    theirs = [paid("p", 50_000), paid("r", -50_000, 20 * 60, refund_of="p")]
    assert outcome_of(ours, theirs) == [("matched", "amount_and_time"), ("matched", "refund")]


def test_a_card_that_was_charged_twice_is_told() -> None:
    """The second payment of one reference has no sale of its own."""
    theirs = [paid("p1", 50_000, 0, reference="x"), paid("p2", 50_000, 1, reference="x")]
    lines = reconcile([tender(1, 50_000, reference="x")], theirs, TERMS)
    assert [(line.outcome, line.note) for line in lines] == [("matched", ""), ("missing_here", "same_reference")]


def test_the_id_of_a_try_leads_to_the_sale_that_it_ended_in() -> None:
    """The provider knows the try, the receipt does not; the till has said which try ended in which receipt."""
    ours = [tender(1, 50_000), tender(2, 50_000, 30, state="approved", attempt="try-1", receipt="R1")]
    [line] = reconcile(ours, [paid("p", 50_000, 600, reference="try-1")], TERMS)
    assert (line.outcome, line.found_by, line.receipt) == ("matched", "reference", "R1")


def test_a_reference_that_everybody_types_says_nothing() -> None:
    """Fifty sales with the approval "OK" are told apart by amount and time."""
    ours = [tender(number, 50_000, number * 60, reference="OK") for number in range(50)]
    theirs = [paid(f"p{number}", 50_000, number * 60 + 1, reference="OK") for number in range(50)]
    assert set(outcome_of(ours, theirs)) == {("matched", "amount_and_time")}


@pytest.mark.parametrize(
    ("fee", "outcome"), [(None, "matched"), (1_250, "matched"), (1_251, "matched"), (0, "fee_differs")]
)
def test_an_unknown_fee_is_not_a_fee_of_zero(fee: int | None, outcome: str) -> None:
    """A fee that comes later differs from nothing; one that is told is held against the rule, to the minor unit."""
    terms = Terms(TERMS.now, TERMS.providers, (RULE,))
    [line] = reconcile([tender(1, 50_000)], [paid("p", 50_000, fee=fee)], terms)
    assert (line.outcome, line.fee, line.fee_expected) == (outcome, fee, 1_250)


def test_the_fee_of_a_refund_comes_back_or_is_kept() -> None:
    """As the rule says."""
    refund = paid("r", -50_000)
    assert expected_fee([RULE], refund) == 0
    assert expected_fee([RULE._replace(refunds="returned")], refund) == -1_250


def test_the_newest_rule_of_the_kind_holds() -> None:
    """A rule of the kind goes before one of any kind; one that begins tomorrow does not hold yet."""
    payment = paid("p", 50_000)
    rules = [
        RULE, RULE._replace(kind="card", rate_ppm=10_000, fixed=100), RULE._replace(kind="card", rate_ppm=1,
        since=payment.day + timedelta(days=1)),
    ]  # fmt: skip
    assert expected_fee(rules, payment) == 600
    assert expected_fee([], payment) is None


def line_amounts(lines: list[Line]) -> list[tuple[int, int]]:
    """The two sides of each line."""
    return [(line.tendered, line.paid) for line in lines]


def test_a_pending_payment_counts_on_the_tills_side_only() -> None:
    """The till has handed the goods out; the provider has not got the money yet."""
    assert line_amounts(reconcile([tender(1, 50_000)], [paid("p", 50_000, state="pending")], TERMS)) == [(50_000, 0)]
