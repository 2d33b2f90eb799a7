"""Till and hub add a shift up by code of their own; whatever is sold, they agree, or every report would be an alarm."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.shift import tally_of
from hub.matters.sums import ReceiptSums
from protocol.events import CashMoved, EventData, Tender
from tests.unit.hub.journals import at
from tests.unit.hub.matter_facts import given_back, paid_in, shift_opened, sold

_AMOUNTS = st.integers(0, 10**9)
_TENDERS = st.lists(
    st.builds(Tender, kind=st.sampled_from(["cash", "card", "voucher", "account", "exchange"]), amount=_AMOUNTS),
    min_size=1, max_size=3,
).map(tuple)  # fmt: skip
_MORE = st.fixed_dictionaries(
    {
        "total": _AMOUNTS, "tax_total": _AMOUNTS, "rounding": st.integers(-500, 500),
        "currency": st.sampled_from(["VND", "VND", "VND", "USD"]), "exchange": st.sampled_from(["", "x1"]),
    }
)  # fmt: skip


def _receipt(is_refund: bool, tenders: tuple[Tender, ...], more: dict[str, object]) -> EventData:
    fact = given_back("B", "R", ("tea", 1), tenders=tenders) if is_refund else sold("R", ("tea", 1), tenders=tenders)
    return msgspec.structs.replace(fact, **more)


def _cash(amount: int) -> EventData:
    return CashMoved(by="an", amount=amount, currency="VND", reason="x")


_FACTS: st.SearchStrategy[EventData] = st.one_of(
    st.builds(_receipt, st.booleans(), _TENDERS, _MORE),
    st.builds(_cash, st.integers(-(10**9), 10**9)),
    st.builds(lambda amount: paid_in("P", "c1", amount), _AMOUNTS),
)


@given(st.lists(_FACTS, max_size=20))
def test_the_hub_finds_no_difference_where_there_is_none(facts: list[EventData]) -> None:
    """Sales, refunds, exchanges, accounts, cash in and out, other currencies, rounding."""
    tally = tally_of([(shift_opened("s1"), at(0)), *((fact, at(1)) for fact in facts)])
    sums = ReceiptSums("VND")
    for fact in facts:
        sums.add(fact)
    assert sums.differences(tally.sums) == {}
