"""`./dev demo`: watch real sales travel from a scanner to the hub and back out as stock.

Exit codes: 0 everything agrees, 1 a check failed, 2 bad options, 3 something could not start or did not come to rest.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hardware_sim.errors import SimulatorError
from tests.demo import completejourney
from tests.demo.cashier import UnexpectedNotice
from tests.demo.plan import Plan, builtin, real
from tests.demo.play import Play
from tests.demo.processes import ProcessFailed
from tests.demo.report import as_text
from tests.demo.stage import Outside, Stage, forget
from tests.demo.statements import NotSettled
from tests.demo.till_page import TillSilent

FOLDER = Path(".tillwire") / "demo"
FAILURES = (ProcessFailed, NotSettled, TillSilent, UnexpectedNotice, SimulatorError, completejourney.DataMissing)


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    once: bool
    json: bool
    data: str
    stores: tuple[int, ...]
    day: datetime
    days: int
    sales: int
    pause_s: float
    seed: int
    folder: Path
    fresh: bool
    browser: bool
    picture: Path | None
    outside: Outside


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{text!r}: write store numbers with commas, such as 367,406") from None


@click.command(context_settings={"show_default": True, "auto_envvar_prefix": "TILLWIRE_DEMO", "max_content_width": 110})
@click.option("--once", is_flag=True, help="A bounded run: sell, check, report, end.", show_envvar=True)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.", show_envvar=True)
@click.option("--data", type=click.Choice(["builtin", "completejourney"]), default="builtin", show_envvar=True,
              help="Built-in Vietnamese grocery, or a year of real baskets from PyPI.")  # fmt: skip
@click.option("--stores", default="367,406", callback=_numbers, show_envvar=True,
              help="Which stores of the real data; the first gets two tills.")  # fmt: skip
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default="2017-03-01", show_envvar=True,
              help="First day of the real data (2017).")  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 366), default=1, help="How many days of the real data.", show_envvar=True
)
@click.option("--sales", type=click.IntRange(0), default=60, show_envvar=True,
              help="How many sales a bounded run makes; 0 takes all of the real data's.")  # fmt: skip
@click.option("--pause", type=click.FloatRange(0), default=0.1, show_envvar=True,
              help="Seconds between two scans, 0 as fast as it goes; endless at least 0.4.")  # fmt: skip
@click.option("--seed", type=int, default=1, help="Which baskets come.", show_envvar=True)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_envvar=True,
              help="Where everything is kept; a second start goes on from there.")  # fmt: skip
@click.option("--fresh/--keep", default=None, show_envvar=True,
              help="Begin with an empty folder, or go on.  [default: fresh with --once, keep without]")  # fmt: skip
@click.option("--browser/--no-browser", default=True, show_envvar=True,
              help="Watch the first till in a headless Chromium, if there is one.")  # fmt: skip
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), show_envvar=True,
              help="Keep a picture of the first till's page here.")  # fmt: skip
@click.option("--broker-port", type=click.IntRange(0, 65535), default=0, show_envvar=True,
              help="Use an MQTT broker on this port of 127.0.0.1 instead of the embedded one.")  # fmt: skip
@click.option("--database-url", default="", show_envvar=True,
              help="Use this database (postgresql://...) instead of SQLite.")  # fmt: skip
def main(**given: Any) -> None:  # noqa: ANN401 - click's options, by name
    """Run a hub, stores and tills with simulated scanners, printers and drawers, and let them sell.

    Without --once it goes on until Ctrl-C, prints the addresses of the dashboard and the tills, and a store's line goes
    down now and then. In the end it checks that receipts, hub, tills and web agree.
    """
    options = Options(
        once=given["once"], json=given["as_json"], data=given["data"], stores=given["stores"], day=given["day"],
        days=given["days"], sales=given["sales"], pause_s=given["pause"], seed=given["seed"],
        folder=given["folder"].absolute(), fresh=given["once"] if given["fresh"] is None else given["fresh"],
        browser=given["browser"], picture=given["picture"],
        outside=Outside(broker_port=given["broker_port"], database_url=given["database_url"]),
    )  # fmt: skip
    console = Console(stderr=True, highlight=False)
    try:
        report = asyncio.run(_run(options, console))
    except FAILURES as error:
        console.print(f"demo: {error}", style="red", markup=False)
        raise SystemExit(3) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if options.json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        click.echo(as_text(report))
    raise SystemExit(0 if report["ok"] else 1)


async def _run(options: Options, console: Console) -> dict[str, Any]:
    plan, odd_rows = await asyncio.to_thread(_plan, options)
    if options.fresh:
        forget(options.folder)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console.print("starting the hub, the stores and the tills ...")
    async with Stage(plan, options.folder, options.outside) as stage:
        await _tell_addresses(stage, console)
        progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console,
            disable=not console.is_terminal,
        )  # fmt: skip
        total = sum(len(baskets) for baskets in plan.bounded.values()) if options.once else None
        with progress:
            task = progress.add_task("sales", total=total)

            def step(what: str) -> None:
                progress.update(task, advance=1, description=f"sales · {what}")

            pace_s = options.pause_s if options.once else max(options.pause_s, 0.4)
            play = Play(stage, console.print, step, pace_s=pace_s, browser=options.browser)
            async with play.staffed():
                await _act(play, options, stop)
                console.print("waiting until nothing is on its way, then comparing ...")
                return await play.verdict(odd_rows, options.picture)


async def _act(play: Play, options: Options, stop: asyncio.Event) -> None:
    if not options.once:
        await play.endless(stop)
        return
    acting = asyncio.create_task(play.bounded())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({acting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not acting.done():
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
        raise ProcessFailed("interrupted before the bounded run was complete; call it again")
    await acting


def _plan(options: Options) -> tuple[Plan, dict[str, dict[str, float]]]:
    if options.data == "builtin":
        return builtin(options.sales, options.seed), {}
    journey = completejourney.load(options.stores, options.day.date(), options.days)
    return real(journey, options.sales, options.seed), journey.odd.as_report()


async def _tell_addresses(stage: Stage, console: Console) -> None:
    link = (await stage.hub_command("admin", "link")).strip()
    console.print(f"dashboard   {link}", soft_wrap=True, markup=False)
    for till in stage.tills:
        console.print(f"{till.store}/{till.terminal:4} {till.page_url}", soft_wrap=True, markup=False)
    console.print("Ctrl-C ends it; the same command goes on from there.")


if __name__ == "__main__":
    sys.exit(main())
