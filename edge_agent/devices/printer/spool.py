"""The spool: print jobs safe on disk, each sent at most once by itself.

A job is QUEUED -> SENDING -> AWAIT_FENCE -> PRINTED; HELD while the printer cannot take it; UNKNOWN when nobody but a
person can say whether it was printed; CANCELLED. The promise: once a job's first byte may have reached the printer,
only a cashier's answer can send it again, and then marked as a reprint. The trap is the restart: SENDING and
AWAIT_FENCE on disk mean "may have been printed", so both become UNKNOWN. That the printer may wait for the rest of a
job is on disk as well: an agent that starts and ends before it prints must not forget it.

`payload` is the paper as data (`receipt.encode`, `slip.encode`), not as dots: it is drawn when it is sent, so a reprint
can say so. Each printer has a queue of its own; what waits for one does not wait for the other.
All functions work on a connection inside the caller's transaction. Times are aware UTC, stored as milliseconds.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

from edge_agent.devices.errors import IllegalStep, UnknownJob
from edge_agent.till.view import PrintState

JobKind = Literal["receipt", "slip", "drawer"]
Queue = Literal["printer", "pick_printer"]
"""Whose job it is: a table of the configuration."""
MAIN: Final[Queue] = "printer"
Step = Literal[
    "send", "untouched", "sent", "passed", "lost", "hold", "resume", "say_printed", "say_unprinted", "cancel",
]  # fmt: skip
"""What happens to a job. `untouched`: the line went before the first byte; `passed`: the fence was answered."""

SCHEMA = """
CREATE TABLE print_job (
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id         TEXT NOT NULL UNIQUE,
  kind           TEXT NOT NULL CHECK (kind IN ('receipt', 'drawer')),
  receipt_number TEXT NOT NULL DEFAULT '',
  payload        BLOB NOT NULL,
  state          TEXT NOT NULL CHECK (state IN
                   ('queued', 'sending', 'await_fence', 'printed', 'held', 'unknown', 'cancelled')),
  reason         TEXT NOT NULL DEFAULT '',
  copy_number    INTEGER NOT NULL DEFAULT 0 CHECK (copy_number >= 0),
  tries          INTEGER NOT NULL DEFAULT 0,
  created_at_ms  INTEGER NOT NULL,
  changed_at_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX print_job_open ON print_job (state, position)
  WHERE state IN ('queued', 'sending', 'await_fence', 'held', 'unknown');
CREATE INDEX print_job_receipt ON print_job (receipt_number, copy_number);
CREATE INDEX print_job_done ON print_job (changed_at_ms) WHERE state IN ('printed', 'cancelled');
"""
"""For migration 0004, as it was released; 0007 in `journal/migrations.py` adds slips and the second printer's queue."""

STALE = "stale"
"""Reason of a job that waited too long to be printed unasked (a night-long backlog)."""

UNDRAWABLE = "undrawable"
"""Reason of a receipt that could not be drawn (a font is missing); it is tried again when a person says so."""

_ASKED = f"(state = 'held' AND reason IN ('{STALE}', '{UNDRAWABLE}'))"
"""Jobs that wait for a person and not for the printer."""

QUESTIONS_MAX = 20
"""Questions about paper that are asked at a time: a printer that was away all night has left hundreds."""

_NEXT: dict[tuple[PrintState, Step], PrintState] = {
    ("queued", "send"): "sending",
    ("queued", "hold"): "held",
    ("queued", "cancel"): "cancelled",
    ("held", "resume"): "queued",
    ("held", "hold"): "held",
    ("held", "cancel"): "cancelled",
    ("held", "say_printed"): "cancelled",
    ("held", "say_unprinted"): "queued",
    ("sending", "untouched"): "queued",
    ("sending", "sent"): "await_fence",
    ("sending", "lost"): "unknown",
    ("await_fence", "passed"): "printed",
    ("await_fence", "lost"): "unknown",
    ("unknown", "say_printed"): "printed",
    ("unknown", "say_unprinted"): "queued",
}
_COLUMNS = (
    "job_id, kind, receipt_number, payload, state, reason, copy_number, tries, created_at_ms, changed_at_ms, printer"
)


@dataclass(frozen=True)
class Job:
    """One print job. `copy_number` 0 is the original, n > 0 is REPRINT #n; `tries` counts sendings.

    `receipt_number` is what people call it: a receipt's number, or a slip's ("Z-12", a web order).
    """

    job_id: str
    kind: JobKind
    receipt_number: str
    payload: bytes
    state: PrintState
    reason: str
    copy_number: int
    tries: int
    created_at: datetime
    changed_at: datetime
    printer: Queue = MAIN


def after(job: Job, step: Step, at: datetime, *, reason: str = "") -> Job:
    """The job after a step; a drawer kick that got lost is over, nobody is asked. Raises IllegalStep."""
    state = _NEXT.get((job.state, step))
    if state is None:
        raise IllegalStep(f"print job {job.job_id}: cannot {step} while it is {job.state}")
    if job.kind == "drawer" and state == "unknown":
        state = "cancelled"
    return replace(job, state=state, reason=reason, changed_at=at, tries=job.tries + (step == "send"))


def enqueue(  # noqa: PLR0913  a job has that many facts, all keyword-only
    connection: sqlite3.Connection,
    *,
    job_id: str,
    kind: JobKind,
    receipt_number: str,
    payload: bytes,
    created_at: datetime,
    printer: Queue = MAIN,
    is_copy: bool = False,
) -> Job:
    """Add a job, in the transaction of what it belongs to; `created_at` by the clock that the printer's driver has.

    The same id again changes nothing and returns the first. `is_copy`: paper of this number came out before, which the
    spool may have forgotten; this one is marked as a reprint.
    """
    copy_number = max(1, _next_copy(connection, receipt_number, kind)) if is_copy else 0
    connection.execute(
        "INSERT INTO print_job (job_id, kind, receipt_number, payload, state, copy_number, created_at_ms,"
        " changed_at_ms, printer) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?) ON CONFLICT (job_id) DO NOTHING",
        (job_id, kind, receipt_number, payload, copy_number, _ms(created_at), _ms(created_at), printer),
    )
    return get(connection, job_id)


def get(connection: sqlite3.Connection, job_id: str) -> Job:
    """One job. Raises UnknownJob."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM print_job WHERE job_id = ?", (job_id,)).fetchone()  # noqa: S608  our own constant
    if row is None:
        raise UnknownJob(f"print job {job_id!r}: not in the spool (forgotten after some days?)")
    return _job(row)


def latest_of(connection: sqlite3.Connection, receipt_number: str) -> Job | None:
    """The newest receipt job of a receipt number."""
    rows = _select(connection, "receipt_number = ? AND kind = 'receipt' ORDER BY position DESC LIMIT 1", receipt_number)
    return rows[0] if rows else None


def next_job(connection: sqlite3.Connection, printer: Queue = MAIN) -> Job | None:
    """What to send next: drawer kicks first (somebody waits with money in hand), then paper in the order of asking."""
    rows = next_jobs(connection, printer, jobs_max=1)
    return rows[0] if rows else None


def next_jobs(connection: sqlite3.Connection, printer: Queue = MAIN, *, jobs_max: int) -> list[Job]:
    """What `next_job` would give one after the other, so that the second can be drawn while the first is sent."""
    ours = f"printer = ? AND state IN ('queued', 'held') AND NOT {_ASKED}"
    return _select(connection, f"{ours} ORDER BY kind <> 'drawer', position LIMIT ?", printer, jobs_max)


def set_state(connection: sqlite3.Connection, job_id: str, step: Step, at: datetime, *, reason: str = "") -> Job:
    """Take a step and keep it. Raises UnknownJob, IllegalStep (it was cancelled or answered meanwhile)."""
    job = after(get(connection, job_id), step, at, reason=reason)
    _keep(connection, job)
    if step == "lost":
        _break_off(connection, job.printer)
    return job


def hold_waiting(connection: sqlite3.Connection, reason: str, at: datetime, printer: Queue = MAIN) -> list[Job]:
    """The printer cannot print (paper, cover, offline): hold what waits. Returns the jobs that changed."""
    to_hold = (
        f"printer = ? AND kind <> 'drawer' AND (state = 'queued' OR (state = 'held' AND reason <> ? AND NOT {_ASKED}))"
    )
    return _step_all(connection, _select(connection, to_hold, printer, reason), "hold", at, reason)


def resume_held(connection: sqlite3.Connection, at: datetime, printer: Queue = MAIN) -> list[Job]:
    """The printer is fine again: queue what was held for it. Returns the jobs that changed."""
    held = _select(connection, f"printer = ? AND state = 'held' AND NOT {_ASKED}", printer)
    return _step_all(connection, held, "resume", at, "")


def expire_kicks(
    connection: sqlite3.Connection, at: datetime, valid_for: timedelta, printer: Queue = MAIN
) -> list[Job]:
    """Cancel drawer kicks that are too old: a drawer that springs open later than the sale is a danger.

    One from the future is too old as well: the clock was set back, and nobody knows by how much.
    """
    waiting = "printer = ? AND kind = 'drawer' AND state = 'queued' AND (created_at_ms <= ? OR created_at_ms > ?)"
    old = _select(connection, waiting, printer, _ms(at - valid_for), _ms(at + valid_for))
    return _step_all(connection, old, "cancel", at, "expired")


def recover_at_start(
    connection: sqlite3.Connection, at: datetime, stale_after: timedelta, printer: Queue = MAIN
) -> list[Job]:
    """Once, before anything is sent: what was being sent is UNKNOWN, kicks are over, old receipts are asked about.

    Returns the jobs that may have been interrupted inside the printer.
    """
    kicks = _select(connection, "printer = ? AND kind = 'drawer' AND state = 'queued'", printer)
    _step_all(connection, kicks, "cancel", at, "restart")
    interrupted = _select(connection, "printer = ? AND state IN ('sending', 'await_fence')", printer)
    changed = _step_all(connection, interrupted, "lost", at, "restart")
    if any(job.kind != "drawer" for job in interrupted):
        _break_off(connection, printer)
    waiting = f"printer = ? AND kind <> 'drawer' AND state IN ('queued', 'held') AND NOT {_ASKED}"
    old = _select(connection, f"{waiting} AND changed_at_ms <= ?", printer, _ms(at - stale_after))
    _step_all(connection, old, "hold", at, STALE)
    return changed


def is_broken_off(connection: sqlite3.Connection, printer: Queue = MAIN) -> bool:
    """Whether the printer may still wait for the rest of a job, and would take the next one for it."""
    return connection.execute("SELECT 1 FROM printer_broken_off WHERE printer = ?", (printer,)).fetchone() is not None


def settle(connection: sqlite3.Connection, printer: Queue = MAIN) -> None:
    """What was broken off has been ended on paper."""
    connection.execute("DELETE FROM printer_broken_off WHERE printer = ?", (printer,))


def open_questions(connection: sqlite3.Connection) -> list[Job]:
    """Paper of which only a person can say what to do, the oldest QUESTIONS_MAX: UNKNOWN, and HELD for a person.

    Any printer's. Whoever has answered these is asked the next ones.
    """
    # Asked after every scan: these are the words of the index `print_job_asked`, which is empty on a good day.
    return _select(
        connection, f"kind <> 'drawer' AND (state = 'unknown' OR {_ASKED}) ORDER BY position LIMIT ?", QUESTIONS_MAX
    )


def answer(connection: sqlite3.Connection, job_id: str, at: datetime, *, printed: bool) -> Job:
    """A person's answer to an open question. Raises UnknownJob, IllegalStep (it was answered before).

    UNKNOWN: yes -> PRINTED; no -> the same job is queued again as REPRINT #n. HELD for a person: yes (not wanted any
    more) -> CANCELLED; no -> queued as the original that it is, since no byte of it was ever sent.
    """
    before = get(connection, job_id)
    job = after(before, "say_printed" if printed else "say_unprinted", at)
    if before.state == "unknown" and not printed:
        job = replace(job, copy_number=_next_copy(connection, job.receipt_number, job.kind))
    _keep(connection, job)
    return job


def reprint(connection: sqlite3.Connection, receipt_number: str, job_id: str, at: datetime) -> Job:
    """Queue a receipt once more, as REPRINT #n under a new job id (the same id: no change). Raises UnknownJob."""
    original = latest_of(connection, receipt_number)
    if original is None:
        raise UnknownJob(f"receipt {receipt_number!r}: no print job has it any more; rebuild it from the journal")
    known = _select(connection, "job_id = ?", job_id)
    if known:
        return known[0]
    copy_number = _next_copy(connection, receipt_number, "receipt")
    enqueue(connection, job_id=job_id, kind="receipt", receipt_number=receipt_number, payload=original.payload,
            created_at=at)  # fmt: skip
    connection.execute("UPDATE print_job SET copy_number = ? WHERE job_id = ?", (copy_number, job_id))
    return get(connection, job_id)


