"""Lines change in groups, so that each tender and payment is in exactly one line at every step."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.storage.money_changes import changes, parts
from hub.storage.money_records import Line

TENDERS, PAYMENTS = tuple(f"t{number}" for number in range(6)), tuple(f"p{number}" for number in range(6))


def line_of(tender: str | None, payment: str | None) -> Line:
    """A line of these two sides."""
    return Line(
        outcome="matched" if tender and payment else "missing_here", store="hanoi", day=date(2026, 11, 20),
        channel="square", currency="VND", at=datetime(2026, 11, 20, tzinfo=UTC), kind="card", tender=tender,
        payment=payment,
    )  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    """Every tender and every payment in one line: some are pairs."""
    payments = draw(st.permutations(PAYMENTS))
    pairs = draw(st.lists(st.booleans(), min_size=len(TENDERS), max_size=len(TENDERS)))
    found = []
    for tender, payment, is_pair in zip(TENDERS, payments, pairs, strict=True):
        found += [line_of(tender, payment)] if is_pair else [line_of(tender, None), line_of(None, payment)]
    return found


def sides(those: list[Line]) -> Counter[str]:
    """How often each is there."""
    return Counter(side for line in those for side in (line.tender, line.payment) if side is not None)


@given(lines(), lines(), st.integers(1, 5))
def test_at_every_step_each_side_is_in_one_line(before: list[Line], after: list[Line], at_once: int) -> None:
    """From any pairing to any other, in transactions of any size; in the end it is the other, and no more was done."""
    standing = dict(enumerate(before))
    for part in parts(changes(dict(standing), after), at_once):
        for position in part.gone:
            del standing[position]
        standing |= {len(standing) + 1_000 * (number + 1) + max(standing, default=0): line
                     for number, line in enumerate(part.new)}  # fmt: skip
        assert sides(list(standing.values())) == dict.fromkeys((*TENDERS, *PAYMENTS), 1)
    assert sorted(standing.values(), key=repr) == sorted(after, key=repr)
    same = [line for line in before if line in after]
    assert {number for number, line in standing.items() if number < len(before)} == {
        number for number, line in enumerate(before) if line in same
    }


@given(lines(), st.integers(1, 5))
def test_what_is_the_same_is_not_touched(before: list[Line], at_once: int) -> None:
    """No group, and one part without anything in it."""
    (part,) = parts(changes(dict(enumerate(before)), reversed(before)), at_once)
    assert (part.gone, part.new) == ({}, [])
