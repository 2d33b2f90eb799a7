"""Orders over HTTP: placed once, shown, cancelled; and what is said to a shop that writes them wrongly."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from hub.admin.memory_stock import MemoryDesk
from hub.admin.web import build_web
from hub.api.port import WebPorts
from hub.config import DataConfig, HubConfig
from hub.errors import StorageUnavailable
from hub.ingest.stocktake import set_stock
from hub.matters.orders import PlacedOrder
from hub.running.data import open_data
from hub.running.desk import HubDesk
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import BEARER, client
from tests.unit.hub.journals import at

ORDER = {"order": "web-1", "lines": [{"sku": "tea", "quantity": "2"}], "way": "pickup", "store": "hanoi"}


def send(hub: SampleHub, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> httpx.Response:
    """A request of a shop that has the key."""

    async def sending() -> httpx.Response:
        async with client(hub.kept_web, BEARER) as http:
            return await http.request(method, path, json=body, content=raw)

    return asyncio.run(sending())


@pytest.fixture
def hub() -> SampleHub:
    """A hub whose desk takes every order."""
    return SampleHub()


def test_an_order_is_placed_once_however_often_it_is_sent(hub: SampleHub) -> None:
    """201, then 200 with the same answer; another order of the same id is a conflict."""
    first = send(hub, "POST", "/v1/orders", ORDER)
    assert (first.status_code, first.headers["cache-control"]) == (201, "no-store")
    assert first.json()["parcels"] == [
        {
            "store": "hanoi",
            "state": "open",
            "lines": [{"sku": "tea", "quantity": "2", "quantity_milli": 2000}],
            "short": [],
        }
    ]
    again = send(hub, "POST", "/v1/orders", ORDER)
    assert (again.status_code, again.json()) == (200, first.json())
    other = send(hub, "POST", "/v1/orders", {**ORDER, "lines": [{"sku": "tea", "quantity_milli": 1}]})
    assert (other.status_code, other.json()["type"]) == (409, "urn:tillwire:problem:order-conflict")


def test_an_order_is_shown_and_cancelled_also_one_with_a_slash_in_its_id(hub: SampleHub) -> None:
    """Cancelling twice is the same as once; an unknown one is not found."""
    assert send(hub, "POST", "/v1/orders", {**ORDER, "order": "A/1"}).status_code == 201
    assert send(hub, "GET", "/v1/orders/A%2F1").json()["state"] == "open"
    for _ in range(2):
        assert send(hub, "POST", "/v1/orders/A%2F1/cancel").json()["state"] == "cancelled"
    for method, path in (("GET", "/v1/orders/none"), ("POST", "/v1/orders/none/cancel")):
        answer = send(hub, method, path)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:tillwire:problem:unknown-order")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "no JSON"),
        (b"[]", 400, "not an object"),
        (b'{"order":"o","lines":[{"sku":"tea","quantity":2}]}', 422, "field lines[0].quantity"),
        (b'{"order":"o","lines":[{"sku":"tea","quantity":"2","unit":"box"}]}', 422, "field lines.1.unit"),
        (b'{"order":"o","lines":[{"sku":"tea","quantity":"-2"}]}', 422, "more than 0"),
        (b'{"order":"o","lines":[{"sku":"tea","quantity":"1"}],"way":"pickup"}', 422, "field store"),
    ],
)
def test_a_wrong_order_is_answered_by_its_field(hub: SampleHub, body: bytes, status: int, words: str) -> None:
    """A problem document that a developer can act on."""
    answer = send(hub, "POST", "/v1/orders", raw=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_a_database_that_is_away_asks_for_the_same_again(hub: SampleHub) -> None:
    """Not the order's fault, so no 4xx: the shop sends it again, and its id makes it one."""

    class Away(MemoryDesk):
        """A desk over a database that does not answer."""

        def place(self, order: PlacedOrder, now: datetime) -> bool:
            del order, now
            raise StorageUnavailable("away")

        def cancel(self, order: str, now: datetime) -> bool:
            del order, now
            raise StorageUnavailable("away")

    hub.desk = Away(hub.queries)
    for path in ("/v1/orders", "/v1/orders/w1/cancel"):
        answer = send(hub, "POST", path, ORDER)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_nobody_without_the_key_places_an_order(hub: SampleHub) -> None:
    """Neither by program nor by a page of another site."""

    async def asking() -> httpx.Response:
        async with client(hub.kept_web) as http:
            return await http.post("/v1/orders", json=ORDER)

    assert asyncio.run(asking()).status_code == 403


def test_an_order_goes_all_the_way_into_the_database(tmp_path: Path) -> None:
    """Reserved and on the store's feed when the answer is given; an unknown SKU is refused by its line."""
    data = open_data(HubConfig(data=DataConfig(str(tmp_path))))
    hanoi = StoreId("hanoi")
    data.stores.fleet.add_store(hanoi, Settings(store_name="Hanoi"), Key(bytes(32)), at(0))
    data.stores.catalogue.put_items([Item(sku="tea", name="Tea", price=1, currency="VND")], at(0))
    set_stock(data.stores.ledger, hanoi, {Sku("tea"): 5_000}, at(0))
    sample = SampleHub()
    ports = WebPorts(
        data.queries, sample.changes, sample.health, sample.identity, sample.registry, sample.time, HubDesk(data)
    )
    web = build_web(ports, sample.settings)

    async def asking() -> list[httpx.Response]:
        async with client(web, BEARER) as http:
            placed = await http.post("/v1/orders", json=ORDER)
            wrong = await http.post(
                "/v1/orders", json={**ORDER, "order": "w2", "lines": [{"sku": "x", "quantity": "1"}]}
            )
            level = await http.get("/v1/availability/tea")
            return [placed, wrong, level]

    placed, wrong, level = asyncio.run(asking())
    assert placed.status_code == 201
    assert (wrong.status_code, "lines.1.sku: 'x'" in wrong.json()["detail"]) == (422, True)
    assert level.json()["available"] == "3"
    data.close()
