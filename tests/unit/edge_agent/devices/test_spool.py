"""The print spool: what a job can do, and what a restart makes of it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils.db import Database

from edge_agent.devices.errors import IllegalStep, UnknownJob
from edge_agent.devices.printer import spool
from edge_agent.devices.printer.spool import Job, JobKind, Step
from edge_agent.journal.migrations import till_migrations
from edge_agent.till.view import PrintState

AT = datetime(2026, 11, 22, 7, 5, 0, 123_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = st.lists(st.sampled_from(get_args(Step)), max_size=30)


def opened() -> sqlite3.Connection:
    """An empty spool."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    till_migrations(spool.SCHEMA).apply(Database(connection, execute_plugins=False))
    return connection


def add(connection: sqlite3.Connection, job_id: str, kind: JobKind = "receipt", at: datetime = AT) -> Job:
    """Spool a job whose receipt number is "R-" and its id."""
    return spool.enqueue(
        connection, job_id=job_id, kind=kind, receipt_number=f"R-{job_id}", payload=b"{}", created_at=at
    )


def walk(job: Job, steps: list[Step]) -> list[tuple[Step, Job]]:
    """The job after each step that it can take."""
    taken = []
    for step in steps:
        try:
            job = spool.after(job, step, AT)
        except IllegalStep:
            continue
        taken.append((step, job))
    return taken


@given(STEPS, st.sampled_from(get_args(JobKind)))
def test_between_two_sendings_stands_a_person_or_proof_that_nothing_was_sent(steps: list[Step], kind: JobKind) -> None:
    """Nothing is sent twice by itself; a kick is not even sent again by a person."""
    since_send: list[Step] = []
    sent = False
    for step, _job in walk(add(opened(), "a", kind), steps):
        if step == "send":
            assert not sent or "untouched" in since_send or ("say_unprinted" in since_send and kind != "drawer")
            sent, since_send = True, []
        since_send.append(step)


@given(STEPS)
def test_printed_is_a_fact_or_a_persons_word(steps: list[Step]) -> None:
    """A job becomes PRINTED by its fence or by an answer, and stays so."""
    before: PrintState = "queued"
    for step, job in walk(add(opened(), "a"), steps):
        if job.state == "printed" and before != "printed":
            assert step in {"passed", "say_printed"}
        assert not (before in {"printed", "cancelled"} and job.state != before)
        before = job.state


def test_a_restart_makes_a_question_of_what_was_being_sent() -> None:
    """SENDING and AWAIT_FENCE are UNKNOWN, QUEUED is still to be printed, kicks are over."""
    connection = opened()
    for job_id, steps in {"a": ["send"], "b": ["send", "sent"], "c": []}.items():
        add(connection, job_id)
        for step in steps:
            spool.set_state(connection, job_id, step, AT)  # type: ignore[arg-type]  # steps, written as words
    add(connection, "k", "drawer")
    add(connection, "l", "drawer")
    spool.set_state(connection, "l", "send", AT)
    spool.recover_at_start(connection, AT, HOUR)
    states = {job_id: spool.get(connection, job_id).state for job_id in "abckl"}
    assert states == {"a": "unknown", "b": "unknown", "c": "queued", "k": "cancelled", "l": "cancelled"}
    assert [job.job_id for job in spool.open_questions(connection)] == ["a", "b"]
    following = spool.next_job(connection)
    assert following is not None
    assert following.job_id == "c"


def test_a_night_long_backlog_is_asked_about_and_not_printed() -> None:
    """Old receipts wait for a person after a restart; her "not printed" prints the original, "printed" ends it."""
    connection = opened()
    add(connection, "old")
    add(connection, "older")
    spool.recover_at_start(connection, AT + 2 * HOUR, HOUR)
    assert spool.next_job(connection) is None
    assert [job.reason for job in spool.open_questions(connection)] == [spool.STALE, spool.STALE]
    assert spool.resume_held(connection, AT) == []
    wanted = spool.answer(connection, "old", AT, printed=False)
    assert (wanted.state, wanted.copy_number) == ("queued", 0)
    assert spool.answer(connection, "older", AT, printed=True).state == "cancelled"


