"""`channel backfill`: a channel's past, and a spelling of it for each kind (`tillwire-hub KIND backfill`)."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from hub.channels.backfill import Filled
from hub.channels.registry import Registry
from hub.cli.opening import Invocation, pass_invocation
from hub.config import now
from hub.errors import UnknownChannel
from hub.running.backfill import fill_channel
from hub.running.channels import channel_stores
from hub.running.channels_in import incoming
from hub.running.people import people_of

DAYS_MAX = 3_650
_days = click.option("--days", default=30, type=click.IntRange(1, DAYS_MAX), help="How far back, in days.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each kind of thing.")


@click.command("backfill")
@click.argument("name", metavar="CHANNEL")
@_days
@_json
@pass_invocation
def backfill_command(invocation: Invocation, name: str, *, days: int, as_json: bool) -> None:
    """Fetch a channel's past: orders, payments and refunds that changed in the last days.

    It may be called as often as you like, also while the hub runs: what is known already stays as it is.
    """
    _fill(invocation, name, days, as_json=as_json)


def kind_groups() -> Sequence[click.Group]:
    """A group of commands for each kind of channel that comes with the hub."""
    return [_kind_group(kind) for kind in Registry().kinds()]


def _kind_group(kind: str) -> click.Group:
    group = click.Group(kind, help=f"What can be done with a channel of the kind {kind}; see also `channel`.")

    @click.option("--channel", "name", help="Which channel, if there are several of this kind.")
    @_days
    @_json
    @pass_invocation
    def backfill_of_kind(invocation: Invocation, name: str | None, *, days: int, as_json: bool) -> None:
        """Fetch its past: the same as `channel backfill`, for the only channel of this kind."""
        _fill(invocation, name or _only(invocation, kind), days, as_json=as_json)

    group.add_command(click.command("backfill")(backfill_of_kind))
    return group


def _only(invocation: Invocation, kind: str) -> str:
    with invocation.data() as data:
        names = [setup.name for setup in channel_stores(data.database).setups.all() if setup.kind == kind]
    if len(names) != 1:
        remedy = f"say which with --channel: {', '.join(names)}" if names else f"`tillwire-hub channel add NAME {kind}`"
        raise UnknownChannel(f"channels of the kind {kind}: there are {len(names)}; {remedy}")
    return names[0]


def _fill(invocation: Invocation, name: str, days: int, *, as_json: bool) -> None:
    registry = Registry(invocation.config().channels.packages)
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}

    def told(filled: Filled) -> None:
        words = f"{filled.port}: {filled.found}"
        if filled.port not in tasks:
            tasks[filled.port] = bar.add_task(words, total=None)
        bar.update(tasks[filled.port], description=words)

    with invocation.data() as data, bar:
        since = now() - timedelta(days=days)
        taking = incoming(data, people_of(data.database, registry))
        found = fill_channel(data, taking, registry, name, since, now=now, clock_s=time.monotonic, told=told)
    for filled in found:
        if as_json:
            click.echo(json.dumps({"port": filled.port, "found": filled.found, "parked": filled.parked}))
        else:
            click.echo(f"{filled.port}\t{filled.found} came\t{filled.parked} parked")
    if any(filled.parked for filled in found) and not as_json:
        click.echo(f"What is parked: `tillwire-hub channel parked {name}`.")
