"""What the seed does to the world beside single messages and steps: partitions, outages, clocks, upgrades, prices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hub.errors import StorageUnavailable
from protocol.documents import Item
from protocol.ids import Sku
from tests.simulation.forks import Forks
from tests.simulation.office import Office
from tests.simulation.orders import Channel, Desks
from tests.simulation.reach import OUTAGES, Outage, Reach, WorkerCrashed
from tests.simulation.till import Till

if TYPE_CHECKING:
    from tests.simulation.world import World

AUTOSAVE_S = 5.0
JUMPS = {
    "minutes": timedelta(minutes=7), "a day": timedelta(days=1), "a year": timedelta(days=365),
}  # fmt: skip


class Faults:
    """Plans the whole run before it starts; what it does is counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.cut: dict[str, Till] = {}
        self.outage: Outage | None = None

    def plan(self) -> None:
        """Put everything that happens to the world into the schedule."""
        world, at = self._world, self._moment
        scenario, rates, dice = world.scenario, world.scenario.rates, world.dice.random
        happenings = (
            (scenario.facts, self._sell),
            (2 * len(world.tills), lambda: dice.choice(world.tills).forget()),
            (dice.randint(0, 4), self._change_catalogue),
            (rates.partitions, self._partition),
            (rates.broker_restarts, self._restart_broker),
            (rates.outages, self._break_database),
            (rates.clock_jumps, self._set_clock),
            (scenario.hub_clock_jumps, self._set_hub_clock),
            (scenario.old_workers, self._upgrade),
            (2 if scenario.old_workers else 0, self.replay_parked),
        )
        for count, happening in happenings:
            for _ in range(count):
                world.schedule.at(at(), happening)
        if world.channel is not None:
            self._plan_orders(world.channel)
        for number in range(int(scenario.chaos_s / AUTOSAVE_S)):
            world.schedule.at(number * AUTOSAVE_S, world.broker.save)
        if scenario.kind == "fork":
            Forks(world).plan(at() / 2)
        if scenario.kind == "damage":
            world.schedule.at(at() / 2, self._damage)

    def end(self) -> None:
        """Heal what is broken, and bring everybody to this version."""
        for name in list(self.cut):
            self._heal(name)
        if not self._world.broker.up:
            self._world.broker.start()
        self.outage = None
        for worker in self._world.workers:
            worker.upgrade()

    def replay_parked(self) -> None:
        """Somebody counts in what was parked, as the command does; again if the database says no."""
        world = self._world
        ports = world.ports(Reach(world, self._dies))
        try:
            for store in world.stores:
                counted = world.parts.replay(ports.ledger, ports.parked, store, world.hub_wall)
                if counted:
                    world.dice.happened["parked event counted in"] += counted
                    world.note("operator", f"counts {counted} parked events of {store} in")
        except (StorageUnavailable, WorkerCrashed):
            world.dice.count("replay broken off")
            world.schedule.after(0.5, self.replay_parked)
        for worker in world.workers:
            worker.poll_soon()

    def _plan_orders(self, channel: Channel) -> None:
        world, chaos_s = self._world, self._world.scenario.chaos_s
        desks = Desks(world, channel)
        world.schedule.at(0.1, desks.open)
        for _ in range(world.scenario.orders):
            world.schedule.at(world.dice.pause(0.5, 0.8 * chaos_s), channel.order)
        office = Office(world)
        for _ in range(world.scenario.orders // 3):
            world.schedule.at(world.dice.pause(1.0, 0.7 * chaos_s), office.want)
        for _ in range(6 * world.scenario.orders):
            world.schedule.at(world.dice.pause(1.0, chaos_s), desks.work)

    def _dies(self, _where: str) -> bool:
        dice = self._world.dice
        return dice.chance(dice.rates.worker_crash)

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
        now = world.hub_wall
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

    def _break_database(self) -> None:
        if self.outage is not None:
            return
        world = self._world
        outage = self.outage = world.dice.random.choice(OUTAGES)
        world.dice.count(f"database {outage} for a while")
        world.note("database", f"is {outage}")
        world.schedule.after(world.dice.pause(0.5, 4.0), self._mend_database)

    def _mend_database(self) -> None:
        self._world.note("database", "is as it should be")
        self.outage = None

    def _set_clock(self) -> None:
        world = self._world
        till = world.dice.random.choice(world.tills)
        restarts = till.session is not None and world.dice.chance(0.4)
        if restarts:
            till.crash("to be set")
        till.offset += self._jump("till", till.name, " over a restart" if restarts else "")

    def _set_hub_clock(self) -> None:
        self._world.hub_offset += self._jump("hub", "hub", "")

    def _jump(self, whose: str, who: str, how: str) -> timedelta:
        world, dice = self._world, self._world.dice.random
        size = dice.choice(list(JUMPS))
        sign = dice.choice([-1, 1])
        world.dice.count(f"{whose} clock jumps {size} {'ahead' if sign > 0 else 'back'}")
        world.dice.count(f"{whose} clock jumps{how}")
        world.note(who, f"has a clock that jumps {size} {'ahead' if sign > 0 else 'back'}{how}")
        return sign * JUMPS[size]

    def _upgrade(self) -> None:
        old = [worker for worker in self._world.workers if worker.is_old]
        if old:
            self._world.dice.random.choice(old).upgrade()

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
