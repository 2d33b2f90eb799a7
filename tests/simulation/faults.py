"""What the seed does to the world beside single messages and steps: partitions, restarts, disks, prices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from protocol.documents import Item
from protocol.ids import Sku
from tests.simulation.books import Fact
from tests.simulation.disk import Disk
from tests.simulation.till import Till

if TYPE_CHECKING:
    from tests.simulation.world import World

AUTOSAVE_S = 5.0


class Faults:
    """Plans the whole run before it starts; what it does is counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.cut: dict[str, Till] = {}

    def plan(self) -> None:
        """Put everything that happens to the world into the schedule."""
        world, at = self._world, self._moment
        for _ in range(world.scenario.facts):
            world.schedule.at(at(), self._sell)
        for _ in range(2 * len(world.tills)):
            world.schedule.at(at(), lambda: world.dice.random.choice(world.tills).forget())
        for _ in range(world.dice.random.randint(0, 4)):
            world.schedule.at(at(), self._change_catalogue)
        for _ in range(world.scenario.rates.partitions):
            world.schedule.at(at(), self._partition)
        for _ in range(world.scenario.rates.broker_restarts):
            world.schedule.at(at(), self._restart_broker)
        for number in range(int(world.scenario.chaos_s / AUTOSAVE_S)):
            world.schedule.at(number * AUTOSAVE_S, world.broker.save)
        if world.scenario.kind == "fork":
            world.schedule.at(at() / 2, self._back_up)
        if world.scenario.kind == "damage":
            world.schedule.at(at() / 2, self._damage)

    def end(self) -> None:
        """Heal what is broken."""
        for name in list(self.cut):
            self._heal(name)
        if not self._world.broker.up:
            self._world.broker.start()

    def _moment(self) -> float:
        return self._world.dice.pause(0.0, self._world.scenario.chaos_s)

    def _sell(self) -> None:
        till = self._world.dice.random.choice(self._world.tills)
        till.sell()
        if self._world.dice.chance(0.2):  # a queue at the till
            for _ in range(5):
                till.sell()

    def _change_catalogue(self) -> None:
        world, dice = self._world, self._world.dice.random
        now = world.wall(timedelta(0))
        if dice.random() < 0.3:
            world.hub.delete_items([Sku(f"N{dice.randint(0, 5)}")], now)
        items = [
            Item(sku=f"N{number}", name="new", price=dice.randint(1, 99), currency="VND", barcodes=(f"89{number}",))
            for number in dice.sample(range(6), dice.randint(1, 5))
        ]
        world.hub.put_items(items, now)
        world.dice.count("catalogue change")
        for worker in world.workers:
            worker.poll_soon()

    def _partition(self) -> None:
        world, dice = self._world, self._world.dice
        till = dice.random.choice(world.tills)
        how = dice.random.choice(["both ways", "up only", "down only"])
        dice.count(f"partition {how}")
        world.note(till.name, f"is cut off, {how}")
        self.cut[till.name] = till
        till.client.cut_up = how != "down only"
        till.client.cut_down = how != "up only"
        duration_s = dice.pause(1.0, 8.0)
        if how == "both ways" or dice.chance(0.7):  # else it is over before any keep-alive has noticed
            world.schedule.after(dice.pause(0.5, 4.0), self._notice, till)
        world.schedule.after(duration_s, self._heal, till.name)

    def _notice(self, till: Till) -> None:
        if till.name in self.cut and till.session is not None and till.client.connected:
            till.lose_link()

    def _heal(self, name: str) -> None:
        till = self.cut.pop(name, None)
        if till is not None:
            till.client.cut_up = till.client.cut_down = False
            self._world.note(name, "has its network back")

    def _restart_broker(self) -> None:
        world = self._world
        if world.broker.up:
            world.broker.stop()
            world.schedule.after(world.dice.pause(0.1, 3.0), world.broker.start)

    def _back_up(self) -> None:
        world = self._world
        till = world.dice.random.choice(world.tills)
        if not till.disk.journal.unacked() and world.schedule.now_s < world.scenario.chaos_s / 2:
            # A backup with events that the hub is just getting is the interesting one.
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
        till.life.ended = True
        if till.session is not None:
            till.crash("to be restored")
        till.disk = disk
        till.life = world.books.open(till.life.store, till.life.terminal, facts)
        till.acked_seen = {}

    def _clone(self, till: Till, disk: Disk, facts: tuple[Fact, ...]) -> None:
        world = self._world
        world.dice.count("PC cloned")
        world.note(till.name, f"is cloned at {disk.journal.epoch}/{disk.journal.tail}")
        life = world.books.open(till.life.store, till.life.terminal, facts)
        clone = Till(world, till.identity, disk, life, f"{till.name}-clone")
        world.tills.append(clone)
        clone.start()

    def _damage(self) -> None:
        world = self._world
        for till in world.tills:
            unacked = till.disk.journal.unacked()
            if not unacked:
                continue
            victim = world.dice.random.choice(unacked)
            raw = bytearray(victim.raw)
            raw[world.dice.random.randrange(len(raw))] ^= 1 << world.dice.random.randrange(8)
            till.disk.journal.damage(victim.sequence, bytes(raw))
            till.life.damaged.update(fact.id for fact in till.life.facts if fact.mark in victim.raw)
            world.dice.count("event damaged on disk")
            world.note(till.name, f"has event {victim.sequence} damaged on disk")
            return
        if world.schedule.now_s < world.scenario.chaos_s:
            world.schedule.after(0.03, self._damage)
