"""One hub worker: ingest, feed and fleet sessions over the database that all workers share, and what follows behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.errors import StorageUnavailable
from hub.feed.session import FeedSession, FeedSessionLimits
from hub.fleet.session import FleetSession
from hub.ingest.session import IngestLimits, IngestSession
from hub.projections.matters import MatterProjection
from protocol.feed_sender import PublishLimits
from protocol.link import Publish
from tests.simulation.broker import Client
from tests.simulation.reach import Reach, WorkerCrashed

if TYPE_CHECKING:
    from tests.simulation.world import World

HEARTBEAT_S = 6.0
INGEST = IngestLimits(messages_max=4, wait_s=0.01, retry_s=0.5)
FEED = FeedSessionLimits(
    publish=PublishLimits(interval_s=0.05, heartbeat_s=HEARTBEAT_S, documents_max=2, part_documents_max=2)
)


class Worker:
    """A hub process. Whatever it had in memory is gone when it dies. `is_old`: of the version before this one."""

    def __init__(self, world: World, number: int, *, publishes: bool, is_old: bool) -> None:
        self.world = world
        self.name = f"worker{number}"
        self.is_old = is_old
        self._publishes = publishes
        self.client = Client(self.name, self.hear, self.lose_link, persistent=True)
        self._ports = world.ports(Reach(world, self.dies))
        self.alive = False
        self._ingest: IngestSession
        self._feed: FeedSession
        self._fleet: FleetSession
        self._matters: MatterProjection | None
        self._life = 0
        self._polls_at_s: float | None = None
        self._busy_until_s = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing waits for a commit or an answer."""
        return self.alive and not (self._ingest.pending or self._feed.waiting or self._fleet.waiting)

    def start(self) -> None:
        """A new process, with nothing but the database."""
        parts, hub, ports = self.world.parts, self.world.hub, self._ports
        self.alive = True
        self._life += 1
        session = parts.old_ingest_session if self.is_old else parts.ingest_session
        self._ingest = session(ports.ledger, hub, INGEST)
        self._feed = parts.feed_session(ports.feeds, hub, FEED)
        self._fleet = parts.fleet_session(ports.fleet, hub)
        self._matters = None if self.is_old else self.world.matters(ports)
        self._polls_at_s = None
        self._busy_until_s = 0.0
        self.world.note(self.name, "starts, of the old version" if self.is_old else "starts")
        self.find_link()
        self.poll_soon()
        self._heartbeat(self._life)

    def upgrade(self) -> None:
        """The same worker with this version's program; what it had in memory is gone."""
        if self.is_old:
            self.is_old = False
            self.world.dice.count("worker upgraded")
            if self.alive:
                self.alive = False
                self.world.broker.disconnect(self.client)
                self.world.schedule.after(self.world.dice.pause(0.1, 1.0), self._start_again)

    def find_link(self) -> None:
        """Connect, or try again in a while."""
        if self.alive and not self.client.connected and not self.world.broker.connect(self.client):
            self.world.schedule.after(self.world.dice.pause(0.2, 0.6), self.find_link)

    def lose_link(self) -> None:
        """The broker is gone."""
        self.world.schedule.after(self.world.dice.pause(0.1, 0.6), self.find_link)

    def dies(self, where: str) -> bool:
        """Whether the process dies here and now."""
        if not self.world.dice.chance(self.world.dice.rates.worker_crash):
            return False
        self.world.dice.count(f"worker crash {where}")
        self.world.note(self.name, f"crashes {where}")
        self.alive = False
        self.world.broker.disconnect(self.client)
        self.world.schedule.after(self.world.dice.pause(0.3, 4.0), self._start_again)
        return True

    def hear(self, topic: str, payload: bytes, _retained: bool) -> None:
        """A message arrives, and waits if the process waits for a slow database."""
        now_s = self.world.schedule.now_s
        if now_s < self._busy_until_s:
            self.world.schedule.at(self._busy_until_s, self._take, self._life, topic, payload)
        else:
            self._take(self._life, topic, payload)

    def _take(self, life: int, topic: str, payload: bytes) -> None:
        if not self.alive or life != self._life:
            return
        leaf = topic.rpartition("/")[2]
        if leaf == "journal":
            self._ingest.receive(topic, payload, self.world.schedule.now_s)
            self._plan_commit()
        elif leaf == "pull":
            self._feed.receive(topic, payload)
            self.poll_soon()
        else:
            self._fleet.receive(topic, payload)
            self.poll_soon()

    def poll_soon(self) -> None:
        """Ask the feed and fleet sessions within a moment, as the shell does all the time."""
        if self._polls_at_s is None and self.alive:
            self._polls_at_s = self.world.schedule.now_s + self.world.dice.pause(0.05, 0.3)
            self.world.schedule.at(self._polls_at_s, self._poll, self._life)

    def _poll(self, life: int) -> None:
        if life != self._life or not self.alive:
            return
        self._polls_at_s = None
        now_s, wall = self.world.schedule.now_s, self.world.hub_wall
        try:
            said = self._fleet.poll(now_s, wall)
            if self._publishes or self._feed.waiting:
                said += self._feed.poll(now_s, wall)
            self._publish(said)
            self._settle()
        except WorkerCrashed:
            return
        except StorageUnavailable:
            self.poll_soon()

    def _settle(self) -> None:
        if self._matters is None or not self.alive:
            return
        heads = self._ports.feeds.heads()
        if self._matters.advance(heads, self.world.hub_wall, self.world.schedule.now_s):
            self._tell_all()

    def _heartbeat(self, life: int) -> None:
        if life == self._life and self.alive:
            self.poll_soon()
            self.world.schedule.after(HEARTBEAT_S, self._heartbeat, life)

    def _plan_commit(self) -> None:
        wake_at_s = self._ingest.wake_at_s() if self.alive else None
        if wake_at_s is not None:
            self.world.schedule.at(max(wake_at_s, self._busy_until_s), self._commit, self._life)

    def _commit(self, life: int) -> None:
        now_s = self.world.schedule.now_s
        if life != self._life or not self.alive or now_s < self._busy_until_s or not self._ingest.due(now_s):
            return
        try:
            acks = self._ingest.commit(now_s, self.world.hub_wall)
        except WorkerCrashed:
            return
        except StorageUnavailable:
            self._plan_commit()
            return
        self._count()
        if self.world.faults.outage == "slow":
            self.world.dice.count("slow commit")
            self._busy_until_s = now_s + self.world.dice.pause(0.3, 3.0)
            self.world.schedule.at(self._busy_until_s, self._answer, self._life, acks)
        else:
            self._answer(self._life, acks)

    def _answer(self, life: int, acks: Sequence[Publish]) -> None:
        if life == self._life and self.alive:
            self._publish(acks)
            self._plan_commit()
        self._tell_all()

    def _tell_all(self) -> None:
        for worker in self.world.workers:
            worker.poll_soon()

    def _publish(self, said: Sequence[Publish]) -> None:
        for publish in said:
            if self.dies("in the middle of publishing"):
                return
            leaf = publish.topic.rpartition("/")[2] if "/feed/" not in publish.topic else "broadcast"
            self.world.dice.count(f"hub sends {leaf}")
            self.world.broker.send(self.client, publish)

    def _count(self) -> None:
        dice = self.world.dice
        for result in self._ingest.results:
            dice.count(f"ack {result.ack.status}")
            self.world.note(self.name, f"commits {result.key.terminal} {result.ack.status} {result.ack.sequence}")
            for what, number in (
                ("event taken", result.taken),
                ("event seen again", result.seen),
                ("event parked", result.parked),
                ("event forked", result.forked),
                ("event repeated in another epoch", result.duplicates),
            ):
                dice.happened[what] += number

    def _start_again(self) -> None:
        if not self.alive:
            self.start()
