"""The counter on a sick PC: what is refused, what is tried again, what the hub hears."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.counter.desks import ORDERS
from edge_agent.counter.health import BEGINS, Writer
from edge_agent.errors import JournalDamaged, JournalFull
from edge_agent.till.health import HealthView
from tests.unit.edge_agent.counter.shop import CATALOGUE, shop_in

pytestmark = pytest.mark.anyio
WATER = CATALOGUE[0].barcodes[0]


def test_what_may_not_be_begun_are_orders_that_exist() -> None:
    """A renamed order must not slip through."""
    assert set(ORDERS) >= BEGINS


async def test_on_a_full_disk_nothing_is_begun_and_what_was_begun_is_finished(tmp_path: Path) -> None:
    """Refused at the first scan and not at the payment; a cart with goods takes more of them and is paid."""
    async with shop_in(tmp_path) as shop:
        assert await shop.scan(WATER) == "line_added"
        shop.counter.set_health(HealthView(disk="full"))
        assert shop.counter.problem == "disk_full"
        assert await shop.scan(WATER) == "line_added"
        assert await shop.do("pay_cash", take=shop.counter.view().take) == "sale_done"
        assert await shop.scan(WATER) == "disk_full"
        assert shop.counter.view().lines == ()
        assert await shop.do("open_shift", about="", number="1", amount="0") == "shift_opened"
        shop.counter.set_health(HealthView())
        assert await shop.scan(WATER) == "line_added"
        assert shop.counter.problem == ""


async def test_a_full_disk_is_tried_once_more_after_room_was_made(tmp_path: Path) -> None:
    """Not for ever, and not where there was nothing to let go."""
    async with shop_in(tmp_path) as shop:
        makers: list[tuple[Callable[[], bool], int]] = [(lambda: True, 2), (lambda: False, 1)]
        for make_room, tries in makers:
            tried: list[int] = []

            def full(_connection: sqlite3.Connection, tried: list[int] = tried) -> None:
                tried.append(1)
                raise JournalFull("no room")

            with pytest.raises(JournalFull):
                await Writer(shop.database, make_room, lambda: None).run(full)
            assert len(tried) == tries


async def test_damage_is_told_to_whoever_can_mend_it(tmp_path: Path) -> None:
    """Once, and the order is refused."""
    told: list[str] = []
    async with shop_in(tmp_path) as shop:

        def damaged(_connection: sqlite3.Connection) -> None:
            raise JournalDamaged("till.db is damaged", "a page")

        with pytest.raises(JournalDamaged):
            await Writer(shop.database, lambda: False, lambda: told.append("damage")).run(damaged)
    assert told == ["damage"]
