"""The people desk: the language that the till speaks, who stands at it, and what somebody allows on the spot."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import Desk, Fields, OrderKind
from edge_agent.journal import till_state


class SetLanguage(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show the till in this language from now on."""

    language: Literal["vi", "en"]


def choose_language(books: Books, _till: Till, order: SetLanguage) -> Outcome:
    """Remember in which language this till speaks."""
    till_state.set_preference(books.connection, "language", order.language)
    return Outcome()


DESK = Desk("people", orders=(OrderKind("set_language", SetLanguage, choose_language, by_anybody=True),))
