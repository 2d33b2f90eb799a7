"""What became of a damaged journal: kept in the new one, until somebody has read it.

Functions on a connection, inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

import msgspec

from edge_agent.journal import till_state

Loss = Literal["cart", "held", "shift", "papers", "payments", "catalogue", "receipts", "work", "customers", "settings"]
"""A matter of which something could not be read."""

_NAME = "damage"


class Damage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The file was found damaged at `at`, for `why`, and lies in `folder`, a name inside the data folder.

    `saved` events that the hub may lack came over, `aside` are kept as bytes that nothing proves, `missing` could not
    be found (`at_least` so many, where nobody knows how many there were). `lost` names matters beside the events.
    `found_shift`: its sums were added up anew.
    """

    at: datetime
    why: str
    folder: str
    saved: int = 0
    aside: int = 0
    missing: int = 0
    at_least: bool = False
    lost: tuple[Loss, ...] = ()
    found_shift: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether no sale is missing or doubtful."""
        return not self.aside and not self.missing and not self.at_least


def keep(connection: sqlite3.Connection, damage: Damage) -> None:
    """Remember it; an earlier one that nobody has read yet stands in its folder."""
    till_state.set_preference(connection, _NAME, msgspec.json.encode(damage).decode())


def unread(connection: sqlite3.Connection) -> Damage | None:
    """What nobody has read yet."""
    kept = till_state.preference(connection, _NAME)
    try:
        return msgspec.json.decode(kept, type=Damage) if kept else None
    except msgspec.DecodeError:
        return None


def forget(connection: sqlite3.Connection) -> None:
    """Somebody has read it. The file stays where it is."""
    connection.execute("DELETE FROM preference WHERE name = ?", (_NAME,))
