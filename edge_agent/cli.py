"""`tillwire-agent`: runs a till, and looks after its journal.

Errors that a person can mend end with one sentence on standard error and an exit code of their own:
2 configuration, 3 port in use, 4 journal unreadable, 5 already running; 1 is anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, ParamSpec, Protocol, TypeVar

import click

from edge_agent.config import (
    CONFIG_VARIABLE,
    PAGE_ADDRESS,
    VERSION,
    AgentConfig,
    load_config,
    load_credentials,
    parse_credentials,
    write_private,
)
from edge_agent.errors import ConfigError, EdgeAgentError, JournalUnreadable
from edge_agent.journal.database import connect
from edge_agent.journal.folder import DATABASE, set_aside
from edge_agent.journal.lock import FolderLock
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.logs import start_logging
from protocol.event import Unreadable, read_event

P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger(__name__)

MENDED_MAX = 3
"""Lives in one process whose journal is found damaged while they run; a fourth would not help."""

EXIT_CODES = (
    "Exit codes: 0 done, 1 failed, 2 configuration or credentials, 3 the page's port is in use, "
    "4 the journal cannot be read, 5 another agent uses the data folder."
)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Say our own errors in one sentence and end with their exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except EdgeAgentError as error:
            click.echo(f"tillwire-agent: {error}", err=True)
            sys.exit(error.exit_code)

    return run


SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "TILLWIRE_AGENT", "show_default": True}
with_config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("agent.toml"),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    show_default=True,
    help="The agent's TOML file (docs/reference/agent-config.md).",
)


@click.group(epilog=EXIT_CODES, context_settings=SETTINGS)
@click.version_option(VERSION, prog_name="tillwire-agent")
def main() -> None:
    """The agent of one till: scanner, printer and cashier's page here; journal and link to the hub behind them."""


@main.command(epilog=EXIT_CODES)
@with_config
@told
def run(config_path: Path) -> None:
    """Run the till until it is told to stop (Ctrl-C, SIGTERM). Needs no network to sell."""
    config = load_config(config_path)
    start_logging(config.log.level, config.log.format)
    credentials = load_credentials(_credentials_path(config), config)
    from edge_agent.app import Agent  # noqa: PLC0415 - two seconds of imports, which the other commands do not need

    asyncio.run(run_until_told(lambda: Agent(config, credentials)))


@main.command("check-config", epilog=EXIT_CODES)
@with_config
@told
def check_config(config_path: Path) -> None:
    """Read configuration and credentials and say whether they can be used; starts nothing."""
    config = load_config(config_path)
    credentials = load_credentials(_credentials_path(config), config)
    click.echo(f"fine: store {config.store.id}, terminal {config.terminal.id}, epoch {credentials.epoch}, "
               f"hub {config.hub.host}:{config.hub.port}, data in {config.data.folder}")  # fmt: skip


@main.command(epilog=EXIT_CODES)
@with_config
@told
def page(config_path: Path) -> None:
    """Print the address of the running till's page, with the secret that opens it."""
    folder = Path(load_config(config_path).data.folder)
    try:
        click.echo((folder / PAGE_ADDRESS).read_text("ascii"))
    except FileNotFoundError:
        raise EdgeAgentError(f"no agent is running in {folder}: start it with `tillwire-agent run`") from None


@main.command(epilog=EXIT_CODES)
@with_config
@click.option(
    "--from", "source", type=click.Path(path_type=Path, dir_okay=False), required=True,
    show_envvar=True, help="The file that `tillwire-hub terminal add` wrote.",
)  # fmt: skip
@told
def enrol(config_path: Path, source: Path) -> None:
    """Take over the credentials that the hub made for this terminal, readable for this user only."""
    config = load_config(config_path)
    try:
        content = source.read_bytes()
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror}): give the right path with --from") from error
    credentials = parse_credentials(content, source)
    if (credentials.store, credentials.terminal) != (config.store.id, config.terminal.id):
        raise ConfigError(
            f"{source} is for {credentials.store}/{credentials.terminal}, {config_path} says "
            f"{config.store.id}/{config.terminal.id}: mend [store] id and [terminal] id, or take the right file"
        )
    target = _credentials_path(config)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_private(target, content)
    click.echo(f"enrolled {credentials.store}/{credentials.terminal}: keys in {target}; you may delete {source}")


@main.group(epilog=EXIT_CODES)
def journal() -> None:
    """Look into the journal, copy it out, check it, set a damaged one aside."""


