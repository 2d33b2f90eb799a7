"""The verbs of `./dev bench` for what is large and seldom: a first load, and a month's backlog."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from tests.bench.firstload.run import bench_firstload
from tests.bench.firstload.shop import Catalogue
from tests.bench.ingest.hubs import Installation
from tests.bench.offline.run import Extent, bench_offline
from tests.demo.processes import ProcessFailed

CANNOT_START = 3


@click.command()
@click.option("--items", type=click.IntRange(100, 2_000_000), default=100_000, show_envvar=True,
              help="How many items there are, each with a level in the store.")  # fmt: skip
@click.option("--customers", type=click.IntRange(0, 2_000_000), default=200_000, show_envvar=True,
              help="How many customers there are.")  # fmt: skip
@click.option("--only", type=click.Choice(get_args(Installation)), default="embedded", show_envvar=True,
              help="The kind of installation.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON on standard output.", show_envvar=True)
def firstload(items: int, customers: int, only: Installation, *, as_json: bool) -> None:
    """A till's first load: as one file over HTTPS, and in parts over the link, while a cashier scans."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="tillwire-bench-", ignore_cleanup_errors=True) as folder:
        try:
            with console.status("starting") as status:
                figures = asyncio.run(
                    bench_firstload(
                        Path(folder), Catalogue(items, customers), status.update, production=only == "production"
                    )
                )
        except (ProcessFailed, TimeoutError, RuntimeError) as error:
            click.echo(f"bench: {error}", err=True)
            sys.exit(CANNOT_START)
    _say(figures, as_json=as_json)


@click.command()
@click.option("--sales", type=click.IntRange(100, 2_000_000), default=100_000, show_envvar=True,
              help="How many sales wait at the till that was away.")  # fmt: skip
@click.option("--stores", type=click.IntRange(2, 1_000), default=6, show_envvar=True,
              help="How many stores, of two tills each.")  # fmt: skip
@click.option("--per-second", type=click.IntRange(1, 5_000), default=40, show_envvar=True,
              help="How many sales a second the other tills make in all.")  # fmt: skip
@click.option("--live-s", type=click.IntRange(1, 3_600), default=60, show_envvar=True,
              help="For how long they go on selling after the till came back.")  # fmt: skip
@click.option("--only", type=click.Choice(get_args(Installation)), default=None, show_envvar=True,
              help="One kind of installation; both if not given.")  # fmt: skip
@click.option("--seed", type=int, default=1, help="What is sold.", show_envvar=True)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON on standard output.", show_envvar=True)
def offline(only: Installation | None, *, as_json: bool, **extent: int) -> None:
    """A till comes back after thirty days offline, while others sell; all books are compared in the end."""
    console = Console(stderr=True)
    figures: dict[str, Any] = {}
    is_well = True
    kinds: tuple[Installation, ...] = get_args(Installation) if only is None else (only,)
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="tillwire-bench-", ignore_cleanup_errors=True) as folder:
            try:
                with console.status("starting") as status:
                    figures[kind], verdict = asyncio.run(
                        bench_offline(Path(folder), kind, Extent(**extent), status.update)
                    )
            except (ProcessFailed, TimeoutError, RuntimeError) as error:
                click.echo(f"bench: {error}", err=True)
                sys.exit(CANNOT_START)
        figures[kind] |= {"lost": verdict.lost, "doubled": verdict.doubled, "wrong": len(verdict.wrong)}
        is_well &= not (verdict.lost or verdict.doubled or verdict.wrong)
        for words in verdict.wrong:
            click.echo(f"bench: {kind}: {words}", err=True)
    _say(figures, as_json=as_json)
    sys.exit(0 if is_well else 1)


def _say(figures: dict[str, Any], *, as_json: bool) -> None:
    click.echo(json.dumps(figures) if as_json else json.dumps(figures, indent=2))