def test_not_printed_sends_the_same_job_as_a_marked_copy() -> None:
    """The id stays, the copy's number counts on with every copy of that receipt."""
    connection = opened()
    add(connection, "a")
    for number in (1, 2):
        spool.set_state(connection, "a", "send", AT)
        spool.set_state(connection, "a", "lost", AT)
        assert spool.answer(connection, "a", AT, printed=False).copy_number == number
    copy = spool.reprint(connection, "R-a", "b", AT)
    assert (copy.copy_number, copy.state, copy.payload) == (3, "queued", b"{}")
    assert spool.reprint(connection, "R-a", "b", AT) == copy


def test_an_answer_counts_once() -> None:
    """The second click on the same question is refused."""
    connection = opened()
    add(connection, "a")
    spool.set_state(connection, "a", "send", AT)
    spool.set_state(connection, "a", "lost", AT)
    spool.answer(connection, "a", AT, printed=True)
    with pytest.raises(IllegalStep, match="printed"):
        spool.answer(connection, "a", AT, printed=False)


def test_the_same_job_is_spooled_once() -> None:
    """A payment that is committed twice prints once."""
    connection = opened()
    first = add(connection, "a")
    spool.set_state(connection, "a", "send", AT)
    assert add(connection, "a").state == "sending"
    assert spool.waiting_count(connection) == 1
    assert first.created_at == AT


def test_kicks_go_first_and_grow_old_quickly() -> None:
    """A kick overtakes receipts; past its time it is cancelled, not sent."""
    connection = opened()
    add(connection, "r")
    add(connection, "k", "drawer")
    following = spool.next_job(connection)
    assert following is not None
    assert following.job_id == "k"
    assert spool.expire_kicks(connection, AT + timedelta(seconds=4), timedelta(seconds=5)) == []
    (expired,) = spool.expire_kicks(connection, AT + timedelta(seconds=5), timedelta(seconds=5))
    assert (expired.state, expired.reason) == ("cancelled", "expired")


def test_a_kick_does_not_wait_for_a_clock_that_was_set_back() -> None:
    """What was to be sent at a time that is far ahead now is cancelled."""
    connection = opened()
    add(connection, "k", "drawer")
    assert [job.job_id for job in spool.expire_kicks(connection, AT - HOUR, timedelta(seconds=5))] == ["k"]


def test_holding_and_resuming_touch_what_waits_for_the_printer_only() -> None:
    """Paper out: receipts are held with the reason, once; refilled: queued again in their order."""
    connection = opened()
    add(connection, "a")
    add(connection, "b")
    assert [job.reason for job in spool.hold_waiting(connection, "paper_out", AT)] == ["paper_out", "paper_out"]
    assert spool.hold_waiting(connection, "paper_out", AT) == []
    assert [job.reason for job in spool.hold_waiting(connection, "cover_open", AT)] == ["cover_open", "cover_open"]
    assert [job.job_id for job in spool.resume_held(connection, AT)] == ["a", "b"]


def test_only_what_was_not_sent_can_be_cancelled() -> None:
    """A receipt in the printer cannot be called back."""
    connection = opened()
    add(connection, "a")
    spool.set_state(connection, "a", "send", AT)
    with pytest.raises(IllegalStep):
        spool.cancel(connection, "a", AT)
    add(connection, "b")
    assert spool.cancel(connection, "b", AT).state == "cancelled"


def test_done_jobs_are_forgotten_and_open_ones_never() -> None:
    """Bounded per call; what is not done stays, however old."""
    connection = opened()
    for index in range(5):
        add(connection, str(index))
    for index in range(4):
        spool.cancel(connection, str(index), AT)
    assert spool.forget_older_than(connection, AT + HOUR, jobs_max=3) == 3
    assert spool.forget_older_than(connection, AT + HOUR) == 1
    assert spool.forget_older_than(connection, AT + HOUR) == 0
    assert spool.get(connection, "4").state == "queued"