@journal.command(epilog=EXIT_CODES)
@with_config
@click.option("--last", "count", type=click.IntRange(1, 10_000), default=20, show_envvar=True, help="How many.")
@told
def show(config_path: Path, count: int) -> None:
    """Show the newest events and how far the hub has them. Works while the till runs."""
    with _opened(config_path) as book:
        lost = book.lost_epoch
        problem = f", epoch lost: {lost.reason}" if lost else ""
        waiting = book.tail - book.acked
        click.echo(f"epoch {book.epoch}, last event {book.tail}, the hub has {book.acked}, {waiting} wait{problem}")
        for sealed in book.newest(count):
            event = read_event(sealed.raw)
            state = "sent" if sealed.sequence <= book.acked else "waits"
            what = event.reason if isinstance(event, Unreadable) else f"{event.time.isoformat()} {event.type}"
            click.echo(f"{sealed.sequence:>8} {state:5} {what}")


@journal.command(epilog=EXIT_CODES)
@with_config
@click.option("--out", type=click.File("wb"), default="-", show_envvar=True, help="Where to; - is standard output.")
@told
def export(config_path: Path, out: BinaryIO) -> None:
    """Write every kept event as it is, one JSON object a line. Works while the till runs."""
    with _opened(config_path) as book:
        out.writelines(raw + b"\n" for raw in book.all_kept())


@journal.command(epilog=EXIT_CODES)
@with_config
@told
def verify(config_path: Path) -> None:
    """Check the file and the digest chain of everything that the hub does not have yet."""
    with _opened(config_path) as book:
        verdict = book.integrity()
        broken = book.broken_at() if verdict == "ok" else None
        if verdict != "ok" or broken is not None:
            why = verdict if broken is None else f"event {broken} of epoch {book.epoch} is not what was written"
            raise JournalUnreadable(f"the journal is damaged: {why}. Copy the data folder to a safe place first")
        click.echo(f"whole: epoch {book.epoch}, events {book.acked + 1} to {book.tail} wait for the hub")


@journal.command("set-aside", epilog=EXIT_CODES)
@with_config
@click.confirmation_option(
    prompt="Sales in this journal that the hub does not have stay in the file and are not sent. Move it away?"
)
@told
def set_journal_aside(config_path: Path) -> None:
    """Move a damaged journal away, whole, so that the till can start with a new one and a new epoch."""
    from edge_agent.app import now  # noqa: PLC0415 - as in run

    folder = Path(load_config(config_path).data.folder)
    lock = FolderLock(folder)
    try:
        where = set_aside(folder, now())
    finally:
        lock.release()
    click.echo(f"the journal is in {where} now; keep it until its sales are accounted for")


@contextlib.contextmanager
def _opened(config_path: Path) -> Iterator[SqliteJournal]:
    path = Path(load_config(config_path).data.folder) / DATABASE
    if not path.exists():
        raise EdgeAgentError(f"{path} is not there yet: the till was never started")
    connection = None
    try:
        connection = connect(path)
        connection.execute("PRAGMA query_only = ON")
        yield SqliteJournal(connection)
    except sqlite3.Error as error:
        raise JournalUnreadable(f"{path} cannot be read ({error}): see `tillwire-agent journal set-aside`") from error
    finally:
        if connection is not None:
            connection.close()


def _credentials_path(config: AgentConfig) -> Path:
    assert config.terminal.credentials is not None  # load_config fills it in
    return Path(config.terminal.credentials)


class Runs(Protocol):
    """What is run: an `Agent`."""

    page_url: str
    damaged: asyncio.Event

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


async def run_until_told(make: Callable[[], Runs]) -> None:
    """Run until a signal; start anew when the journal is found damaged. Raises EdgeAgentError."""
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, told_to_stop.set)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(told_to_stop.set))
    for _ in range(MENDED_MAX):
        if not await _one_life(make(), told_to_stop):
            return
        # The journal is damaged: a new life sets it aside and saves what is in it, which no running one can.
        _log.error("agent: the journal was found damaged, starting anew to save it")
    raise JournalUnreadable(f"the journal was damaged {MENDED_MAX} times in a row: this disk is failing, replace it")


async def _one_life(agent: Runs, told_to_stop: asyncio.Event) -> bool:
    """Run until told to stop; True if it ended because its journal is damaged."""
    await agent.start()
    # What was loaded stays: Python's collector need not walk through all of it again between a scan and its picture.
    gc.collect()
    gc.freeze()
    if sys.stdout.isatty():
        # For a person only: under a supervisor this line, and the secret in it, would end in a log.
        click.echo(f"the cashier's page: {agent.page_url}")
    ends = [asyncio.create_task(event.wait()) for event in (told_to_stop, agent.damaged)]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        _log.info("agent: stopping")
    finally:
        for end in ends:
            end.cancel()
        await agent.stop()
    return agent.damaged.is_set() and not told_to_stop.is_set()


if __name__ == "__main__":
    main()
