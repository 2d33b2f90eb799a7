"""What is kept from one picture to the next is what would be drawn anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.pages.kept import Kept
from edge_agent.pages.picture import draw
from edge_agent.till.view import (
    AttemptView,
    CounterView,
    CustomerView,
    LineView,
    LinkView,
    PersonView,
    PrintQuestionView,
    QuickKeyView,
    SaleDoneView,
    ShiftView,
    WorkLineView,
    WorkView,
)
from tests.unit.edge_agent.pages.fake_counter import FINE, NOW, FakeCounter

LINE = LineView(1, "MILK", "Sữa", "893", "box", 1000, 36_500, 36_500, 14_000)
LAN = PersonView("101", "Lan", "cashier")
WORK = WorkView("receive", "w1", "P-118", (WorkLineView(1, "MILK", "Sữa", 2000, "box", 3000),), note="Vinamilk")
FACTS: dict[str, st.SearchStrategy[object]] = {
    "lines": st.sampled_from([(), (LINE,), (LINE, replace(LINE, number=2, quantity=-1000, returned_from="R1"))]),
    "last_sale": st.sampled_from([None, SaleDoneView("R1", 1, 2, 1, "printed"), SaleDoneView("R2", -5, 0, 5, "held")]),
    "person": st.sampled_from([None, LAN, PersonView("102", "Mai", "manager")]),
    "has_staff": st.booleans(),
    "customer": st.sampled_from([None, CustomerView("c1", "Minh", "•• 321", 12), CustomerView("c2", "Hà", owes=5)]),
    "training": st.booleans(),
    "work": st.sampled_from([None, WORK, replace(WORK, id="w2", title="P-119")]),
    "held_count": st.integers(0, 2),
    "left": st.sampled_from([-500, 0, 500, 36_500]),
    "take": st.sampled_from(["t1", "t2"]),
    "sale_id": st.sampled_from(["s1", "s2"]),
    "tenders": st.sampled_from([("cash",), ("cash", "vietqr", "card"), ("card", "account")]),
    "attempt": st.sampled_from([
        None, AttemptView("a", "vietqr", "pending", 5, NOW), AttemptView("b", "t", "unknown", 5, NOW)
    ]),
    "quick_keys": st.sampled_from([(), (QuickKeyView("MILK", "Sữa", "Tươi", "green", "", 36_500),)]),
    "questions": st.sampled_from([(), (PrintQuestionView("j1", "R1", "unknown"),)]),
    "late_payments": st.integers(0, 2),
    "shift": st.sampled_from([None, ShiftView("s", 1, NOW, "101")]),
    "requires_shift": st.booleans(),
    "link": st.sampled_from([
        LinkView(online=True, backlog=0), LinkView(online=False, backlog=3, since=NOW - timedelta(minutes=9))
    ]),
    "devices": st.sampled_from([FINE, FINE[:1]]),
    "items_known": st.sampled_from([0, 12]),
    "language": st.sampled_from(["vi", "en"]),
    "currency": st.sampled_from(["VND", "USD"]),
    "pending_quantity": st.sampled_from([None, 3000]),
    "store_name": st.sampled_from(["Hàng Bài", "Hàng Bông"]),
}  # fmt: skip


def _view(facts: dict[str, object]) -> CounterView:
    return replace(FakeCounter().view(), **facts)  # type: ignore[arg-type]  # the strategies above fit the fields


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries(FACTS).map(_view), min_size=2, max_size=4), st.integers(0, 3))
def test_a_kept_piece_is_what_would_be_drawn(views: list[CounterView], minutes: int) -> None:
    """Whatever has changed from one picture to the next, nothing that the page shows is of the day before."""
    kept = Kept()
    for number, view in enumerate(views):
        now = NOW + timedelta(minutes=minutes * number)
        assert draw(view, now, "1", kept).pieces == draw(view, now, "1", Kept()).pieces
