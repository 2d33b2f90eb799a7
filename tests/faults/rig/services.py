"""PostgreSQL and Mosquitto as processes that are harmed: started on a folder and a port that stay the same."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from tests.demo.processes import ProcessFailed, free_port
from tests.faults.rig.programs import START_S_MAX, Program
from tests.services import postgres_binaries

POSTGRES = ("shared_buffers=128MB", "max_connections=60", "wal_level=replica", "max_wal_senders=5")
"""`fsync`, `synchronous_commit` and `full_page_writes` stay as they are shipped: on."""

_POLL_S = 0.05


def missing() -> str:
    """Why a hub of the production kind cannot be built up here; "" if it can."""
    if postgres_binaries() is None:
        return "needs PostgreSQL"
    return "" if _mosquitto() is not None else "needs Mosquitto"


class Postgres(Program):
    """A server. `folder` is for its socket and log; `data` is its cluster, made by `create` or `copy_of`."""

    def __init__(
        self, folder: Path, settings: Sequence[str] = (), *, name: str = "postgres", data: Path | None = None
    ) -> None:
        binaries = postgres_binaries()
        assert binaries is not None, missing()
        self.folder = folder
        self.data = data or folder / "data"
        self.port = free_port()
        self._binaries = binaries
        options = (word for setting in (*POSTGRES, *settings) for word in ("-c", setting))
        command = (str(binaries / "postgres"), "-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port))
        super().__init__(name, (*_as_its_user(), *command, "-k", str(folder), *options), folder / f"{name}.log")

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    async def create(self, database: str) -> None:
        """Make a new cluster, start it, and make an empty database in it."""
        self._give()
        initdb = ("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
        await self.tool(*initdb)
        await self.start()
        await self.answers()
        await self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    async def copy_of(self, primary: Postgres) -> None:
        """Become a stand-by of `primary`, by `pg_basebackup`; not started yet."""
        self._give()
        await self.tool("pg_basebackup", "-D", str(self.data), "-d", primary.url(), "-R", "-X", "stream", "-c", "fast")

    async def backup(self, folder: Path) -> None:
        """A copy of itself as it is now, while it runs."""
        await self.tool("pg_basebackup", "-D", str(folder), "-d", self.url(), "-X", "stream", "-c", "fast")

    async def answers(self) -> None:
        """Wait until it takes connections: it has recovered. Raises ProcessFailed."""
        try:
            async with asyncio.timeout(START_S_MAX):
                while not await asyncio.to_thread(self._takes_connections):
                    if not self.running:
                        raise ProcessFailed(f"{self.name} ended while it was starting: {self._tail()}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise ProcessFailed(f"{self.name} takes no connections: {self._tail()}") from None

    async def execute(self, statement: str | sql.Composed, database: str = "postgres") -> None:
        """Run one statement outside of a transaction."""

        def run() -> None:
            with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
                connection.execute(statement)

        await asyncio.to_thread(run)

    async def tool(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user. Raises ProcessFailed."""
        process = await asyncio.create_subprocess_exec(
            *_as_its_user(), str(self._binaries / program), *arguments, cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        if process.returncode:
            raise ProcessFailed(f"{program} failed: {said.decode(errors='replace')[-1000:]}")

    async def stop(self) -> int | None:
        """Fast shutdown: open sessions are ended."""
        if self.running:
            os.kill(self.pid, 2)
        return await super().stop()

    def _give(self) -> None:
        """Let the server's user have its folders. Where we are not root we are that user."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            for folder in (self.folder, self.data):
                os.chown(folder, user.pw_uid, user.pw_gid)

    def _takes_connections(self) -> bool:
        try:
            with psycopg.connect(self.url(), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


class Mosquitto(Program):
    """A broker as our how-to advises it. Without `persistence`, a restart has forgotten everything."""

    def __init__(self, folder: Path, *, persistence: bool = True) -> None:
        self.port = free_port()
        config = folder / "mosquitto.conf"
        keeping = f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n" if persistence else ""
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            f"max_inflight_messages 1000\n{keeping}log_type error\nlog_type warning\n"
            + ("user root\n" if os.geteuid() == 0 else "")
        )
        program = _mosquitto()
        assert program is not None, missing()
        super().__init__("mosquitto", (program, "-c", str(config)), folder / "mosquitto.log")

    async def answers(self) -> None:
        """Wait until it listens."""
        await listening(self, self.port)


async def listening(program: Program, port: int, timeout_s: float = START_S_MAX) -> None:
    """Wait until somebody listens on a port of this machine. Raises ProcessFailed."""
    try:
        async with asyncio.timeout(timeout_s):
            while program.running:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(_POLL_S)
                    continue
                writer.close()
                return
    except TimeoutError:
        pass
    raise ProcessFailed(f"{program.name} does not listen on port {port}")


def _as_its_user() -> tuple[str, ...]:
    # The server refuses to run as root. setpriv becomes it, so that the process id is the server's own.
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups") if os.geteuid() == 0 else ()


def _mosquitto() -> str | None:
    return shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
