"""The running shift on disk: sums that grow in the transaction of each fact, and the Z reports of closed shifts.

`add` is called for every fact that is written down. The promise: a crash leaves the sums with exactly the facts that
are in the journal, because both are one transaction. Nothing here reads the journal: a close is one row.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

import msgspec

from edge_agent.till.moments import from_us, to_us
from edge_agent.till.shift import COUNTED, Tally, tally_after
from protocol.events import EventData, ShiftClosed

Z_KEPT_MAX = 1_000
"""Z reports that can be looked at here; the hub has all of them."""

DEEDS_KEPT = 50
"""Forms that are remembered: two tabs, an impatient finger and a page from before lunch count once each."""

_DEED_MAX = 64
_tallies = msgspec.json.Decoder(Tally)
_closed = msgspec.json.Decoder(ShiftClosed)


@dataclass(frozen=True)
class KeptZ:
    """A closed shift, and when it was closed."""

    fact: ShiftClosed
    at: datetime


def add(connection: sqlite3.Connection, fact: EventData) -> None:
    """Count a fact into the running sums. Costs two statements on one row, or nothing for what no shift counts."""
    if isinstance(fact, COUNTED):
        save_tally(connection, tally_after(load_tally(connection), fact))


def load_tally(connection: sqlite3.Connection) -> Tally:
    """The running sums; empty ones on a new till."""
    row = connection.execute("SELECT body FROM shift_tally").fetchone()
    return _tallies.decode(row[0]) if row is not None else Tally()


def save_tally(connection: sqlite3.Connection, tally: Tally) -> None:
    """Keep the running sums."""
    connection.execute(
        "INSERT INTO shift_tally (id, shift, body) VALUES (1, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET shift = excluded.shift, body = excluded.body",
        (tally.shift, msgspec.json.encode(tally)),
    )


def open_shift(connection: sqlite3.Connection) -> Tally | None:
    """The shift that is open, with its sums so far; None if none is."""
    tally = load_tally(connection)
    return tally if tally.shift else None


def open_shift_id(connection: sqlite3.Connection) -> str:
    """The id of the shift that is open, for a fact's `shift`; "" if none is."""
    row = connection.execute("SELECT shift FROM shift_tally").fetchone()
    return str(row[0]) if row is not None else ""


def keep_z(connection: sqlite3.Connection, fact: ShiftClosed, at: datetime) -> None:
    """Keep a Z report. A second one of the same shift is our own mistake, and fails."""
    connection.execute(
        "INSERT INTO shift_closed (shift, number, at_us, body) VALUES (?, ?, ?, ?)",
        (fact.shift, fact.number, to_us(at), msgspec.json.encode(fact)),
    )
    connection.execute(
        "DELETE FROM shift_closed WHERE position <= (SELECT max(position) FROM shift_closed) - ?", (Z_KEPT_MAX,)
    )


def find_z(connection: sqlite3.Connection, shift: str) -> KeptZ | None:
    """The Z report of one shift."""
    row = connection.execute("SELECT at_us, body FROM shift_closed WHERE shift = ?", (shift,)).fetchone()
    return KeptZ(_closed.decode(row[1]), from_us(row[0])) if row is not None else None


def newest_z(connection: sqlite3.Connection, count: int) -> tuple[KeptZ, ...]:
    """The last Z reports, newest first."""
    rows = connection.execute("SELECT at_us, body FROM shift_closed ORDER BY position DESC LIMIT ?", (count,))
    return tuple(KeptZ(_closed.decode(body), from_us(at_us)) for at_us, body in rows)


def count_once(connection: sqlite3.Connection, deed: str) -> bool:
    """Whether this deed is new: the id of a form that was sent before, also beside others, answers False."""
    row = connection.execute("SELECT value FROM preference WHERE name = 'last_deed'").fetchone()
    before = str(row[0]).split("\n") if row is not None else []
    deed = deed.replace("\n", " ")[:_DEED_MAX]
    if deed in before:
        return False
    kept = "\n".join([*before[1 - DEEDS_KEPT :], deed])
    connection.execute(
        "INSERT INTO preference (name, value) VALUES ('last_deed', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (kept,),
    )
    return True
