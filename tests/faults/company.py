"""A hub that is not alone: another one on the same database and broker, or one of another release; tills of others.

Hubs share nothing but the database and the broker. Each hears every journal; a row lock and the cursor see to it that a
batch counts once, whichever of them is first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

from tests.faults.rig import release
from tests.faults.rig.campaign import Campaign, fault
from tests.faults.rig.hub import HubPlaces, HubProcess
from tests.faults.rig.plan import Plan
from tests.faults.rig.stand import Rig, rig_of


async def strike_one_of_two(rig: Rig, rng: Random) -> None:
    """One of the hubs dies, hangs for a moment, or is restarted; the other one goes on."""
    hub = rng.choice(rig.hubs)
    match rng.choice(("kill", "stop", "hang")):
        case "kill":
            await hub.kill()
        case "stop":
            await hub.stop()
        case _:
            await _hang(hub, rng)
            return
    await hub.restart()


async def upgrade(rig: Rig, rng: Random) -> None:
    """The new hub comes up beside the old one and takes the database to its schema; at times one of them hangs."""
    if len(rig.hubs) == 1:
        rig.hubs.append(_beside(rig))
        await rig.hubs[1].restart()
        return
    if rng.random() < 0.5:
        await _hang(rng.choice(rig.hubs), rng)
        return
    await rig.hubs[1].kill()
    await rig.hubs[1].restart()


async def restart_a_till(rig: Rig, rng: Random) -> None:
    """The releases only work together; one of the tills dies and is started again."""
    till = rng.choice(rig.tills)
    await till.kill()
    await till.restart()


async def _hang(hub: HubProcess, rng: Random) -> None:
    hub.pause()
    await asyncio.sleep(rng.uniform(0.2, 3.0))
    hub.resume()


def _beside(rig: Rig) -> HubProcess:
    folder = rig.folder / "hub-2"
    folder.mkdir()
    first = rig.hub.places
    return HubProcess(HubPlaces(folder, first.broker_port, first.url), name="hub-2")


@asynccontextmanager
async def two_hubs(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig with a second hub beside the first."""
    async with rig_of(plan, seed) as rig:
        rig.hubs.append(_beside(rig))
        await rig.hubs[1].restart()
        yield rig


@asynccontextmanager
async def old_hub(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig whose hub, and whose database, are of the release before."""
    with release.unpacked() as tree:
        async with rig_of(replace(plan, hub_tree=str(tree)), seed) as rig:
            yield rig


@asynccontextmanager
async def old_tills(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig whose tills are of the release before."""
    with release.unpacked() as tree:
        async with rig_of(replace(plan, agent_tree=str(tree)), seed) as rig:
            yield rig


SCENARIOS = (
    fault(
        Campaign("two-hubs", strike_one_of_two, rig=two_hubs),
        "two hubs on one database and broker; one dies, hangs, restarts", 30,
    ),
    fault(
        Campaign("hub-upgrade", upgrade, every=2, rig=old_hub, lacking=release.missing),
        "a new hub beside an old one that goes on", 10,
    ),
    fault(
        Campaign("older-tills", restart_a_till, every=2, rig=old_tills, lacking=release.missing),
        "tills of the release before sell to this hub", 10,
    ),
    fault(
        Campaign("newer-tills", restart_a_till, every=2, rig=old_hub, lacking=release.missing),
        "tills of this release sell to the hub before", 10,
    ),
)  # fmt: skip
