"""The pole shows the customer her receipt: the newest thing, what is due, her change; never who sells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.pole import pole_picture
from edge_agent.till.view import CounterView, LineView, NoticeView, PaymentView, SaleDoneView
from tests.unit.edge_agent.pages.fake_counter import FakeCounter

MILK = LineView(1, "MILK", "Sữa tươi tiệt trùng không đường 1 L", "8934673573399", "box", 2_000, 36_500, 73_000, None)
EMPTY = FakeCounter().view()
CART = replace(EMPTY, lines=(MILK,), total=73_000, left=73_000)


@pytest.mark.parametrize(
    ("view", "top", "bottom"),
    [
        (EMPTY, "      XIN CHÀO      ", " Cửa hàng Hàng Bài  "),
        (replace(CART, notice=NoticeView(1, "line_added", good=True)), "Sữa tươi tiệt trùng ", "x2            73.000"),
        (CART, "PHẢI TRẢ            ", "          73.000 VND"),
        (
            replace(CART, payments=(PaymentView("p", "card", 50_000),), left=23_000),
            "CÒN LẠI             ", "          23.000 VND",
        ),
        (
            replace(EMPTY, last_sale=SaleDoneView("r", 73_000, 100_000, 27_000, "queued")),
            "ĐÃ TRẢ       100.000", "TIỀN THỪA     27.000",
        ),
    ],
)  # fmt: skip
def test_what_the_customer_reads(view: CounterView, top: str, bottom: str) -> None:
    """Two lines of twenty signs, in the till's language."""
    picture = pole_picture(view)
    assert (picture.top, picture.bottom) == (top, bottom)


def test_the_cashier_is_not_shown() -> None:
    """Whoever sells is the shop's business."""
    for view in (EMPTY, CART):
        assert "Lan" not in pole_picture(view).top + pole_picture(view).bottom
