"""The invariants of the link hold on hundreds of seeds, every fault really happens, and every mutant is caught."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.storage.database import open_database, parse_url
from hub.storage.stores import open_stores
from protocol.frame import Key
from tests.simulation.__main__ import main
from tests.simulation.channel_runs import MUTANTS as CHANNEL_MUTANTS
from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import LINEAGE, Parts
from tests.simulation.runner import Report, explain, hunt, run, shipped
from tests.simulation.scenario import draw
from tests.simulation.twin_hub import TwinStore
from tests.simulation.world import simulate

SEEDS = range(300)
ROOT = Path(__file__).parents[2]

# What a run set must have seen at least once, or it proves nothing about it. Names as `Dice.count` writes them.
FAULTS = (
    "message lost", "message doubled", "message late", "message to two workers",
    "sent into a partition", "lost with its connection", "missed while away", "queued delivered", "retained delivered",
    "partition both ways", "partition up only", "partition down only",
    "broker keeps all", "broker loses all", "broker falls back",
    "till crash before the commit of sale", "till crash after the commit of sale",
    "till crash before the commit of ack", "till crash after the commit of ack",
    "till crash before the commit of chunk", "till crash after the commit of chunk",
    "till crash before the commit of feed", "till crash after the commit of feed",
    "till crash after none of what it had to send", "till crash after some of what it had to send",
    "worker crash before the commit", "worker crash between commit and ack",
    "worker crash in the middle of publishing", "database away",
    "database gone in mid-transaction", "answer to a commit lost",
    "database away for a while", "database read-only for a while", "database slow for a while",
    "session forgotten by the broker",
    "till clock jumps", "till clock jumps over a restart",
    "till clock jumps minutes ahead", "till clock jumps minutes back", "till clock jumps a day ahead",
    "till clock jumps a day back", "till clock jumps a year ahead", "till clock jumps a year back", "hub clock jumps",
    "disk restored", "PC cloned", "terminal enrolled twice", "database salvaged", "event lost for good",
    "event damaged on disk", "catalogue change",
    "worker upgraded", "event of the version to come", "event of the version before", "replay broken off",
    "order placed again", "order placed: no answer", "order cancelled: no answer",
    "order cancelled while it is handed over", "order handed over that the hub knows is cancelled",
    "order handed over twice",
)  # fmt: skip
CONSEQUENCES = (
    "ack ok", "ack gap", "ack fork", "ack broken", "ack without news", "puback",
    "till sends journal", "till sends pull", "till sends epoch", "till sends status",
    "hub sends ack", "hub sends broadcast", "hub sends chunk", "hub sends grant",
    "broadcast applied", "broadcast let go", "part applied", "part staged or let go",
    "event taken", "event seen again", "event parked", "event forked", "event repeated in another epoch",
    "refused by a read-only database", "slow commit", "wrong time flagged", "parked event counted in",
    "transfer sent", "transfer received", "transfer received short", "transfer received over",
    "transfer received by papers only", "transfer received before its sending was heard of",
    "transfer sent and never received", "transfer wanted by the office", "transfer wanted no more",
    "wanted transfer sent",
    "order for pickup", "order for delivery", "order placed", "order picked", "order picked short",
    "order handed over", "order cancelled", "order put back on the shelf", "store asked in a later round",
    "order ends handed_over", "order ends cancelled", "order ends oversold", "order ends open", "order ends picked",
    "recount asked for",
    "plain run", "orders run", "fork run", "damage run",
)  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    """The default seeds, run once."""
    return run(SEEDS, jobs=2)


def test_the_invariants_hold_on_every_seed(report: Report) -> None:
    """Whatever is lost, repeated, reordered, cut off or killed: each event once, levels right, tills and hub agree."""
    told = "\n".join(line for failure in report.failures[:1] for line in explain(failure))
    assert not report.failures, f"seeds {[failure.seed for failure in report.failures]}\n{told}"
    assert report.seeds == len(SEEDS)


@pytest.mark.parametrize("what", [*FAULTS, *CONSEQUENCES])
def test_it_really_happens(report: Report, what: str) -> None:
    """A fault that never happens is a promise that nobody has tested."""
    assert report.happened[what] > 0


def test_tills_in_sqlite_live_the_very_same_lives() -> None:
    """Journal and replica as they ship do, step by step, what those in memory do: crashes and forks included."""
    for seed in range(40):
        memory, sqlite = simulate(seed, Parts()), simulate(seed, shipped(sqlite=True))
        assert sqlite.violation is None
        assert (sqlite.steps, sqlite.happened) == (memory.steps, memory.happened)


@pytest.mark.parametrize("seed", [seed for seed in range(20) if draw(seed).kind != "orders"][4:18:2])
def test_a_hub_in_sqlite_gives_the_same_answers(seed: int, tmp_path: Path) -> None:
    """Every read under a lock, every snapshot and every grant of a whole run: the SQL that ships, and the fake."""
    database = open_database(parse_url(f"sqlite:///{tmp_path / 'data' / 'hub.db'}"))

    def twin(global_feed_key: Key) -> TwinStore:
        sql = open_stores(database, new_lineage=LINEAGE, new_global_key=global_feed_key)
        return TwinStore(sql, lineage=LINEAGE, global_feed_key=global_feed_key)

    try:
        assert simulate(seed, Parts(hub=twin)).violation is None
    finally:
        database.close()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_careless_change_is_caught(name: str) -> None:
    """The same code with one part broken breaks an invariant within a bounded number of seeds."""
    assert hunt(name) is not None, f"mutant {name} was missed"


def test_the_page_about_the_simulation_names_every_mutant() -> None:
    """Its tables are the lists."""
    page = (ROOT / "docs/explanation/simulation.md").read_text("utf-8")
    named = re.findall(r"^\| ([a-z]+_[a-z_]+) \|", page, re.MULTILINE)
    assert named == [*MUTANTS, *CHANNEL_MUTANTS]


@pytest.mark.parametrize("name", ["count_cursor_twice", "stop_at_poison"])
def test_the_seed_that_catches_a_mutant_passes_without_it(name: str) -> None:
    """It is the mutation that is caught, not the seed."""
    seed = hunt(name)
    assert seed is not None
    assert simulate(seed, Parts()).violation is None


def test_a_seed_is_the_same_run_in_every_process() -> None:
    """A failure can be seen again anywhere: not even Python's hash seed changes a step."""
    traces = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "7"],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, capture_output=True, text=True,  # noqa: TID251 - a child needs the rest of ours
        )  # fmt: skip
        traces.add(done.stdout)
    assert len(traces) == 1
    assert "all invariants hold" in traces.pop()


def test_the_figures_have_the_agreed_keys() -> None:
    """Others read `sim --json`."""
    result = CliRunner().invoke(main, ["--seeds", "3", "--jobs", "1", "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert set(figures) == {"seeds", "failed", "seconds", "mutants"}
    assert (figures["seeds"], figures["failed"], figures["mutants"]) == (3, 0, {})


def test_a_failed_seed_says_how_to_see_it_again() -> None:
    """The violation, the command, and the last steps."""
    seed = hunt("count_cursor_twice")
    assert seed is not None
    outcome = simulate(seed, MUTANTS["count_cursor_twice"])
    text = "\n".join(explain(outcome, "count_cursor_twice"))
    assert f"./dev sim --seed {seed}" in text
    assert "Violation: 3" in text
    assert "connects" in text or "sends" in text


def test_a_mutant_that_is_missed_or_a_seed_that_fails_is_an_exit_code() -> None:
    """A pipeline stops."""
    result = CliRunner().invoke(main, ["--seed", str(hunt("trust_puback")), "--mutant", "trust_puback"])
    assert result.exit_code == 1
    assert "Violation: 4" in result.stdout
