"""`catalogue`, `stock` and `parked`: what is sold, how much there is, and what could not be counted in."""

from __future__ import annotations

from pathlib import Path

import click

from hub.catalogue.files import read_items, read_stock
from hub.catalogue.kept import items_by_sku, packs_and_bundles
from hub.catalogue.nesting import parts_needed, refuse_levels, refuse_missing_parts, refuse_nested
from hub.cli.opening import Invocation, file_argument, pass_invocation, read_text
from hub.cli.stock_facts import accuracy, explain, rule
from hub.config import now
from hub.errors import UnknownItem, UnknownStore
from hub.ingest.stocktake import set_stock
from hub.projections.rebuild import Difference, differences, mend
from hub.running.data import OpenData
from hub.running.desk import replay_all
from protocol.ids import Sku, StoreId, store_id
from protocol.quantity import format_quantity

ITEMS_AT_ONCE = 2_000


@click.group()
def catalogue() -> None:
    """Bring goods into the catalogue."""


@catalogue.command("import")
@file_argument
@pass_invocation
def import_items(invocation: Invocation, file: Path) -> None:
    """Add or change the items of FILE (.csv or .jsonl); all or, at the first faulty line, none."""
    lines = read_items(str(file), read_text(file))
    items = [item for _, item in lines.values()]
    with invocation.data() as data:
        known = items_by_sku(data.database, parts_needed(items))
        refuse_nested(str(file), lines, known, packs_and_bundles(data.database))
        changed = sum(
            data.stores.catalogue.put_items(items[start : start + ITEMS_AT_ONCE], now())
            for start in range(0, len(items), ITEMS_AT_ONCE)
        )
    click.echo(f"{len(items)} items read, {changed} new or changed.")


@catalogue.command("delete")
@click.argument("skus", metavar="SKU...", nargs=-1, required=True)
@pass_invocation
def delete_items(invocation: Invocation, skus: tuple[str, ...]) -> None:
    """Take items out of the catalogue; tills hear of it, past sales keep their names."""
    with invocation.data() as data:
        refuse_missing_parts(skus, packs_and_bundles(data.database))
        deleted = data.stores.catalogue.delete_items([Sku(name) for name in skus], now())
    click.echo(f"{deleted} items deleted.")


@click.group()
def stock() -> None:
    """Set levels, and check them against the ledger."""


@stock.command("set")
@click.argument("store_name", metavar="STORE")
@file_argument
@pass_invocation
def set_levels(invocation: Invocation, store_name: str, file: Path) -> None:
    """Set a store's levels from FILE (CSV: sku,quantity): opening stock for new SKUs, a count as of now for others."""
    quantities = read_stock(str(file), read_text(file))
    with invocation.data() as data:
        store = _known_store(data, store_name)
        refuse_levels(str(file), items_by_sku(data.database, quantities).values())
        done = set_stock(data.stores.ledger, store, quantities, now())
    click.echo(f"{done} levels set in store {store}.")


@stock.command("rebuild")
@click.option("--store", "store_name", help="Only this store.")
@click.option("--mend", "do_mend", is_flag=True, help="Write the derived levels where they differ.")
@pass_invocation
def rebuild(invocation: Invocation, *, store_name: str | None, do_mend: bool) -> None:
    """Derive every level from the ledger, compare with what is stored, and report each difference."""
    with invocation.data() as data:
        stores = [_known_store(data, store_name)] if store_name else _stores(data)
        found: list[Difference] = []
        for store in stores:
            found += differences(data.stores.ledger, data.database, store)
            if do_mend:
                mend(data.stores.ledger, data.database, store, now())
    for difference in found:
        stored, derived = format_quantity(difference.stored.on_hand), format_quantity(difference.derived.on_hand)
        reserved = ""
        if difference.stored.reserved != difference.derived.reserved:
            said, promised = format_quantity(difference.stored.reserved), format_quantity(difference.derived.reserved)
            reserved = f"\treserved {said}\tpromised {promised}"
        click.echo(f"{difference.store}\t{difference.sku}\tstored {stored}\tledger {derived}{reserved}")
    click.echo(f"{len(found)} levels differ from the ledger{', mended' if do_mend and found else ''}.")
    if found and not do_mend:
        raise SystemExit(1)


