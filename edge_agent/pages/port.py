"""What the page asks of the counter: one picture to draw, one way to give orders, one way to ask for a panel.

The page decides nothing. It sends what the cashier did and draws the picture that follows; an order that cannot be
carried out comes back as a notice in the next picture, never as an exception. The trap: the answer to an order is
the next picture and nothing else, so two tabs, a reload and a scanner all see the same truth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Protocol

from edge_agent.till.view import CounterView

Language = Literal["vi", "en"]
CodeSource = Literal["scanner", "typed"]


class CounterLike(Protocol):
    """The till as the page sees it. All methods run on the page's event loop and return soon."""

    def view(self) -> CounterView:
        """Return the picture of now, without waiting."""
        ...

    def changes(self) -> AsyncIterator[CounterView]:
        """Yield the picture of now, then each later one; pictures that nobody fetched in time are left out."""
        ...

    async def scan(self, raw_code: str, *, source: CodeSource) -> None:
        """Take a code; `N*code` means N of it, and `N*` alone means N of whatever comes next."""
        ...

    async def order(self, name: str, fields: Mapping[str, str]) -> None:
        """Give an order by its name, with the fields of its form. What it did is in the next picture."""
        ...

    async def ask(self, name: str, fields: Mapping[str, str]) -> object | None:
        """Answer a question for a panel: something frozen, of the question's own type; None if there is no answer."""
        ...
