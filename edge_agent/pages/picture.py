"""A view becomes pieces of HTML, each with an id, so that a change sends only the pieces that changed.

The same templates draw the first page and every later piece; the page never builds HTML by itself. Lines are pieces of
their own: a scan into a cart of sixty lines sends two of them. Everything foreign is escaped by Jinja and composed by
`figures.shown_text`.

Trap: a piece's outer element carries its id and hx-swap-oob. Fields that a cashier types into are outside of all
pieces, so that no change ever takes a half-typed amount away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache

from edge_agent.pages import figures
from edge_agent.pages.device_words import device_pill, print_state
from edge_agent.pages.environment import TEMPLATES, environment, speech_of
from edge_agent.pages.health_words import health_pills
from edge_agent.pages.kept import Kept
from edge_agent.pages.loading_words import loading_pill, progress_percent
from edge_agent.pages.port import Language
from edge_agent.pages.speech import Speech
from edge_agent.pages.steps import next_step
from edge_agent.pages.tints import pages_of, tint
from edge_agent.pages.words import Pill, cut_label, hint, link_pill, notice, tender, unit, work_kind
from edge_agent.till.health import HealthView
from edge_agent.till.view import CounterView, DeviceView, LineView, LinkView, WorkLineView, WorkView
from protocol.money import decimals
from protocol.quantity import SCALE

PIECES = (
    "stage", "clock", "who", "pills", "progress", "panels", "banner", "notice", "floor", "questions", "customer", "sum",
    "tenders", "total", "quick", "fields", "go", "pending", "keys",
)  # fmt: skip
TIMES = "\N{MULTIPLICATION SIGN}"
LINES_CACHED_MAX = 2048
_KEPT = Kept()


@dataclass(frozen=True)
class Picture:
    """One view, drawn: `pieces` by id, and the lines of the cart (or store work) `sale_id` by id, in order."""

    sale_id: str
    pieces: Mapping[str, str]
    lines: Mapping[str, str]

    def since(self, shown: Picture | None) -> str:
        """Return the HTML that brings a page which shows `shown` (None: anything at all) to this picture."""
        if shown is None:
            return "".join(self.pieces.values()) + self._all_lines()
        changed = [html for piece, html in self.pieces.items() if shown.pieces.get(piece) != html]
        return "".join(changed) + self._lines_since(shown)

    def _lines_since(self, shown: Picture) -> str:
        old, new = list(shown.lines), list(self.lines)
        kept = [line for line in old if line in self.lines]
        if kept and new[: len(kept)] != kept:
            kept = [line for line in kept if line != new[-1]]  # scanned again, a line moves to the end
        if self.sale_id != shown.sale_id or not kept or new[: len(kept)] != kept:
            same = self.sale_id == shown.sale_id and list(self.lines.items()) == list(shown.lines.items())
            return "" if same else self._all_lines()
        gone = (f'<li id="{line}" hx-swap-oob="delete"></li>' for line in old if line not in kept)
        changed = (self.lines[line] for line in kept if shown.lines[line] != self.lines[line])
        added = "".join(self.lines[line] for line in new[len(kept) :])
        more = f'<ol hx-swap-oob="beforeend:#lines">{_as_children(added)}</ol>' if added else ""
        return "".join((*gone, *changed, more))

    def _all_lines(self) -> str:
        return f'<ol id="lines" class="lines" hx-swap-oob="true">{_as_children("".join(self.lines.values()))}</ol>'


def draw(view: CounterView, now: datetime, version: str, kept: Kept = _KEPT) -> Picture:
    """Draw a view. `now` is shown as the clock and measures how long something has been wrong."""
    speech = speech_of(view.language)
    facts = _facts(view, now, version, speech)
    pieces = {piece: kept.piece(piece, view, facts, lambda: _render(piece, facts)) for piece in PIECES}  # noqa: B023 - called at once
    if view.work is not None:
        return Picture(view.work.id, pieces, _work_lines(view.work, view.language))
    newest = view.lines[-1].number if view.lines else None
    lines = {
        f"line-{line.number}": _line(view.language, view.currency, line, newest=line.number == newest)
        for line in view.lines
    }
    return Picture(view.sale_id, pieces, lines)


def _render(piece: str, facts: Mapping[str, object]) -> str:
    language = facts["language"]
    assert language in {"vi", "en"}
    return environment("en" if language == "en" else "vi").get_template(f"{piece}.html").render(facts)


def page(view: CounterView, now: datetime, version: str, icons: str) -> str:
    """Draw the whole page, as a browser first gets it. `icons` is the sprite, with ids that start with `i-`."""
    picture = draw(view, now, version)
    facts = _facts(view, now, version, speech_of(view.language))
    lines = _as_children("".join(picture.lines.values()))
    template = environment(view.language).get_template("page.html")
    return template.render({**facts, "pieces": picture.pieces, "lines": lines, "icons": icons})


def is_panel(name: str) -> bool:
    """Whether there is a panel of that name."""
    return name in _panels()


def panel(name: str, view: CounterView, now: datetime, *, answer: object, fields: Mapping[str, str]) -> str:
    """Draw a panel that the page asked for. `answer` is what the counter said, `fields` what was asked."""
    facts = _facts(view, now, "", speech_of(view.language))
    template = environment(view.language).get_template(f"panels/{name}.html")
    return template.render({**facts, "answer": answer, "fields": fields})


def locked_page(language: Language) -> str:
    """Draw what a visitor without the cookie sees: what this is, and how to get in."""
    return environment(language).get_template("locked.html").render(language=language)


def stage(view: CounterView) -> str:
    """Name what the page is about: "work" (goods, no sale), "cart", "done" (a sale was just paid), or "empty"."""
    if view.work is not None:
        return "work"
    if view.lines:
        return "cart"
    return "done" if view.last_sale is not None else "empty"


def is_locked(view: CounterView) -> bool:
    """Whether somebody has to sign in before anything else."""
    return view.has_staff and view.person is None


def wanted_panel(view: CounterView) -> str:
    """Name the panel that the till itself asks for now: a sign-in, a PIN that allows, an answer; "" is none."""
    if is_locked(view):
        return "sign_in"
    if view.waiting is not None:
        return "approve"
    return "ask" if view.asking is not None and view.work is None and is_panel("ask") else ""


def _facts(view: CounterView, now: datetime, version: str, speech: Speech) -> dict[str, object]:
    """All that the templates know."""
    language, currency = view.language, view.currency
    sale = view.last_sale
    quick = figures.quick_amounts(max(view.cash_left, 0), currency)
    return {
        "view": view,
        "language": language,
        "version": version,
        "stage": stage(view),
        "locked": is_locked(view),
        "wants": wanted_panel(view),
        "big": next_step(view),
        "has_panel": is_panel,
        "clock": f"{now:%H:%M}",
        "pills": _pills(view.link, view.devices, view.health, now.replace(second=0, microsecond=0), language),
        "progress": progress_percent(view.link),
        "pending": _pending(view, language),
        "notice_text": notice(view.notice, view, speech) if view.notice else "",
        "money": lambda minor: figures.money(minor, currency, language),
        "amount": lambda minor: figures.amount(minor, currency, language),
        "plain": lambda minor: figures.plain_amount(minor, currency),
        "width": lambda minor: figures.width_class(figures.money(minor, currency, language)),
        "amount_of": lambda thousandths: figures.quantity(thousandths, language),
        "unit_of": lambda name: unit(name, speech),
        "quantity": lambda thousandths: figures.quantity(thousandths, language),
        "plain_quantity": figures.plain_quantity,
        "unit": lambda name: unit(name, speech),
        "rate": lambda bp: figures.percent(bp, language),
        "tender": lambda kind: tender(kind, speech),
        "hint": lambda each: hint(each, view, speech),
        "cut_label": lambda cut: cut_label(cut, speech),
        "work_kind": lambda kind: work_kind(kind, speech),
        "initials": figures.initials,
        "tint": tint,
        "pages_of": pages_of,
        "count": lambda number: f"{number:,}".replace(",", figures.grouping_mark(language)),
        "shown": figures.shown_text,
        "quick": quick,
        "decimals": decimals(currency),
        "marks": figures.grouping_mark(language),
        "decimal_mark": figures.decimal_mark(language),
        "print_state": print_state(sale.print_state, view.devices, speech) if sale else None,
    }


@lru_cache(maxsize=LINES_CACHED_MAX)
def _line(language: Language, currency: str, line: LineView, *, newest: bool) -> str:
    """Draw one line; most lines of a cart are the same from one picture to the next."""
    speech = speech_of(language)
    return (
        environment(language)
        .get_template("line.html")
        .render(
            line=line,
            newest=newest,
            name=figures.shown_text(line.name) or line.sku,
            code=figures.shown_text(line.barcode or line.sku),
            quantity=figures.quantity(line.quantity, language),
            plain_quantity=figures.plain_quantity(line.quantity),
            unit=unit(line.unit, speech),
            price=figures.amount(line.unit_price, currency, language),
            sum=figures.amount(line.amount, currency, language),
            cuts=tuple((cut_label(cut, speech), figures.amount(-cut.amount, currency, language)) for cut in line.cuts),
            shown=figures.shown_text,
            takes=_takes(line, language),
            left=None if line.stock_left is None else figures.quantity(line.stock_left, language),
        )
    )


def _takes(line: LineView, language: Language) -> str:
    """What a pack or bundle takes from the shelf, as one row of words."""
    parts = ((figures.quantity(abs(part.quantity), language), part) for part in line.takes)
    return " · ".join(f"{much} {TIMES} {figures.shown_text(part.name) or part.sku}" for much, part in parts)


def _work_lines(work: WorkView, language: Language) -> dict[str, str]:
    """The list of a store work; the line that was touched last is the last one."""
    newest = work.lines[-1].number if work.lines else None
    return {
        f"line-{line.number}": _work_line(language, line, newest=line.number == newest, kind=work.kind)
        for line in work.lines
    }


@lru_cache(maxsize=LINES_CACHED_MAX)
def _work_line(language: Language, line: WorkLineView, *, newest: bool, kind: str) -> str:
    return (
        environment(language)
        .get_template("work_line.html")
        .render(
            line=line,
            newest=newest,
            kind=kind,
            name=figures.shown_text(line.name) or line.sku,
            code=figures.shown_text(line.barcode or line.sku),
            shelf=figures.shown_text(line.shelf),
            lot=figures.shown_text(line.lot),
            quantity=figures.quantity(line.quantity, language),
            plain_quantity=figures.plain_quantity(line.quantity),
            expected=None if line.expected is None else figures.quantity(line.expected, language),
            unit=unit(line.unit, speech_of(language)),
        )
    )


@lru_cache(maxsize=16)
def _pills(
    link: LinkView, devices: tuple[DeviceView, ...], health: HealthView, minute: datetime, language: Language
) -> tuple[Pill, ...]:
    """What the top bar says; troubles count minutes, so the minute is all of the time that it depends on."""
    speech = speech_of(language)
    return (
        *health_pills(health, link, minute, speech),
        *([loading] if (loading := loading_pill(link.loading, speech)) is not None else []),
        link_pill(link, minute, speech),
        *(device_pill(device, minute, speech) for device in devices),
    )


def _pending(view: CounterView, language: Language) -> str:
    """The quantity that was typed for whatever comes next; "" if it is one, which needs no saying."""
    waiting = view.pending_quantity
    return "" if waiting in {None, SCALE} else figures.quantity(waiting or 0, language)


def _as_children(lines: str) -> str:
    """Lines inside a list that is itself swapped must not be taken for swaps of their own."""
    return lines.replace(' hx-swap-oob="true"', "")


@cache
def _panels() -> frozenset[str]:
    return frozenset(path.stem for path in (TEMPLATES / "panels").glob("*.html"))
