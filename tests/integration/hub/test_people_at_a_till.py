"""A web shop's customer at a till: a real hub, the agent's own link and replica, and what its cashier types."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.replica.customers import by_email, by_last_digits, by_name
from hub.channels.ports import ChannelCustomer
from hub.config import ChannelsConfig, now
from hub.customers.people import Act, People
from hub.storage.channel_setups import SqlChannelSetups
from tests.channels.payer.manifest import PROVIDERS, Provider
from tests.integration.hub.conftest import embedded_config, running_hub
from tests.integration.hub.test_asks import linked
from tests.integration.hub.test_hub import enrol

pytestmark = pytest.mark.anyio
WAIT_S = 60.0


@pytest.fixture
def anyio_backend() -> str:
    """The link runs on asyncio."""
    return "asyncio"


async def test_a_till_finds_the_web_shop_s_customer_until_she_is_forgotten(tmp_path: Path) -> None:
    """By the end of her number, by her address, by her name without marks; merged she is one, erased she is gone."""
    provider = PROVIDERS["people at a till"] = Provider()
    provider.people += [
        ChannelCustomer("c1", "1", "Nguyễn Thị Lan", "lan@x.vn", "+84901234567"),
        ChannelCustomer("c2", "1", "Lan Nguyễn", "lan@y.vn"),
    ]
    config = replace(embedded_config(tmp_path / "hub"), channels=ChannelsConfig(packages=("tests.channels",)))
    with running_hub(config) as hub:
        given = enrol(hub, "asking")
        setups = SqlChannelSetups(hub.data.database)
        setups.add("pay", "payer", {"provider": "people at a till"}, now())
        setups.enable("pay", now(), enabled=True)
        async with linked(tmp_path, given, *hub.broker_address):
            till = tmp_path / "till.db"
            await until(till, lambda db: len(by_name(db, "nguyen lan")) == 2)
            with closing(sqlite3.connect(till)) as db:
                (one,) = by_last_digits(db, "4567")
                (other,) = by_email(db, "LAN@y.vn")
            people = People(hub.data.database)
            await asyncio.to_thread(people.merge, one, other, Act("an", now()))
            await until(till, lambda db: by_name(db, "nguyen lan") == (one,))
            await asyncio.to_thread(people.erase, one, Act("an", now()))
            await until(till, lambda db: by_name(db, "nguyen lan") == ())


async def until(till: Path, holds: Callable[[sqlite3.Connection], bool]) -> None:
    """Wait until the till's own database says so."""
    deadline_s = time.monotonic() + WAIT_S
    with closing(sqlite3.connect(till)) as db:
        while not holds(db):
            assert time.monotonic() < deadline_s, "the till never had it"
            await asyncio.sleep(0.05)
