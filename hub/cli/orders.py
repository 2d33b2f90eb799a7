"""`order`: web orders by command, for channels that write files and for people who look after them."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from hub.api.order_json import as_json
from hub.catalogue.orders import read_orders
from hub.cli.opening import Invocation, file_argument, pass_invocation, read_text
from hub.config import now
from hub.errors import HubError, StorageError, UnknownOrder
from hub.matters.orders import ORDER_STATES
from hub.storage.reading_stock import OrderDetail
from protocol.quantity import format_quantity

LIST_PAGE = 500


@click.group()
def order() -> None:
    """Place web orders, look at them, cancel them."""


@order.command("place")
@file_argument
@pass_invocation
def place_orders(invocation: Invocation, file: Path) -> None:
    """Place the orders of FILE (.jsonl or .json); one that was placed before stays as it is.

    A line that cannot be read stops all of FILE. An order that cannot be taken is named, the others are placed.
    """
    orders = read_orders(str(file), read_text(file))
    new, refused = 0, 0
    with invocation.data() as data:
        for one in orders:
            try:
                new += data.orders.place(one, now())
            except StorageError:
                raise
            except HubError as error:
                refused += 1
                click.echo(f"tillwire-hub: {error}", err=True)
                continue
            detail = data.queries.order(one.order)
            if detail is not None:
                click.echo(_line(detail))
    click.echo(f"{len(orders)} orders read, {new} new, {refused} refused.")
    if refused:
        raise SystemExit(1)


@order.command("list")
@click.option("--state", type=click.Choice(ORDER_STATES), help="Only these.")
@click.option("--limit", default=100, help="How many at most, newest first.")
@click.option("--json", "as_json_", is_flag=True, help="One JSON object a line.")
@pass_invocation
def list_orders(invocation: Invocation, *, state: str | None, limit: int, as_json_: bool) -> None:
    """List orders, newest first."""
    shown = 0
    with invocation.data() as data:
        while shown < limit:
            page = data.queries.orders(state=state or "", limit=min(LIST_PAGE, limit - shown), offset=shown)
            for row in page.rows:
                missing = ", ".join(f"{sku} {format_quantity(quantity)}" for sku, quantity in row.missing.items())
                if as_json_:
                    click.echo(msgspec.json.encode(row).decode())
                    continue
                at = row.placed_at.isoformat(timespec="seconds")
                line = [at, row.order, row.channel or "-", row.state, ",".join(row.stores) or "-"]
                click.echo("\t".join([*line, f"missing: {missing}"] if missing else line))
            shown += len(page.rows)
            if not page.rows:
                break
    if not as_json_ and not shown:
        click.echo("No orders yet: `tillwire-hub order place FILE`, or POST /v1/orders." if not state else "None.")


@order.command("show")
@click.argument("name", metavar="ORDER")
@click.option("--json", "as_json_", is_flag=True, help="As the API answers.")
@pass_invocation
def show_order(invocation: Invocation, name: str, *, as_json_: bool) -> None:
    """Show an order: its lines, who was asked, what is missing."""
    with invocation.data() as data:
        detail = data.queries.order(name)
    if detail is None:
        raise UnknownOrder(f"order {name}: there is none of this id; `tillwire-hub order list` shows them")
    if as_json_:
        click.echo(json.dumps(msgspec.to_builtins(as_json(detail)), ensure_ascii=False, indent=2))
        return
    click.echo(_line(detail))
    click.echo(f"placed {detail.placed_at.isoformat(timespec='seconds')}, {detail.placed.way}")
    for line in detail.placed.lines:
        click.echo(f"ordered\t{line.sku}\t{format_quantity(line.quantity)}")
    for parcel in detail.outcome.parcels:
        for sku, quantity in parcel.goods.items():
            click.echo(f"{parcel.store}\t{parcel.state}\t{sku}\t{format_quantity(quantity)}")
        for sku, quantity in parcel.short.items():
            click.echo(f"{parcel.store}\thas not got\t{sku}\t{format_quantity(quantity)}")
    for sku, quantity in detail.outcome.missing.items():
        click.echo(f"missing\t{sku}\t{format_quantity(quantity)}")


@order.command("cancel")
@click.argument("names", metavar="ORDER...", nargs=-1, required=True)
@pass_invocation
def cancel_orders(invocation: Invocation, names: tuple[str, ...]) -> None:
    """Give orders up: what is reserved is free again; what was gathered is shown at the till to be put back."""
    with invocation.data() as data:
        for name in names:
            done = data.orders.cancel(name, now())
            click.echo(f"{name} is cancelled." if done else f"{name} was cancelled before.")


def _line(detail: OrderDetail) -> str:
    stores = ",".join(parcel.store for parcel in detail.outcome.parcels) or "-"
    return "\t".join([detail.placed.order, detail.placed.channel or "-", detail.outcome.state, stores])
