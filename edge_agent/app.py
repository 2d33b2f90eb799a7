"""The agent: the one place where the till's parts are made and joined, and where clocks and ids come from.

`Agent.start` returns when the cashier can sell; `stop` leaves nothing running. Nothing here needs the network: the
link is one more part that comes and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import uuid_utils

from edge_agent import assembly
from edge_agent.config import PAGE_ADDRESS, VERSION, AgentConfig, Credentials, page_token, write_private
from edge_agent.counter import Counter, Till
from edge_agent.devices.drawer.driver import Drawer
from edge_agent.devices.printer import spool
from edge_agent.devices.printer.driver import Printer
from edge_agent.devices.terminal.attending import Attendant
from edge_agent.devices.terminal.health import Trouble, WatchedTerminal
from edge_agent.devices.workshop import Workshop
from edge_agent.diagnostics import Diagnostics
from edge_agent.errors import EdgeAgentError
from edge_agent.journal import payments, receipts_kept, till_state
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import Database
from edge_agent.journal.lock import FolderLock
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.opening import open_books
from edge_agent.journal.room import Room
from edge_agent.journal.salvage.rebuild import Owner
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.pages.app import build_pages
from edge_agent.pages.settings import PageSettings
from edge_agent.peripherals import Peripherals
from edge_agent.server import PageServer, listen
from edge_agent.sync.link import Link
from edge_agent.sync.loader import LoaderPorts, SnapshotLoader
from edge_agent.sync.presence import Health
from edge_agent.sync.session import SessionLimits
from edge_agent.till.health import HealthView
from edge_agent.till.view import DeviceView
from protocol.journal_sender import SenderLimits
from protocol.messages import Answer, DeviceState, Loading

_log = logging.getLogger(__name__)

SENDER_LIMITS = SenderLimits(batches_in_flight_max=2)
"""One batch in the hub's commit and one that waits for the next: of a month's backlog, more would only make the commits
longer in which other tills' live sales stand."""

HOUSEKEEPING_S = 3600.0
HEALTH_S = 2.0
"""How often disk and clock are looked at."""

KEPT_WHEN_SHORT = timedelta(days=7)
"""What the hub has is forgotten earlier when the disk is nearly full: its room is used again for sales."""


def now() -> datetime:
    """This PC's clock."""
    return datetime.now(UTC)


def elapsed_s() -> float:
    """Seconds that nobody can set, and that go on while the PC sleeps (Linux's monotonic clock would stop)."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


_TERMINAL_STATES: dict[Trouble, DeviceState] = {"": "ready", "unreachable": "backoff", "no_permission": "fault"}
"""What a card terminal's trouble makes of it; any other: it works, with something amiss."""


def new_id() -> str:
    """A UUIDv7: unique, and in the order of time."""
    return str(uuid_utils.uuid7())


