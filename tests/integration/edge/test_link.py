"""The link's shell over a real broker: a real database, paho, and a small hub that speaks the protocol.

The broker is the one that is inside the hub by default; it forgets everything when it restarts, and that must not
matter.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from iotcore import Broker

from edge_agent.app import now
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import Database, open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.record import record
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.sync.broker import BrokerSettings
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.link import Link
from edge_agent.sync.presence import Health
from edge_agent.sync.session import SessionLimits
from protocol.events import DrawerOpened
from protocol.frame import Key
from protocol.journal_sender import SenderLimits
from protocol.messages import Command, CommandAnswer
from tests.integration.edge.small_hub import CATALOGUE, STORE, TERMINAL, SmallHub, start_broker, topic_of
from tests.integration.edge.till_process import SLOW_TEST_S, WAIT_S, until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SLOW_TEST_S)]

KEY = Key(b"t" * 32)
IDENTITY = TerminalIdentity(STORE, TERMINAL, KEY, Key(b"s" * 32), Key(b"g" * 32))


@pytest.fixture
def anyio_backend() -> str:
    """The link runs on asyncio."""
    return "asyncio"


@dataclass
class Linked:
    """A till's books and its link."""

    database: Database
    link: Link
    online: list[bool] = field(default_factory=list)
    obeyed: list[str] = field(default_factory=list)
    ids: itertools.count[int] = field(default_factory=itertools.count)

    async def sell(self, count: int) -> None:
        """Write facts down, as the counter does."""
        for _ in range(count):
            await self.database.run(self._sell)
            self.link.wake()

    def _sell(self, connection: object) -> None:
        journal = SqliteJournal(connection)  # type: ignore[arg-type]  # run gives a sqlite3.Connection
        replica = SqliteReplica(connection, STORE, TERMINAL)  # type: ignore[arg-type]  # as above
        fact = DrawerOpened(by="lan", why="no_sale")
        record(journal, replica, fact, event_id=f"id-{next(self.ids)}", time=now())

    async def acked(self) -> int:
        """How far the hub has the journal."""
        return await self.database.run(lambda c: SqliteJournal(c).acked)

    async def items(self) -> int:
        """How many items the till knows."""
        return await self.database.run(lambda c: SqliteReplica(c, STORE, TERMINAL).item_count())

    async def acked_reaches(self, count: int) -> None:
        """Wait until the hub has that many."""
        async with asyncio.timeout(WAIT_S):
            while await self.acked() < count:  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)


