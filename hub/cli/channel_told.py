"""`channel parked`, `replay` and `push`: what a channel has refused, or we of it, and trying it again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from hub.cli.opening import Invocation, pass_invocation
from hub.config import now
from hub.running.channels import ChannelStores, channel_stores
from hub.storage.channel_asides import Aside, SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_stock import PUSH_PART
from protocol.quantity import format_quantity

PAGE = 500


@click.command("parked")
@click.argument("name", metavar="CHANNEL")
@click.option("--limit", default=100, type=click.IntRange(min=1), help="How many of each kind at most, oldest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_invocation
def parked(invocation: Invocation, name: str, *, limit: int, as_json: bool) -> None:
    """List what the channel refused, with its own words: messages by number, then levels by SKU and location.

    Behind them stands what came from it and could not be taken in, and why.
    """
    shown = 0
    with invocation.data() as data:
        stores = channel_stores(data.database)
        stores.setups.get(name)
        came = SqlAsideStore(data.database).waiting(name, limit=limit)
        for row in (*_parked(stores, name, limit), *map(_came, came)):
            shown += 1
            if as_json:
                click.echo(json.dumps(row, ensure_ascii=False))
            else:
                click.echo("\t".join(str(value) for value in row.values()))
    if not shown and not as_json:
        click.echo("Nothing is parked.")


@click.command("replay")
@click.argument("name", metavar="CHANNEL")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=int)
@pass_invocation
def replay(invocation: Invocation, name: str, numbers: tuple[int, ...]) -> None:
    """Let what is parked be tried again: all of it, or messages by their NUMBERs; what waits for a later try goes, too.

    Do it when the cause is mended: a link made, an item added there.
    """
    with invocation.data() as data:
        stores = channel_stores(data.database)
        stores.setups.get(name)
        messages = stores.outbox.replay(name, now(), numbers or None)
        levels = came = 0
        if not numbers:
            came = SqlHeardStore(data.database).replay_aside(name, now())
            levels = stores.stock.replay(name, now()) + stores.stock.replay(name, now(), state="due")
            stores.outbox.hurry(name, now())
            for (_, part), state in stores.parts.states(name).items():
                if state.failures:
                    stores.parts.forgive(name, part)
    click.echo(f"{messages} messages and {levels} levels are told again.")
    if came:
        click.echo(f"Of what came from it, {came} parked are looked at again.")
    if numbers and messages < len(set(numbers)):
        click.echo(f"tillwire-hub: channel {name}: some of these numbers are not parked", err=True)
        raise SystemExit(1)


@click.command("push")
@click.argument("name", metavar="CHANNEL")
@pass_invocation
def push(invocation: Invocation, name: str) -> None:
    """Let the channel be told all levels anew, also those that it should know: somebody changed them there by hand."""
    with invocation.data() as data:
        stores = channel_stores(data.database)
        on = stores.setups.get(name).enabled
        stores.parts.count_up(name, PUSH_PART)
    click.echo(f"{name} is told all levels anew" + (" now." if on else " when it is switched on."))


def _parked(stores: ChannelStores, name: str, limit: int) -> Iterator[dict[str, object]]:
    after, left = 0, limit
    while left > 0:
        rows = stores.outbox.rows(name, state="parked", after=after, limit=min(PAGE, left))
        for row in rows:
            yield {
                "number": row.position, "what": row.kind, "key": row.key,
                "since": row.created_at.isoformat(timespec="seconds"), "tries": row.attempts, "words": row.words,
            }  # fmt: skip
        if not rows:
            break
        after, left = rows[-1].position, left - len(rows)
    for offer in stores.stock.offers(name, state="parked", limit=limit):
        told = "" if offer.sent is None else format_quantity(offer.sent)
        yield {
            "what": "level", "sku": offer.sku, "location": offer.location, "told": told, "tries": offer.attempts,
            "words": offer.words,
        }  # fmt: skip


def _came(one: Aside) -> dict[str, object]:
    since = one.first_at.isoformat(timespec="seconds")
    return {"what": f"from {one.kind}", "key": one.key, "since": since, "tries": one.count, "words": one.why}


TOLD_COMMANDS = (parked, replay, push)
