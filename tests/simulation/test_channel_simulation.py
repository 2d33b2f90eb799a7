"""The invariants of channels' orders hold on many seeds, every fault really happens, and every mutant is caught."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.channel_world import ChannelParts, ChannelWorld
from tests.simulation.checks import Violation
from tests.simulation.mutants_of_channels import CHANNEL_MUTANTS
from tests.simulation.mutants_of_telling import TELLING_MUTANTS
from tests.simulation.runner import hunt, run

SEEDS = range(40)
HUNT = range(40, 100)
HAPPENS = (
    "shop order placed", "shop order changed", "shop order cancelled", "shop order returned", "shop ships by itself",
    "shop order of an unknown SKU", "shop is told of a hand-over", "parcel gathered", "parcel gathered short",
    "parcel handed over", "webhook heard", "webhook heard again", "webhook not answered", "message lost",
    "message doubled", "channel away", "channel tells what it was", "process pauses past its lease", "lease lost",
    "hub process dies before the commit", "hub process dies between commit and ack", "answer to a commit lost",
    "database gone in mid-transaction", "poll fails", "settling fails",
)  # fmt: skip


def broken(seed: int, parts: ChannelParts) -> tuple[str | None, Counter[str]]:
    """Which invariant a seed breaks, if any, and what happened in it."""
    world = ChannelWorld(seed, parts)
    try:
        world.run()
    except (Violation, AssertionError) as error:
        return f"{type(error).__name__}: {error}", world.dice.happened
    return None, world.dice.happened


@pytest.fixture(scope="module")
def happened() -> Counter[str]:
    """What happened in all seeds; each of them keeps every invariant."""
    total: Counter[str] = Counter()
    for seed in SEEDS:
        violation, counts = broken(seed, ChannelParts())
        assert violation is None, f"seed {seed}: {violation}"
        total.update(counts)
    return total


@pytest.mark.parametrize("what", HAPPENS)
def test_the_invariants_hold_while_it_really_happens(happened: Counter[str], what: str) -> None:
    """Whatever is lost, doubled, late, behind itself or killed: levels are what truly left, orders what is wanted."""
    assert happened[what] > 0


@pytest.mark.parametrize("name", CHANNEL_MUTANTS)
def test_a_careless_change_is_caught(name: str) -> None:
    """The same code with one part broken breaks an invariant within a bounded number of seeds."""
    assert any(broken(seed, CHANNEL_MUTANTS[name])[0] for seed in HUNT), f"mutant {name} was missed"


@pytest.mark.parametrize("name", TELLING_MUTANTS)
def test_a_careless_change_of_what_a_shop_is_told_is_caught(name: str) -> None:
    """A refund before its sale, a receipt twice, one that is forgotten: the shop's own books say so."""
    assert hunt(name, "channels") is not None, f"mutant {name} was missed"


def test_the_command_plays_both_ways_of_a_seed() -> None:
    """What `./dev sim --room channels` runs: orders in, and sales out."""
    report = run(range(100, 103), room="channels")
    assert report.ok
    assert report.happened["shop order placed"] > 0
    assert report.happened["telling: sell"] > 0
