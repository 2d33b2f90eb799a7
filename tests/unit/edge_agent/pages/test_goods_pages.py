"""What the page says of packs, bundles and lots, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Literal

import pytest

from edge_agent.counter.desks.lookup import ItemView
from edge_agent.counter.desks.lots import LotView
from edge_agent.counter.work_views import WorkMenu
from edge_agent.pages.picture import draw, panel
from edge_agent.till.view import CounterView, LineView, PartView, WorkLineView, WorkView
from edge_agent.till.work import Work, WorkLine
from protocol.documents import Item
from tests.unit.edge_agent.pages.fake_counter import FakeCounter

TIMES = "\N{MULTIPLICATION SIGN}"
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
HOSTILE = "</b><script>alert(1)</script>"
Language = Literal["vi", "en"]


def view(language: Language) -> CounterView:
    """A picture in this language."""
    return replace(FakeCounter().view(), language=language)


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", f"lấy từ kệ: 48 {TIMES} Bia &lt;lon&gt;"), ("en", f"from the shelf: 48 {TIMES} Bia &lt;lon&gt;")],
)
def test_a_case_says_which_pieces_it_takes(language: Language, words: str) -> None:
    """Below the line, for what is sold and for what comes back; further parts are counted."""
    takes = (PartView("BIA", "Bia <lon>", 48_000),)
    line = LineView(1, "C", "Thùng", None, "piece", 2_000, 1, 2, None, takes=takes, takes_more=7)
    html = draw(replace(view(language), lines=(line,)), NOW, "1").lines["line-1"]
    assert words in html
    assert ("7 món khác" if language == "vi" else "7 more") in html
    back = replace(line, quantity=-2_000, takes=(PartView("BIA", "Bia", -48_000),), returned_from="R")
    assert f"48 {TIMES} Bia" in draw(replace(view(language), lines=(back,)), NOW, "1").lines["line-1"]


@pytest.mark.parametrize(("language", "words"), [("vi", "Lấy từ kệ"), ("en", "Takes from the shelf")])
def test_a_price_check_lists_what_is_in_a_bundle(language: Language, words: str) -> None:
    """All its parts, by name."""
    item = Item(sku="G", name="Giỏ", price=1, currency="VND")
    answer = ItemView("G", item, takes=(PartView("T", "Trà", 2_000), PartView("K", HOSTILE, 350)))
    html = panel("price_check", view(language), NOW, answer=answer, fields={})
    assert html.count(words) == 1
    assert f"2 {TIMES} Trà" in html
    assert (f"0,35 {TIMES}" if language == "vi" else f"0.35 {TIMES}") in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", ("lô A1", "HSD", "chưa có số lô", "cần đếm")),
        ("en", ("lot A1", "best before 09.12.2026", "lot missing", "to be counted")),
    ],
)
def test_lines_of_a_work_say_lot_date_and_what_is_missing(language: Language, words: tuple[str, ...]) -> None:
    """So that nobody has to remember which line was which delivery."""
    lines = (
        WorkLineView(1, "S", "Sữa", 1_000, "piece", lot="A1", expires=date(2026, 12, 9)),
        WorkLineView(2, "S", "Sữa", 1_000, "piece", asks=True),
        WorkLineView(3, "T", "Trà", 0, "piece", is_touched=False),
    )
    drawn = draw(replace(view(language), work=WorkView("count", "w", "w", lines)), NOW, "1").lines
    html = "".join(drawn.values())
    assert all(word in html for word in words if word != "HSD")
    assert "09.12.2026" in drawn["line-1"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_panel_asks_for_what_is_missing_only(language: Language) -> None:
    """The field that must be filled says so; another lot and "nothing is printed" are one touch away."""
    work = Work("w", "receive", "lan", NOW)
    line = WorkLine(7, "S", HOSTILE, "piece", 1_000, NOW, lot='"><script>', asks=("expiry",))
    html = panel("work_lot", view(language), NOW, answer=LotView(work, line), fields={})
    assert html.count(" required") == 1
    assert "work_other_lot" in html
    assert 'name="none" value="true"' in html
    assert "<script" not in html
    gone = panel("work_lot", view(language), NOW, answer=None, fields={})
    assert ("không còn nữa" if language == "vi" else "not here any more") in gone


@pytest.mark.parametrize(
    ("language", "many", "one"),
    [
        ("vi", "3 mặt hàng cần đếm lại", "1 mặt hàng cần đếm lại"),
        ("en", "3 items should be counted", "1 item should be counted"),
    ],
)
def test_the_menu_says_how_many_goods_should_be_counted(language: Language, many: str, one: str) -> None:
    """Nothing where nothing is wanted."""
    menu = WorkMenu((), (), (), (), 0, 0, recounts=3)
    assert many in panel("work", view(language), NOW, answer=menu, fields={})
    assert one in panel("work", view(language), NOW, answer=replace(menu, recounts=1), fields={})
    assert 'value="recount"' not in panel("work", view(language), NOW, answer=replace(menu, recounts=0), fields={})
