"""The desk of this PC's health: somebody has read what went wrong with its journal."""

from __future__ import annotations

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import Desk, NoFields, OrderKind
from edge_agent.journal import damage


def trouble_read(books: Books, _till: Till, _order: NoFields) -> Outcome:
    """Take the words off the screen. The damaged file stays where it is, and so does what was set aside."""
    damage.forget(books.connection)
    books.journal.forget_loss()
    return Outcome("trouble_read", good=True)


DESK = Desk("health", orders=(OrderKind("trouble_read", NoFields, trouble_read),))
