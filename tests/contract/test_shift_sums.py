"""A till's Z report and the hub's own sums of the same receipts agree, although they share no code."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.matters.sums import ReceiptSums
from protocol.events import EventData
from tests.unit.edge_agent.till.test_shift import FACTS, running


@given(st.lists(FACTS, max_size=25))
def test_the_hub_finds_nothing_wrong_with_an_honest_report(facts: list[EventData]) -> None:
    """Whatever was sold, given back, paid in and moved: no alarm is raised over a shift that was counted right."""
    sums = ReceiptSums("VND")
    for fact in facts:
        sums.add(fact)
    assert sums.differences(running(facts).sums) == {}
