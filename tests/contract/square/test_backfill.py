"""A Square account's past, fetched by command: once or ten times, the hub ends with the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hardware_sim.vendors.square import People, SquareService, World
from hardware_sim.vendors.square.serving import SquareServer
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.database import open_database, parse_url
from hub.storage.schema_money import money_payment
from tests.contract.square.served import served
from tests.unit.hub.commands import hub
from tests.unit.hub.test_documents_by_command import settings
from tests.unit.hub.test_stock_by_command import said

__all__ = ["settings"]


class Clock:
    """A clock that can be put back."""

    behind = timedelta(0)

    def __call__(self) -> datetime:
        """The time at Square."""
        return datetime.now(UTC) - self.behind  # noqa: TID251 - the command has the PC's clock, too


@pytest.fixture
def square() -> Iterator[SquareServer]:
    """A Square account with a past: sales 40 and 20 days ago, a return, an order that waits, goods without a SKU."""
    clock = Clock()
    world = World(clock)
    people = People(world)
    place = people.open_location("High Street")
    goods = people.list_item("Tea", {"tea": 250})
    strange = people.list_item("Hat", {"hat": 900})
    clock.behind = timedelta(days=40)
    people.ring_up(place, {goods["tea"]: "1"})
    clock.behind = timedelta(days=20)
    sale = people.ring_up(place, {goods["tea"]: "3"})
    people.ring_up(place, {strange["hat"]: "1"})
    clock.behind = timedelta(days=10)
    people.bring_back(sale, {goods["tea"]: "2"})
    clock.behind = timedelta(hours=1)
    people.order(place, {goods["tea"]: "1"})
    clock.behind = timedelta(0)
    world.page_max = 2
    with served(SquareService(world)) as server:
        yield server


def test_the_past_is_taken_in_once_however_often_it_is_asked_for(
    settings: Path, tmp_path: Path, square: SquareServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sales and returns of thirty days stand in the ledger, those before do not; what is strange is parked alone."""
    (tmp_path / "goods.csv").write_text("sku,name,price,currency\ntea,Tea,250,GBP\n")
    assert hub(settings, "catalogue", "import", str(tmp_path / "goods.csv")) == 0
    world = square.app.service.world
    (place,) = world.locations
    (tea,) = (key for key, each in world.objects.items() if each.get("item_variation_data", {}).get("sku") == "tea")
    token = tmp_path / "token"
    token.write_text("token-of-a-seller")
    for command in (
        ("channel", "add", "sq", "square", "currency=GBP", f"base_url={square.url}"),
        ("channel", "secret", "sq", "access_token", "--file", str(token)),
        ("channel", "map", "sq", "location", "hanoi", place),
        ("channel", "map", "sq", "item", "tea", tea),
    ):
        assert hub(settings, *command) == 0
    for _ in range(2):
        capsys.readouterr()
        assert hub(settings, "square", "backfill", "--days", "30", "--json") == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {row["port"]: row["parked"] for row in rows} == {"orders": 1, "payments": 0}
        database = open_database(parse_url(f"sqlite:///{tmp_path / 'data' / 'hub.db'}"))
        try:
            assert [aside.kind for aside in SqlAsideStore(database).waiting("sq")] == ["orders"]
            with database.read() as connection:
                (level,) = connection.execute(sa.select(schema.level))
                money = sorted(connection.execute(sa.select(money_payment.c.amount)).scalars())
                states = sorted(connection.execute(sa.select(schema.web_order.c.state)).scalars())
        finally:
            database.close()
        assert (level.store, level.sku, level.on_hand) == ("hanoi", "tea", -1_000)
        assert money == [-1, 250, 750, 900]
        assert states == ["handed_over", "oversold"]  # the sale that left, and the order that nobody has the goods for
    assert "orders\t" in said(settings, capsys, "channel", "backfill", "sq")


def test_without_a_channel_of_the_kind_the_command_says_what_to_do(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the command that sets one up."""
    assert hub(settings, "square", "backfill") == 1
    assert "`tillwire-hub channel add NAME square`" in capsys.readouterr().err
