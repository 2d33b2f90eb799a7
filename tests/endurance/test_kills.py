"""`./dev kills` in small, and that its judges can tell when something is wrong."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.printer import spool
from edge_agent.devices.printer.receipt import encode, receipt_of_sale
from edge_agent.journal import shift_state, till_state
from edge_agent.journal.database import connect
from edge_agent.journal.record import record
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from hardware_sim.printer import Receipt
from protocol.documents import Settings
from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.ids import TerminalId
from tests.demo.browser import chromium
from tests.endurance.books import paper_problems, read_books
from tests.endurance.papers import digest_of
from tests.endurance.plan import plan_round
from tests.endurance.till import STOCK, STORE, fill
from tests.endurance.witness import Witness
from tests.integration.edge.till_process import has_ptys

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = TerminalId("t1")
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NUMBER = f"{STORE}-{TERMINAL}-1-000001"
SALE = SaleCompleted(
    receipt_number=NUMBER, business_day=date(2026, 11, 22), currency="VND", cashier="Lan",
    lines=(SaleLine(sku=STOCK[0].item.sku, name="x", quantity=1000, unit_price=1_000, amount=1_000),),
    tenders=(Tender(kind="cash", amount=1_000),), total=1_000,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals")
def test_fifteen_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """The real agent, a real browser where there is one, in two goes: after each kill all is whole, and is told so."""
    fight(tmp_path / "kills", "--times", "12")
    report = fight(tmp_path / "kills", "--times", "15", "--resume")
    assert report["rounds"] == report["sales"] + report["refunds"] == 15
    assert report["kills"] == report["agent_kills"] + report["browser_kills"] >= 15
    wrong = ("lost", "doubled", "receipts_missing", "receipts_doubled", "drawer_opened_again", "parts_wrong")
    assert not any(report[kind] for kind in wrong), report


def fight(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run it; returns the report."""
    share = "0.3" if chromium() is not None else "0"
    done = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable, "-m", "tests.endurance", "--seed", "7", "--json", "--browser-share", share,
            "--folder", str(folder), *arguments,
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@given(st.integers(), st.integers(min_value=1), st.floats(0, 1))
def test_a_round_follows_from_seed_and_number(seed: int, number: int, share: float) -> None:
    """The same numbers make the same round; its steps pay for its goods, each with something."""
    plan = plan_round(seed, number, STOCK, share)
    assert plan == plan_round(seed, number, STOCK, share)
    assert plan.total == sum(STOCK[index].item.price * pieces for index, pieces in plan.goods)
    assert all(step.amount > 0 for step in plan.steps)
    assert 0 <= plan.struck_step < len(plan.steps)
    assert plan.strikes_agent or plan.strikes_browser


@pytest.fixture
def books(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A till's database with one sale that is whole."""
    asyncio.run(fill(tmp_path, TERMINAL))
    with closing(connect(tmp_path / "till.db")) as connection:
        sell(connection, SALE)
        yield connection


def sell(connection: sqlite3.Connection, sale: SaleCompleted) -> None:
    """What the counter writes for a paid cart."""
    journal, replica = SqliteJournal(connection), SqliteReplica(connection, STORE, TERMINAL)
    shift_state.add(connection, sale)
    record(journal, replica, sale, event_id=f"e-{journal.tail}", time=AT)
    till_state.keep_sale(
        connection, till_state.KeptSale(f"cart-{journal.tail}", sale.receipt_number, 1_000, 1_000, 0, "job", AT)
    )
    paper = encode(receipt_of_sale(sale, Settings(store_name="x"), AT, "vi"))
    spool.enqueue(
        connection, job_id=f"job-{journal.tail}", kind="receipt", receipt_number=sale.receipt_number, payload=paper,
        created_at=AT,
    )  # fmt: skip


def kinds(connection: sqlite3.Connection, seen: set[str]) -> set[str]:
    """What the judge finds."""
    return {kind for kind, _ in read_books(connection, TERMINAL, seen).problems}


def test_books_that_are_whole_are_found_whole(books: sqlite3.Connection) -> None:
    """No false alarm."""
    assert kinds(books, {NUMBER}) == set()


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("DELETE FROM event", "lost"),
        ("UPDATE event SET raw = CAST(replace(raw, '1000', '2000') AS BLOB)", "lost"),
        ("UPDATE event SET sequence = 2", "lost"),
        ("DELETE FROM print_job", "receipts_missing"),
        ("DELETE FROM own_movement", "books"),
        ("DELETE FROM shift_tally", "books"),
    ],
)
def test_harm_to_the_books_is_found(books: sqlite3.Connection, harm: str, kind: str) -> None:
    """Each kind of loss has a name in the report."""
    books.execute(harm)
    assert kind in kinds(books, {NUMBER})


def test_a_sale_written_twice_is_found(books: sqlite3.Connection) -> None:
    """The same receipt number in two events, or of two carts."""
    sell(books, SALE)
    assert "doubled" in kinds(books, {NUMBER})


def paper(digest: str) -> Receipt:
    """A receipt in somebody's hand."""
    return Receipt(
        number=1, width_dots=576, row_count=1, items=(), raster_rows=1, raster_sha256=digest, cut="partial",
        torn_by=None, splices=(), finished_at=0.0, packed=b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "papers", "kind"),
    [
        ("printed", lambda look: [look], None),
        ("printed", lambda _: [], "receipts_missing"),
        ("printed", lambda look: [look, look], "receipts_doubled"),
        ("printed", lambda look: [look, "of nothing we know"], "receipts_missing"),
        ("queued", lambda _: [], "receipts_missing"),
    ],
)
def test_paper_is_counted(
    books: sqlite3.Connection, tmp_path: Path, state: str, papers: Callable[[str], list[str]], kind: str | None
) -> None:
    """None, twice, or a whole piece of paper that is no receipt: each is found."""
    books.execute("UPDATE print_job SET state = ?", (state,))
    with closing(Witness(tmp_path / "witness.jsonl")) as witness:
        job = spool.get(books, "job-1")
        look = digest_of(job)
        witness.means(NUMBER, 0, look)
        for digest in papers(look):
            witness.printed(paper(digest))
        found = {each for each, _ in paper_problems(read_books(books, TERMINAL, set()), witness)}
    assert found == ({kind} if kind else set())


def test_a_witness_remembers_after_an_interruption(tmp_path: Path) -> None:
    """What was seen and printed, and which rounds are over, is there for a run that goes on."""
    path = tmp_path / "witness.jsonl"
    for _ in range(2):
        with closing(Witness(path)) as witness:
            witness.saw("R-1")
            witness.printed(paper("d"))
            witness.means("R-1", 0, "d")
            witness.finished(number=1, problems=[])
    with closing(Witness(path)) as witness:
        assert (witness.seen, witness.whole["d"], witness.looks) == ({"R-1"}, 2, {"R-1": {0: "d"}})
        assert [entry["number"] for entry in witness.rounds] == [1, 1]
