"""Disks that go wrong as a whole: put back to a backup, cloned, enrolled twice, or damaged and salvaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.books import Fact
from tests.simulation.disk import Disk
from tests.simulation.salvage import Salvage
from tests.simulation.till import Till

if TYPE_CHECKING:
    from tests.simulation.world import World


class Forks:
    """Does one of them in a run of kind "fork"."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plan(self, at_s: float) -> None:
        """Choose what goes wrong, from some moment on."""
        ways = [self._back_up, self._back_up, self._enrol_twice, self._find_damage, self._find_damage]
        way = self._world.dice.random.choice(ways)
        self._world.schedule.at(at_s, way)

    def _till_with_news(self) -> Till | None:
        # With events that the hub is just getting it is interesting; without any, it is so only when time is up.
        world = self._world
        till = world.dice.random.choice(world.tills)
        has_news = bool(till.disk.journal.unacked())
        return till if has_news or world.schedule.now_s >= world.scenario.chaos_s / 2 else None

    def _back_up(self) -> None:
        world = self._world
        till = self._till_with_news()
        if till is None:
            world.schedule.after(0.03, self._back_up)
            return
        disk, facts = till.disk.snapshot(), tuple(till.life.facts)
        world.note(
            till.name, f"is backed up at {disk.journal.epoch}/{disk.journal.tail}, {disk.journal.acked} acknowledged"
        )
        use = self._restore if world.dice.chance(0.5) else self._clone
        world.schedule.at(world.dice.pause(world.schedule.now_s, world.scenario.chaos_s), use, till, disk, facts)

    def _restore(self, till: Till, disk: Disk, facts: tuple[Fact, ...]) -> None:
        world = self._world
        world.dice.count("disk restored")
        world.note(till.name, f"is restored to {disk.journal.epoch}/{disk.journal.tail}")
        self._give(till, disk, facts, "to be restored")

    def _clone(self, till: Till, disk: Disk, facts: tuple[Fact, ...]) -> None:
        self._world.dice.count("PC cloned")
        self._world.note(till.name, f"is cloned at {disk.journal.epoch}/{disk.journal.tail}")
        self._add(till, disk, facts, "clone")

    def _enrol_twice(self) -> None:
        till = self._world.dice.random.choice(self._world.tills)
        identity = till.identity
        self._world.dice.count("terminal enrolled twice")
        self._world.note(till.name, "is enrolled on another PC too")
        self._add(till, self._world.parts.disk(identity.store, identity.terminal, 1), (), "twin")

    def _find_damage(self) -> None:
        world, dice = self._world, self._world.dice
        till = self._till_with_news()
        if till is None:
            world.schedule.after(0.03, self._find_damage)
            return
        unsent = till.disk.journal.unacked()
        lost = [event for event in unsent if dice.chance(0.3)]
        salvage = Salvage(
            frozenset(event.sequence for event in lost), knows_acked=dice.chance(0.6), nonce=till.next_nonce,
            change=world.parts.salvaged,
        )  # fmt: skip
        gone = {fact.id for fact in till.life.facts for event in lost if fact.mark in event.raw}
        dice.count("database salvaged")
        dice.happened["event lost for good"] += len(lost)
        world.note(till.name, f"is found damaged: {len(unsent)} unsent, {len(lost)} of them lost")
        if till.session is not None:
            till.crash("to be salvaged")
        facts = tuple(fact for fact in till.life.facts if fact.id not in gone)
        self._give(till, till.disk.salvaged(salvage), facts, "")

    def _give(self, till: Till, disk: Disk, facts: tuple[Fact, ...], why: str) -> None:
        till.life.ended = True
        if till.session is not None:
            till.crash(why)
        till.disk = disk
        till.life = self._world.books.open(till.life.store, till.life.terminal, facts)
        till.acked_seen = {}

    def _add(self, till: Till, disk: Disk, facts: tuple[Fact, ...], name: str) -> None:
        life = self._world.books.open(till.life.store, till.life.terminal, facts)
        other = Till(self._world, till.identity, disk, life, f"{till.name}-{name}")
        self._world.tills.append(other)
        other.start()