def cancel(connection: sqlite3.Connection, job_id: str, at: datetime, *, reason: str = "by_hand") -> Job:
    """Cancel a job of which no byte was sent. Raises UnknownJob, IllegalStep."""
    return set_state(connection, job_id, "cancel", at, reason=reason)


def waiting_count(connection: sqlite3.Connection, printer: Queue = MAIN) -> int:
    """Receipts and slips that wait for the printer."""
    row = connection.execute(
        "SELECT count(*) FROM print_job"
        " WHERE printer = ? AND kind <> 'drawer' AND state IN ('queued', 'held', 'sending', 'await_fence')",
        (printer,),
    ).fetchone()
    return cast("int", row[0])


def forget_older_than(connection: sqlite3.Connection, before: datetime, *, jobs_max: int = 1000) -> int:
    """Delete at most `jobs_max` printed or cancelled jobs last changed before that time; returns how many."""
    return connection.execute(
        "DELETE FROM print_job WHERE position IN (SELECT position FROM print_job"
        " WHERE state IN ('printed', 'cancelled') AND changed_at_ms < ? ORDER BY changed_at_ms LIMIT ?)",
        (_ms(before), jobs_max),
    ).rowcount


def _break_off(connection: sqlite3.Connection, printer: Queue) -> None:
    connection.execute("INSERT INTO printer_broken_off (printer) VALUES (?) ON CONFLICT DO NOTHING", (printer,))


