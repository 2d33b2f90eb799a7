"""What a change sends is exactly what brings an open page to the new picture, and nothing foreign comes alive in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.pages.picture import PIECES, Picture, draw, page
from edge_agent.till.view import (
    CounterView,
    DeviceView,
    LineView,
    LinkView,
    NoticeView,
    PrintQuestionView,
    SaleDoneView,
)
from tests.unit.edge_agent.pages.fake_counter import NOW, FakeCounter

VOID = {"input", "meta", "link", "br", "hr"}


class Shown:
    """A browser's page as far as swaps go: outer pieces by id, and the lines of the cart in order."""

    def __init__(self) -> None:
        self.pieces: dict[str, str] = {}
        self.lines: dict[str, str] = {}

    def take(self, html: str) -> None:
        """Apply what the stream sent, in the order in which htmx finds it."""
        for tag, attributes, outer, inner in _outermost(html):
            how, name = attributes["hx-swap-oob"], attributes.get("id", "")
            if how == "delete":
                del self.lines[name]
            elif how == "beforeend:#lines":
                for _tag, found, line, _inner in _outermost(inner):
                    assert found["id"] not in self.lines, "the same line twice"
                    self.lines[found["id"]] = line
            elif name == "lines":
                self.lines = {found["id"]: line for _tag, found, line, _inner in _outermost(inner)}
            elif tag == "li":
                assert name in self.lines, "a line is replaced that is not there"
                self.lines[name] = outer.replace(' hx-swap-oob="true"', "")
            else:
                assert how == "true"
                self.pieces[name] = outer


def _outermost(html: str) -> list[tuple[str, dict[str, str], str, str]]:
    """Tag, attributes, whole text and inner text of the elements that are in no other."""
    found: list[tuple[str, dict[str, str], str, str]] = []
    offsets = [0]
    for line in html.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))

    class Reader(HTMLParser):
        depth = 0
        begin = begin_inner = 0
        head: tuple[str, dict[str, str]] = ("", {})

        def at(self) -> int:
            line, column = self.getpos()
            return offsets[line - 1] + column

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if self.depth == 0:
                self.begin = self.at()
                self.begin_inner = self.begin + len(self.get_starttag_text() or "")
                self.head = (tag, {name: value or "" for name, value in attrs})
            if tag not in VOID:
                self.depth += 1

        def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's own signature
            self.depth -= 1
            if self.depth == 0:
                end = html.index(">", self.at()) + 1
                found.append((*self.head, html[self.begin : end], html[self.begin_inner : self.at()]))

    reader = Reader(convert_charrefs=False)
    reader.feed(html)
    reader.close()
    assert reader.depth == 0, "an element is not closed"
    return found


def as_shown(picture: Picture) -> tuple[dict[str, str], dict[str, str]]:
    """What a page shows that was drawn from this picture alone."""
    fresh = Shown()
    fresh.take(picture.since(None))
    return fresh.pieces, fresh.lines


line_numbers = st.lists(st.integers(1, 8), unique=True, max_size=8)
quantities = st.integers(1, 3).map(lambda pieces: pieces * 1000)


@st.composite
def carts(draw_: st.DrawFn) -> CounterView:
    """A view with some lines, in any order, of one of two carts."""
    lines = tuple(
        LineView(number, f"SKU{number}", f"Hàng {number}", None, "piece", draw_(quantities), 1000, 1000, None)
        for number in draw_(line_numbers)
    )
    view = FakeCounter().view()
    sale_id, revision = draw_(st.sampled_from(["a", "b"])), draw_(st.integers(1, 3))
    return replace(view, sale_id=sale_id, lines=lines, total=sum(line.amount for line in lines), revision=revision)


