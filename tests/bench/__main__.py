"""`./dev bench`: what a till costs its cashier, and what the hub takes in.

Exit codes: 0 measured, 2 bad options, 3 something could not start.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from hardware_sim.errors import SimulatorError
from tests.bench.ingest.hubs import Installation
from tests.bench.ingest.run import Extent as IngestExtent
from tests.bench.ingest.run import bench_ingest
from tests.bench.large import firstload, offline
from tests.bench.till import Extent, bench_till
from tests.demo.browser import chromium
from tests.demo.processes import ProcessFailed

CANNOT_START = 3


@click.group(context_settings={"show_default": True, "auto_envvar_prefix": "TILLWIRE_BENCH", "max_content_width": 110})
def main() -> None:
    """Measure; nothing here passes or fails."""


@main.command()
@click.option("--items", type=click.IntRange(100, 2_000_000), default=100_000, show_envvar=True,
              help="How large the catalogue is.")  # fmt: skip
@click.option("--sales", type=click.IntRange(1, 10_000), default=60, show_envvar=True,
              help="How many receipts of ten scans are sold.")  # fmt: skip
@click.option("--searches", type=click.IntRange(0, 10_000), default=60, show_envvar=True,
              help="How many names are typed, letter by letter.")  # fmt: skip
@click.option("--closing", type=click.IntRange(1, 100_000), default=1_200, show_envvar=True,
              help="How many sales the shift has that is closed.")  # fmt: skip
@click.option("--seed", type=int, default=1, help="Which goods and names come.", show_envvar=True)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=None, show_envvar=True,
              help="Where the till's database is made; a temporary folder if not given.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON on standard output.", show_envvar=True)
def till(folder: Path | None, *, as_json: bool, **extent: int) -> None:
    """One till: scan to painted line, search, payment to journal and to paper, closing a shift, start, memory."""
    if chromium() is None:
        click.echo("bench: Chromium is missing; run ./dev setup --system", err=True)
        sys.exit(CANNOT_START)
    place = folder or Path(tempfile.mkdtemp(prefix="tillwire-bench-"))
    place.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bars: dict[str, TaskID] = {}

            def told(what: str, done: int, of: int) -> None:
                if what not in bars:
                    bars[what] = progress.add_task(what, total=of)
                progress.update(bars[what], completed=done)

            figures = asyncio.run(bench_till(place, Extent(**extent), told))
    except (ProcessFailed, SimulatorError) as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(CANNOT_START)
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
    if as_json:
        click.echo(json.dumps(figures))
        return
    table = Table("", "p50", "p95", "p99", title=f"{figures['items']:,} items, milliseconds")
    for name, found in figures.items():
        if isinstance(found, dict) and "p50" in found:
            table.add_row(name.removesuffix("_ms").replace("_", " "), *(str(found[p]) for p in ("p50", "p95", "p99")))
    Console().print(table)
    click.echo(
        f"closing a shift {figures['close_shift_ms']} ms, start {figures['start_s']} s, memory {figures['rss_mb']} MB, "
        f"idle {figures['idle_cpu_percent']} % of a core; samples: {figures['measured']}"
    )


@main.command()
@click.option("--sales", type=click.IntRange(1_000, 10_000_000), default=60_000, show_envvar=True,
              help="How many sales come one a message.")  # fmt: skip
@click.option("--backlog", type=click.IntRange(1_000, 10_000_000), default=200_000, show_envvar=True,
              help="How many sales come a hundred a message.")  # fmt: skip
@click.option("--paced", type=click.IntRange(100, 1_000_000), default=20_000, show_envvar=True,
              help="How many sales come at a thousand a second, to measure their acks.")  # fmt: skip
@click.option("--naive", type=click.IntRange(100, 1_000_000), default=10_000, show_envvar=True,
              help="How many messages the naive way is given.")  # fmt: skip
@click.option("--stores", type=click.IntRange(1, 1_000), default=20, show_envvar=True,
              help="How many stores, of two tills each.")  # fmt: skip
@click.option("--only", type=click.Choice(["embedded", "production"]), default=None, show_envvar=True,
              help="One kind of installation; both if not given.")  # fmt: skip
@click.option("--seed", type=int, default=1, help="What is sold, in which order.", show_envvar=True)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON on standard output.", show_envvar=True)
def ingest(only: Installation | None, *, as_json: bool, **extent: int) -> None:
    """The hub: durable sales a second, one a message and in backlogs, beside what the engines can do alone."""
    console = Console(stderr=True)
    kinds: tuple[Installation, ...] = ("embedded", "production") if only is None else (only,)
    with tempfile.TemporaryDirectory(prefix="tillwire-bench-", ignore_cleanup_errors=True) as folder:
        try:
            with console.status("starting") as status:
                figures = asyncio.run(bench_ingest(Path(folder), IngestExtent(**extent), status.update, kinds))
        except (ProcessFailed, TimeoutError, RuntimeError) as error:
            click.echo(f"bench: {error}", err=True)
            sys.exit(CANNOT_START)
    if as_json:
        click.echo(json.dumps(figures))
        return
    table = Table(
        "", "one a message", "a hundred a message", "ack p50 / p95 / p99 ms at 1,000/s", title="durable sales a second"
    )
    for kind in kinds:
        found = figures[kind]
        ack = found["ack_ms"]
        table.add_row(
            kind, f"{found['single']:,}", f"{found['backlog']:,}", f"{ack['p50']} / {ack['p95']} / {ack['p99']}"
        )
    table.add_row("naive (paho, a commit a message)", f"{figures['naive']:,}", "", "")
    Console().print(table)
    raw = figures["raw"]
    click.echo(
        f"alone: Mosquitto {raw['mosquitto']:,} messages a second, PostgreSQL COPY {raw['postgresql_copy']:,} rows"
    )


main.add_command(firstload)
main.add_command(offline)


if __name__ == "__main__":
    main()
