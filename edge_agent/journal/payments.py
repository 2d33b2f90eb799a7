"""Payments that somebody else decides, on disk: attempts, transfers that came too late, values used up here.

The promise: an attempt is on disk before a customer or a machine hears of it, and what becomes of it is written before
anything follows from it. So a restart asks about it, and never charges again. A transfer is looked at once: it pays
the attempt that it names, or it is listed as late. Functions on a connection, inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, cast

from edge_agent.till.moments import from_us, to_us
from edge_agent.till.vietqr import plain_memo

AttemptState = Literal["created", "pending", "in_progress", "approved", "declined", "cancelled", "unknown"]
LateWhy = Literal["cancelled", "double", "wrong_amount", "too_late"]
ValueKind = Literal["voucher", "account"]

OPEN_STATES: tuple[AttemptState, ...] = ("created", "pending", "in_progress", "unknown")
SETTLED_AFTER = timedelta(minutes=10)
"""So long after the hub has an event, its documents hold what the event says."""

LATE_LISTED_MAX = 100

TAKEN_BACK = "taken back"
"""In the place of a transfer: a person said that the money was in, and took that back. It pays nothing any more."""

_STEPS: dict[AttemptState, tuple[AttemptState, ...]] = {
    "created": ("pending", "cancelled", "unknown"),
    "pending": ("in_progress", "approved", "declined", "cancelled", "unknown"),
    "in_progress": ("approved", "declined", "cancelled", "unknown"),
    "unknown": ("in_progress", "approved", "declined", "cancelled"),
    "approved": (), "declined": (), "cancelled": (),
}  # fmt: skip


class IllegalAttemptStep(ValueError):
    """An attempt that has ended does not begin again."""


@dataclass(frozen=True)
class Attempt:
    """A try to take a payment. `payment` is the bank's id of the transfer that paid it, "" if a person said so.

    `wanted` "cancel" asks the machine's driver to stop it. Money that goes back is negative.
    """

    id: str
    sale_id: str
    kind: str
    state: AttemptState
    amount: int
    currency: str
    receipt_number: str
    by: str
    created_at: datetime
    changed_at: datetime
    until: datetime
    memo: str = ""
    payload: str = ""
    reference: str = ""
    payment: str = ""
    wanted: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it may still be paid."""
        return self.state in OPEN_STATES


@dataclass(frozen=True)
class Late:
    """A transfer that paid nothing here. `answered` says what was done about it."""

    payment: str
    attempt: str
    why: LateWhy
    amount: int
    currency: str
    memo: str
    at: datetime
    answered: str = ""


def open_attempt(connection: sqlite3.Connection, attempt: Attempt) -> None:
    """Write a new attempt down."""
    connection.execute(
        "INSERT INTO payment_attempt (attempt, sale_id, kind, state, amount, currency, receipt_number, by_whom,"
        " created_us, changed_us, until_us, memo, payload, reference, payment, wanted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            attempt.id, attempt.sale_id, attempt.kind, attempt.state, attempt.amount, attempt.currency,
            attempt.receipt_number, attempt.by, to_us(attempt.created_at), to_us(attempt.changed_at),
            to_us(attempt.until), attempt.memo, attempt.payload, attempt.reference, attempt.payment, attempt.wanted,
        ),
    )  # fmt: skip


def step(  # noqa: PLR0913 - where to, when, and what is known of it
    connection: sqlite3.Connection, attempt: Attempt, state: AttemptState, at: datetime, *, reference: str = "",
    payment: str = "",
) -> Attempt:  # fmt: skip
    """Move an attempt on. Raises IllegalAttemptStep."""
    if state not in _STEPS[attempt.state]:
        raise IllegalAttemptStep(f"attempt {attempt.id}: cannot become {state} after {attempt.state}")
    after = replace(
        attempt, state=state, changed_at=at, reference=reference or attempt.reference,
        payment=payment or attempt.payment,
    )  # fmt: skip
    connection.execute(
        "UPDATE payment_attempt SET state = ?, changed_us = ?, reference = ?, payment = ? WHERE attempt = ?",
        (state, to_us(at), after.reference, after.payment, attempt.id),
    )
    return after


