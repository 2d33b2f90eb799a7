"""One fault, many strikes, on one rig: under load, at random moments, and after each few of them the exact check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random

from tests.demo.processes import ProcessFailed
from tests.faults.rig import services
from tests.faults.rig.plan import Plan
from tests.faults.rig.stand import Rig, rig_of
from tests.faults.row import Fault, Row, Told, dice, step

Strike = Callable[[Rig, Random], Awaitable[None]]
"""Does the harm and ends it: when it returns, everything that has to run runs again."""

RigMaker = Callable[[Plan, object], AbstractAsyncContextManager[Rig]]


@dataclass(frozen=True)
class Campaign:
    """`every`: how many strikes come before all may come to rest and is checked. `calm_s`: between two strikes.

    `lacking` says why it cannot be played here, "" if it can.
    """

    name: str
    strike: Strike
    plan: Plan = field(default_factory=Plan)
    every: int = 5
    calm_s: tuple[float, float] = (0.2, 1.2)
    rig: RigMaker = rig_of
    lacking: Callable[[], str] = lambda: ""


async def play(campaign: Campaign, seed: int, runs: int, told: Told) -> Row:
    """Strike `runs` times. What is wrong is told when it is first seen, with the strikes since the last check."""
    why = campaign.lacking() or (services.missing() if campaign.plan.kind == "production" else "")
    if why:
        return Row(campaign.name, skipped=why)
    lost, doubled, slowest_s = 0, 0, 0.0
    known: set[str] = set()
    async with campaign.rig(campaign.plan, (campaign.name, seed)) as rig:
        for first in range(0, runs, campaign.every):
            last = min(first + campaign.every, runs)
            which = f"{campaign.name}, seed {seed}, runs {first} to {last - 1}"
            async with rig.selling():
                for run in range(first, last):
                    step(f"{campaign.name}: strike {run + 1} of {runs}, {len(rig.confirmed)} sales")
                    rng = dice(campaign.name, seed, run)
                    await asyncio.sleep(rng.uniform(*campaign.calm_s))
                    await campaign.strike(rig, rng)
                ended_s = asyncio.get_running_loop().time()
                await asyncio.sleep(campaign.calm_s[0])
            took_s, waiting = await rig.settled()
            slowest_s = max(slowest_s, asyncio.get_running_loop().time() - ended_s)
            verdict = await rig.verdict()
            new = [words for words in verdict.sentences if words not in known]
            known.update(verdict.sentences)
            for words in new:
                told(f"{which}: {words}")
            noticed, rig.noticed = rig.noticed, []
            for words in noticed:
                told(f"{which}: {words}")
            if waiting:
                told(f"{which}: not at rest after {took_s:.0f} s: {waiting}")
            lost += len(set(verdict.lost) & set(new)) + bool(waiting) + len(noticed)
            doubled += len(set(verdict.doubled) & set(new))
        return Row(campaign.name, runs, len(rig.confirmed), lost, doubled, slowest_s)


def fault(campaign: Campaign, about: str, runs: int) -> Fault:
    """A line of the table. A rig that does not come up again after a strike is a loss, told in words."""

    async def scenario(seed: int, runs: int, told: Told) -> Row:
        try:
            return await play(campaign, seed, runs, told)
        except* ProcessFailed as group:
            for error in group.exceptions:
                told(f"{campaign.name}, seed {seed}: {error}")
            failed = Row(campaign.name, runs, lost=1)
        return failed

    return Fault(campaign.name, about, scenario, runs)
