"""The command line's root: settings, exit codes, `run` and `admin`.

Every command works on the data of a running hub, at the same time; the hub notices by itself. Exit codes: 0 done,
1 not possible (the message names the remedy), 2 wrong usage or settings, 3 a port is in use.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.admin.session import LOGIN_LINK_MINUTES, login_link_token
from hub.cli.channel_backfill import kind_groups
from hub.cli.channels import channel
from hub.cli.documents import document, promotion, staff, voucher
from hub.cli.fleet import store, terminal
from hub.cli.goods import alarm, catalogue, parked, stock
from hub.cli.money import money
from hub.cli.opening import CONFIG_VARIABLE, Invocation, pass_invocation, tell_environment
from hub.cli.orders import order
from hub.cli.people import customer
from hub.config import HubConfig, now
from hub.errors import ConfigError, HubError, PortInUse
from hub.identity.admin_key import hash_of, new_admin_key
from hub.running.addresses import running_addresses
from hub.running.logs import set_up_logging
from hub.running.pace import set_pace
from protocol.errors import ProtocolError

if TYPE_CHECKING:
    from hub.app import Hub

EXIT_FAILED, EXIT_USAGE, EXIT_PORT = 1, 2, 3


@click.group(context_settings={"auto_envvar_prefix": "TILLWIRE_HUB", "show_default": True})
@click.version_option(version("tillwire"))
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    help="The settings, a TOML file; without it every setting has its default.",
)
@click.pass_context
def program(context: click.Context, config_file: Path | None) -> None:
    """Tillwire's hub: takes the tills' journals, keeps stock, and feeds it to tills and web shops."""
    context.obj = Invocation(config_file)


@program.command()
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="The settings, a TOML file."
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    help="What is said on standard error.",
)
@pass_invocation
def run(invocation: Invocation, config_file: Path | None, log_level: str) -> None:
    """Run the hub until Ctrl-C or SIGTERM."""
    from hub.app import Hub  # noqa: PLC0415 - the other commands must not pay for the web server and the broker

    set_up_logging(log_level.upper())
    config = (Invocation(config_file) if config_file is not None else invocation).config()
    asyncio.run(_run(Hub(config)))


@program.command("check-config")
@pass_invocation
def check_config(invocation: Invocation) -> None:
    """Read the settings and say what they are; passwords are not shown."""
    config = invocation.config()
    click.echo(f"file      {config.file or 'none, defaults'}")
    click.echo(f"data      {config.folder}")
    click.echo(f"database  {config.database.url or f'SQLite in {config.folder}'}")
    click.echo(f"broker    {config.broker.mode} {config.broker.host}:{config.broker.port} tls={config.broker.tls}")
    click.echo(f"web       {config.web.host}:{config.web.port} enabled={config.web.enabled}")


@program.group()
def admin() -> None:
    """How people get into the dashboard."""


@admin.command("key")
@pass_invocation
def admin_key(invocation: Invocation) -> None:
    """Make a new admin access key and show it, once; a former key is void.

    It logs in at /login and is the bearer token for /metrics. The hub keeps only its hash.
    """
    key = new_admin_key()
    with invocation.data() as data:
        data.access.set_admin_key_hash(hash_of(key))
    click.echo(key)
    click.echo("This is the only time that it is shown. The former key, if there was one, is void.", err=True)


@admin.command("link")
@click.option("--url", help="The hub's address as your browser knows it; default: from the settings.")
@pass_invocation
def admin_link(invocation: Invocation, url: str | None) -> None:
    """Show a link that logs in once, within ten minutes."""
    address = url or _web_url(invocation.config())
    with invocation.data() as data:
        token = login_link_token(data.access.session_secret, secrets.token_urlsafe(16), now())
    click.echo(f"{address}/login?token={token}")
    click.echo(f"Good once, for {LOGIN_LINK_MINUTES} minutes.", err=True)


GROUPS = (
    store,
    terminal,
    staff,
    customer,
    promotion,
    voucher,
    document,
    catalogue,
    stock,
    order,
    money,
    channel,
    parked,
    alarm,
)
for command in (*GROUPS, *kind_groups()):
    program.add_command(command)
tell_environment(program)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with one of the exit codes above."""
    try:
        program.main(args=None if arguments is None else list(arguments), prog_name="tillwire-hub")
    except PortInUse as error:
        _fail(error, EXIT_PORT)
    except (ConfigError, ProtocolError) as error:
        _fail(error, EXIT_USAGE)
    except HubError as error:
        _fail(error, EXIT_FAILED)


def _fail(error: Exception, code: int) -> None:
    click.echo(f"tillwire-hub: {error}", err=True)
    sys.exit(code)


async def _run(hub: Hub) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has Ctrl-C only, which asyncio.run handles
            loop.add_signal_handler(number, stop.set)
    await hub.start()
    gc.collect()
    gc.freeze()
    set_pace()
    try:
        _greet(hub)
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(hub.wait())]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()
    finally:
        await hub.stop()


def _greet(hub: Hub) -> None:
    host, port = hub.broker_address
    click.echo(f"broker    mqtt://{host}:{port}")
    if hub.web_address is not None:
        click.echo(f"pages     http://{hub.web_address[0]}:{hub.web_address[1]}  (log in: tillwire-hub admin link)")
    click.echo("ready")
    sys.stdout.flush()


def _web_url(config: HubConfig) -> str:
    running = running_addresses(config.folder)
    port = config.web.port or (running.web[1] if running is not None and running.web is not None else 0)
    if not port:
        raise ConfigError("[web] port is 0 and no hub runs in this data folder: start it first, or give --url")
    host = config.web.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - listens everywhere, but nobody can open it under that name
        host = next((name for name in config.web.allowed_hosts if name != "*"), "localhost")
    return f"{'https' if config.web.https else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