def _step_all(connection: sqlite3.Connection, jobs: list[Job], step: Step, at: datetime, reason: str) -> list[Job]:
    changed = [after(job, step, at, reason=reason) for job in jobs]
    for job in changed:
        _keep(connection, job)
    return changed


def _keep(connection: sqlite3.Connection, job: Job) -> None:
    connection.execute(
        "UPDATE print_job SET state = ?, reason = ?, copy_number = ?, tries = ?, changed_at_ms = ? WHERE job_id = ?",
        (job.state, job.reason, job.copy_number, job.tries, _ms(job.changed_at), job.job_id),
    )


def _next_copy(connection: sqlite3.Connection, receipt_number: str, kind: JobKind) -> int:
    row = connection.execute(
        "SELECT max(copy_number) FROM print_job WHERE receipt_number = ? AND kind = ?", (receipt_number, kind)
    ).fetchone()
    return cast("int", row[0] or 0) + 1


def _select(connection: sqlite3.Connection, where: str, *values: object) -> list[Job]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM print_job WHERE {where}", values).fetchall()  # noqa: S608  constants of this module
    return [_job(row) for row in rows]


def _job(row: tuple[object, ...]) -> Job:
    job_id, kind, number, payload, state, reason, copy_number, tries, created_ms, changed_ms, printer = row
    return Job(
        job_id=cast("str", job_id),
        kind=cast("JobKind", kind),
        receipt_number=cast("str", number),
        payload=cast("bytes", payload),
        state=cast("PrintState", state),
        reason=cast("str", reason),
        copy_number=cast("int", copy_number),
        tries=cast("int", tries),
        created_at=_time(cast("int", created_ms)),
        changed_at=_time(cast("int", changed_ms)),
        printer=cast("Queue", printer),
    )


def _ms(at: datetime) -> int:
    # Integer arithmetic: a float of seconds loses the last millisecond now and then.
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
