"""Comparing a typed PIN with stored ones: tens of milliseconds each, in a thread of its own.

Neither the event loop nor the database's thread waits for it, so a scan is shown while somebody signs in. hashlib
lets other threads run meanwhile. The trap: between the comparison and the order's transaction the stored PIN may have
changed; so what is handed on is the stored PIN that fitted, and the desk compares it with the one of then.
"""

from __future__ import annotations

import asyncio
from typing import Any

from edge_agent.counter.books import Books, Till
from edge_agent.counter.desk import Fields, OrderKind
from edge_agent.journal.database import Database
from edge_agent.till.pins import first_fitting

WAITING_MAX = 8
"""Comparisons that wait for the one under way: one takes 16 MB, and nobody types that fast."""


class TooManyGuesses(Exception):
    """PINs are being tried faster than anybody could type them."""


class Prover:
    """One comparison at a time, in the order of asking."""

    def __init__(self, database: Database, till: Till) -> None:
        self._database = database
        self._till = till
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def prove(self, kind: OrderKind[Any], order: Fields) -> str:
        """Find the stored PIN that an order's PIN fits; "" for none. Raises TooManyGuesses, JournalError."""
        asked = kind.guess
        if asked is None:
            return ""
        if self._waiting >= WAITING_MAX:
            raise TooManyGuesses
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                guess = await self._database.look(lambda c: asked(Books.of(c, self._till), self._till, order))
                return "" if guess is None else await asyncio.to_thread(first_fitting, guess.pin, guess.stored)
        finally:
            self._waiting -= 1
