"""`./dev kills`: kill agents and browsers around payments, and look whether anything is missing.

Exit codes: 0 all is whole, 1 something is lost, doubled or missing, 2 bad options, 3 something could not start,
130 interrupted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from hardware_sim.errors import SimulatorError
from tests.demo.browser import chromium
from tests.demo.processes import ProcessFailed
from tests.demo.till_page import TillSilent
from tests.endurance.chromium import BrowserFailed
from tests.endurance.run import Options, Teller, forget, run
from tests.endurance.till import TillFailed

FOLDER = Path(".tillwire") / "kills"
CANNOT_START = 3
INTERRUPTED = 130
FAILURES = (ProcessFailed, TillSilent, SimulatorError, BrowserFailed, TillFailed)


@click.command(
    context_settings={"show_default": True, "auto_envvar_prefix": "TILLWIRE_KILLS", "max_content_width": 110}
)
@click.option("--times", type=click.IntRange(1, 1_000_000), default=1_000, help="How many rounds.", show_envvar=True)
@click.option("--first", type=click.IntRange(1), default=1, show_envvar=True,
              help="The first round's number, to play one again.")  # fmt: skip
@click.option("--seed", type=int, default=1, help="What is sold, how it is paid, when is killed.", show_envvar=True)
@click.option("--tills", type=click.IntRange(1, 9), default=2, show_envvar=True,
              help="How many tills fight at once.")  # fmt: skip
@click.option("--browser-share", type=click.FloatRange(0, 1), default=0.3, show_envvar=True,
              help="In how many rounds the cashier works in a real Chromium.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_envvar=True,
              help="Where the tills are kept.")  # fmt: skip
@click.option("--resume", is_flag=True, show_envvar=True,
              help="Go on after an interruption, with the rounds that are not over yet.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.", show_envvar=True)
def main(  # noqa: PLR0913 - one parameter an option
    *, times: int, first: int, seed: int, tills: int, browser_share: float, folder: Path, resume: bool, as_json: bool
) -> None:
    """Sell, pay, kill -9 the agent or the browser at a random moment, start again, and look at everything.

    No sale may be lost or doubled, each receipt comes out once or is asked about, the drawer stays shut.
    """
    if browser_share > 0 and chromium() is None:
        click.echo("kills: Chromium is missing; run ./dev setup --system, or give --browser-share 0", err=True)
        sys.exit(CANNOT_START)
    if not resume:
        forget(folder)
    options = Options(folder.absolute(), times, first, seed, tills, browser_share)
    columns = (TextColumn("kills"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("kills", total=times)
            teller = Teller(
                stepped=lambda: progress.advance(bar),
                wrong=lambda words: console.print(words, style="red", markup=False),
            )
            report = _fight(options, teller)
    except* FAILURES as failed:
        for error in failed.exceptions:
            click.echo(f"kills: {error}", err=True)
        sys.exit(CANNOT_START)
    click.echo(json.dumps(report) if as_json else _as_text(report))
    sys.exit(0 if report["ok"] else 1)


def _fight(options: Options, teller: Teller) -> dict[str, Any]:
    try:
        return asyncio.run(run(options, teller))
    except asyncio.CancelledError:
        click.echo("kills: interrupted; --resume goes on from here", err=True)
        sys.exit(INTERRUPTED)


def _as_text(report: dict[str, object]) -> str:
    return "\n".join(f"{key.replace('_', ' '):20} {value}" for key, value in report.items())


if __name__ == "__main__":
    main()
