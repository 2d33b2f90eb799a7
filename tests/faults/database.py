"""What happens to a PostgreSQL under a hub that runs: restarted, read-only, slow, locked, moved, put back to a backup.

The hub is not touched: it has to wait, say so, and go on by itself.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import psycopg

from tests.faults.rig.campaign import Campaign, fault
from tests.faults.rig.plan import Plan
from tests.faults.rig.services import Postgres
from tests.faults.rig.stand import DATABASE, Rig, rig_of

_STANDBY_S_MAX = 30.0


async def restart(rig: Rig, rng: Random) -> None:
    """Somebody restarts the server: fast, or at once without a checkpoint."""
    server = _server(rig)
    server.signal(rng.choice((signal.SIGINT, signal.SIGQUIT)))
    await server.stop()
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    await server.restart()


async def read_only(rig: Rig, rng: Random) -> None:
    """The server takes no writes for a while, as a stand-by that was not promoted yet."""
    server = _server(rig)
    await server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await server.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(rng.uniform(0.5, 3.0))
    await server.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await server.execute("SELECT pg_reload_conf()")


async def slow(rig: Rig, rng: Random) -> None:
    """The server stands still for some seconds with all of its connections open."""
    server = _server(rig)
    server.pause()
    await asyncio.sleep(rng.uniform(0.5, 6.0))
    server.resume()


async def locked(rig: Rig, rng: Random) -> None:
    """Somebody else holds a lock for some seconds: on all feeds, or on the event log."""
    table = rng.choice(("feed", "event", "level"))

    def hold() -> None:
        with psycopg.connect(_server(rig).url(DATABASE)) as connection:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            connection.execute("SELECT pg_sleep(%s)", (rng.uniform(0.5, 5.0),))
            connection.rollback()

    await asyncio.to_thread(hold)


async def fail_over(rig: Rig, rng: Random) -> None:
    """The primary dies, its stand-by is promoted; then the dead one's place is taken by a new stand-by."""
    old, new = _server(rig), rig.standbys.pop()
    await _in_step(old)
    await asyncio.sleep(rng.uniform(0.2, 1.5))
    await old.kill()
    await asyncio.sleep(rng.uniform(0.0, 1.0))
    await new.execute("SELECT pg_promote()")
    # Until there is a stand-by again, commits must not wait for one.
    await new.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
    await new.execute("SELECT pg_reload_conf()")
    await asyncio.to_thread(shutil.rmtree, old.data)
    rig.postgres, rig.hub.places.url = new, new.url(DATABASE)
    await old.copy_of(new)
    await old.restart()
    rig.standbys.append(old)
    await new.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await new.execute("SELECT pg_reload_conf()")


async def put_back(rig: Rig, rng: Random) -> None:
    """The server breaks, and all that there is is a copy of some seconds ago: what was acknowledged since is gone."""
    server = _server(rig)
    backup = server.folder / "backup"
    await server.backup(backup)
    await asyncio.sleep(rng.uniform(1.0, 4.0))
    await server.kill()
    await asyncio.to_thread(_exchange, server.data, backup)
    await server.restart()


@asynccontextmanager
async def with_standby(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig whose database has a synchronous stand-by, and whose hub knows both servers' addresses."""
    async with rig_of(plan, seed, hub_url=_both) as rig:
        yield rig


async def _both(rig: Rig) -> str:
    """Make the stand-by before the hub starts; returns the address with both hosts, as our how-to says."""
    primary = _server(rig)
    folder = rig.folder / "standby"
    folder.mkdir()
    standby = Postgres(folder, name="standby")
    rig.standbys.append(standby)
    await standby.copy_of(primary)
    await standby.restart()
    await primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await primary.execute("SELECT pg_reload_conf()")
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    return f"postgresql://postgres@{hosts}/{DATABASE}?target_session_attrs=read-write"


async def _in_step(primary: Postgres) -> None:
    """Wait until a stand-by is synchronous: before that, a failover would lose what was committed."""

    def is_synchronous() -> bool:
        with psycopg.connect(primary.url()) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone()
            return row is not None and row[0] > 0

    async with asyncio.timeout(_STANDBY_S_MAX):
        while not await asyncio.to_thread(is_synchronous):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def _server(rig: Rig) -> Postgres:
    assert rig.postgres is not None
    return rig.postgres


def _exchange(data: Path, backup: Path) -> None:
    shutil.rmtree(data)
    backup.rename(data)


SCENARIOS = (
    fault(Campaign("postgres-restart", restart), "PostgreSQL is restarted", 30),
    fault(Campaign("postgres-read-only", read_only), "PostgreSQL takes no writes for a while", 20),
    fault(Campaign("postgres-slow", slow), "PostgreSQL stands still for seconds (SIGSTOP)", 20),
    fault(Campaign("postgres-locked", locked), "somebody holds a lock in PostgreSQL", 20),
    fault(Campaign("postgres-failover", fail_over, every=1, rig=with_standby), "a synchronous stand-by takes over", 10),
    fault(Campaign("postgres-put-back", put_back, every=1), "PostgreSQL is put back to a backup of seconds ago", 10),
)