def charge_less(connection: sqlite3.Connection, attempt: Attempt, amount: int) -> Attempt:
    """A machine charged less than it was asked to: that is what the attempt is worth."""
    connection.execute("UPDATE payment_attempt SET amount = ? WHERE attempt = ?", (amount, attempt.id))
    return replace(attempt, amount=amount)


def want(connection: sqlite3.Connection, attempt: str, wish: Literal["", "cancel"]) -> None:
    """Ask the driver of the machine to stop an attempt."""
    connection.execute("UPDATE payment_attempt SET wanted = ? WHERE attempt = ?", (wish, attempt))


def note_payment(connection: sqlite3.Connection, attempt: str, payment: str) -> None:
    """The transfer for an attempt that a person had confirmed already."""
    connection.execute("UPDATE payment_attempt SET payment = ? WHERE attempt = ?", (payment, attempt))


def note_taken_back(connection: sqlite3.Connection, attempt: str) -> None:
    """What a person had confirmed was taken back: a transfer that comes for it pays nothing. Unknown ids: no harm."""
    connection.execute(
        "UPDATE payment_attempt SET payment = ? WHERE attempt = ? AND payment = ''", (TAKEN_BACK, attempt)
    )


def find_attempt(connection: sqlite3.Connection, attempt: str) -> Attempt | None:
    """One attempt."""
    return _attempt(connection.execute(f"{_ATTEMPT} WHERE attempt = ?", (attempt,)).fetchone())


def open_attempt_of(connection: sqlite3.Connection, sale_id: str) -> Attempt | None:
    """The attempt that is under way for a cart: there is never more than one."""
    return _attempt(
        connection.execute(f"{_ATTEMPT} WHERE sale_id = ? AND {_OPEN} ORDER BY position", (sale_id,)).fetchone()
    )


def open_attempts(connection: sqlite3.Connection, kind: str) -> list[Attempt]:
    """All attempts of a kind that are under way, oldest first: at most one for each cart, so a handful."""
    rows = connection.execute(f"{_ATTEMPT} WHERE {_OPEN} AND kind = ? ORDER BY position LIMIT 100", (kind,))
    return [attempt for row in rows if (attempt := _attempt(row)) is not None]


def attempts_of(connection: sqlite3.Connection, sale_id: str) -> list[Attempt]:
    """All attempts for a cart, oldest first."""
    rows = connection.execute(f"{_ATTEMPT} WHERE sale_id = ? ORDER BY position LIMIT 100", (sale_id,))
    return [attempt for row in rows if (attempt := _attempt(row)) is not None]


def attempt_with_memo(connection: sqlite3.Connection, said: str) -> Attempt | None:
    """The attempt whose memo is in a bank's words: the longest memo, of equal ones the newest."""
    return _attempt(
        connection.execute(
            f"{_ATTEMPT} WHERE memo <> '' AND payload <> '' AND instr(?, memo) > 0"
            " ORDER BY length(memo) DESC, position DESC LIMIT 1",
            (plain_memo(said),),
        ).fetchone()
    )


def is_new(connection: sqlite3.Connection, payment: str, at: datetime) -> bool:
    """Whether this transfer was not looked at before; from now on it was."""
    return (
        connection.execute(
            "INSERT INTO payment_seen (payment, at_us) VALUES (?, ?) ON CONFLICT (payment) DO NOTHING",
            (payment, to_us(at)),
        ).rowcount
        == 1
    )


def keep_late(connection: sqlite3.Connection, late: Late) -> None:
    """List a transfer that paid nothing."""
    connection.execute(
        "INSERT INTO payment_late (payment, attempt, why, amount, currency, memo, at_us, answered)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (payment) DO NOTHING",
        (
            late.payment, late.attempt, late.why, late.amount, late.currency, late.memo[:200], to_us(late.at),
            late.answered,
        ),
    )  # fmt: skip


def late_payments(connection: sqlite3.Connection) -> list[Late]:
    """What still has to be dealt with, oldest first."""
    rows = connection.execute(f"{_LATE} WHERE answered = '' ORDER BY position LIMIT {LATE_LISTED_MAX}")
    return [_late(row) for row in rows]


def late_count(connection: sqlite3.Connection) -> int:
    """How many transfers wait for somebody to deal with them."""
    row = connection.execute("SELECT count(*) FROM payment_late WHERE answered = ''").fetchone()
    return cast("int", row[0])


