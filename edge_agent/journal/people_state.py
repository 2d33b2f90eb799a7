"""Wrong PINs on disk: a restart forgives nobody.

Functions on a connection, inside the caller's transaction. `who` is a person's id, or one of the names below.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from edge_agent.till.moments import from_us, to_us
from edge_agent.till.pins import Failures

TILL = ""
"""All wrong PINs at this till, whoever was meant."""

NAMELESS = "?"
"""PINs that were typed without a name, to allow something."""


def failures_of(connection: sqlite3.Connection, who: str) -> Failures:
    """How often in a row it was wrong."""
    row = connection.execute("SELECT count, at_us, wait_s FROM pin_failure WHERE who = ?", (who,)).fetchone()
    return Failures(row[0], from_us(row[1]), row[2]) if row is not None else Failures()


def keep_failures(connection: sqlite3.Connection, who: str, failures: Failures, now: datetime) -> None:
    """Remember it."""
    connection.execute(
        "INSERT INTO pin_failure (who, count, at_us, wait_s) VALUES (?, ?, ?, ?) ON CONFLICT (who) DO UPDATE SET"
        " count = excluded.count, at_us = excluded.at_us, wait_s = excluded.wait_s",
        (who, failures.count, to_us(failures.at or now), failures.wait_s),
    )


def forget_failures(connection: sqlite3.Connection, who: str) -> None:
    """That was the right PIN."""
    connection.execute("DELETE FROM pin_failure WHERE who = ?", (who,))