@asynccontextmanager
async def linked(folder: Path, port: int) -> AsyncIterator[Linked]:
    """A started link over a fresh database."""
    database = await open_database(folder / "till.db", till_migrations(""))
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    online: list[bool] = []
    obeyed: list[str] = []

    async def obey(verb: str) -> bool:
        obeyed.append(verb)
        return True

    link = Link(
        BrokerSettings("127.0.0.1", port, "tw-hn01-t1", keepalive_s=5), IDENTITY, database,
        TillClock(now, time.monotonic), nonce="n" * 24, health=lambda: Health(version="1"),
        on_change=lambda: None, on_online=lambda on, _: online.append(on), elapsed_s=time.monotonic,
        wall=now, rng=Random(1),  # noqa: S311 - jitter
        limits=SessionLimits(sender=SenderLimits(resend_first_s=0.5)), on_command=obey,
    )  # fmt: skip
    link.start()
    try:
        yield Linked(database, link, online, obeyed)
    finally:
        await link.stop()
        await database.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker on a free port; a test may end it sooner."""
    made = start_broker()
    yield made
    made.stop()


async def test_facts_reach_the_hub_and_documents_the_till(tmp_path: Path, broker: Broker) -> None:
    """Pull of a catalogue in parts, sales up, acks down, the clock learnt, a good-bye at the end."""
    hub = SmallHub(broker.port, KEY)
    try:
        async with linked(tmp_path, broker.port) as till:
            await till.sell(20)
            await till.acked_reaches(20)
            assert len(hub.events) == len(set(hub.events)) == 20
            async with asyncio.timeout(WAIT_S):
                while await till.items() < CATALOGUE:  # noqa: ASYNC110 - as in acked_reaches
                    await asyncio.sleep(0.02)
            assert hub.statuses[0].online
            for topic in (topic_of("ack"), topic_of("chunk"), "tillwire/v1/feed/global"):
                hub.client.publish(topic, b"\x00noise", qos=1)
            await until(lambda: till.link.counters.bad_frames == 3)
            await till.sell(1)
            await till.acked_reaches(21)
            assert till.online == [True]
        await until(lambda: not hub.statuses[-1].online)
    finally:
        hub.close()


@pytest.mark.parametrize("turns", range(4))
async def test_a_link_that_is_woken_while_it_stops_ends(tmp_path: Path, broker: Broker, turns: int) -> None:
    """A sale or a device's news some turns of the event loop before `stop` cannot make the link go on for ever.

    As at the end of an agent: its devices tell their last state, and then the link is stopped.
    """
    hub = SmallHub(broker.port, KEY)
    try:
        async with linked(tmp_path, broker.port) as till:
            await till.sell(1)
            await till.acked_reaches(1)
            await asyncio.sleep(0.1)  # now it waits for news
            till.link.wake()
            for _ in range(turns):
                await asyncio.sleep(0)
            stopping = asyncio.create_task(till.link.stop())
            # Not asyncio.timeout, whose cancellation would reach the link's task and end it after all.
            done, _ = await asyncio.wait([stopping], timeout=20)
            assert done
    finally:
        hub.close()


async def test_a_broker_that_dies_and_forgets_loses_nothing(tmp_path: Path, broker: Broker) -> None:
    """Sales go on offline, and are in the hub once each when a new broker answers; a mute hub is asked again."""
    hub = SmallHub(broker.port, KEY)
    try:
        async with linked(tmp_path, broker.port) as till:
            await till.sell(5)
            await till.acked_reaches(5)
            hub.mute = True
            await till.sell(5)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(broker.stop)
            await until(lambda: till.online[-1] is False)
            await till.sell(90)
            again = Broker(port=broker.port, listen="127.0.0.1", max_payload_size=5_000_000)
            await asyncio.to_thread(again.start, 10.0)
            try:
                await until(lambda: till.online[-1] is True)
                hub.mute = False
                await till.acked_reaches(100)
                assert len(hub.events) == len(set(hub.events)) == 100
            finally:
                await asyncio.to_thread(again.stop)
    finally:
        hub.close()


async def test_without_any_broker_the_link_waits_and_ends_at_once(tmp_path: Path) -> None:
    """A till that was never online sells, and stops when it is told to."""
    async with linked(tmp_path, 9) as till:
        await till.sell(3)
        await asyncio.sleep(0.5)
        started_s = time.monotonic()
        assert await till.acked() == 0
    assert time.monotonic() - started_s < 3.0


async def test_what_a_replaced_catalogue_left_goes_away_without_a_link(tmp_path: Path) -> None:
    """A till that lost its hub in the middle of clearing up does not carry half a catalogue around for weeks."""
    path = tmp_path / "till.db"
    database = await open_database(path, till_migrations(""))
    left = "INSERT INTO document VALUES ('global', 0, 'item', ?, 1, x'7b7d')"
    known = "INSERT INTO feed_generation VALUES ('global', 1, 1, '')"
    await database.run(lambda c: (c.execute(known), c.executemany(left, [(f"old-{n}",) for n in range(1_200)])))
    await database.close()

    async def rows(till: Linked) -> int:
        return int(await till.database.run(lambda c: c.execute("SELECT count(*) FROM document").fetchone()[0]))

    async with linked(tmp_path, 9) as till, asyncio.timeout(WAIT_S):
        while await rows(till):  # noqa: ASYNC110 - as in acked_reaches
            await asyncio.sleep(0.02)


async def test_a_command_for_the_counter_is_carried_out_and_the_hub_is_told(tmp_path: Path, broker: Broker) -> None:
    """`lock` reaches the counter once; the answer says whether it was done."""
    hub = SmallHub(broker.port, KEY)
    try:
        async with linked(tmp_path, broker.port) as till:
            await till.sell(1)
            await till.acked_reaches(1)
            command = Command(id="c1", verb="lock", expires_at=now() + timedelta(minutes=1))
            for _ in range(2):
                hub.say("command", command)
            await until(lambda: hub.answers == [CommandAnswer(id="c1", ok=True)])
            assert till.obeyed == ["lock"]
    finally:
        hub.close()
