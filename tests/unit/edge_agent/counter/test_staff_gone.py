"""A till where people signed in stays theirs when the list of them is empty."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from protocol.documents import Settings
from tests.unit.edge_agent.counter.shop import shop_in
from tests.unit.edge_agent.counter.test_people import HOA, LAN, MAI, WATER, hire, sign_in

pytestmark = pytest.mark.anyio


async def test_a_till_that_had_staff_is_not_opened_by_their_absence(tmp_path: Path) -> None:
    """An empty list of people locks it, over a restart too; a sale of then is kept; the hub's word alone opens it."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        assert await sign_in(shop, LAN, "1111") == "signed_in"
        await shop.counter.scan(WATER, source="scanner")
        gone = [msgspec.structs.replace(each, active=False) for each in (LAN, HOA)]
        await hire(shop, *gone, settings=Settings(store_name="x"))
        assert (shop.counter.view().person, shop.counter.view().has_staff) == (None, True)
    async with shop_in(tmp_path) as shop:
        assert (shop.counter.view().person, shop.counter.view().has_staff) == (None, True)
        assert await shop.scan(WATER) == "sign_in_first"
        assert len(shop.counter.view().lines) == 1
        await hire(shop, *gone, settings=Settings(store_name="x", sells_without_staff=True))
        person = shop.counter.view().person
        assert person is not None
        assert (person.role, shop.counter.view().has_staff) == ("manager", False)
        await hire(shop, MAI)
        assert (shop.counter.view().person, shop.counter.view().has_staff) == (None, True)


async def test_a_till_that_is_set_up_anew_where_people_sign_in_is_nobodys_until_they_have_come(tmp_path: Path) -> None:
    """Its disk was wiped, so it remembers nobody; the hub's credentials say that there are some. One signs in."""
    async with shop_in(tmp_path, enrolled_with_staff=True) as shop:
        assert (shop.counter.view().person, shop.counter.view().has_staff) == (None, True)
        assert await shop.scan(WATER) == "sign_in_first"
        await hire(shop, LAN, settings=Settings(store_name="x"))
        assert await sign_in(shop, LAN, "1111") == "signed_in"
        await shop.counter.scan(WATER, source="scanner")
        assert len(shop.counter.view().lines) == 1
    (tmp_path / "other").mkdir()
    async with shop_in(tmp_path / "other", enrolled_with_staff=False) as shop:
        assert (shop.counter.view().has_staff, shop.counter.view().person is not None) == (False, True)