@given(st.lists(carts(), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_changes_bring_a_page_to_the_newest_picture(views: list[CounterView]) -> None:
    """However carts follow one another, an open page ends as a fresh one would, lines in their order."""
    shown, before = Shown(), None
    for view in views:
        picture = draw(view, NOW, "1")
        shown.take(picture.since(before))
        before = picture
        assert (shown.pieces, shown.lines) == as_shown(picture)
        assert list(shown.lines) == list(as_shown(picture)[1])


@given(carts())
@settings(deadline=None, max_examples=60)
def test_nothing_is_sent_when_nothing_changed(view: CounterView) -> None:
    """The same picture twice is no news."""
    assert draw(view, NOW, "1").since(draw(view, NOW, "1")) == ""


def test_a_scan_into_a_long_cart_sends_two_lines() -> None:
    """Sixty lines do not travel again for the sixty-first."""
    lines = tuple(LineView(n, f"S{n}", f"Hàng {n}", None, "piece", 1000, 1000, 1000, 5000) for n in range(1, 62))
    view = FakeCounter().view()
    before = draw(replace(view, lines=lines[:-1]), NOW, "1")
    sent = draw(replace(view, lines=lines, revision=2), NOW, "1").since(before)
    assert len(re.findall(r"<li id=.line-", sent)) == 2
    assert len(sent.encode()) < 4_000


HOSTILE = "</b><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}%(n)s"


def test_foreign_text_never_becomes_markup() -> None:
    """Every text that comes from outside is shown as text, wherever it stands."""
    view = FakeCounter().view()
    line = LineView(1, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1000, 1000, 1000, 1000)
    hostile = replace(
        view, store=HOSTILE, store_name=HOSTILE, terminal=HOSTILE, cashier=HOSTILE, sale_id=HOSTILE, lines=(line,),
        notice=NoticeView(1, "unknown_code", good=False, detail=HOSTILE),
        devices=(DeviceView("scanner", HOSTILE, "fault", problem=HOSTILE),),
        link=LinkView(online=False, backlog=1, epoch_problem=HOSTILE),
        questions=(PrintQuestionView(HOSTILE, HOSTILE, "unknown"),),
        last_sale=SaleDoneView(HOSTILE, 1, 1, 0, "printed"),
    )  # fmt: skip
    for view_ in (hostile, replace(hostile, lines=())):
        html = page(view_, NOW, HOSTILE, icons="")
        assert "alert(1)>" not in html.replace("alert(1)&gt;", "")
        assert len(re.findall("<script", html)) == len(re.findall('<script src="/static/[a-z/.]+[?"]', html))
        assert "onerror=alert(1)>" not in html
        assert not re.findall(r"\son\w+\s*=\s*[\"']", html)


def test_the_page_has_no_inline_script_and_no_inline_style() -> None:
    """The strict content security policy has nothing to forbid."""
    html = page(FakeCounter().view(), NOW, "1", icons="")
    assert not re.findall(r"<script(?![^>]*\ssrc=)", html)
    assert "<style" not in html
    assert not re.findall(r"\sstyle\s*=", html)


def test_fields_that_are_typed_into_are_no_pieces() -> None:
    """No change of the till ever takes a half-typed amount away."""
    for html in draw(FakeCounter().view(), NOW, "1").pieces.values():
        for field in re.findall(r"<input[^>]*>", html):
            assert 'type="hidden"' in field


def test_every_piece_says_where_it_goes() -> None:
    """Each piece is one element with its own id, marked to be swapped by it."""
    for name, html in draw(FakeCounter().view(), NOW, "1").pieces.items():
        ((_tag, attributes, _outer, _inner),) = _outermost(html)
        assert attributes["id"] == name
        assert attributes["hx-swap-oob"] == "true"
    assert len(PIECES) == len(set(PIECES))


def test_a_return_is_red_and_says_so() -> None:
    """A negative line has the mark of a return and a real minus."""
    view = FakeCounter().view()
    line = LineView(1, "X", "Nước mắm", None, "bottle", -1000, 43_000, -43_000, None)
    html = draw(replace(view, lines=(line,)), NOW, "1").lines["line-1"]
    assert "Trả" in html
    assert "\N{MINUS SIGN}43.000" in html
    assert 'class="line now back"' in html


def test_after_a_refund_the_screen_says_what_was_given_back() -> None:
    """Money that went back is no change, in the large figure, in the sum and in the sentence."""
    done = SaleDoneView("R1", -28_990_000, 0, 49_000, "printed")
    view = replace(
        FakeCounter().view(), lines=(), last_sale=done, notice=NoticeView(1, "sale_done", good=True, detail="R1")
    )
    pieces = draw(view, NOW, "1").pieces
    for name in ("floor", "sum", "notice"):
        assert "Đã trả lại" in pieces[name]
        assert "thối" not in pieces[name]
    assert "28.990.000" in pieces["floor"]
    assert "49.000" in pieces["floor"]
