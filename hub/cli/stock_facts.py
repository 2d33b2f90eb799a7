"""`stock explain`, `stock accuracy` and `stock rule`: why levels are what they are, and what is held back of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from hub.catalogue.rules import read_rules, rule_of
from hub.cli.opening import Invocation, file_argument, pass_invocation, read_text
from hub.config import now
from hub.errors import ImportFailed, UnknownItem
from hub.stock.accuracy import GOAL
from protocol.ids import sku as checked_sku
from protocol.ids import store_id
from protocol.quantity import format_quantity

RULES_PAGE = 1_000


@click.command("explain")
@click.argument("sku")
@click.argument("store")
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
@click.option(
    "--since", metavar="TIME", help="Only the ledger from this time on, such as 2026-11-22 or 2026-11-22T08:00."
)
@click.option("--page", default=1, type=click.IntRange(min=1), help="Which page of the ledger, the newest first.")
@click.option("--page-size", default=50, type=click.IntRange(1, 10_000), help="Lines on a page.")
@click.option("--language", type=click.Choice(["en", "vi"]), default="en", help="Of the words.")
@pass_invocation
def explain(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, sku: str, store: str, *, as_json: bool, since: str | None, page: int, page_size: int,
    language: str,
) -> None:  # fmt: skip
    """Say why STORE's level of SKU is what it is: its ledger, its count, what is promised and held back."""
    known, place, begin = checked_sku(sku), store_id(store), _moment(since)
    with invocation.data() as data:
        found = data.queries.explain(place, known, limit=page_size, offset=(page - 1) * page_size, since=begin)
        zone = next((row.time_zone for row in data.queries.stores(now()) if row.store == place), "UTC")
    if found is None:
        raise UnknownItem(
            f"{known} in {place}: this store never sold, received or counted it, so it has no level "
            "(a pack or a bundle never has one: ask for what it consists of)"
        )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    from hub.admin.explaining import as_text  # noqa: PLC0415 - the words' library is slow to load
    from hub.admin.words import Words  # noqa: PLC0415 - as above

    for line in as_text(Words(language), found, zone, next_page=page + 1, shown=(page - 1) * page_size):
        click.echo(line)


@click.command("accuracy")
@click.option("--store", help="Only this store.")
@click.option("--days", default=30, type=click.IntRange(1, 3_650), help="So many days back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_invocation
def accuracy(invocation: Invocation, *, store: str | None, days: int, as_json: bool) -> None:
    """Say how often levels were right when they were counted, by store and day; the goal is 99.5 %."""
    with invocation.data() as data:
        found = data.queries.accuracy(now() - timedelta(days=days), store=None if store is None else store_id(store))
    for row in found:
        if as_json:
            body = {**msgspec.to_builtins(row), "share": row.share, "value_share": row.value_share, "goal": GOAL}
            click.echo(msgspec.json.encode(body).decode())
            continue
        value = "-" if row.value_share is None else f"{row.value_share:.2%}"
        mark = "" if row.share >= GOAL else "\tbelow 99.5 %"
        click.echo(f"{row.day.isoformat()}\t{row.store}\t{row.share:.2%} ({row.right} of {row.counted})\t{value}{mark}")
    if not found and not as_json:
        click.echo(f"Nothing was counted in {days} days.")


@click.group()
def rule() -> None:
    """Say how much of a level the web never gets: safety stock by SKU, category or store, the closest rule holds."""


@rule.command("set")
@click.argument("quantity")
@click.option("--store", default="", help="Only in this store.")
@click.option("--sku", "sku_name", default="", help="Only for this SKU.")
@click.option("--category", default="", help="Only for goods of this category.")
@pass_invocation
def set_rule(invocation: Invocation, quantity: str, *, store: str, sku_name: str, category: str) -> None:
    """Hold QUANTITY back, in units; without options of everything everywhere."""
    with invocation.data() as data:
        changed = data.rules.set([rule_of(store, sku_name, category, quantity)])
    click.echo("Set." if changed else "It was so already.")


@rule.command("list")
@pass_invocation
def list_rules(invocation: Invocation) -> None:
    """List all rules; '*' is every store, or everything."""
    with invocation.data() as data:
        found = data.rules.rules()
    for one in found:
        what = f"sku {one.sku}" if one.sku else f"category {one.category}" if one.category else "*"
        click.echo(f"{one.store or '*'}\t{what}\t{format_quantity(one.quantity)}")
    if not found:
        click.echo("No rules: the web may sell all that is not reserved.")


@rule.command("delete")
@click.option("--store", default="", help="Of this store.")
@click.option("--sku", "sku_name", default="", help="For this SKU.")
@click.option("--category", default="", help="For goods of this category.")
@pass_invocation
def delete_rule(invocation: Invocation, *, store: str, sku_name: str, category: str) -> None:
    """Take the rule away that was set with the same options."""
    with invocation.data() as data:
        deleted = data.rules.delete([(store, sku_name, category)])
    click.echo("Deleted." if deleted else "There is no such rule; `tillwire-hub stock rule list` shows them.")
    if not deleted:
        raise SystemExit(1)


@rule.command("import")
@file_argument
@pass_invocation
def import_rules(invocation: Invocation, file: Path) -> None:
    """Set the rules of FILE (CSV: store,sku,category,quantity); at the first faulty line, none."""
    rules = read_rules(str(file), read_text(file))
    with invocation.data() as data:
        changed = data.rules.set(rules)
    click.echo(f"{len(rules)} rules read, {changed} new or changed.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ImportFailed(f"--since {text!r}: write a time such as 2026-11-22 or 2026-11-22T08:00+07:00") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
