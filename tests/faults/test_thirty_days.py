"""Thirty days offline in small: the same run with some hundred sales, and its oracle by hand."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, date, datetime

import msgspec
import pytest

from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.stock_events import CountedLine, StockCounted
from tests.bench.offline.facts import Fact, levels_after
from tests.bench.offline.run import Extent
from tests.faults import thirty_days

SMALL = Extent(sales=600, stores=2, per_second=20, before_s=1, live_s=2)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_till_comes_back_and_nothing_is_lost_doubled_or_miscounted() -> None:
    """On the embedded hub: log, receipts, levels around late counts, and the till's own view, exactly."""
    told: list[str] = []
    row = asyncio.run(thirty_days.play(7, 1, told.append, extent=SMALL))
    assert (row.lost, row.doubled, told) == (0, 0, [])
    assert row.sales == SMALL.sales


def test_a_count_cuts_off_what_was_sold_before_it_however_late_that_comes() -> None:
    """The oracle by hand: a count of ten on day 20, two sold before it, three after."""
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 20, 25)]
    line = SaleLine(sku="A", name="A", quantity=2_000, unit_price=1, amount=2, tax_rate_bp=0)
    sold = SaleCompleted(
        receipt_number="1", business_day=date(2026, 11, 1), currency="VND", cashier="lan", lines=(line,),
        tenders=(Tender(kind="cash", amount=2),), total=2,
    )  # fmt: skip
    more = msgspec.structs.replace(sold, lines=(msgspec.structs.replace(line, quantity=3_000),))
    counted = StockCounted(session="c", lines=(CountedLine(sku="A", quantity=10_000, at=days[1]),), by="lan")
    facts = [Fact(counted, days[1]), Fact(more, days[2]), Fact(sold, days[0])]
    for order in itertools.permutations(facts):
        assert levels_after([("hn01", order)]) == {("hn01", "A"): 7_000}
