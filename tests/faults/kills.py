"""kill -9, again and again, at random moments while tills sell: agents, hub, broker, PostgreSQL, and all of them.

Nothing is asked of the system in return but that it is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from random import Random

from tests.demo.processes import ProcessFailed
from tests.family import lanes_of
from tests.faults.rig.campaign import Campaign, fault
from tests.faults.rig.plan import Plan
from tests.faults.rig.programs import GONE_S_MAX
from tests.faults.rig.stand import Rig

_DOWN_S = (0.0, 0.6)
"""How long the dead one stays dead."""


async def kill_agent(rig: Rig, rng: Random) -> None:
    """One till's agent dies."""
    till = rng.choice(rig.tills)
    await till.kill()
    await asyncio.sleep(rng.uniform(*_DOWN_S))
    await till.restart()


async def kill_hub(rig: Rig, rng: Random) -> None:
    """The hub dies; where the broker is inside, that as well."""
    await rig.hub.kill()
    await asyncio.sleep(rng.uniform(*_DOWN_S))
    await rig.hub.restart()


async def kill_lanes(rig: Rig, rng: Random) -> None:
    """One of the hub's processes that take journals dies, or both; it is the hub that starts them again."""
    until_s = time.monotonic() + GONE_S_MAX
    while not (lanes := lanes_of(rig.hub.pid)):  # it has just lost all of them
        if time.monotonic() > until_s:
            raise ProcessFailed(f"{rig.hub.name}: has no processes of lanes, as on a machine with one core")
        await asyncio.sleep(0.1)
    for pid in rng.sample(lanes, rng.randint(1, len(lanes))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(rng.uniform(*_DOWN_S))


async def kill_broker(rig: Rig, rng: Random) -> None:
    """The broker dies."""
    assert rig.broker is not None
    await rig.broker.kill()
    await asyncio.sleep(rng.uniform(*_DOWN_S))
    await rig.broker.restart()


async def kill_postgres(rig: Rig, rng: Random) -> None:
    """All processes of PostgreSQL die at once."""
    assert rig.postgres is not None
    await rig.postgres.kill()
    await asyncio.sleep(rng.uniform(*_DOWN_S))
    await rig.postgres.restart()


async def kill_anything(rig: Rig, rng: Random) -> None:
    """One to four of them die, one soon after the other or all at once, and come back in any order."""
    assert rig.broker is not None
    assert rig.postgres is not None
    victims = rng.sample([rig.hub, rig.broker, rig.postgres, rng.choice(rig.tills)], rng.randint(1, 4))
    for victim in victims:
        await victim.kill()
        await asyncio.sleep(rng.choice((0.0, rng.uniform(*_DOWN_S))))
    rng.shuffle(victims)
    # The services first: a hub that finds none at its start says so and ends, and whoever runs it starts it again.
    victims.sort(key=lambda victim: victim is rig.hub)
    for victim in victims:
        await victim.restart()


SCENARIOS = (
    fault(Campaign("kill-agent", kill_agent), "kill -9 of an agent while it sells", 50),
    fault(Campaign("kill-hub", kill_hub), "kill -9 of the hub", 50),
    fault(Campaign("kill-hub-embedded", kill_hub, Plan("embedded")), "kill -9 of the hub with all inside it", 50),
    fault(Campaign("kill-lanes", kill_lanes), "kill -9 of the hub's processes that take journals", 50),
    fault(Campaign("kill-broker", kill_broker), "kill -9 of the broker", 50),
    fault(
        Campaign("broker-forgets", kill_broker, Plan(broker_persists=False)), "the broker dies and keeps nothing", 50
    ),
    fault(Campaign("kill-postgres", kill_postgres), "kill -9 of all of PostgreSQL", 50),
    fault(Campaign("kill-anything", kill_anything), "kill -9 of any of them, one to four at a time", 50),
)
