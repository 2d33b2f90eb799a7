"""One till: a PC that sells, crashes and starts again, with its real session over its disk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from edge_agent.journal.clock import Checked, Stamp, TillClock
from edge_agent.journal.record import record
from edge_agent.sync.heard import Heard
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.presence import PresenceLimits
from edge_agent.sync.session import SessionLimits, TerminalSession
from protocol.event import SealedEvent, source_of
from protocol.feed_receiver import FeedLimits
from protocol.journal_sender import SenderLimits
from protocol.link import Publish
from protocol.movements import movements_of
from tests.simulation.books import Fact, Life
from tests.simulation.broker import Client
from tests.simulation.disk import Disk
from tests.simulation.schedule import Livelock
from tests.simulation.shop import Happening, Scene, from_the_future, happen, unreadable, with_less, with_more

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")

# Small windows and short waits: a run of a minute then sees what takes a shop a day. Bytes stay below compression.
LIMITS = SessionLimits(
    sender=SenderLimits(
        batch_events_max=3, batch_bytes_max=1600, batches_in_flight_max=3, resend_first_s=1.0, resend_max_s=8.0
    ),
    feed=FeedLimits(pull_first_s=1.5, pull_max_s=8.0),
    presence=PresenceLimits(numbers_s=15.0, refresh_s=60.0),
    epoch_first_s=1.0,
    epoch_max_s=8.0,
)
SAME_MOMENT_MAX = 50
"""A session that wants to be polled again at once, and again, this often, is spinning."""


class Till:
    """A PC with one identity and one disk. Every step ends in a commit of the disk, or in a crash that loses it."""

    def __init__(self, world: World, identity: TerminalIdentity, disk: Disk, life: Life, name: str) -> None:
        self.world = world
        self.identity = identity
        self.disk = disk
        self.life = life
        self.name = name
        self.client = Client(
            name, self.hear, self.lose_link, persistent=world.dice.chance(world.scenario.persistent),
            believes_remembered=world.parts.believes_remembered,
        )  # fmt: skip
        self.session: TerminalSession | None = None
        self.acked_seen: dict[int, int] = {}
        dice = world.dice.random
        self.offset = timedelta(seconds=dice.uniform(-1, 1) * world.scenario.clock_offset_max_s)
        self.clock: TillClock
        self._starts = 0
        self._receipts = 0
        self._wake_at_s: float | None = None
        self._woken_at_s = -1.0
        self._same_moment = 0

    @property
    def wall(self) -> datetime:
        """What this PC's clock shows."""
        return self.world.wall(self.offset)

    @property
    def next_nonce(self) -> str:
        """What names the next start of this PC."""
        return f"{self.name:0<16}{self._starts + 1}"

    def start(self) -> None:
        """The agent starts: all it knows is on the disk."""
        nonce = self.next_nonce
        self._starts += 1
        self.clock = self.world.parts.clock(lambda: self.wall, lambda: self.world.schedule.now_s)
        self.session = self.world.parts.terminal_session(
            self.identity, self.disk.journal, self.disk.replica,
            nonce=nonce, limits=LIMITS,
        )  # fmt: skip
        if not self.client.topics:
            self.client.topics = self.session.subscriptions()
            self.world.broker.add_till(self.client)
        self._wake_at_s = None
        self.world.note(self.name, "starts")
        self.find_link()

    def find_link(self) -> None:
        """Connect, or try again in a while."""
        if self.session is None or self.client.connected:
            return
        if self.world.cut(self) or not self.world.broker.connect(self.client):
            self.world.schedule.after(self.world.dice.pause(0.3, 1.5), self.find_link)
            return
        self.world.note(self.name, "connects")
        self.session.connect(self.world.schedule.now_s)
        self.poll()

    def lose_link(self) -> None:
        """The link is found to be gone."""
        if self.client.connected:
            self.world.broker.disconnect(self.client)
        if self.session is not None:
            self.session.disconnect()
            self.world.schedule.after(self.world.dice.pause(0.2, 2.0), self.find_link)

    def crash(self, where: str) -> None:
        """Power goes. What was not committed is gone; the PC is on again some seconds later."""
        self.world.dice.count(f"till crash {where}")
        self.world.note(self.name, f"crashes {where}")
        self.disk.undo.rollback()
        self.session = None
        if self.client.connected:
            self.world.broker.disconnect(self.client)
        self.world.schedule.after(self.world.dice.pause(0.5, 5.0), self._start_again)

    def sell(self) -> None:
        """Something happens in the shop."""
        if self.session is None:
            return
        self._receipts += 1
        moment = self._now()
        receipt = f"{self.name}-{self._starts}-{self._receipts}"
        world = self.world
        scene = Scene(world.dice.random, receipt, moment.time, self.identity.store, world.stores, world.road)
        self._journal(happen(scene, world.scenario.poison), receipt, moment)

    def say(self, what: Callable[[datetime], Happening]) -> None:
        """Something happens that somebody else has decided."""
        if self.session is not None:
            self._receipts += 1
            moment = self._now()
            self._journal(what(moment.time), f"{self.name}-{self._starts}-{self._receipts}", moment)

    def _journal(self, happening: Happening, receipt: str, moment: Stamp) -> None:
        mark = f"{self.life.name}:{receipt};"
        is_other = self.world.dice.chance(self.world.scenario.other)

        def book(sealed: SealedEvent) -> None:
            shipment, pick = happening.shipment, happening.pick
            fact = Fact(
                mark, self.life.store, self.life.terminal, sealed.raw, mark.encode(), moment.time, happening.effects,
                poison=happening.poison, future=happening.data is None and not happening.poison,
                receipt=happening.receipt, transfer=shipment.name if shipment is not None else "",
                order=pick.order if pick is not None else "", picked=pick.found if pick is not None else None,
                handed_over=pick is not None and pick.found is None,
            )  # fmt: skip
            self.world.checks.after_journalling(self, fact, moment)
            self.life.facts.append(fact)
            if shipment is not None:
                self.world.road.move(shipment)
                self.world.dice.count(shipment.event)
            self.world.note(self.name, f"journals {self.disk.journal.epoch}/{sealed.sequence} {mark}")

        def write() -> SealedEvent:
            return self._write(happening, mark, moment, is_other=is_other)

        if self._step("sale", write, always=True, then=book) is not None and self.session is not None:
            self.session.appended()
            self.poll()

    def _write(self, happening: Happening, mark: str, moment: Stamp, *, is_other: bool) -> SealedEvent:
        journal, replica, at = self.disk.journal, self.disk.replica, moment.time
        if happening.data is None:
            source = source_of(self.identity.store, self.identity.terminal)
            body = (
                unreadable(self.world.dice.random, mark)
                if happening.poison
                else from_the_future(mark, at, journal.epoch, journal.tail + 1, source)
            )
            return journal.append_bytes(body, event_id=mark, time=at)
        if not is_other:
            return record(
                journal, replica, happening.data, event_id=mark, time=at, clock_unchecked=moment.unchecked
            )  # fmt: skip
        change = self.world.dice.random.choice([with_more, with_more, with_less])
        self.world.dice.count(f"event of the version {'before' if change is with_less else 'to come'}")
        sealed = journal.append_with(happening.data, change, event_id=mark, time=at, clock_unchecked=moment.unchecked)
        replica.add_own(journal.epoch, sealed.sequence, movements_of(happening.data, at))
        return sealed

    def forget(self) -> None:
        """Housekeeping: old events that the hub has are deleted."""
        if self.session is not None:
            before = self.wall - timedelta(seconds=1)
            self._step("forget", lambda: self.disk.journal.forget_older_than(before))

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message arrives."""
        session = self.session
        if session is None:
            return
        leaf = topic.rpartition("/")[2] if "/feed/" not in topic else "feed"
        now_s = self.world.schedule.now_s
        heard = self._step(
            leaf, lambda: session.receive(topic, payload, retained=retained, now_s=now_s, wall=self.wall), always=True
        )
        if heard is None:
            return
        if heard.clock is not None:
            self.clock.learn(Checked(heard.clock.hub_time, heard.clock.wall, heard.clock.at_s))
        self._count(leaf, heard)
        if leaf in ("chunk", "feed"):
            self.world.checks.after_hearing(self)
        self.poll()

    def poll(self) -> None:
        """Let the session say what it has to say, and plan when to ask it again."""
        session = self.session
        if session is None:
            return
        now_s = self.world.schedule.now_s
        said = self._step("poll", lambda: session.poll(now_s, self.wall))
        if said is None:
            return
        for number, publish in enumerate(said):
            if self.world.dice.chance(self.world.dice.rates.till_crash / 2):
                self.crash(f"after {'some' if number else 'none'} of what it had to send")
                return
            self.world.note(self.name, f"sends {publish.topic.rpartition('/')[2]}")
            self.world.dice.count(f"till sends {publish.topic.rpartition('/')[2]}")
            self.world.broker.send(self.client, publish, self._on_puback)
        self._plan_wake(session)

    def _on_puback(self, publish: Publish) -> None:
        # The shipped session has no ear for it: a PUBACK proves nothing. A broken one may believe it.
        session, believe = self.session, self.world.parts.on_puback
        self.world.dice.count("puback")
        if session is not None and believe is not None:
            self._step("puback", lambda: believe(session, publish))

    def _step(
        self, what: str, work: Callable[[], T], *, always: bool = False, then: Callable[[T], None] | None = None
    ) -> T | None:
        """Do work in one transaction, `then` what follows its commit; None if the PC crashed before or right after."""
        result = work()
        crash = (always or bool(result)) and self.world.dice.chance(self.world.dice.rates.till_crash)
        if crash and self.world.dice.chance(0.5):
            self.crash(f"before the commit of {what}")
            return None
        self.disk.undo.commit()
        if then is not None:
            then(result)
        self.world.checks.after_step(self)
        if crash:
            self.crash(f"after the commit of {what}")
            return None
        return result

    def _start_again(self) -> None:
        if self.session is None:
            self.start()

    def _plan_wake(self, session: TerminalSession) -> None:
        wake_at_s = session.wake_at_s()
        if wake_at_s is None:
            return
        now_s = self.world.schedule.now_s
        if self._wake_at_s is None or not now_s < self._wake_at_s <= wake_at_s:
            self._wake_at_s = max(wake_at_s, now_s)
            self.world.schedule.at(self._wake_at_s, self._wake, session, self._wake_at_s)

    def _wake(self, session: TerminalSession, planned_s: float) -> None:
        if self.session is not session or self._wake_at_s != planned_s:
            return
        self._same_moment = self._same_moment + 1 if planned_s == self._woken_at_s else 0
        if self._same_moment > SAME_MOMENT_MAX:
            raise Livelock(f"{self.name} wants to be polled at once, again and again")
        self._woken_at_s, self._wake_at_s = planned_s, None
        self.poll()

    def _count(self, leaf: str, heard: Heard) -> None:
        dice = self.world.dice
        if leaf == "chunk":
            dice.count("part applied" if heard.feed is not None else "part staged or let go")
        elif leaf == "feed":
            dice.count("broadcast applied" if heard.feed is not None else "broadcast let go")
        elif leaf == "ack" and not heard.acked:
            dice.count("ack without news")

    def _now(self) -> Stamp:
        facts = self.life.facts
        return self.clock.stamp(facts[-1].at if facts else self.world.wall(timedelta(days=-1)))
