"""What the page asks of the counter: one picture to draw, and one method for each thing that a cashier does.

The page decides nothing. It sends what the cashier did and draws the picture that follows; an order that cannot be
carried out comes back as a notice in the next picture, never as an exception. The trap: the answer to an order is
the next picture and nothing else, so two tabs, a reload and a scanner all see the same truth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
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

    async def set_quantity(self, sale_id: str, line_number: int, text: str) -> None:
        """Give a line the quantity that was typed, such as "2" or "0,642"."""
        ...

    async def void_line(self, sale_id: str, line_number: int) -> None:
        """Take a line off the receipt."""
        ...

    async def pay_cash(self, sale_id: str, given_text: str | None) -> None:
        """Pay this cart, once. `given_text` is an amount as `protocol.money` reads it; None is the exact amount."""
        ...

    async def new_sale(self) -> None:
        """Dismiss the sale that was just paid."""
        ...

    async def answer_print(self, job_id: str, printed: bool) -> None:
        """Say whether a receipt came out of the printer; if not, it is printed again."""
        ...

    async def set_language(self, language: Language) -> None:
        """Show the till in this language from now on."""
        ...