for command in (explain, accuracy, rule):
    stock.add_command(command)


@click.group()
def parked() -> None:
    """Look at events that could not be counted in, and try them again."""


@parked.command("list")
@click.option("--limit", default=100, show_default=True, help="How many at most, newest first.")
@pass_invocation
def list_parked(invocation: Invocation, limit: int) -> None:
    """List parked events."""
    with invocation.data() as data:
        for row in data.queries.parked(limit):
            place = f"{row.store}/{row.terminal}\tepoch {row.epoch} sequence {row.sequence}"
            at = row.received_at.isoformat(timespec="seconds")
            click.echo(f"{row.position}\t{at}\t{place}\t{row.reason}\t{row.text}")


@parked.command("show")
@click.argument("position", type=int)
@pass_invocation
def show_parked(invocation: Invocation, position: int) -> None:
    """Show a parked event, by its number in the list: where it comes from, why it was set aside, its bytes."""
    with invocation.data() as data:
        found = data.queries.parked_event(position)
    if found is None:
        raise UnknownItem(f"parked event {position}: there is none; `tillwire-hub parked list` shows them")
    click.echo(f"from      {found.store}/{found.terminal} epoch {found.epoch} sequence {found.sequence}")
    click.echo(f"arrived   {found.received_at.isoformat(timespec='seconds')}")
    click.echo(f"why       {found.reason}: {found.text}")
    click.echo(f"state     {'has come in since' if found.resolved_at else 'waits'}")
    click.echo(f"id        {found.event_id or '-'}")
    click.echo(found.raw.decode(errors="backslashreplace"))


@parked.command("waiting")
@click.option("--limit", default=100, show_default=True, help="How many at most, oldest first.")
@pass_invocation
def list_waiting(invocation: Invocation, limit: int) -> None:
    """List events that wait for another one: refunds without their sale, vouchers and customers nobody has made."""
    with invocation.data() as data:
        for row in data.stores.documents.waiting(limit):
            place = f"{row.store}/{row.terminal}"
            click.echo(f"{row.at.isoformat(timespec='seconds')}\t{row.kind} {row.key}\t{row.role}\t{place}")


@parked.command("replay")
@pass_invocation
def replay_parked(invocation: Invocation) -> None:
    """Count in what this version can read; to be done after an upgrade."""
    with invocation.data() as data:
        done = replay_all(data, now())
        left = len(data.queries.parked(10_000))
    click.echo(f"{done} events counted in, {left} are still parked.")


@click.group()
def alarm() -> None:
    """Look at open alarms, and close them."""


@alarm.command("list")
@pass_invocation
def list_alarms(invocation: Invocation) -> None:
    """List open alarms, newest first."""
    with invocation.data() as data:
        for row in data.queries.alarms(1_000):
            place = "/".join(word for word in (row.store, row.terminal, row.sku) if word)
            about = " ".join(word for word in (row.subject, row.text) if word)
            click.echo(
                f"{row.at.isoformat(timespec='seconds')}\t{row.kind}\t{place or '-'}\t{row.count or ''}\t{about}"
            )


@alarm.command("close")
@click.argument("kind", required=False)
@pass_invocation
def close_alarms(invocation: Invocation, kind: str | None) -> None:
    """Close the open alarms of KIND, or all; what is still wrong opens one again."""
    with invocation.data() as data:
        closed = data.stores.watch.close_alarms(kind, now())
    click.echo(f"{closed} alarms closed.")


def _stores(data: OpenData) -> list[StoreId]:
    return [StoreId(row.store) for row in data.queries.stores(now())]


def _known_store(data: OpenData, name: str) -> StoreId:
    store = store_id(name)
    if store not in _stores(data):
        raise UnknownStore(f"store {store}: there is none of this name; `tillwire-hub store add {store}` creates it")
    return store
