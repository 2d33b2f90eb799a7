"""The customer display: a second browser window that shows what the customer should see, and takes no orders.

It shows the newest line, the total, the code to pay with, the change, and a welcome; labels stand in both languages,
the till's own first. What is for the cashier alone (stock, staff, customers' data, troubles) never comes here.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import segno
from markupsafe import Markup

from edge_agent.pages import figures
from edge_agent.pages.environment import environment, speech_of
from edge_agent.pages.port import Language
from edge_agent.pages.words import cut_label, unit
from edge_agent.till.view import AttemptView, CounterView

LINES_SHOWN = 6
_OTHER: dict[Language, Language] = {"vi": "en", "en": "vi"}


def display_page(view: CounterView, now: datetime, version: str) -> str:
    """Draw the whole window, as a browser first gets it."""
    template = environment(view.language).get_template("display_page.html")
    return template.render(
        language=view.language, version=version, store=figures.shown_text(view.store_name or view.store),
        screen=draw_display(view, now, version),
    )  # fmt: skip


def draw_display(view: CounterView, now: datetime, version: str) -> str:
    """Draw what stands in the window now."""
    language, currency = view.language, view.currency
    speech = speech_of(language)
    attempt = view.attempt if view.attempt is not None and _is_open(view.attempt) else None
    other, second = _OTHER[language], speech_of(_OTHER[language])

    def in_both(text: str) -> Markup:
        return Markup('{} <i lang="{}">{}</i>').format(speech.gettext(text), other, second.gettext(text))

    template = environment(language).get_template("display.html")
    return template.render(
        _=in_both,
        view=view,
        version=version,
        language=language,
        scene=scene(view),
        lines=view.lines[-LINES_SHOWN:],
        more=max(0, len(view.lines) - LINES_SHOWN),
        attempt=attempt,
        code=qr_svg(attempt.payload) if attempt is not None and attempt.payload else "",
        seconds_left=_seconds_left(attempt, now),
        money=lambda minor: figures.money(minor, currency, language),
        amount=lambda minor: figures.amount(minor, currency, language),
        width=lambda minor: figures.width_class(figures.money(minor, currency, language)),
        quantity=lambda thousandths: figures.quantity(thousandths, language),
        unit=lambda name: unit(name, speech),
        cut_label=lambda cut: cut_label(cut, speech),
        shown=figures.shown_text,
    )


def scene(view: CounterView) -> str:
    """Name what the customer should see: "pay" (a code), "cart", "done", or "welcome"."""
    if view.attempt is not None and _is_open(view.attempt) and view.attempt.payload:
        return "pay"
    if view.lines:
        return "cart"
    return "done" if view.last_sale is not None else "welcome"


@lru_cache(maxsize=8)
def qr_svg(text: str) -> str:
    """The code as SVG that takes its size from the style sheet. Dark on light in any theme, or cameras miss it."""
    return segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=3, dark="#000", light="#fff")


def _is_open(attempt: AttemptView) -> bool:
    return attempt.state in {"created", "pending", "in_progress"}


def _seconds_left(attempt: AttemptView | None, now: datetime) -> int:
    if attempt is None or attempt.until is None:
        return 0
    return max(0, int((attempt.until - now).total_seconds()))
