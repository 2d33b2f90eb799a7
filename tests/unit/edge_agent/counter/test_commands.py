"""What the hub orders a counter to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.events import StaffSignedOut
from tests.unit.edge_agent.counter.shop import shop_in
from tests.unit.edge_agent.counter.test_people import LAN, facts, hire, sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


async def test_the_hub_locks_a_till_from_afar(tmp_path: Path) -> None:
    """A stolen till is locked by command; what this agent cannot do is not said to be done."""
    async with shop_in(tmp_path) as shop:
        assert not await shop.counter.obey("lock")
        await hire(shop, LAN)
        await sign_in(shop, LAN, "1111")
        assert not await shop.counter.obey("update")
        assert shop.counter.view().person is not None
        assert await shop.counter.obey("lock")
        assert shop.counter.view().person is None
        assert [fact.why for fact in await facts(shop, StaffSignedOut)] == ["command"]
