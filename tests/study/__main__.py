"""`./dev study`: replays real trade to see whether what we claim of the hub's rules is true.

Exit codes: 0 measured, 2 bad options, 3 the data set is not installed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.demo.completejourney import DataMissing
from tests.study.chart import chart
from tests.study.oversell import REGIMES, Found, Settings, as_report, microseconds_per_estimate, run_study
from tests.study.trade import Trade, generated_trade, real_trade

DATA_MISSING = 3
WIDE = 100
"""Columns of the tables where nobody watches: in a pipe, a terminal's 80 would cut them."""


@click.group(context_settings={"show_default": True, "auto_envvar_prefix": "TILLWIRE_STUDY", "max_content_width": 110})
def main() -> None:
    """Replay trade; nothing here passes or fails."""


@main.command()
@click.option("--data", type=click.Choice(["completejourney", "generated"]), default="completejourney",
              help="Real baskets, which ./dev installs first, or made up ones.", show_envvar=True)  # fmt: skip
@click.option("--stores", type=click.IntRange(1, 457), default=20, show_envvar=True, help="How many stores.")
@click.option("--merge", type=click.IntRange(1, 457), default=1, show_envvar=True,
              help="So many of the data's stores make one store.")  # fmt: skip
@click.option("--fold", type=click.IntRange(1, 26), default=13, show_envvar=True,
              help="So many weeks of the data make one; the hub learns in the first half of the weeks.")  # fmt: skip
@click.option("--web", "web_share", type=click.FloatRange(0.001, 2), default=0.15, show_envvar=True,
              help="Web orders for each purchase at a counter.")  # fmt: skip
@click.option("--outages", "more_outages", type=click.FloatRange(0.1, 20), default=1.0, show_envvar=True,
              help="So many times as many outages.")  # fmt: skip
@click.option("--probes", type=click.IntRange(100, 1_000_000), default=10_000, show_envvar=True,
              help="Looks at shelves that measure what is withheld, while heard and while silent each.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_envvar=True, help="The first repetition's seed.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=10, show_envvar=True, help="How many repetitions.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_envvar=True, help="Processes at work.")
@click.option("--chart", "picture", type=click.Path(path_type=Path, dir_okay=False), default=None, show_envvar=True,
              help="Where to write the picture (SVG); none if not given.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help="The figures as JSON on standard output.")
def oversell(  # noqa: PLR0913 - one parameter an option
    *,
    data: str,
    stores: int,
    merge: int,
    fold: int,
    web_share: float,
    more_outages: float,
    probes: int,
    seed: int,
    seeds: int,
    workers: int,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Oversold web orders, withheld goods and lost sales under each policy; takes some four minutes on two cores."""
    try:
        found = _played((data, stores, merge, fold), Settings(seed, seeds, web_share, probes, more_outages), workers)
    except DataMissing:
        click.echo("study: the real baskets are not installed; call it as ./dev study oversell", err=True)
        sys.exit(DATA_MISSING)
    if picture is not None:
        picture.write_text(chart(found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps({**as_report(found), "microseconds_per_estimate": round(microseconds_per_estimate(), 1)}))
        return
    show(found)


def _played(baskets: tuple[str, int, int, int], settings: Settings, workers: int) -> Found:
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        reading = progress.add_task("baskets", total=1)
        trade = _trade(*baskets)
        progress.update(reading, completed=1)
        playing = progress.add_task("repetitions", total=None)
        return run_study(trade, settings, workers, lambda done, of: progress.update(playing, completed=done, total=of))


def _trade(data: str, stores: int, merge: int, fold: int) -> Trade:
    if data == "generated":
        return generated_trade(stores, skus=400, weeks=4, baskets_per_day=60, seed=1)
    return real_trade(stores, merge, fold)


def show(found: Found) -> None:
    """Print a table for each regime, and what the world was like."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    for regime in REGIMES:
        table = Table(
            box=SIMPLE, padding=(0, 1, 0, 0), title=f"{regime}: {found.by_regime[regime]['naive'].orders:,} web orders"
        )
        for title in ("policy", "oversold", "of 10,000", "to naive", "withheld", "lost"):
            table.add_column(title, justify="left" if title == "policy" else "right", no_wrap=True)
        for name, it in found.by_regime[regime].items():
            half = "" if it.oversold.half is None else f" ± {it.oversold.half * 1e4:.1f}"
            table.add_row(
                name, f"{it.oversold_orders:,}", f"{it.oversold.value * 1e4:.1f}{half}",
                f"{it.fewer_oversold.value:.0%}", f"{it.withheld.value:.2%}", f"{it.lost_web_sales.value:.2%}",
            )  # fmt: skip
        console.print(table)
    click.echo(
        f"{found.trade.source}: {len(found.trade.shelves):,} shelves with {found.shelf_units:.1f} units on average; "
        f"stores silent for {found.silent_share:.1%} of the time, {found.silent_orders:.1%} of the orders; "
        f"{found.served_at_counter:.1%} served at the counters; "
        f"an estimate takes {microseconds_per_estimate():.0f} µs"
    )


if __name__ == "__main__":
    main()
