"""`./dev faults`: play what can befall a till many times, and count what was lost or doubled.

Exit codes: 0 nothing was lost or doubled, 1 something was, 2 bad options, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from tests.faults import (
    clocks,
    clones,
    company,
    damage,
    database,
    kills,
    machine,
    messages,
    paper,
    partitions,
    poison,
    powercut,
    strikes,
    thirty_days,
    weak_lines,
    wrong_clocks,
)
from tests.faults.row import Fault, Row, watching

FAMILIES = (
    damage, powercut, strikes, clocks, kills, database, machine, company, messages, partitions, weak_lines, poison,
    clones, wrong_clocks, paper, thirty_days,
)  # fmt: skip
"""Modules with `SCENARIOS`; another family is a module and a name here."""

FAULTS: tuple[Fault, ...] = tuple(fault for family in FAMILIES for fault in family.SCENARIOS)
NAMES = [fault.name for fault in FAULTS]
INTERRUPTED = 130


@click.command(
    context_settings={"show_default": True, "auto_envvar_prefix": "TILLWIRE_FAULTS", "max_content_width": 110},
    epilog="Faults: " + ", ".join(NAMES) + ".",
)
@click.option("--only", type=click.Choice(NAMES), multiple=True, metavar="NAME", show_envvar=True,
              help="Only this fault; may be given several times.")  # fmt: skip
@click.option("--runs", type=click.IntRange(1, 1_000_000), show_envvar=True,
              help="How often each is played; else each has a number of its own.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_envvar=True, help="Where and when each fault strikes.")
@click.option("--json", "as_json", is_flag=True, show_envvar=True, help="The rows as JSON on standard output.")
def main(*, only: Sequence[str], runs: int | None, seed: int, as_json: bool) -> None:
    """Damage, power cuts, failing disks, wrong clocks: no sale that was confirmed may be lost or doubled.

    What is wrong is told on standard error with the seed and the run that play it again.
    """
    console = Console(stderr=True, highlight=False)
    logging.disable(logging.ERROR)  # a till that is damaged a thousand times says so a thousand times
    rows: list[Row] = []
    try:
        for fault in FAULTS:
            if not only or fault.name in only:
                with console.status(f"{fault.name}: {fault.about}") as status:
                    watching.set(status.update)
                    rows.append(asyncio.run(fault.play(seed, runs or fault.runs, _teller(console))))
                console.print(_line(rows[-1]))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("faults: interrupted", err=True)
        sys.exit(INTERRUPTED)
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        click.echo(json.dumps({"rows": [_as_json(row) for row in rows]}))
    else:
        Console().print(_table(rows))
    sys.exit(1 if any(row.lost or row.doubled for row in rows) else 0)


def _teller(console: Console):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a function that prints
    return lambda words: console.print(words, style="red", markup=False)


def _line(row: Row) -> str:
    return f"{row.fault}: {row.skipped or f'{row.runs} runs, {row.lost} lost, {row.doubled} doubled'}"


def _as_json(row: Row) -> dict[str, object]:
    known = {**asdict(row), "converge_s": round(row.converge_s, 3)}
    return known if row.skipped else {name: value for name, value in known.items() if name != "skipped"}


def _table(rows: Sequence[Row]) -> Table:
    table = Table("fault")
    for column in ("runs", "sales", "lost", "doubled", "well again after"):
        table.add_column(column, justify="right")
    for row in rows:
        if row.skipped:
            table.add_row(row.fault, f"not played: {row.skipped}")
        else:
            style = "red" if row.lost or row.doubled else None
            table.add_row(
                row.fault, f"{row.runs:,}", f"{row.sales:,}", f"{row.lost}", f"{row.doubled}",
                f"{row.converge_s:.1f} s",
                style=style,
            )  # fmt: skip
    return table


if __name__ == "__main__":
    main()