class Agent:
    """One till. Make it, `start` it, `stop` it; a stopped one is not started again."""

    def __init__(self, config: AgentConfig, credentials: Credentials) -> None:
        self._config = config
        self._credentials = credentials
        self._folder = Path(config.data.folder)
        self._closers = contextlib.AsyncExitStack()
        self._clock = TillClock(now, elapsed_s)
        self._peripherals = Peripherals(
            config, on_state=self._on_device, elapsed_s=elapsed_s, wall=self._clock.now,
            rng=Random(),  # noqa: S311 - jitter
        )  # fmt: skip
        self._printers: list[Printer] = []
        self._link: Link | None = None
        self._loader: SnapshotLoader | None = None
        self._counter: Counter | None = None
        self._room = Room(self._folder, lambda: shutil.disk_usage(self._folder).free)
        self._health_view = HealthView()
        self.damaged = asyncio.Event()
        """Set when the journal was found damaged while the till ran: stop this agent and start another one."""
        self.page_url = ""

    @property
    def counter(self) -> Counter:
        """The counter of a started agent."""
        assert self._counter is not None, "Agent.start was not awaited"
        return self._counter

    async def start(self) -> None:
        """Open where the till was. Raises EdgeAgentError; then nothing is left running."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End everything, last made first."""
        await self._closers.aclose()

    async def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(self._folder)
        self._closers.callback(lock.release)
        listener = listen(self._config.page.port)
        self._closers.callback(listener.close)
        database = await self._open_books()
        till = self._till()
        counter = self._counter = Counter(
            database, till, wake_link=self._wake_link, wake_printer=self._wake_printer, monotonic=elapsed_s, wall=now,
            ask_hub=self._ask_hub, make_room=self._room.give_way, on_damage=self.damaged.set,
        )  # fmt: skip
        await counter.start()
        await self._look_at_health(database)
        self._closers.push_async_callback(counter.stop)
        self._start_link(database, counter)
        await self._start_printers(database, counter)
        self._start_card_terminal(counter)
        await self._serve(database, counter, listener)
        self._closers.push_async_callback(self._peripherals.close)
        await self._peripherals.start(counter)
        self._background(self._keep_house(database), "housekeeping")
        self._background(self._watch_health(database), "health")
        for printer in self._printers:
            self._background(printer.warm_up(), "printer warm-up")
        _log.info("agent: ready", extra={"store": till.store, "terminal": till.terminal, "folder": str(self._folder)})

    # --- the parts

    async def _open_books(self) -> Database:
        config = self._config
        owner = Owner(config.store_name, config.terminal_name, self._credentials.epoch, _nonce())
        database = await open_books(self._folder, till_migrations(spool.SCHEMA), owner, now)
        self._closers.push_async_callback(database.close)
        return database

    def _till(self) -> Till:
        config = self._config
        drawer = Drawer(assembly.drawer_settings(config), on_state=self._on_device, wall=self._clock.now)
        return Till(
            store=config.store_name,
            terminal=config.terminal_name,
            cashier=config.terminal.cashier,
            clock=self._clock,
            new_id=new_id,
            kick=drawer.kick_payload() if config.printer is not None else None,
            pick_queue="printer" if config.pick_printer is None else "pick_printer",
            weigh=self._peripherals.weigh,
            has_terminal=config.terminal_device is not None,
            enrolled_with_staff=self._credentials.has_staff,
        )

    def _start_link(self, database: Database, counter: Counter) -> None:
        config, credentials = self._config, self._credentials
        identity = assembly.identity(config, credentials)
        loader = self._loader = SnapshotLoader(LoaderPorts(
            self._folder, assembly.web_reach(config), identity, elapsed_s=elapsed_s,
            wall_s=lambda: self._clock.now().timestamp(), new_nonce=_nonce,
            free_bytes=lambda: shutil.disk_usage(self._folder).free, on_change=self._on_loading,
        ))  # fmt: skip
        link = self._link = Link(
            assembly.broker_settings(config, credentials), identity, database,
            self._clock, nonce=_nonce(), health=self._health, on_change=counter.refresh,
            on_online=counter.set_online, elapsed_s=elapsed_s, wall=now, rng=Random(),  # noqa: S311 - jitter
            on_command=counter.obey, loader=loader, limits=SessionLimits(sender=SENDER_LIMITS),
        )  # fmt: skip
        link.start()
        self._closers.push_async_callback(link.stop)

    async def _start_printers(self, database: Database, counter: Counter) -> None:
        drawer = Drawer(assembly.drawer_settings(self._config), on_state=self._on_device, wall=self._clock.now)
        for settings in assembly.printer_settings(self._config):
            has_drawer = settings.queue == "printer"
            printer = Printer(
                settings, run=database.run, on_state=self._on_device, on_job=lambda _: counter.refresh(),
                on_drawer_wire=drawer.wire_changed if has_drawer else lambda _: None, monotonic=elapsed_s,
                wall=self._clock.now, rng=Random(),  # noqa: S311 - jitter
                on_kick_unmoved=drawer.did_not_move,
            )  # fmt: skip
            self._printers.append(printer)
            counter.set_device(printer.view)
            if has_drawer:
                counter.set_device(drawer.view)
            await printer.start()
            self._closers.push_async_callback(printer.stop)
        counter.refresh()

    def _start_card_terminal(self, counter: Counter) -> None:
        terminal = assembly.card_terminal(self._config, self._clock.now)
        if terminal is None:
            return
        name = self._config.terminal_device.name if self._config.terminal_device is not None else ""

        def tell(trouble: Trouble) -> None:
            state = _TERMINAL_STATES.get(trouble, "degraded")
            counter.set_device(DeviceView("terminal", name, state, trouble, since=self._clock.now()))

        pace, look_every_s = assembly.terminal_pace(self._config)
        watched = WatchedTerminal(terminal, tell, look_every_s=look_every_s)
        counter.set_device(DeviceView("terminal", name, "opening"))
        attendant = Attendant(watched, counter.open_card_attempts, counter.hear_terminal, pace=pace)

        async def watch() -> None:
            async for view in counter.changes():
                if view.attempt is not None:
                    attendant.wake()

        self._background(attendant.run(), "card terminal")
        self._background(watched.watch(), "card terminal's health")
        self._background(watch(), "card terminal's news")

    async def _serve(self, database: Database, counter: Counter, listener: socket.socket) -> None:
        settings = PageSettings(
            token=page_token(self._folder), version=VERSION, clock=self._shown_time,
            workshop=Workshop(monotonic=elapsed_s),
        )  # fmt: skip
        app = build_pages(counter, settings)
        self._diagnostics(database, counter).add_to(app)
        server = PageServer(app, listener)
        self._closers.push_async_callback(server.stop)
        await server.start()
        self.page_url = f"{server.address}/?token={settings.token}"
        address = self._folder / PAGE_ADDRESS
        write_private(address, self.page_url.encode())
        self._closers.callback(address.unlink, missing_ok=True)

    def _diagnostics(self, database: Database, counter: Counter) -> Diagnostics:
        assert self._link is not None
        return Diagnostics(
            version=VERSION,
            store=self._config.store_name,
            terminal=self._config.terminal_name,
            database=database,
            counter=counter,
            link=self._link,
            clock=self._clock,
            started_at=now(),
            wall=now,
        )

    # --- what goes on

    def _on_device(self, device: DeviceView) -> None:
        self.counter.set_device(device)
        self._wake_link()

    def _on_loading(self, loading: Loading | None) -> None:
        self.counter.set_loading(loading)
        self._wake_link()

    async def _keep_house(self, database: Database) -> None:
        while True:
            # A clock that nobody has checked may be years ahead, and would make everything old.
            if self._clock.is_checked:
                await self._forget(database, timedelta(days=self._config.data.keep_days))
            await asyncio.sleep(HOUSEKEEPING_S)

    async def _forget(self, database: Database, age: timedelta) -> None:
        before = self._clock.now() - age

        def forget(connection: sqlite3.Connection) -> int:
            till_state.forget_sales(connection, before)
            receipts_kept.forget_older_than(connection, before)
            payments.forget_older_than(connection, before)
            return SqliteJournal(connection).forget_older_than(before)

        try:
            forgotten = await database.run(forget)
        except EdgeAgentError as error:
            _log.warning("housekeeping: failed, tried again later", extra={"problem": str(error)})
        else:
            if forgotten:
                _log.info("housekeeping: old events forgotten", extra={"events": forgotten})

    async def _watch_health(self, database: Database) -> None:
        while True:
            await asyncio.sleep(HEALTH_S)
            try:
                await self._look_at_health(database)
            except (EdgeAgentError, OSError) as error:
                _log.debug("health: not looked at", extra={"problem": str(error)})

    async def _look_at_health(self, database: Database) -> None:
        """Look at disk and clock; on a disk that is nearly full, let go of what can be had again."""
        before, counter = self._health_view, self.counter
        disk = await asyncio.to_thread(self._room.look)
        last = counter.last_time
        trouble = self._clock.trouble(last) if last is not None else None
        self._health_view = HealthView(
            disk=disk,
            clock=trouble.kind if trouble is not None else "good",
            clock_off_min=round(trouble.off / timedelta(minutes=1)) if trouble is not None else 0,
        )
        counter.set_health(self._health_view)
        if disk != before.disk:
            _log.log(
                logging.INFO if disk == "good" else logging.WARNING, "health: the disk's room has changed",
                extra={"room": disk, "free_bytes": self._room.free_bytes},
            )  # fmt: skip
            self._wake_link()
            if disk in {"short", "full"}:
                await database.fold()
                if self._clock.is_checked:
                    await self._forget(database, KEPT_WHEN_SHORT)

    def _background(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        self._closers.push_async_callback(end)

    def _wake_link(self) -> None:
        if self._link is not None:
            self._link.wake()

    async def _ask_hub(self, kind: str, key: str) -> Answer | None:
        return await self._link.ask(kind, key) if self._link is not None else None

    def _wake_printer(self) -> None:
        for printer in self._printers:
            printer.wake()

    def _health(self) -> Health:
        return Health(
            version=VERSION,
            devices={device.kind: device.state for device in self.counter.devices()},
            disk_free_bytes=self._room.free_bytes,
            clock_offset_ms=self._clock.offset_ms,
            problem=self.counter.problem,
            loading=self._loader.view if self._loader is not None else None,
        )

    def _shown_time(self) -> datetime:
        """The corrected time in the store's zone; a zone that this PC does not know shows UTC."""
        zone: tzinfo = UTC
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo(self.counter.time_zone)
        return self._clock.now().astimezone(zone)


def _nonce() -> str:
    return secrets.token_hex(12)
