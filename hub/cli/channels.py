"""`channel`: sales channels by command. Secrets never stand on a command line: those can be seen by others."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from hub.channels.breaker import circuit
from hub.channels.registry import Registry
from hub.channels.settings import check_secrets, complete, settings_of
from hub.cli.channel_backfill import backfill_command
from hub.cli.channel_mapping import MAPPING_COMMANDS
from hub.cli.channel_told import TOLD_COMMANDS
from hub.cli.opening import Invocation, pass_invocation
from hub.config import now
from hub.errors import ChannelBusy, ConfigError
from hub.running.channels import ChannelStores, channel_stores
from hub.storage.channel_records import ChannelSetup, OutboxCount

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
name_argument = click.argument("name", metavar="CHANNEL")


@click.group()
def channel() -> None:
    """Join shops, other POS and payment providers to the hub, and look after them."""


@channel.command("kinds")
@json_option
@pass_invocation
def list_kinds(invocation: Invocation, *, as_json: bool) -> None:
    """List the kinds of channels that there are, what they can do, and which settings they have."""
    registry = _registry(invocation)
    for kind in registry.kinds():
        manifest = registry.manifest(kind)
        settings = settings_of(manifest)
        if as_json:
            rows = [msgspec.to_builtins(setting) for setting in settings]
            body = {"kind": kind, "title": manifest.title, "ports": sorted(manifest.ports), "settings": rows}
            click.echo(json.dumps(body, ensure_ascii=False))
            continue
        click.echo(f"{kind}\t{manifest.title}\t{', '.join(sorted(manifest.ports))}")
        for setting in settings:
            what = "a secret" if setting.secret else "must be given" if setting.default is None else setting.default
            click.echo(f"    {setting.name}\t{setting.title}\t{what or '(empty)'}")


@channel.command("add")
@name_argument
@click.argument("kind")
@click.argument("settings", metavar="[SETTING=VALUE]...", nargs=-1)
@pass_invocation
def add(invocation: Invocation, name: str, kind: str, settings: tuple[str, ...]) -> None:
    """Set up a channel of a KIND (`channel kinds` lists them), switched off; what tills sell from now on is for it."""
    manifest = _registry(invocation).manifest(kind)
    given = _pairs(settings)
    complete(name, manifest, given)
    with invocation.data() as data:
        channel_stores(data.database).setups.add(name, kind, given, now())
    secrets = [setting.name for setting in manifest.settings if setting.secret and setting.default is None]
    click.echo(f"{name} is set up and switched off. Next:")
    for secret in secrets:
        click.echo(f"  tillwire-hub channel secret {name} {secret}")
    click.echo(f"  tillwire-hub channel check {name}\n  tillwire-hub channel enable {name}")


@channel.command("list")
@json_option
@pass_invocation
def list_channels(invocation: Invocation, *, as_json: bool) -> None:
    """List all channels: on or off, what waits, what is parked, what is wrong."""
    with invocation.data() as data:
        stores = channel_stores(data.database)
        setups, counts, states = stores.setups.all(), stores.outbox.counts(), stores.parts.states()
    for setup in setups:
        count = counts.get(setup.name, OutboxCount())
        problems = [state.problem for (name, _), state in states.items() if name == setup.name and state.problem]
        if as_json:
            body = {
                "channel": setup.name, "kind": setup.kind, "enabled": setup.enabled, "waiting": count.waiting,
                "parked": count.parked, "problems": problems,
            }  # fmt: skip
            click.echo(json.dumps(body, ensure_ascii=False))
            continue
        on = "on" if setup.enabled else "off"
        click.echo(
            "\t".join([setup.name, setup.kind, on, f"{count.waiting} wait", f"{count.parked} parked", *problems])
        )
    if not setups and not as_json:
        click.echo("No channels yet: `tillwire-hub channel kinds`, then `tillwire-hub channel add NAME KIND`.")


@channel.command("show")
@name_argument
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, *, as_json: bool) -> None:
    """Show a channel: its settings, which secrets it has, and how each part of its work is."""
    with invocation.data() as data:
        stores = channel_stores(data.database)
        setup = stores.setups.get(name)
        body = _shown(stores, setup)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())
        return
    click.echo(f"{name}\t{setup.kind}\t{'on' if setup.enabled else 'off'}")
    for setting, value in setup.settings.items():
        click.echo(f"{setting}\t{value}")
    click.echo(f"secrets\t{_names(body.secrets)}")
    for part in body.parts:
        since = f"fine at {part.fine_at}" if part.fine_at else "not yet fine"
        click.echo("\t".join(filter(None, [part.part, part.circuit, since, part.problem])))
    click.echo(f"outbox\t{body.waiting} wait\t{body.parked} parked")
    click.echo(f"stock\t{body.stock_due} to be told again\t{body.stock_parked} parked")


@channel.command("set")
@name_argument
@click.argument("settings", metavar="SETTING=VALUE...", nargs=-1, required=True)
@pass_invocation
def set_settings(invocation: Invocation, name: str, settings: tuple[str, ...]) -> None:
    """Change settings; SETTING= puts one back to its default. A running hub follows within seconds."""
    registry = _registry(invocation)
    with invocation.data() as data:
        setups = channel_stores(data.database).setups
        setup = setups.get(name)
        changed = {**setup.settings, **_pairs(settings)}
        given = {setting: value for setting, value in changed.items() if value}
        complete(name, registry.manifest(setup.kind), given)
        setups.set(name, given, now())
    click.echo(f"{name} is changed.")


@channel.command("secret")
@name_argument
@click.argument("secret")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Read it from the first line of this file, '-' from standard input; default: ask for it.",
)  # fmt: skip
@pass_invocation
def set_secret(invocation: Invocation, name: str, secret: str, file: Path | None) -> None:
    """Give a channel a key or token, in the place of a former one. It is kept in the database and never shown."""
    registry = _registry(invocation)
    with invocation.data() as data:
        setups = channel_stores(data.database).setups
        manifest = registry.manifest(setups.get(name).kind)
        known = [setting.name for setting in manifest.settings if setting.secret]
        if secret not in known:
            raise ConfigError(f"channel {name}: {secret} is no secret of {manifest.kind}; it has {_names(known)}")
        setups.set_secret(name, secret, _secret_from(file), now())
    click.echo(f"{name} has its {secret}.")


@channel.command("enable")
@name_argument
@pass_invocation
def enable(invocation: Invocation, name: str) -> None:
    """Switch a channel on: a running hub begins within seconds."""
    registry = _registry(invocation)
    with invocation.data() as data:
        setups = channel_stores(data.database).setups
        setup = setups.get(name)
        manifest = registry.manifest(setup.kind)
        complete(name, manifest, setup.settings)
        check_secrets(name, manifest, setups.secrets(name))
        setups.enable(name, now(), enabled=True)
    click.echo(f"{name} is on.")


@channel.command("disable")
@name_argument
@pass_invocation
def disable(invocation: Invocation, name: str) -> None:
    """Switch a channel off; what it is to be told waits until it is on again."""
    with invocation.data() as data:
        channel_stores(data.database).setups.enable(name, now(), enabled=False)
    click.echo(f"{name} is off.")


@channel.command("remove")
@name_argument
@click.option("--give-up", is_flag=True, help="Also when messages wait for it or are parked: they are lost.")
@pass_invocation
def remove(invocation: Invocation, name: str, *, give_up: bool) -> None:
    """Forget a channel that is switched off: settings, secrets, links. Orders that came from it stay."""
    with invocation.data() as data:
        setups = channel_stores(data.database).setups
        if setups.get(name).enabled:
            raise ChannelBusy(f"channel {name}: is switched on; `tillwire-hub channel disable {name}` first")
        if give_up:
            setups.give_up(name)
        else:
            setups.remove(name)
    click.echo(f"{name} is gone.")


for command in (*MAPPING_COMMANDS, *TOLD_COMMANDS, backfill_command):
    channel.add_command(command)


class _PartShown(msgspec.Struct):
    part: str
    circuit: str
    failures: int
    problem: str
    fine_at: str
    held_by: str


class _Shown(msgspec.Struct):
    channel: str
    kind: str
    enabled: bool
    settings: dict[str, str]
    secrets: list[str]
    parts: list[_PartShown]
    waiting: int
    parked: int
    stock_due: int
    stock_parked: int


def _shown(stores: ChannelStores, setup: ChannelSetup) -> _Shown:
    count = stores.outbox.counts().get(setup.name, OutboxCount())
    offers = stores.stock.counts().get(setup.name, {})
    parts = [
        _PartShown(
            part, circuit(state, now()), state.failures, state.problem,
            "" if state.fine_at is None else state.fine_at.isoformat(timespec="seconds"), state.holder,
        )
        for (_, part), state in stores.parts.states(setup.name).items()
    ]  # fmt: skip
    return _Shown(
        setup.name, setup.kind, setup.enabled, dict(setup.settings), sorted(stores.setups.secrets(setup.name)), parts,
        count.waiting, count.parked, offers.get("due", 0), offers.get("parked", 0),
    )  # fmt: skip


def _registry(invocation: Invocation) -> Registry:
    return Registry(invocation.config().channels.packages)


def _pairs(settings: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r}: write SETTING=VALUE, such as url=https://shop.example.com")
        found[name] = value
    return found


def _secret_from(file: Path | None) -> str:
    if file is None:
        secret = click.prompt("The secret (it is not shown)", hide_input=True, err=True)
    elif str(file) == "-":
        secret = sys.stdin.readline()
    else:
        try:
            secret = (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise click.FileError(str(file), hint=str(error)) from error
    if not secret.strip():
        raise click.UsageError("the secret is empty; give it on the first line")
    return str(secret).strip()


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
