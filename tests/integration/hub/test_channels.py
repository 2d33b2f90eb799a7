"""Two hub processes that share a PostgreSQL tell one web shop, and one of them is killed in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.channels.told import SALE_TYPE, Telling, hear, to_tell
from hub.config import load_config
from hub.config import now as clock
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.running.channels import ChannelStores, channel_stores
from hub.running.data import OpenData, open_data
from hub.storage.channel_outbox import Claim
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import Sku, StoreId, TerminalId
from tests.channels.pretend.serving import serving
from tests.channels.pretend.shop import Shop
from tests.integration.hub.conftest import eventually
from tests.integration.hub.test_kills import HubProcess
from tests.services import PostgresServer, free_port
from tests.unit.hub.journals import Journal, sale

HANOI, TEA = StoreId("hanoi"), Sku("tea")
SALES, AT_ONCE = 60, 20
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


class Chain:
    """A store, a till, and a web shop over HTTP, on one database."""

    def __init__(self, data: OpenData) -> None:
        self.data = data
        self.stores: ChannelStores = channel_stores(data.database)
        self.till = Journal(HANOI, TerminalId("till1"))
        now = clock()
        data.stores.catalogue.put_items([Item(sku=TEA, name="Trà", price=1, currency="VND")], now)
        data.stores.fleet.add_store(HANOI, Settings(store_name="Hà Nội"), Key(b"f" * 32), now)
        data.stores.fleet.add_terminal(HANOI, self.till.terminal, "", self.till.key, now)
        set_stock(data.stores.ledger, HANOI, {TEA: 1_000_000}, now)

    def sell(self, count: int) -> None:
        """The till sells one unit so many times, and the hub hears of it."""
        first = len(self.till.events) + 1
        for number in range(first, first + count):
            self.till.append(sale(number, (TEA, 1_000)), clock(), event_id=f"e{number}")
        ingest(self.data.stores.ledger, [self.till.batch(first, first + count - 1)], clock())


@pytest.fixture
def configs(postgres: PostgresServer, tmp_path: Path) -> list[Path]:
    """Settings of two hubs on one database, each with a broker and a folder of its own."""
    url = postgres.new_database()
    found = []
    for name in ("one", "two"):
        file = tmp_path / f"{name}.toml"
        file.write_text(
            f'[data]\nfolder = "{tmp_path / name}"\n[database]\nurl = "{url}"\n[broker]\nport = {free_port()}\n'
            '[web]\nport = 0\n[channels]\npackages = ["tests.channels"]\n'
        )
        found.append(file)
    return found


@pytest.fixture
def chain(configs: list[Path]) -> Iterator[Chain]:
    """The database behind them."""
    data = open_data(load_config(configs[0], {}))
    yield Chain(data)
    data.close()


def test_two_hubs_share_the_work_and_one_is_killed(configs: list[Path], chain: Chain) -> None:
    """Each sale is in the shop once and the level is right; one push at a time; a restarted hub goes on at once."""
    shop = Shop(pause_s={"sales": 0.01})
    with serving(shop) as url, ExitStack() as stack:
        one, two = (stack.enter_context(HubProcess(config)) for config in configs)
        for arguments in (
            ("add", "web", "pretend", f"url={url}"), ("map", "web", "location", HANOI, "ware"),
            ("map", "web", "item", TEA, "v-tea"), ("enable", "web"),
        ):  # fmt: skip
            done = one.command("channel", *arguments)
            assert done.returncode == 0, done.stderr
        one.start()
        two.start()
        eventually(lambda: shop.levels.get(("ware", TEA)) == 1_000_000, "the level is told at first")
        for _ in range(SALES // AT_ONCE):
            chain.sell(AT_ONCE)
        eventually(lambda: len(shop.sales) > SALES // 4, "sales are told")
        one.kill()
        chain.sell(AT_ONCE)
        total = SALES + AT_ONCE
        eventually(lambda: shop.levels["ware", TEA] == 1_000_000 - total * 1_000, "the other tells levels", 120)
        one.start()
        eventually(lambda: len(shop.keys()) == total, "every sale is told", 90)
        eventually(lambda: not chain.stores.outbox.counts(), "and that is written down")
        assert shop.keys() == {f"e{number}": 1 for number in range(1, total + 1)}
        assert shop.most_at_once["levels"] == 1
        assert (one.terminate(), two.terminate()) == (0, 0)


def test_a_restarted_hub_takes_over_what_its_former_self_had_claimed(configs: list[Path], chain: Chain) -> None:
    """It waits for no claim to run out, and looks before it tells again, since the dead one may have told."""
    shop = Shop()
    with serving(shop) as url, HubProcess(configs[0]) as hub:
        hub.command("channel", "add", "web", "pretend", f"url={url}")
        hub.command("channel", "enable", "web")
        chain.sell(1)
        hub.start()
        eventually(lambda: len(shop.sales) == 1, "the sale is told")
        (name,) = {state.holder.split(":")[0] for state in chain.stores.parts.states("web").values() if state.holder}
        hub.kill()
        chain.sell(1)
        former = f"{name}:former/1"
        now = clock()
        # As if it had died in the middle of the second sale, with an hour left of its claim.
        chain.stores.parts.take("web", "journal", former, now.replace(year=2100), now.replace(year=2101))
        news = chain.stores.journals.news("web", [SALE_TYPE], 10)
        told = to_tell([hear(event, now) for event in news.events], Telling(frozenset(), {}, frozenset()), now)
        chain.stores.journals.write("web", former, news, told, now)
        (row,) = chain.stores.outbox.claim("web", ["sale"], Claim(former, now, now.replace(year=2100)), 10)
        assert row.key == "e2"
        shop.sales["dead"] = {"key": "e2"}
        hub.start()
        eventually(lambda: not chain.stores.outbox.counts(), "nothing waits")
        assert shop.keys() == {"e1": 1, "e2": 1}
        assert hub.terminate() == 0
