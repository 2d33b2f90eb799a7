"""What a sick PC means for the counter: what is not begun any more, what is tried again, what the hub is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from edge_agent.counter.facts import Facts
from edge_agent.errors import JournalDamaged, JournalFull
from edge_agent.journal.database import Database
from edge_agent.till.health import HealthView
from edge_agent.till.view import CounterView

T = TypeVar("T")

BEGINS = frozenset(
    {
        "scan", "sell_expired", "sell_item", "sell_found", "repeat_receipt", "return_lines", "return_item", "pay_in",
        "work_start",
    }
)  # fmt: skip
"""Orders that begin something which has to be finished: refused first when the disk is full."""


def may_not_begin(order: str, view: CounterView) -> bool:
    """Whether an order would begin something on a full disk: refused before there is anything that a customer wants."""
    return order in BEGINS and view.health.disk == "full" and not view.lines and view.work is None


def problem_of(facts: Facts | None, health: HealthView) -> str:
    """The worst of what somebody has to look at, as a code for the hub; "" is nothing."""
    damage = facts.damage if facts is not None else None
    known: tuple[tuple[str, bool], ...] = (
        ("sales_missing", damage is not None and (damage.missing > 0 or damage.at_least)),
        ("events_set_aside", facts is not None and facts.set_aside > 0),
        ("disk_full", health.disk == "full"),
        ("journal_rebuilt", damage is not None),
        ("disk_short", health.disk == "short"),
        ("clock_behind", health.clock == "behind"),
    )
    return next((code for code, is_so in known if is_so), "")


class Writer:
    """Writes into the books. `make_room` frees what is held for a full disk, once; `on_damage` hears of damage."""

    def __init__(self, database: Database, make_room: Callable[[], bool], on_damage: Callable[[], None]) -> None:
        self._database = database
        self._make_room = make_room
        self._on_damage = on_damage

    async def run(self, transaction: Callable[[sqlite3.Connection], T]) -> T:
        """Do it, and once more on a disk that was full and has room again: nothing was written the first time."""
        try:
            return await self._database.run(transaction)
        except JournalFull:
            if not self._make_room():
                raise
            return await self._database.run(transaction)
        except JournalDamaged:
            self._on_damage()
            raise
