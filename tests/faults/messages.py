"""Messages that the broker has acknowledged are lost, doubled, and come out of their order.

Neither till nor hub is told by MQTT; what saves the sales is the journal, the hub's own ack, and that everything may
come twice, late or never.
"""

from __future__ import annotations

import asyncio
from random import Random

from tests.demo.processes import ProcessFailed
from tests.faults.network.between import lined, lines_of
from tests.faults.network.mqtt_stage import Mood, Odds
from tests.faults.rig.campaign import Campaign, Strike, fault
from tests.faults.rig.plan import Plan
from tests.faults.rig.stand import Rig

SPELL_S = (1.0, 4.0)
EVERY = 5


def spell(odds: Odds) -> Strike:
    """For some seconds, messages have these odds."""

    async def strike(rig: Rig, rng: Random) -> None:
        mood = lines_of(rig).mood
        before = _befallen(mood)
        mood.odds = odds
        await asyncio.sleep(rng.uniform(*SPELL_S))
        mood.odds = Odds()
        if _befallen(mood) == before:
            raise ProcessFailed("nothing befell any message, so this proves nothing")

    return strike


def _befallen(mood: Mood) -> int:
    return sum(count for fate, count in mood.counts.items() if fate != "passed")


def _campaign(name: str, odds: Odds, plan: Plan | None = None) -> Campaign:
    return Campaign(name, spell(odds), plan or Plan(), every=EVERY, rig=lined)


SCENARIOS = (
    fault(_campaign("messages-lost", Odds(lose=0.3)), "three of ten messages vanish, acknowledged, both ways", 40),
    fault(_campaign("messages-doubled", Odds(double=0.5)), "every other message comes twice, the second time late", 40),
    fault(_campaign("messages-reordered", Odds(reorder=0.5)), "every other message comes up to a second late", 40),
    fault(
        _campaign("messages-mixed", Odds(lose=0.2, double=0.2, reorder=0.2, late_s=3.0)),
        "lost, doubled and up to three seconds late at once", 40,
    ),
    fault(
        _campaign("messages-mixed-embedded", Odds(lose=0.2, double=0.2, reorder=0.2, late_s=3.0), Plan("embedded")),
        "the same with the broker and the database inside the hub", 40,
    ),
)  # fmt: skip
