"""The line between tills and broker, or the hub's, is cut, swallows, resets, stalls within a packet, forgets, flaps.

By lines of ours, which can stop at any byte, and by network namespaces, in which the kernel's own TCP has to find out.
A strike is over when the line is whole again; nobody restarts anything.
"""

from __future__ import annotations

import asyncio
from random import Random

from tests.demo.processes import ProcessFailed
from tests.faults.network import namespaces
from tests.faults.network.between import lined_with_hub, lines_of, shops_of, streeted
from tests.faults.network.fate import State, Way, calm, fickle
from tests.faults.network.line import FaultyLine
from tests.faults.network.namespaces import Trouble
from tests.faults.rig.campaign import Campaign, Strike, fault
from tests.faults.rig.stand import Rig
from tests.faults.row import Fault

LASTS_S = (0.5, 5.0)
FLAP_S = (0.02, 0.6)
FLAPS = 8
TEAR_BYTES = 3_000
"""Two or three sales and their acks: most connections end within one of them."""


def _victims(rig: Rig, rng: Random) -> list[FaultyLine]:
    lines = lines_of(rig)
    victims = rng.sample(lines.tills, rng.randint(1, len(lines.tills)))
    return victims if lines.hub is None or rng.random() < 0.5 else [*victims, lines.hub]


def partition(state: State) -> Strike:
    """For some seconds, some of the lines are like this."""

    async def strike(rig: Rig, rng: Random) -> None:
        victims = _victims(rig, rng)
        before = sum(line.connections for line in victims)
        ways: tuple[Way, ...] = rng.choice(((), ("up",), ("down",)))
        for line in victims:
            line.be(state, *ways)
        await asyncio.sleep(rng.uniform(*LASTS_S))
        for line in victims:
            line.be("open")
        if not before:
            raise ProcessFailed("nobody was connected over these lines, so this proves nothing")

    return strike


async def _flap(rig: Rig, rng: Random) -> None:
    victims = _victims(rig, rng)
    for _ in range(FLAPS):
        for line in victims:
            line.be(rng.choice(("closed", "reset", "black_hole", "held")))
        await asyncio.sleep(rng.uniform(*FLAP_S))
        for line in victims:
            line.be("open")
        await asyncio.sleep(rng.uniform(*FLAP_S))


async def tear(rig: Rig, rng: Random) -> None:
    """For a while most connections end, stall or go deaf wherever they are in a packet."""
    victims = _victims(rig, rng)
    ended = sum(line.ended for line in victims)
    for line in victims:
        line.fates = fickle(rng.random(), ends=("close", "reset", "stall", "swallow"), bytes_max=TEAR_BYTES)
        line.be("reset")
        line.be("open")
    await asyncio.sleep(rng.uniform(*LASTS_S) + 1.0)
    for line in victims:
        line.fates = calm
        # Those that stall would be noticed by a keep-alive, after half a minute: that is `line-forgotten`.
        line.be("reset")
        line.be("open")
    if sum(line.ended for line in victims) == ended:
        raise ProcessFailed("no connection was torn, so this proves nothing")


async def _forget(rig: Rig, rng: Random) -> None:
    for line in _victims(rig, rng):
        line.forget()


def _street(trouble: Trouble) -> Strike:
    async def strike(rig: Rig, rng: Random) -> None:
        shops = shops_of(rig)
        victims = rng.sample(shops, rng.randint(1, len(shops)))
        for shop in victims:
            shop.suffer(trouble)
        await asyncio.sleep(rng.uniform(*LASTS_S))
        for shop in victims:
            shop.suffer("none")

    return strike


async def street_flap(rig: Rig, rng: Random) -> None:
    """Stores lose link, packets or connections eight times within seconds."""
    shops = shops_of(rig)
    for _ in range(FLAPS):
        shop = rng.choice(shops)
        trouble: Trouble = rng.choice(("link_down", "black_hole", "reset"))
        shop.suffer(trouble)
        await asyncio.sleep(rng.uniform(*FLAP_S))
        shop.suffer("none")
        await asyncio.sleep(rng.uniform(*FLAP_S))


def _line(name: str, strike: Strike, about: str, runs: int = 40, every: int = 5) -> Fault:
    return fault(Campaign(name, strike, every=every, rig=lined_with_hub), about, runs)


def _namespace(name: str, strike: Strike, about: str, runs: int = 30) -> Fault:
    campaign = Campaign(name, strike, every=5, rig=streeted, lacking=namespaces.missing)
    return fault(campaign, about, runs)


SCENARIOS = (
    _line("line-cut", partition("closed"), "connections end and none is taken, for up to 5 s"),
    _line("line-reset", partition("reset"), "every connection is reset, for up to 5 s"),
    _line("line-black-hole", partition("black_hole"), "everything is accepted and swallowed, one way or both"),
    _line("line-held", partition("held"), "nothing passes for up to 5 s, one way or both, then all of it"),
    _line("line-torn", tear, "connections end, stall and go deaf within a packet"),
    _line("line-flaps", _flap, "the line comes and goes eight times within seconds"),
    _line("line-forgotten", _forget, "a router forgets the connections: whoever has one talks into the void", 8, 1),
    _namespace("street-black-hole", _street("black_hole"), "the kernel drops all of a store's packets"),
    _namespace("street-reset", _street("reset"), "the kernel answers a store's packets with RST"),
    _namespace("street-link-down", _street("link_down"), "a store's link is down"),
    _namespace("street-flaps", street_flap, "links, packets and connections of stores come and go"),
)
