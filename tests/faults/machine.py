"""What happens to the machine of the hub: its power is cut, or its disk is full.

A power cut takes everything that was not synced: the database is on an ext4 of its own, which is shut down as
EXT4_IOC_SHUTDOWN does it. What each till holds for acknowledged was read before, and must be there afterwards. The
control runs PostgreSQL with `synchronous_commit=off` and must have forgotten something; the tills send it again. (With
`fsync=off` the server does not even start again.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random

import sqlalchemy as sa

from tests.faults.rig import disks
from tests.faults.rig.campaign import Campaign, Strike, fault, play
from tests.faults.rig.disks import Disk
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.stand import Rig, rig_of
from tests.faults.row import Row, Told

POWER_MB, POSTGRES_MB, EMBEDDED_MB = 400, 160, 24
CARELESS = Plan(stores=1, postgres=("synchronous_commit=off", "wal_writer_delay=10000"))
_BITE_S_MAX, _SILENCE_S = 60.0, 2.0
_SMALL_WAL = ("min_wal_size=32MB", "max_wal_size=48MB")


async def cut_power(rig: Rig, rng: Random) -> None:
    """The machine that hub and database run on goes dark, and comes back."""
    disk, database = _disk(rig), rig.postgres or rig.hub
    acked = await asyncio.to_thread(_acked, rig)
    disk.cut_power()
    await asyncio.gather(rig.hub.kill(), database.kill())
    await asyncio.sleep(rng.uniform(0.0, 0.5))
    await asyncio.to_thread(disk.power_on)
    if rig.postgres is not None:
        await rig.postgres.restart()
    there = await asyncio.to_thread(_cursors, rig)
    rig.noticed += [
        f"{place}: {sequence} was acknowledged before the power went, {there.get(place, 0)} is there"
        for place, sequence in acked.items()
        if there.get(place, 0) < sequence
    ]
    await rig.hub.restart()


async def fill_disk(rig: Rig, rng: Random) -> None:
    """There is no room left where the hub's data is, for some seconds; nobody does anything but make room."""
    disk = _disk(rig)
    await asyncio.to_thread(disk.fill)
    if not await _has_bitten(rig):
        rig.noticed.append("the disk was full and sales were acknowledged all the same: this proves nothing")
    await asyncio.sleep(rng.uniform(0.5, 3.0))
    disk.free()
    if rig.postgres is not None and not rig.postgres.running:
        # PostgreSQL ends by its own design when its log cannot be written; systemd starts it again.
        await rig.postgres.restart()


async def _has_bitten(rig: Rig) -> bool:
    """Whether acks stop: backlogs, and none less for two seconds. A database may have some room of its own left."""
    loop = asyncio.get_running_loop()
    until_s, since_s = loop.time() + _BITE_S_MAX, loop.time()
    acked = await asyncio.to_thread(_acked, rig)
    while loop.time() < until_s:
        await asyncio.sleep(0.1)
        now = await asyncio.to_thread(_acked, rig)
        if now != acked:
            acked, since_s = now, loop.time()
        elif loop.time() - since_s > _SILENCE_S and any(till.backlog() for till in rig.tills):
            return True
    return False


def _acked(rig: Rig) -> Mapping[Place, int]:
    return {till.place: till.acked() for till in rig.tills}


def _cursors(rig: Rig) -> Mapping[Place, int]:
    engine = rig.hub.places.engine()
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT store, terminal, sequence FROM epoch")).fetchall()
    finally:
        engine.dispose()
    return {Place(row[0], row[1]): int(row[2]) for row in rows}


def _disk(rig: Rig) -> Disk:
    assert rig.disk is not None
    return rig.disk


@asynccontextmanager
async def _with_power(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    with disks.disk(POWER_MB, can_lose_power=True) as disk:
        async with rig_of(plan, seed, disk=disk) as rig:
            if rig.postgres is not None:
                await asyncio.to_thread(_write_down, rig)
            yield rig


def _write_down(rig: Rig) -> None:
    """What was set up is on the disk, however careless the database: it is sales that are to be forgotten."""
    engine = rig.hub.places.engine()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CHECKPOINT"))
    engine.dispose()


@asynccontextmanager
async def _on_little_room(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    with disks.disk(POSTGRES_MB if plan.kind == "production" else EMBEDDED_MB) as disk:
        async with rig_of(plan, seed, disk=disk) as rig:
            yield rig


def powered(name: str, plan: Plan, strike: Strike = cut_power) -> Campaign:
    """A campaign on a disk that loses its power."""
    return Campaign(name, strike, plan, every=2, calm_s=(0.5, 1.5), rig=_with_power, lacking=disks.missing)


def cramped(name: str, plan: Plan) -> Campaign:
    """A campaign on a disk that is filled up."""
    return Campaign(name, fill_disk, plan, every=2, rig=_on_little_room, lacking=disks.missing)


async def careless(seed: int, runs: int, told: Told) -> Row:
    """The control: a database that says "committed" too early must forget something. Not in the table."""
    return await play(powered("power-cut-careless", CARELESS), seed, runs, told)


SCENARIOS = (
    fault(powered("power-cut-hub", Plan()), "the power of hub and PostgreSQL goes (ext4 shut down)", 15),
    fault(
        powered("power-cut-embedded", Plan("embedded")),
        "the power of a hub with all inside it goes (ext4 shut down)",
        15,
    ),
    fault(cramped("disk-full-hub", Plan(postgres=_SMALL_WAL)), "no room is left where PostgreSQL's data is", 15),
    fault(cramped("disk-full-embedded", Plan("embedded")), "no room is left where the embedded hub's data is", 15),
)
