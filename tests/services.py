"""Real PostgreSQL and Mosquitto processes for tests: temporary folders, free loopback ports, stopped by their own ids.

Use the fixtures by importing them into a conftest: `from tests.services import mosquitto, postgres`. Without the
programs a test that asks for one is skipped by name; where CI is set it fails, since a check that is skipped there
is no check.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

START_TIMEOUT_S = 30
QUICK = ("shared_buffers=64MB", "fsync=off", "full_page_writes=off")
"""For tests: no process that is killed loses anything by it, only a machine without power would."""


@dataclass(eq=False)
class PostgresServer:
    """A running server; `new_database` gives each test a database of its own, `drop` takes it away."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_database(self) -> str:
        """Create an empty database and return its URL.

        By itself it compares texts as people in Vietnam do: many databases do something of the kind, and nothing may
        rest on it that they do not.
        """
        return self._new(sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi-VN'"))

    def copy_of(self, url: str) -> str:
        """Create a copy of one of its databases, which nobody uses, and return its URL."""
        return self._new(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), sql.Identifier(url.rpartition("/")[2]))

    def drop(self, url: str) -> None:
        """Delete a database, whoever still uses it: hundreds of them would take minutes to clear away in the end."""
        name = sql.Identifier(url.rpartition("/")[2])
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _new(self, statement: sql.SQL, *more: sql.Identifier) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), *more))
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@{self.host}:{self.port}/{database}"


@dataclass
class MosquittoServer:
    """A running broker."""

    host: str
    port: int
    config: Path
    process: subprocess.Popen[bytes]

    def restart(self) -> None:
        """Kill it and start it again on the same port: everything that it had in memory is gone."""
        self.process.kill()
        self.process.wait()
        self.process = _start_mosquitto(self.config, self.port)


def free_port() -> int:
    """A loopback port that was free a moment ago; who binds it must be ready to try another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run."""
    binaries = postgres_binaries()
    if binaries is None:
        _absent("PostgreSQL's server programs (Debian: postgresql)")
    with running_postgres(binaries) as server:
        yield server


@pytest.fixture
def mosquitto() -> Iterator[MosquittoServer]:
    """A Mosquitto broker for one test, with Mosquitto's default of keeping nothing."""
    if _mosquitto_program() is None:
        _absent("the Mosquitto broker (Debian: mosquitto)")
    with running_mosquitto() as server:
        yield server


@contextlib.contextmanager
def running_postgres(binaries: Path, settings: Sequence[str] = QUICK) -> Iterator[PostgresServer]:
    """Start a server in a new temporary folder."""
    user = _postgres_user()
    with tempfile.TemporaryDirectory(prefix="tillwire-postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        common: dict[str, object] = (
            {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        )
        initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **common)  # type: ignore[call-overload] # noqa: S603 - our own list of words
        port = free_port()
        command = [
            binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder,
            "-c", "max_connections=100", *(word for setting in settings for word in ("-c", setting)),
        ]  # fmt: skip
        with (Path(folder) / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload] # noqa: S603 - as above
                command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, **common
            )
        server = PostgresServer("127.0.0.1", port, process)
        try:
            _await_postgres(server, Path(folder) / "log")
            yield server
        finally:
            process.send_signal(2)  # fast shutdown: open sessions are ended
            _stop(process)


@contextlib.contextmanager
def running_mosquitto() -> Iterator[MosquittoServer]:
    """Start a broker on a free loopback port."""
    with tempfile.TemporaryDirectory(prefix="tillwire-mosquitto-") as folder:
        port = free_port()
        config = Path(folder) / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
            "user root\nlog_type error\n"
        )
        with running_broker(config, port) as server:
            yield server


@contextlib.contextmanager
def running_broker(config: Path, port: int) -> Iterator[MosquittoServer]:
    """Start a broker with a configuration of one's own; it runs once it listens on `port`."""
    if _mosquitto_program() is None:
        _absent("the Mosquitto broker (Debian: mosquitto)")
    server = MosquittoServer("127.0.0.1", port, config, _start_mosquitto(config, port))
    try:
        yield server
    finally:
        server.process.terminate()
        _stop(server.process)


def _absent(what: str) -> NoReturn:
    message = f"needs {what}, which is not on this machine"
    if os.environ.get("CI"):  # noqa: TID251 - tells a developer's machine from the one that must not skip
        pytest.fail(message)
    pytest.skip(message)


def postgres_binaries() -> Path | None:
    """Where PostgreSQL's server programs are; None where they are not installed."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if homes:
        return homes[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _postgres_user() -> pwd.struct_passwd | None:
    # The server refuses to run as root; its Debian package brings the user that it wants to be.
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _mosquitto_program() -> str | None:
    return shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")


def _start_mosquitto(config: Path, port: int) -> subprocess.Popen[bytes]:
    program = _mosquitto_program()
    assert program is not None
    process = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL)  # noqa: S603 - found just above
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        if process.poll() is not None:
            break
        time.sleep(0.02)
    _stop(process)
    raise RuntimeError(f"mosquitto did not listen on port {port}")


def _await_postgres(server: PostgresServer, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(server.url("postgres"), connect_timeout=2) as connection,
        ):
            connection.execute("SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