def find_late(connection: sqlite3.Connection, payment: str) -> Late | None:
    """One late transfer, by the bank's id."""
    row = connection.execute(f"{_LATE} WHERE payment = ?", (payment,)).fetchone()
    return _late(row) if row is not None else None


def answer_late(connection: sqlite3.Connection, payment: str, answer: str) -> bool:
    """Say what was done about it; False if that was said already."""
    return (
        connection.execute(
            "UPDATE payment_late SET answered = ? WHERE payment = ? AND answered = ''", (answer, payment)
        ).rowcount
        == 1
    )


def add_value(  # noqa: PLR0913 - what changed, and what the hub knew then
    connection: sqlite3.Connection, kind: ValueKind, key: str, delta: int, currency: str, *, revision: int,
    at: datetime, expires: date | None = None,
) -> None:  # fmt: skip
    """What this till has changed of a voucher's rest or a customer's debt. `revision`: the document's, 0 for none."""
    connection.execute(
        "INSERT INTO own_value (kind, key, delta, currency, expires, revision, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, key, delta, currency, expires.isoformat() if expires is not None else "", revision, to_us(at)),
    )


@dataclass(frozen=True)
class OwnValue:
    """What the hub's document does not hold yet: `delta` on top of it. `issued_here` with its `expires`, `currency`."""

    delta: int = 0
    is_known: bool = False
    currency: str = ""
    expires: date | None = None


def own_value(  # noqa: PLR0913 - whose, and what the hub has
    connection: sqlite3.Connection, kind: ValueKind, key: str, *, revision: int, unsent_since: datetime | None,
    now: datetime,
) -> OwnValue:  # fmt: skip
    """Sum up what the hub's document (of `revision`, 0 for none) does not say yet.

    It says it when the event has been sent and the document has changed since, or after SETTLED_AFTER. In doubt a
    change counts as not said: a voucher is then worth less for a moment, never more.
    """
    rows = connection.execute(
        "SELECT delta, currency, expires, revision, at_us FROM own_value WHERE kind = ? AND key = ?", (kind, key)
    ).fetchall()
    limit_us = to_us(unsent_since) if unsent_since is not None else 2**62
    waits_us = SETTLED_AFTER // timedelta(microseconds=1)
    delta, currency, expires, known = 0, "", "", False
    for change, of, until, seen, at_us in rows:
        is_sent = at_us < limit_us
        if is_sent and (revision > seen or to_us(now) - at_us > waits_us):
            continue
        delta, currency, expires, known = delta + change, of, until or expires, True
    return OwnValue(delta, known, currency, date.fromisoformat(expires) if expires else None)


def forget_older_than(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget what has long been settled: ended attempts, transfers that were dealt with, values that the hub knows."""
    limit = (to_us(before),)
    connection.execute(f"DELETE FROM payment_attempt WHERE changed_us < ? AND NOT {_OPEN}", limit)  # noqa: S608 - our own words
    connection.execute("DELETE FROM payment_late WHERE at_us < ? AND answered <> ''", limit)
    connection.execute("DELETE FROM own_value WHERE at_us < ?", limit)


def next_training(connection: sqlite3.Connection) -> int:
    """The next number of a receipt that is worth nothing."""
    row = connection.execute(
        "INSERT INTO training_counter (id, last) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET last = last + 1"
        " RETURNING last"
    ).fetchone()
    return cast("int", row[0])


_OPEN = "state IN ('created', 'pending', 'in_progress', 'unknown')"
_ATTEMPT = (
    "SELECT attempt, sale_id, kind, state, amount, currency, receipt_number, by_whom, created_us, changed_us,"
    " until_us, memo, payload, reference, payment, wanted FROM payment_attempt"
)
_LATE = "SELECT payment, attempt, why, amount, currency, memo, at_us, answered FROM payment_late"


def _attempt(row: tuple[object, ...] | None) -> Attempt | None:
    if row is None:
        return None
    head, times, tail = row[:8], cast("tuple[int, ...]", row[8:11]), row[11:]
    return Attempt(*head, *(from_us(each) for each in times), *tail)  # type: ignore[arg-type]  # as STRICT columns


def _late(row: tuple[str, str, LateWhy, int, str, str, int, str]) -> Late:
    payment, attempt, why, amount, currency, memo, at_us, answered = row
    return Late(payment, attempt, why, amount, currency, memo, from_us(at_us), answered)
