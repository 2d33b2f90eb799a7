"""`staff`, `customer`, `promotion`, `voucher`, `document`: what an office puts on the feeds by command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from hub.catalogue.documents import KEY_FIELDS, feed_for, read_documents
from hub.catalogue.kept import items_by_sku
from hub.catalogue.nesting import as_on_shelf
from hub.cli.opening import Invocation, file_argument, pass_invocation, read_text
from hub.config import now
from hub.customers.files import in_parts, read_customers
from hub.errors import HubError, ImportFailed
from hub.identity.pins import hash_pin
from hub.running.data import OpenData
from hub.storage.records import DocumentPut
from protocol.documents import Pick, Purchase, Role, Staff, Transfer
from protocol.ids import GLOBAL_FEED, FeedName, store_feed, store_id

AT_ONCE = 2_000
GOODS_KINDS = frozenset({"purchase", "transfer", "pick"})
PROGRESS_EVERY = 20_000
ROLES: tuple[Role, ...] = ("cashier", "supervisor", "manager")
pin_file_option = click.option(
    "--pin-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Read the PIN from the first line of this file, '-' from standard input; default: ask for it.",
)


@click.group()
def staff() -> None:
    """Say who may work at a store's tills."""


@staff.command("add")
@click.argument("store_name", metavar="STORE")
@click.argument("person", metavar="ID")
@click.option("--name", required=True, help="As it stands on receipts.")
@click.option("--role", type=click.Choice(ROLES), default="cashier", help="What this person may do.")
@pin_file_option
@pass_invocation
def add_staff(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, store_name: str, person: str, *, name: str, role: str, pin_file: Path | None
) -> None:
    """Add a person, or change name, role and PIN. The PIN is never an argument: those can be seen by others."""
    feed = store_feed(store_id(store_name))
    hashed = hash_pin(_pin(pin_file))
    _put(
        invocation, feed, "staff", [DocumentPut(person, _staff(Staff(staff=person, name=name, role=role, pin=hashed)))]
    )
    click.echo(f"{person} ({role}) may work at {store_name}; its tills know it within seconds.")


@staff.command("pin")
@click.argument("store_name", metavar="STORE")
@click.argument("person", metavar="ID")
@pin_file_option
@pass_invocation
def change_pin(invocation: Invocation, store_name: str, person: str, *, pin_file: Path | None) -> None:
    """Give a person a new PIN."""
    feed = store_feed(store_id(store_name))
    with invocation.data() as data:
        known = _person(data, feed, person)
        changed = msgspec.structs.replace(known, pin=hash_pin(_pin(pin_file)))
        data.stores.documents.put(feed, "staff", [DocumentPut(person, changed)], now())
    click.echo(f"{person} has a new PIN at {store_name}.")


@staff.command("remove")
@click.argument("store_name", metavar="STORE")
@click.argument("person", metavar="ID")
@pass_invocation
def remove_staff(invocation: Invocation, store_name: str, person: str) -> None:
    """Take a person off a store's tills; what she did stays."""
    feed = store_feed(store_id(store_name))
    with invocation.data() as data:
        _person(data, feed, person)
        data.stores.documents.delete(feed, "staff", [person], now())
    click.echo(f"{person} may no longer work at {store_name}.")


@staff.command("list")
@click.argument("store_name", metavar="[STORE]", required=False)
@pass_invocation
def list_staff(invocation: Invocation, store_name: str | None) -> None:
    """List people, of all stores or of one; PINs are not shown."""
    feed = store_feed(store_id(store_name)) if store_name else None
    with invocation.data() as data:
        for kept in data.stores.documents.documents(feed, "staff", limit=100_000):
            person = msgspec.json.decode(kept.body, type=Staff)
            has_pin = "PIN" if person.pin else "no PIN"
            state = "" if person.active else "\tnot active"
            click.echo(
                f"{kept.feed.removeprefix('store-')}\t{person.staff}\t{person.name}\t{person.role}\t{has_pin}{state}"
            )


@click.group()
def customer() -> None:
    """Bring customers to all tills."""


@customer.command("import")
@file_argument
@click.option("--currency", default="VND", help="Of amounts whose line names none.")
@click.option("--country-code", default="84", help="Takes the place of a phone number's leading 0.")
@pass_invocation
def import_customers(invocation: Invocation, file: Path, *, currency: str, country_code: str) -> None:
    """Add or change the customers of FILE (.csv or .jsonl); at the first faulty line, none."""
    text = read_text(file)
    if file.suffix.lower() == ".csv":
        puts = read_customers(str(file), text, currency=currency, country_code=country_code)
    else:
        found = read_documents(str(file), text, "customer")
        puts = [DocumentPut(one.key, one.body, sets_rest="owes" in one.named) for one in found]
    _tell_import(len(puts), _put(invocation, GLOBAL_FEED, "customer", puts), "customers")


@click.group()
def promotion() -> None:
    """Say what is cheaper, when, and for whom."""


@promotion.command("import")
@file_argument
@click.option("--store", "store_name", help="Only at this store; default: at all.")
@pass_invocation
def import_promotions(invocation: Invocation, file: Path, *, store_name: str | None) -> None:
    """Add or change the promotions of FILE (.json or .jsonl)."""
    _import(invocation, feed_for("promotion", store_name or GLOBAL_FEED), "promotion", file)


