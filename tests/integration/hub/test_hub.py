"""A real hub with real brokers and databases: from a till's frame to the other till, and back out as figures."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from hub.app import Hub
from hub.config import BrokerConfig, DatabaseConfig, DataConfig, HubConfig, WebConfig, now
from hub.errors import PortInUse
from hub.fleet.enrolment import Credentials, HubPlace, credentials
from hub.ingest.stocktake import set_stock
from hub.storage.reading import StockQuery
from protocol.documents import Item, Settings, Stock
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, Sku, StoreId, store_feed, terminal_id
from protocol.messages import Status
from tests.integration.hub.conftest import embedded_config, eventually, running_hub
from tests.integration.hub.terminal_client import TerminalClient
from tests.services import MosquittoServer, PostgresServer
from tests.unit.hub.journals import sale

HANOI = StoreId("hanoi")


def enrol(hub: Hub, terminal: str) -> Credentials:
    """What `terminal add --create-store` does."""
    fleet = hub.data.stores.fleet
    if store_feed(HANOI) not in hub.data.stores.feeds.heads():
        fleet.add_store(HANOI, Settings(store_name="Hà Nội"), Key(b"f" * 32), now())
    key = Key(terminal.encode().ljust(32, b"."))
    epoch = fleet.add_terminal(HANOI, terminal_id(terminal), "", key, now())
    keys = fleet.keys().feeds
    place = HubPlace(*hub.broker_address, tls=False)
    return credentials(
        HANOI, terminal_id(terminal), epoch=epoch, key=key, store_key=keys[store_feed(HANOI)],
        global_key=keys[GLOBAL_FEED], hub=place, has_staff=False,
    )  # fmt: skip


def client_of(hub: Hub, terminal: str) -> TerminalClient:
    """An enrolled till; the `with` block connects it, and disconnects it whatever fails."""
    return TerminalClient(enrol(hub, terminal), *hub.broker_address)


def get(hub: Hub, path: str) -> tuple[int, bytes]:
    """GET from the hub's web server."""
    assert hub.web_address is not None
    url = f"http://127.0.0.1:{hub.web_address[1]}{path}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return answer.status, answer.read()


def on_hand(client: TerminalClient, sku: str) -> int | None:
    """What a till has heard of a level."""
    document = client.documents.get(("stock", sku))
    return None if document is None else msgspec.json.decode(document.body, type=Stock).on_hand


def test_a_sale_reaches_the_hub_the_other_till_and_the_web(hub: Hub) -> None:
    """Once, and soon; noise on the same topics changes nothing and is visible."""
    hub.data.stores.catalogue.put_items([Item(sku="pho", name="Phở", price=1, currency="VND")], now())
    with client_of(hub, "till1") as one, client_of(hub, "till2") as two:
        set_stock(hub.data.stores.ledger, HANOI, {Sku("pho"): 100_000}, now())
        eventually(lambda: on_hand(two, "pho") == 100_000, "the opening stock is at the till")
        for number in range(250):
            one.sell(sale(number, ("pho", 1_000 if number % 2 else 2_000)))
            if number % 50 == 0:
                one.publish_raw(one.journal.topic, b"noise")
                one.publish_raw("tillwire/v1/b00/who/ever/journal", b"TW1")
        one.report(Status(online=True, version="1", backlog=3, at=datetime.now(UTC)))  # noqa: TID251 - a till's clock
        eventually(lambda: one.acked == 250, "all is acked")
        eventually(lambda: on_hand(two, "pho") == 100_000 - 375_000, "the other till knows")
        queries = hub.data.queries
        assert len(queries.recent_sales(1000)) == 250
        (row,) = queries.stock(StockQuery(search="pho")).rows
        assert (row.on_hand, row.available) == (-275_000, 0)
        eventually(lambda: queries.terminals()[0].backlog == 3, "the status is in the fleet's table")
        eventually(lambda: queries.latency(10, now()).count == 250, "each sale's latency is counted")
        eventually(lambda: "bad_frames" in {alarm.kind for alarm in queries.alarms(10)}, "the noise is visible")
        eventually(lambda: queries.availability(["pho"])[0].revision > 0, "the web has its number")
        status, body = get(hub, "/v1/availability/pho")
        assert (status, json.loads(body)["sku"]) == (200, "pho")
        status, body = get(hub, "/readyz")
        assert (status, json.loads(body)["ready"]) == (200, True)
        assert set(one.statuses) == {"ok"}


