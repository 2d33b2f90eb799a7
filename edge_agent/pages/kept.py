"""Pieces that most scans leave as they are, with what each depends on: drawn again only when that has changed.

A scan must be on the screen within a frame, and most of drawing is templates. The trap: a template of a piece listed
here may show only what is in its key, the language and the currency. `test_kept.py` draws random views both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from edge_agent.till.view import CounterView

Facts = Mapping[str, object]

SHOWS: Mapping[str, Callable[[CounterView, Facts], tuple[Hashable, ...]]] = {
    "clock": lambda _view, facts: (_hashable(facts["clock"]),),
    "who": lambda view, facts: (
        view.store_name, view.store, view.terminal, view.has_staff, view.person, view.cashier,
        _hashable(facts["locked"]),
    ),
    "pills": lambda _view, facts: (_hashable(facts["pills"]),),
    "progress": lambda _view, facts: (_hashable(facts["progress"]),),
    "panels": lambda _view, facts: (_hashable(facts["pills"]),),
    "banner": lambda view, _facts: (
        view.training, (view.work.kind, view.work.title, view.work.note) if view.work is not None else None
    ),
    "floor": lambda view, facts: (
        _hashable(facts["stage"]),
        view.last_sale if facts["stage"] == "done" else None,
        (view.quick_keys, view.items_known) if facts["stage"] == "empty" else None,
    ),
    "questions": lambda view, _facts: (view.questions, view.late_payments),
    "customer": lambda view, facts: (view.customer, facts["stage"] == "work"),
    "tenders": lambda view, facts: (
        _hashable(facts["stage"]), _hashable(facts["big"]), view.left > 0, view.tenders, view.customer is not None,
        view.work.id if view.work is not None else "",
    ),
    "keys": lambda view, facts: (_hashable(facts["stage"]), view.held_count),
    "go": lambda view, facts: (
        _hashable(facts["big"]), view.sale_id, view.take, view.attempt.kind if view.attempt is not None else ""
    ),
    "pending": lambda _view, facts: (_hashable(facts["pending"]),),
}  # fmt: skip


class Kept:
    """The newest drawing of each such piece, one for each language."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, str], tuple[tuple[Hashable, ...], str]] = {}

    def piece(self, name: str, view: CounterView, facts: Facts, render: Callable[[], str]) -> str:
        """The piece as it was drawn last, if nothing that it shows has changed since; else drawn anew."""
        shows = SHOWS.get(name)
        if shows is None:
            return render()
        key = (view.currency, *shows(view, facts))
        kept = self._pieces.get((name, view.language))
        if kept is None or kept[0] != key:
            kept = self._pieces[name, view.language] = key, render()
        return kept[1]


def _hashable(value: object) -> Hashable:
    """A fact that the templates know, as a part of a key."""
    assert isinstance(value, Hashable)
    return value