@click.group()
def voucher() -> None:
    """Bring vouchers to all tills."""


@voucher.command("import")
@file_argument
@pass_invocation
def import_vouchers(invocation: Invocation, file: Path) -> None:
    """Add or change the vouchers of FILE (.json or .jsonl); `amount` is what is left of each from now on."""
    _import(invocation, GLOBAL_FEED, "voucher", file)


@click.group()
def document() -> None:
    """Put, list and delete documents of any kind: staff, customers, deliveries, transfers, web orders, payments."""


@document.command("put")
@click.argument("feed_name", metavar="FEED")
@click.argument("kind", type=click.Choice(sorted(KEY_FIELDS)))
@file_argument
@pass_invocation
def put_documents(invocation: Invocation, feed_name: str, kind: str, file: Path) -> None:
    """Put the documents of FILE (.json or .jsonl) on FEED, a store's name or "global"."""
    _import(invocation, feed_for(kind, feed_name), kind, file)


@document.command("delete")
@click.argument("feed_name", metavar="FEED")
@click.argument("kind", type=click.Choice(sorted(KEY_FIELDS)))
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@pass_invocation
def delete_documents(invocation: Invocation, feed_name: str, kind: str, keys: tuple[str, ...]) -> None:
    """Take documents away; tills hear of it."""
    feed = feed_for(kind, feed_name)
    with invocation.data() as data:
        deleted = data.stores.documents.delete(feed, kind, keys, now())
    click.echo(f"{deleted} of {len(keys)} deleted.")


@document.command("list")
@click.argument("feed_name", metavar="[FEED]", required=False)
@click.option("--kind", type=click.Choice(sorted(KEY_FIELDS)), help="Only this kind.")
@click.option("--limit", default=1_000, help="How many at most.")
@pass_invocation
def list_documents(invocation: Invocation, feed_name: str | None, *, kind: str | None, limit: int) -> None:
    """List documents as tills have them, one JSON object a line; PINs are left out."""
    feed = None if feed_name is None else _feed(feed_name)
    with invocation.data() as data:
        for kept in data.stores.documents.documents(feed, kind, limit=limit):
            body = msgspec.json.decode(kept.body, type=dict[str, object])
            body.pop("pin", None)
            line = {"feed": kept.feed, "kind": kept.kind, "key": kept.key, "body": body}
            click.echo(msgspec.json.encode(line).decode())


def _feed(name: str) -> FeedName:
    return GLOBAL_FEED if name == GLOBAL_FEED else store_feed(store_id(name.removeprefix("store-")))


def _import(invocation: Invocation, feed: FeedName, kind: str, file: Path) -> None:
    found = read_documents(str(file), read_text(file), kind)
    puts = [DocumentPut(one.key, one.body, sets_rest=kind != "customer" or "owes" in one.named) for one in found]
    if kind == "promotion" and (empty := next((one for one in found if getattr(one.body, "deal", None) is None), None)):
        raise ImportFailed(f"{file}: promotion {empty.key}: has no deal; give one, such as off, buy_pay or bundle")
    if kind in GOODS_KINDS:
        puts = [*_on_shelves(invocation, file, puts)]
    _tell_import(len(puts), _put(invocation, feed, kind, puts), "documents")


def _on_shelves(invocation: Invocation, file: Path, puts: Sequence[DocumentPut]) -> Sequence[DocumentPut]:
    """Deliveries, transfers and web orders in what stands on shelves, whatever packs the office wrote."""
    bodies = [put.body for put in puts if isinstance(put.body, Purchase | Transfer | Pick)]
    with invocation.data() as data:
        known = items_by_sku(data.database, {line.sku for body in bodies for line in body.lines})
    return [
        replace(put, body=msgspec.structs.replace(body, lines=as_on_shelf(f"{file}: {put.key}", body.lines, known)))
        for put, body in zip(puts, bodies, strict=True)
    ]


def _put(invocation: Invocation, feed: FeedName, kind: str, puts: Sequence[DocumentPut]) -> int:
    changed, done = 0, 0
    with invocation.data() as data:
        for part in in_parts(puts, AT_ONCE):
            changed += data.stores.documents.put(feed, kind, part, now())
            done += len(part)
            if done % PROGRESS_EVERY == 0 and done < len(puts):
                click.echo(f"{done} of {len(puts)}", err=True)
    return changed


def _tell_import(read: int, changed: int, what: str) -> None:
    click.echo(f"{read} {what} read, {changed} new or changed.")


def _staff(person: Staff) -> Staff:
    try:
        return msgspec.json.decode(msgspec.json.encode(person), type=Staff)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"these make no member of staff: {error}") from error


def _person(data: OpenData, feed: FeedName, person: str) -> Staff:
    found = data.stores.documents.documents(feed, "staff", key=person)
    if not found:
        store = feed.removeprefix("store-")
        raise HubError(
            f"{person}: nobody of this id works at {store}; `tillwire-hub staff list {store}` shows who does"
        )
    return msgspec.json.decode(found[0].body, type=Staff)


def _pin(file: Path | None) -> str:
    if file is None:
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask for the PIN: give --pin-file FILE, or --pin-file - for a pipe")
        asked: str = click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    text = sys.stdin.readline() if str(file) == "-" else read_text(file)
    return text.split("\n")[0].rstrip("\r")