def test_what_is_not_there_is_named() -> None:
    """Unknown ids and receipts say so."""
    connection = opened()
    with pytest.raises(UnknownJob, match="nobody"):
        spool.get(connection, "nobody")
    with pytest.raises(UnknownJob, match="R-9"):
        spool.reprint(connection, "R-9", "x", AT)


def test_hundreds_of_questions_are_asked_a_few_at_a_time() -> None:
    """A printer was away all night: the oldest are asked, and the next ones as these are answered."""
    connection = opened()
    for number in range(spool.QUESTIONS_MAX + 5):
        add(connection, f"{number:03}")
    spool.recover_at_start(connection, AT + 2 * HOUR, HOUR)
    asked = spool.open_questions(connection)
    assert [job.job_id for job in asked] == [f"{number:03}" for number in range(spool.QUESTIONS_MAX)]
    spool.answer(connection, "000", AT, printed=True)
    assert spool.open_questions(connection)[-1].job_id == f"{spool.QUESTIONS_MAX:03}"


def test_each_printer_has_a_queue_of_its_own() -> None:
    """What waits for one printer is neither sent, held, resumed nor counted by the other; questions are everybody's."""
    connection = opened()
    add(connection, "a")
    spool.enqueue(connection, job_id="p", kind="slip", receipt_number="W-1", payload=b"{}", created_at=AT,
                  printer="pick_printer")  # fmt: skip
    assert [job.job_id for job in spool.next_jobs(connection, jobs_max=9)] == ["a"]
    assert [job.job_id for job in spool.next_jobs(connection, "pick_printer", jobs_max=9)] == ["p"]
    assert [job.job_id for job in spool.hold_waiting(connection, "paper_out", AT, "pick_printer")] == ["p"]
    assert spool.resume_held(connection, AT) == []
    assert spool.waiting_count(connection) == spool.waiting_count(connection, "pick_printer") == 1
    spool.recover_at_start(connection, AT + 2 * HOUR, HOUR, "pick_printer")
    assert [job.job_id for job in spool.open_questions(connection)] == ["p"]
    assert spool.get(connection, "a").state == "queued"


def test_a_slip_is_asked_about_and_a_receipt_of_the_same_number_reprints_itself() -> None:
    """A gift slip has the receipt's number: reprinting the number brings the receipt, copies count by kind."""
    connection = opened()
    add(connection, "r")
    add(connection, "g", "slip")
    connection.execute("UPDATE print_job SET receipt_number = 'R-1'")
    for step in ("send", "lost"):
        spool.set_state(connection, "g", step, AT)
    assert [job.job_id for job in spool.open_questions(connection)] == ["g"]
    assert spool.answer(connection, "g", AT, printed=False).copy_number == 1
    copy = spool.reprint(connection, "R-1", "c", AT)
    assert (copy.kind, copy.copy_number) == ("receipt", 1)


def test_a_spool_of_the_first_release_keeps_its_jobs() -> None:
    """The step to two printers: what waited still waits, in its order, for the printer that it was for."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    steps = till_migrations(spool.SCHEMA)
    database = Database(connection, execute_plugins=False)
    steps.apply(database, stop_before="0007_printers")
    for number in range(3):
        connection.execute(
            "INSERT INTO print_job (job_id, kind, receipt_number, payload, state, created_at_ms, changed_at_ms)"
            " VALUES (?, 'receipt', ?, x'7b7d', 'queued', 0, 0)",
            (f"old-{number}", f"R-{number}"),
        )
    steps.apply(database)
    waiting = spool.next_jobs(connection, jobs_max=9)
    assert [(job.job_id, job.printer) for job in waiting] == [(f"old-{number}", "printer") for number in range(3)]
