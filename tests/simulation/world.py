"""One run: everybody who takes part, what the seed does to them, and the verdict."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge_agent.sync.identity import TerminalIdentity
from hub.projections.matters import MISSING_EVERY_S, MatterProjection
from hub.storage.memory import MemoryStore
from protocol.documents import Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId, store_feed, store_id, terminal_id
from tests.simulation.books import Books
from tests.simulation.broker import Broker
from tests.simulation.checks import Checks, Violation
from tests.simulation.dice import LATE_MAX_S, Dice
from tests.simulation.faults import Faults
from tests.simulation.orders import Channel, draw_policy
from tests.simulation.parts import Parts
from tests.simulation.reach import HubPorts, MemoryPorts, Reach
from tests.simulation.road import Road
from tests.simulation.scenario import Scenario, draw
from tests.simulation.schedule import Livelock, Schedule
from tests.simulation.shop import catalogue
from tests.simulation.sql_hub import SqlHub, SqlPorts
from tests.simulation.till import Till
from tests.simulation.worker import HEARTBEAT_S, Worker

BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
QUIET_MAX_S = 90.0
"""Three times the longest waiting time of any machine here: who has not come to rest by then never will."""

STEPS_MAX = 60_000
_GLOBAL_KEY = Key(b"g" * 32)


@dataclass(frozen=True)
class Outcome:
    """What became of one seed; `violation` is None when all invariants held.

    `crashed`: the code under test raised something that is neither a broken invariant nor one of its own asserts. Such
    a seed has failed, but a mutant that merely crashes has not been caught.
    """

    seed: int
    violation: str | None
    happened: Counter[str]
    steps: int
    trace: Sequence[str] = field(default=())
    crashed: bool = False


class World:
    """Tills, hub, broker and time of one run."""

    def __init__(self, scenario: Scenario, parts: Parts, *, trace: bool = False) -> None:
        self.scenario = scenario
        self.parts = parts
        self.trace: list[str] | None = [] if trace else None
        self.schedule = Schedule(steps_max=STEPS_MAX)
        self.dice = Dice(scenario.seed, scenario.rates)
        self.books = Books()
        self.sql = parts.sql_hub(_GLOBAL_KEY) if scenario.orders else None
        self.hub: MemoryStore | SqlHub = self.sql or parts.hub(_GLOBAL_KEY)
        self.broker = Broker(self.schedule, self.dice, self.note)
        self.road = Road()
        self.hub_offset = timedelta(0)
        self.terminals: dict[StoreId, list[TerminalId]] = {}
        self.checks = Checks(self)
        self.faults = Faults(self)
        self.tills = self._enrol()
        self.policy = draw_policy(self)
        self.workers = [
            Worker(self, number, publishes=number < scenario.publishers, is_old=number < scenario.old_workers)
            for number in range(scenario.workers)
        ]
        for worker in self.workers:
            self.broker.add_worker(worker.client)
        self.channel = Channel(self, self.policy) if self.sql is not None else None

    @property
    def stores(self) -> Sequence[StoreId]:
        """All stores."""
        return list(self.terminals)

    @property
    def hub_wall(self) -> datetime:
        """What the hub's clock shows."""
        return self.wall(self.hub_offset)

    def ports(self, reach: Reach) -> HubPorts:
        """The database as one process of the hub reaches it."""
        if self.sql is not None:
            return self.sql.ports(reach)
        assert isinstance(self.hub, MemoryStore)
        return MemoryPorts(reach, self.hub)

    def matters(self, ports: HubPorts) -> MatterProjection | None:
        """What settles orders and transfers behind the ingest, where the database has them."""
        if not isinstance(ports, SqlPorts):
            return None
        ports.database.armed = False
        projection = self.parts.matters(ports.database, self.policy)
        ports.database.armed = True
        return projection

    def wall(self, offset: timedelta) -> datetime:
        """What a clock shows that is wrong by `offset`."""
        return BEGIN + timedelta(seconds=self.schedule.now_s) + offset

    def note(self, who: str, what: str) -> None:
        """Write down a step, if anybody wants to read it."""
        if self.trace is not None:
            self.trace.append(f"{self.schedule.now_s:9.3f} {who:<10} {what}")

    def cut(self, till: Till) -> bool:
        """Whether a till has no network now."""
        return till.name in self.faults.cut

    def run(self) -> None:
        """Chaos, then calm, then the checks. Raises Violation and Livelock."""
        self.checks.after_commit()
        for worker in self.workers:
            worker.start()
        for till in self.tills:
            till.start()
        self.faults.plan()
        self.schedule.run_until(self.scenario.chaos_s)
        self.note("world", "faults end")
        self.dice.calm()
        self.faults.end()
        self._come_to_rest()
        self.faults.replay_parked()
        if self.sql is not None:  # an order that nobody could fill is asked about again now and then
            self.schedule.run_until(self.schedule.now_s + MISSING_EVERY_S + HEARTBEAT_S)
        self._come_to_rest()
        self.schedule.run_until(self.schedule.now_s + 2 * LATE_MAX_S + 1.0)
        self._come_to_rest()
        found = list(self.checks.at_the_end())
        if found:
            raise Violation("\n".join(found[:8]))

    def _come_to_rest(self) -> None:
        until_s = self.schedule.now_s + QUIET_MAX_S
        while self._restless():
            if self.schedule.now_s >= until_s:
                raise Violation(f"5: no rest after {QUIET_MAX_S} quiet seconds: {'; '.join(self._restless())}")
            self.schedule.run_until(self.schedule.now_s + 1.0)

    def _restless(self) -> list[str]:
        heads = self.hub.heads()
        restless = [f"{worker.name} has work left" for worker in self.workers if not worker.idle]
        for till in self.tills:
            journal = till.disk.journal
            if till.session is None or not till.client.connected:
                restless.append(f"{till.name} is away")
            elif journal.lost_epoch is not None:
                restless.append(f"{till.name} has lost its epoch {journal.epoch}: {journal.lost_epoch.reason}")
            elif journal.acked != journal.tail:
                restless.append(f"{till.name}: epoch {journal.epoch}, {journal.acked} of {journal.tail} acknowledged")
            for feed in (GLOBAL_FEED, store_feed(till.identity.store)):
                state = till.disk.replica.feed_state(feed)
                if (state.lineage, state.revision) != (self.hub.lineage, heads[feed]):
                    restless.append(f"{till.name}: {feed} at {state.revision} of {heads[feed]}")
        return restless

    def _enrol(self) -> list[Till]:
        now = self.wall(timedelta(0))
        self.hub.put_items(catalogue(), now)
        tills = []
        for number in range(self.scenario.tills):
            store = store_id(f"S{number % self.scenario.stores + 1}")
            if store not in self.terminals:
                self.terminals[store] = []
                self.hub.add_store(store, Settings(store_name=store), _store_key(store), now)
            terminal = terminal_id(f"T{number + 1}")
            self.terminals[store].append(terminal)
            key = Key(terminal.encode().ljust(32, b"t"))
            epoch = self.hub.add_terminal(store, terminal, terminal, key, now)
            identity = TerminalIdentity(store, terminal, key, _store_key(store), _GLOBAL_KEY)
            disk = self.parts.disk(store, terminal, epoch)
            tills.append(Till(self, identity, disk, self.books.open(store, terminal), terminal))
        return tills


def simulate(seed: int, parts: Parts, *, trace: bool = False) -> Outcome:
    """Run one seed."""
    world = World(draw(seed), parts, trace=trace)
    violation = None
    crashed = False
    try:
        world.run()
    except (Violation, Livelock, AssertionError) as error:
        violation = f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is a failed seed, not the end
        crashed = True
        where = traceback.extract_tb(error.__traceback__)[-1]
        violation = f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
    happened = world.dice.happened
    happened[f"{world.scenario.kind} run"] += 1
    return Outcome(seed, violation, happened, world.schedule.steps, tuple(world.trace or ()), crashed)


def _store_key(store: StoreId) -> Key:
    return Key(store.encode().ljust(32, b"s"))
