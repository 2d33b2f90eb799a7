"""Lines that lose packets or are slow, all the time: nothing is cut, everything is late.

There is no calm in which to come to rest: what is checked has been brought over by the weak line itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from tests.faults.network import namespaces
from tests.faults.network.between import lined, shops_of, streeted
from tests.faults.network.fate import slow
from tests.faults.rig.campaign import Campaign, fault
from tests.faults.rig.plan import Plan
from tests.faults.rig.stand import Rig

LOSS_PERCENT = 30
SLOW_BITS_PER_S = 64_000
SLOW_ROUND_TRIP_S = 0.6
SELL_S = (5.0, 10.0)


@asynccontextmanager
async def lossy(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """Three of ten packets are lost, each way, in the kernel, from the first sale to the last check."""
    async with streeted(plan, seed) as rig:
        for shop in shops_of(rig):
            shop.suffer("loss", percent=LOSS_PERCENT)
        yield rig


@asynccontextmanager
async def slowed(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """Each till has 64 kbit/s and 600 ms, from its first start on."""
    async with lined(plan, seed, fates=slow(SLOW_ROUND_TRIP_S / 2, SLOW_BITS_PER_S / 8)) as rig:
        yield rig


async def lose_packets(rig: Rig, rng: Random) -> None:
    """For some seconds, packets of all stores are lost."""
    for shop in shops_of(rig):
        shop.suffer("loss", percent=LOSS_PERCENT)
    await asyncio.sleep(rng.uniform(*SELL_S))
    for shop in shops_of(rig):
        shop.suffer("none")


async def _sell(_rig: Rig, rng: Random) -> None:
    await asyncio.sleep(rng.uniform(*SELL_S))


SCENARIOS = (
    fault(
        Campaign("packet-loss", _sell, every=2, rig=lossy, lacking=namespaces.missing),
        "three of ten packets are lost, each way, all the time", 20,
    ),
    fault(Campaign("slow-line", _sell, every=2, rig=slowed), "64 kbit/s and 600 ms, all the time", 20),
)  # fmt: skip
