"""`./dev sim`: run the simulation over many seeds, or one seed again with everything that it did."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation.runner import Report, Room, explain, mutants_of, quiet, run, simulate_one

_SHOWN_MAX = 3


@click.command(context_settings={"show_default": True})
@click.option(
    "--room",
    default="link",
    type=click.Choice(["link", "channels"]),
    help="link: tills, hub and a bad network. channels: the hub and a web shop, orders in and sales out.",
)
@click.option("--seeds", default=300, type=click.IntRange(min=1), help="How many seeds to run.")
@click.option("--first-seed", default=0, type=click.IntRange(min=0), help="The first of them.")
@click.option("--seed", type=click.IntRange(min=0), help="Run this one seed only and print every step.")
@click.option("--jobs", default=2, type=click.IntRange(1, 64), help="How many processes.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, and nothing else.")
@click.option("--sqlite", is_flag=True, help="Tills' journal and replica in SQLite: the same runs, slower (link only).")
@click.option("--mutants", is_flag=True, help="Also break the code on purpose, each way, and see that it is caught.")
@click.option("--mutant", metavar="NAME", help="With --seed: run this mutant, not the shipped code.")
def main(  # noqa: PLR0913 - one parameter an option
    *,
    room: Room,
    seeds: int,
    first_seed: int,
    seed: int | None,
    jobs: int,
    as_json: bool,
    sqlite: bool,
    mutants: bool,
    mutant: str | None,
) -> None:
    """Simulate tills, hub and a bad network, or a hub and a web shop, by the thousand, each run from one seed.

    Exits with 1 if a seed broke an invariant or a mutant was missed.
    """
    quiet()
    if sqlite and room != "link":
        raise click.UsageError("--sqlite is for --room link; the hub of the other rooms is on SQLite anyway.")
    if mutant is not None and mutant not in mutants_of(room):
        raise click.UsageError(f"--mutant {mutant}: room {room} has {', '.join(mutants_of(room))}.")
    if seed is not None:
        sys.exit(_replay(seed, room, mutant, sqlite=sqlite))
    if mutant is not None:
        raise click.UsageError("--mutant needs --seed; --mutants runs them all.")
    report = _run_with_progress(range(first_seed, first_seed + seeds), room, jobs, mutants=mutants, sqlite=sqlite)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        _tell(report)
    for outcome in report.failures[:_SHOWN_MAX]:
        click.echo("\n".join(["", *explain(outcome, room=room)]), err=True)
    if len(report.failures) > _SHOWN_MAX:
        click.echo(f"\nfailed seeds: {', '.join(str(failure.seed) for failure in report.failures)}", err=True)
    sys.exit(0 if report.ok else 1)


def _replay(seed: int, room: Room, mutant: str | None, *, sqlite: bool) -> int:
    outcome = simulate_one(seed, room, mutant, sqlite=sqlite, trace=True)
    click.echo("\n".join(outcome.trace))
    click.echo(f"seed {seed}: {outcome.violation or 'all invariants hold'} ({outcome.steps} steps)")
    return 1 if outcome.violation else 0


def _run_with_progress(seeds: range, room: Room, jobs: int, *, mutants: bool, sqlite: bool) -> Report:
    console = Console(stderr=True)
    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("seeds", total=len(seeds) + (len(mutants_of(room)) if mutants else 0))
        return run(
            seeds, room=room, jobs=jobs, mutants=mutants, sqlite=sqlite,
            progress=lambda count: progress.advance(task, count),
        )  # fmt: skip


def _tell(report: Report) -> None:
    per_minute = report.seeds / report.seconds * 60
    took = f"{report.seconds:.1f} s ({per_minute:,.0f} a minute)"
    click.echo(f"{report.seeds} seeds, {len(report.failures)} failed, {took}")
    click.echo("\nwhat happened in them:")
    for what, count in sorted(report.happened.items()):
        click.echo(f"  {count:>9,} {what}")
    if report.mutants:
        click.echo("\nthe code broken on purpose:")
        for name, fate in report.mutants.items():
            at = f" by seed {report.caught_at[name]}" if name in report.caught_at else ""
            click.echo(f"  {name:<28} {fate}{at}")


if __name__ == "__main__":
    main()
