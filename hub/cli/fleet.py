"""`store` and `terminal`: who there is, and with which keys."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from hub.catalogue.documents import read_body, read_object
from hub.cli.opening import Invocation, pass_invocation, read_text
from hub.config import HubConfig, is_time_zone, now
from hub.errors import ImportFailed, StoreExists
from hub.fleet.enrolment import Credentials, HubPlace, as_json, credentials, write_private
from hub.identity.admin_key import new_link_key
from hub.running.addresses import running_addresses
from hub.running.data import OpenData
from protocol.documents import Settings, Staff
from protocol.errors import InvalidMoney
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId, store_feed, store_id, terminal_id
from protocol.money import decimals

out_option = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the credentials here, for their owner only."
)
hub_host_option = click.option("--hub-host", help="The host under which this terminal reaches the broker.")
hub_port_option = click.option("--hub-port", type=int, help="The port under which this terminal reaches the broker.")


STAFF_MAX = 10_000


@click.group()
def store() -> None:
    """Create and list stores."""


@store.command("add")
@click.argument("name", metavar="STORE")
@click.option("--title", help="The name on receipts and pages; default: STORE.")
@click.option("--currency", default="VND", show_default=True, help="Currency of its tills, ISO 4217.")
@click.option("--time-zone", default="Asia/Ho_Chi_Minh", show_default=True, help="Where its business day begins.")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Of its tills.")
@pass_invocation
def add_store(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, name: str, *, title: str | None, currency: str, time_zone: str, language: str
) -> None:
    """Create the store STORE and its feed."""
    checked = store_id(name)
    settings = _settings(title or name, currency, time_zone, language)
    with invocation.data() as data:
        data.stores.fleet.add_store(checked, settings, Key(new_link_key()), now())
    click.echo(f"Store {checked} is there. Next: tillwire-hub terminal add {checked} TERMINAL")


@store.command("list")
@pass_invocation
def list_stores(invocation: Invocation) -> None:
    """List all stores."""
    with invocation.data() as data:
        for row in data.queries.stores(now()):
            click.echo(f"{row.store}\t{row.name}\t{row.currency}\t{row.time_zone}\tsales today: {row.sales_today}")


@store.command("settings")
@click.argument("name", metavar="STORE")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--sells-without-staff/--needs-staff",
    default=None,
    help="Open its tills, or keep them locked, once nobody of those who signed in works there any more.",
)
@click.option("--json", "as_json_", is_flag=True, help="Show them as JSON, as FILE may be.")
@pass_invocation
def store_settings(
    invocation: Invocation, name: str, file: Path | None, *, sells_without_staff: bool | None, as_json_: bool
) -> None:
    """Change what FILE (.toml or .json) and options name of a store's settings, show them all; tills follow at once."""
    checked = store_id(name)
    with invocation.data() as data:
        settings = data.stores.fleet.settings(checked)
        changes = {} if file is None else dict(read_object(str(file), read_text(file)))
        if sells_without_staff is not None:
            changes["sells_without_staff"] = sells_without_staff
        if changes:
            settings = changed_settings("options" if file is None else str(file), settings, changes)
            data.stores.fleet.set_settings(checked, settings, now())
    shown = msgspec.to_builtins(settings, builtin_types=())
    full = {name: shown.get(name, getattr(settings, name)) for name in settings.__struct_fields__}
    if as_json_:
        click.echo(msgspec.json.format(msgspec.json.encode(full), indent=2).decode())
        return
    for field, value in full.items():
        click.echo(f"{field:22}{msgspec.json.encode(value).decode()}")


@click.group()
def terminal() -> None:
    """Add, list, renew and revoke terminals."""


@terminal.command("add")
@click.argument("store_name", metavar="STORE")
@click.argument("terminal_name", metavar="TERMINAL")
@click.option("--name", default="", help="A name for people, such as 'counter at the door'.")
@click.option("--create-store", is_flag=True, help="Create the store with default settings if it is not there.")
@out_option
@hub_host_option
@hub_port_option
@pass_invocation
def add_terminal(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation,
    store_name: str,
    terminal_name: str,
    *,
    name: str,
    create_store: bool,
    out: Path | None,
    hub_host: str | None,
    hub_port: int | None,
) -> None:
    """Create a terminal and write its credentials: epoch, keys, and where the hub is."""
    place = store_id(store_name), terminal_id(terminal_name)
    _refuse_existing(out)
    with invocation.data() as data:
        if create_store:
            _create_store(data, place[0])
        key = Key(new_link_key())
        epoch = data.stores.fleet.add_terminal(*place, name, key, now())
        _hand_over(data, invocation.config(), place, key, epoch, out=out, hub_host=hub_host, hub_port=hub_port)


