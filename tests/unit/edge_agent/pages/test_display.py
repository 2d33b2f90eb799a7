"""The customer sees what is hers to see, in two languages, and nothing that a strict policy would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edge_agent.pages.display import display_page, draw_display, qr_svg, scene
from edge_agent.till.view import AttemptView, CounterView, CustomerView, LineView, NoticeView, PersonView, SaleDoneView
from tests.unit.edge_agent.pages.fake_counter import NOW, FakeCounter

EVIL = "<script>alert(1)</script>"
LINE = LineView(1, "MILK", f"Sữa {EVIL}", "893", "box", 1000, 36_500, 36_500, 7_654_000)
CODE = "00020101021238540010A00000072701240006970436011000110019320208QRIBFTTA5303704540573000630412AB"


def view(**facts: object) -> CounterView:
    """A view with these facts."""
    return replace(FakeCounter().view(), **facts)  # type: ignore[arg-type]  # a test names the fields


def attempt(state: str = "pending", payload: str = CODE) -> AttemptView:
    """A transfer that is waited for."""
    return AttemptView("a", "vietqr", state, 36_500, NOW, payload=payload, until=NOW + timedelta(minutes=4))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, "welcome"),
        ({"lines": (LINE,)}, "cart"),
        ({"lines": (LINE,), "attempt": attempt()}, "pay"),
        ({"lines": (LINE,), "attempt": attempt("cancelled")}, "cart"),
        ({"lines": (LINE,), "attempt": attempt(payload="")}, "cart"),
        ({"last_sale": SaleDoneView("R1", 36_500, 50_000, 13_500, "printed")}, "done"),
    ],
)
def test_each_moment_has_its_scene(facts: dict[str, object], name: str) -> None:
    """Welcome, goods, the code to pay with, the change; both languages in each."""
    shown = view(**facts)
    assert scene(shown) == name
    html = draw_display(shown, NOW, "1")
    assert f'data-scene="{name}"' in html
    assert 'lang="en"' in html
    assert 'lang="vi"' in draw_display(replace(shown, language="en"), NOW, "1")


def test_nothing_of_the_cashiers_is_shown() -> None:
    """Neither stock nor who is there, nor what the till told the cashier; and no name comes alive."""
    shown = view(
        lines=(LINE,), customer=CustomerView("c", "Trần Minh", "•• 321", 12, 120_000), cashier="Lan",
        person=PersonView("1", "Lan", "cashier"), notice=NoticeView(1, "unknown_code", good=False, detail="8931"),
        note="VIP",
    )  # fmt: skip
    html = draw_display(shown, NOW, "1") + display_page(shown, NOW, "1")
    for secret in ("Minh", "321", "120.000", "Lan", "8931", "VIP", "7.654"):
        assert secret not in html
    assert EVIL not in html


def test_the_code_needs_no_inline_style() -> None:
    """A strict policy refuses styles in the markup: the sheet gives the code its size; its time is counted down."""
    assert "style=" not in qr_svg(CODE)
    html = draw_display(view(lines=(LINE,), attempt=attempt()), NOW + timedelta(minutes=1), "1")
    assert "<svg" in html
    assert 'data-seconds="180"' in html


def test_training_is_told_to_the_customer() -> None:
    """Nobody takes a played sale for a real one."""
    assert 'class="train"' in draw_display(view(training=True, lines=(LINE,)), NOW, "1")
    assert 'class="train"' not in draw_display(view(lines=(LINE,)), NOW, "1")
