"""The real agent on a damaged journal, between a hub and a cashier: both are told, and everything arrives."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from protocol.event import Event, read_event
from protocol.frame import Key
from protocol.messages import EpochGrant
from tests.integration.edge.small_hub import SmallHub, start_broker
from tests.integration.edge.till_process import SLOW_TEST_S, WAIT_S, WATER_CODE, TillProcess, has_ptys, till_in, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
    pytest.mark.slow,
]


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


async def sell(till: TillProcess) -> None:
    """One bottle."""
    before = till.one("SELECT count(*) FROM event")
    await till.order("/order/scan", code=WATER_CODE)
    await until(lambda: till.cart().get("lines"))
    await till.pay()
    await until(lambda: till.one("SELECT count(*) FROM event") == before + 1)


async def page(till: TillProcess) -> str:
    """What the cashier sees."""
    assert till.client is not None
    return (await till.client.get("/")).text


async def wait_until_gone(till: TillProcess, words: str) -> None:
    """Until the page does not say so any more."""
    async with asyncio.timeout(WAIT_S):
        while words in await page(till):  # noqa: ASYNC110 - another process cannot set our event
            await asyncio.sleep(0.05)


def spoil(till: TillProcess, sequence: int) -> None:
    """The disk gives back another price than was written."""
    with closing(sqlite3.connect(till.data / "till.db")) as connection:
        connection.execute(
            "UPDATE event SET raw = CAST(replace(CAST(raw AS TEXT), '5000', '9999') AS BLOB) WHERE sequence = ?",
            (sequence,),
        )
        connection.commit()


async def test_a_damaged_journal_is_mended_told_and_sent_in_a_new_epoch(tmp_path: Path) -> None:
    """Sells on at once; the hub hears why a new epoch is asked for, gets all but the damaged event, with their ids."""
    broker = await asyncio.to_thread(start_broker)
    hub = SmallHub(broker.port, Key(bytes.fromhex("ab" * 32)))
    hub.has_catalogue = False
    hub.mute = True
    try:
        async with till_in(tmp_path) as till:
            till.hub_port = broker.port
            till.write_config()
            await till.start()
            for _ in range(4):
                await sell(till)
            assert await till.stop() == 0
            ids = [read_event(till.one(f"SELECT raw FROM event WHERE sequence = {n}")) for n in (1, 2, 3, 4)]  # noqa: S608 - numbers
            spoil(till, 2)
            await till.start()
            words = await page(till)
            assert "Thiếu lần bán" in words
            assert "damaged-" in words
            await sell(till)
            await until(lambda: hub.statuses and hub.statuses[-1].problem == "epoch_broken")
            nonce = till.one("SELECT lost_nonce FROM journal_state")
            hub.restart(epoch=2)
            hub.mute = False
            hub.say("grant", EpochGrant(epoch=2, nonce=nonce))
            await until(lambda: till.one("SELECT epoch FROM journal_state") == 2)
            await until(lambda: len(hub.events) == 4)
            sent = [event.id for raw in hub.events if isinstance(event := read_event(raw), Event)]
            assert sent[:3] == [event.id for event in (ids[0], ids[2], ids[3]) if isinstance(event, Event)]
            await until(lambda: hub.statuses[-1].problem == "events_set_aside")
            await till.order("/order/trouble_read")
            await wait_until_gone(till, "Thiếu lần bán")
            await sell(till)
            await until(lambda: len(hub.events) == 5)
            assert [path for path in till.data.iterdir() if path.name.startswith("damaged-")]
            assert await till.stop() == 0
    finally:
        hub.close()
        await asyncio.to_thread(broker.stop)