@terminal.command("renew")
@click.argument("store_name", metavar="STORE")
@click.argument("terminal_name", metavar="TERMINAL")
@out_option
@hub_host_option
@hub_port_option
@pass_invocation
def renew_terminal(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation,
    store_name: str,
    terminal_name: str,
    *,
    out: Path | None,
    hub_host: str | None,
    hub_port: int | None,
) -> None:
    """Give a terminal new keys and a new epoch; the old keys are void at once."""
    place = store_id(store_name), terminal_id(terminal_name)
    _refuse_existing(out)
    with invocation.data() as data:
        key = Key(new_link_key())
        epoch = data.stores.fleet.renew_terminal(*place, key, now())
        _hand_over(data, invocation.config(), place, key, epoch, out=out, hub_host=hub_host, hub_port=hub_port)


@terminal.command("revoke")
@click.argument("store_name", metavar="STORE")
@click.argument("terminal_name", metavar="TERMINAL")
@pass_invocation
def revoke_terminal(invocation: Invocation, store_name: str, terminal_name: str) -> None:
    """Refuse everything that a terminal sends from now on; what it sent stays."""
    place = store_id(store_name), terminal_id(terminal_name)
    with invocation.data() as data:
        data.stores.fleet.revoke_terminal(*place, now())
    click.echo(f"Terminal {place[0]}/{place[1]} is revoked; a running hub knows it within seconds.")


@terminal.command("list")
@pass_invocation
def list_terminals(invocation: Invocation) -> None:
    """List all terminals."""
    with invocation.data() as data:
        for row in data.queries.terminals():
            state = row.problem or ("online" if row.online else "offline")
            seen = row.last_seen_at.isoformat(timespec="seconds") if row.last_seen_at else "never"
            click.echo(
                f"{row.store}\t{row.terminal}\t{state}\tepoch {row.epoch}\tbacklog {row.backlog}\tlast seen {seen}"
            )


def _refuse_existing(out: Path | None) -> None:
    # Before anything is created: a terminal whose keys could not be written would be of no use.
    if out is not None and out.exists():
        raise click.BadParameter(f"{out} is there already; move it away or name another file", param_hint="--out")


def _create_store(data: OpenData, store_name: StoreId) -> None:
    try:
        settings = Settings(store_name=store_name)
        data.stores.fleet.add_store(store_name, settings, Key(new_link_key()), now())
    except StoreExists:
        return


def changed_settings(name: str, settings: Settings, changes: Mapping[str, object]) -> Settings:
    """The settings with what a file names. Raises ImportFailed for what no till would take."""
    whole = msgspec.to_builtins(settings)
    read = read_body(name, {**whole, **changes}, Settings)
    assert isinstance(read, Settings)
    try:
        decimals(read.currency)
    except InvalidMoney as error:
        raise ImportFailed(f"{name}: field currency: {error}") from error
    if not is_time_zone(read.time_zone):
        text = f"{read.time_zone!r} is no time zone; write its IANA name, such as Asia/Ho_Chi_Minh"
        raise ImportFailed(f"{name}: field time_zone: {text}")
    return read


def _settings(title: str, currency: str, time_zone: str, language: str) -> Settings:
    try:
        decimals(currency)
    except InvalidMoney as error:
        raise click.BadParameter(str(error), param_hint="--currency") from error
    if not is_time_zone(time_zone):
        # Nobody would notice until a day's sales stand under the wrong date.
        text = f"{time_zone!r} is no time zone; write its IANA name, such as Asia/Ho_Chi_Minh"
        raise click.BadParameter(text, param_hint="--time-zone")
    settings = Settings(
        store_name=title, currency=currency, time_zone=time_zone, language="en" if language == "en" else "vi"
    )
    try:
        # Through the codec once: what it would not read back would stop every page and every till of the store.
        return msgspec.json.decode(msgspec.json.encode(settings), type=Settings)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"these settings make no store: {error}") from error


def _works_somebody(data: OpenData, store: StoreId) -> bool:
    """Whether people sign in at a store, as its tills will decide once they have heard of them."""
    people = data.stores.documents.documents(store_feed(store), "staff", limit=STAFF_MAX)
    found = (msgspec.json.decode(one.body, type=Staff) for one in people)
    return any(person.active and person.pin for person in found)


def _hand_over(  # noqa: PLR0913 - as the options
    data: OpenData,
    config: HubConfig,
    place: tuple[StoreId, TerminalId],
    key: Key,
    epoch: int,
    *,
    out: Path | None,
    hub_host: str | None,
    hub_port: int | None,
) -> None:
    feeds = data.stores.fleet.keys().feeds
    running = running_addresses(config.folder)
    port = hub_port or config.broker.port or (running.broker[1] if running is not None else 0)
    where = HubPlace(hub_host or config.broker.host, port, config.broker.tls)
    given: Credentials = credentials(
        *place, epoch=epoch, key=key, store_key=feeds[store_feed(place[0])], global_key=feeds[GLOBAL_FEED], hub=where,
        has_staff=_works_somebody(data, place[0]),
    )  # fmt: skip
    if out is None:
        sys.stdout.buffer.write(as_json(given))
        sys.stdout.buffer.flush()
        return
    write_private(out, as_json(given))
    click.echo(f"Terminal {place[0]}/{place[1]} has epoch {epoch}; its credentials are in {out}.")
    click.echo(f"Bring them to the till and enter: tillwire-agent enrol --from {out.name}")
