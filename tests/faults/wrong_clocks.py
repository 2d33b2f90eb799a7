"""The clock of a till's PC, or of the hub's machine, is set by hours to years while everybody sells.

Nothing may be lost or doubled by it. And each event's time is the true one, or says itself that nobody has checked it:
a till believes neither its own clock nor the hub's when two others speak against it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa

from tests.demo.processes import ProcessFailed, command
from tests.faults.network.faketime import Clock, missing
from tests.faults.rig.campaign import Campaign, fault
from tests.faults.rig.hub import HubProcess
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.stand import Rig, rig_of
from tests.faults.rig.till import Road

OFF = (timedelta(days=365), timedelta(days=-365), timedelta(days=1), timedelta(hours=-1))
LASTS_S = (1.5, 4.0)
SEEN_S = 1.2
"""libfaketime looks once a second; after that, the clock is as it was set."""

TRUE_WITHIN_S = 60.0


@dataclass
class Clocks:
    """The clocks of a rig, and when it began by the true one (seconds of the epoch)."""

    hub: Clock
    tills: dict[Place, Clock] = field(default_factory=dict)
    began_s: float = field(default_factory=time.time)  # noqa: TID251 - the true one


@dataclass(frozen=True)
class ClockedRoad(Road):
    """A till with a clock of its own."""

    clocks: Clocks = field(kw_only=True)


@asynccontextmanager
async def clocked(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig whose hub and tills have clocks of their own, all of them right."""
    with tempfile.TemporaryDirectory(prefix="tillwire-clocks-") as base:
        clocks = Clocks(Clock(Path(base) / "hub"))

        def road(place: Place, broker_port: int) -> ClockedRoad:
            clock = clocks.tills[place] = Clock(Path(base) / f"{place.store}-{place.terminal}")
            return ClockedRoad(port=broker_port, prefix=clock.command, clocks=clocks)

        async with rig_of(plan, seed, roads=road) as rig:
            await rig.hub.stop()
            rig.hubs[0] = HubProcess(rig.hub.places, program=(*clocks.hub.command, *command("tillwire-hub")))
            await rig.hub.restart()
            yield rig


def _clocks(rig: Rig) -> Clocks:
    road = rig.tills[0].road
    assert isinstance(road, ClockedRoad)
    return road.clocks


async def _wrong(rig: Rig, rng: Random, victims: list[Clock]) -> None:
    for clock in victims:
        clock.be_off(rng.choice(OFF))
    await asyncio.sleep(SEEN_S + rng.uniform(*LASTS_S))
    for clock in victims:
        clock.be_off(timedelta())
    await asyncio.sleep(SEEN_S)
    await asyncio.to_thread(_times_are_true, rig)


async def at_a_till(rig: Rig, rng: Random) -> None:
    """The clocks of some tills are set, for some seconds."""
    clocks = list(_clocks(rig).tills.values())
    await _wrong(rig, rng, rng.sample(clocks, rng.randint(1, len(clocks))))


async def at_the_hub(rig: Rig, rng: Random) -> None:
    """The hub's clock is set, for some seconds."""
    await _wrong(rig, rng, [_clocks(rig).hub])


def _times_are_true(rig: Rig) -> None:
    """Raises ProcessFailed with the first event that is of another time, and does not say so."""
    began_s, now_s = _clocks(rig).began_s, time.time()  # noqa: TID251 - the true one
    engine = rig.hub.places.engine()
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT store, terminal, sequence, at_us, raw FROM event")).fetchall()
    finally:
        engine.dispose()
    assert rows, "nothing was sold, so this proves nothing"
    for store, terminal, sequence, at_us, raw in rows:
        is_true = began_s - TRUE_WITHIN_S <= at_us / 1e6 <= now_s + TRUE_WITHIN_S
        if not is_true and b'"clockunchecked":true' not in bytes(raw):
            off = timedelta(seconds=at_us / 1e6 - now_s)
            raise ProcessFailed(f"{store}/{terminal} {sequence}: its time is off by {off}, and it does not say so")


SCENARIOS = (
    fault(
        Campaign("clock-till", at_a_till, rig=clocked, lacking=missing),
        "the clocks of tills' PCs are set by up to a year, both ways, while they sell", 30,
    ),
    fault(
        Campaign("clock-hub", at_the_hub, rig=clocked, lacking=missing),
        "the hub's clock is set by up to a year, both ways, while tills sell", 30,
    ),
)  # fmt: skip
