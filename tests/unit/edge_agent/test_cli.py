"""The command line: help that says everything, and answers that name the remedy."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edge_agent.cli import MENDED_MAX, main, run_until_told
from edge_agent.errors import JournalUnreadable

KEYS = {f"{name}_key": "0a" * 32 for name in ("terminal", "store_feed", "global_feed")}


def commands(group: click.Group) -> list[list[str]]:
    """The words of every command below a group."""
    found: list[list[str]] = []
    for name, command in group.commands.items():
        found.append([name])
        if isinstance(command, click.Group):
            found += [[name, *rest] for rest in commands(command)]
    return found


@pytest.mark.parametrize("words", [[], *commands(main)], ids=" ".join)
def test_every_command_has_help_with_exit_codes_and_a_line_in_the_reference(words: list[str]) -> None:
    """Whoever asks gets purpose, options with environment and default, exit codes; the page knows it too."""
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert "Exit codes: 0 done" in result.output
    if "--config" in result.output:
        assert "TILLWIRE_AGENT_CONFIG" in result.output
    page = Path(__file__).parents[3] / "docs" / "reference" / "agent-cli.md"
    if words and words != ["journal"]:
        assert f"`{' '.join(words)}" in page.read_text("utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration without credentials."""
    path = tmp_path / "agent.toml"
    path.write_text(
        '[store]\nid = "hn01"\n[terminal]\nid = "t1"\n[hub]\nhost = "h"\n[data]\nfolder = "data"\n', encoding="utf-8"
    )
    return path


def test_enrolment_brings_the_credentials_where_run_looks_for_them(tmp_path: Path, config: Path) -> None:
    """check-config says what is missing before, and that all is fine after."""
    run = CliRunner().invoke
    before = run(main, ["check-config", "--config", str(config)])
    assert before.exit_code == 2
    assert "tillwire-hub terminal add" in before.stderr
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"store": "hn01", "terminal": "t1", "epoch": 3, **KEYS}), encoding="utf-8")
    done = run(main, ["enrol", "--config", str(config), "--from", str(given)])
    assert done.exit_code == 0, done.output
    assert "0a0a" not in done.output
    after = run(main, ["check-config", "--config", str(config)])
    assert after.exit_code == 0
    assert "epoch 3" in after.output


def test_anothers_credentials_are_refused(tmp_path: Path, config: Path) -> None:
    """Taking the wrong file is the commonest mistake; it is told before anything is overwritten."""
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"store": "hn01", "terminal": "t2", "epoch": 1, **KEYS}), encoding="utf-8")
    result = CliRunner().invoke(main, ["enrol", "--config", str(config), "--from", str(given)])
    assert result.exit_code == 2
    assert "hn01/t2" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [["journal", "show"], ["journal", "verify"], ["journal", "export"], ["page"]])
def test_a_till_that_was_never_started_is_told(config: Path, words: list[str]) -> None:
    """No traceback, one sentence."""
    result = CliRunner().invoke(main, [*words, "--config", str(config)])
    assert result.exit_code == 1
    assert result.stderr.startswith("tillwire-agent: ")
    assert "Traceback" not in result.output


def test_the_start_does_not_wait_for_what_draws_receipts() -> None:
    """Half a second of imports is left to a thread behind the first page."""
    ask = "import sys, edge_agent.app; print(sorted({'escpos', 'PIL', 'barcode'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own words
    assert done.stdout.strip() == "[]"


class Life:
    """An agent whose journal is found damaged as soon as it runs, or that is well and is told to stop."""

    page_url = "http://127.0.0.1:1/"

    def __init__(self, lives: list[Life], damaged_lives: int) -> None:
        lives.append(self)
        self.damaged = asyncio.Event()
        self.stopped = False
        if len(lives) <= damaged_lives:
            self.damaged.set()

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""
        self.stopped = True


def test_an_agent_whose_journal_is_damaged_while_it_runs_begins_anew() -> None:
    """In the same process, so that it mends it without a supervisor; the life before is over then."""

    async def live() -> list[Life]:
        lives: list[Life] = []
        running = asyncio.create_task(run_until_told(lambda: Life(lives, 2)))
        while len(lives) < 3:  # noqa: ASYNC110 - each turn of the loop is a step of the other task
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return lives

    assert [life.stopped for life in asyncio.run(live())] == [True, True, True]


def test_a_disk_that_damages_every_journal_is_given_up() -> None:
    """It would only fill itself with damaged files."""
    lives: list[Life] = []
    with pytest.raises(JournalUnreadable, match="replace it"):
        asyncio.run(run_until_told(lambda: Life(lives, 99)))
    assert len(lives) == MENDED_MAX