def test_a_terminal_that_is_added_while_the_hub_runs_is_heard(hub: Hub) -> None:
    """Nobody has to restart the hub; a revoked one is refused within seconds."""
    with client_of(hub, "till1") as one, client_of(hub, "till2") as late:
        for client in (one, late):
            client.sell(sale(1, ("pho", 1_000)))
        eventually(lambda: one.acked == 1 and late.acked == 1, "both are heard")
        hub.data.stores.fleet.revoke_terminal(HANOI, late.journal.terminal, now())
        eventually(lambda: hub.data.stores.fleet.keys().terminals.keys() == {(HANOI, "till1")}, "the key is gone")


def test_a_hub_that_stops_and_starts_goes_on_where_it_was(tmp_path: Path) -> None:
    """Same folder, same port: the tills reconnect, resend what was not acked, and nothing is counted twice."""
    config = embedded_config(tmp_path / "data")
    with ExitStack() as connected:
        with running_hub(config) as first:
            port = first.broker_address[1]
            client = connected.enter_context(client_of(first, "till1"))
            for number in range(50):
                client.sell(sale(number, ("pho", 1_000)))
            eventually(lambda: client.acked == 50, "the first sales are acked")
        for number in range(50, 120):
            client.sell(sale(number, ("pho", 1_000)))
        with running_hub(embedded_config(tmp_path / "data", broker_port=port)) as second:
            eventually(lambda: client.acked == 120, "all sales are acked after the restart")
            assert len(second.data.queries.recent_sales(1000)) == 120
            assert second.data.queries.stock(StockQuery()).rows[0].on_hand == -120_000
            eventually(lambda: client.revision == second.data.stores.feeds.heads()[client.feed], "the feed is followed")


def test_a_broker_that_forgets_everything_is_survived(
    tmp_path: Path, mosquitto: MosquittoServer, postgres: PostgresServer
) -> None:
    """Sessions, retained acks and queued messages are gone; the hub subscribes again, the till sends again."""
    del postgres
    base = embedded_config(tmp_path / "data")
    broker = BrokerConfig(mode="external", host=mosquitto.host, port=mosquitto.port)
    with (
        running_hub(HubConfig(data=base.data, broker=broker, web=base.web)) as hub,
        client_of(hub, "till1") as client,
    ):
        for number in range(300):
            client.sell(sale(number, ("pho", 1_000)))
            if number in (100, 200):
                mosquitto.restart()
        eventually(lambda: client.acked == 300, "all sales are acked")
        assert len(hub.data.queries.recent_sales(1000)) == 300


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    """Broker and pages: the message names the key; what was started is stopped again."""
    with running_hub(embedded_config(tmp_path / "one")) as hub:
        assert hub.web_address is not None
        config = embedded_config(tmp_path / "two")
        with (
            pytest.raises(PortInUse, match=r"\[web\] port"),
            running_hub(HubConfig(data=config.data, broker=config.broker, web=WebConfig(port=hub.web_address[1]))),
        ):
            pass
        with (
            pytest.raises(PortInUse, match=r"\[broker\] port"),
            running_hub(embedded_config(tmp_path / "three", broker_port=hub.broker_address[1])),
        ):
            pass


def test_two_hubs_share_a_broker_and_a_database(
    tmp_path: Path, mosquitto: MosquittoServer, postgres: PostgresServer
) -> None:
    """Both take every message; each sale counts once, and one of the two may leave at any time."""
    url = postgres.new_database()
    broker = BrokerConfig(mode="external", host=mosquitto.host, port=mosquitto.port)
    configs = [
        HubConfig(
            data=DataConfig(str(tmp_path / name)), database=DatabaseConfig(url), broker=broker, web=WebConfig(port=0)
        )
        for name in ("one", "two")
    ]
    with running_hub(configs[0]) as first, client_of(first, "till1") as client:
        with running_hub(configs[1]):
            for number in range(200):
                client.sell(sale(number, ("pho", 1_000)))
            eventually(lambda: client.acked == 200, "all sales are acked")
        for number in range(200, 250):
            client.sell(sale(number, ("pho", 1_000)))
        eventually(lambda: client.acked == 250, "the other goes on alone")
        assert len(first.data.queries.recent_sales(1000)) == 250
        assert first.data.queries.stock(StockQuery()).rows[0].on_hand == -250_000
        eventually(lambda: on_hand(client, "pho") == -250_000, "the till follows")
