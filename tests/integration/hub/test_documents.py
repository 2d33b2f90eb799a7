"""What tills tell and what the office puts, over real brokers and databases, until a till has it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import msgspec

from hub.app import Hub
from hub.identity.admin_key import hash_of, new_admin_key
from hub.ingest.stocktake import set_stock
from hub.storage.records import DocumentPut
from protocol.documents import Customer, Item, Staff, Stock, Transfer
from protocol.events import OrderHandedOver, OrderPicked
from protocol.ids import GLOBAL_FEED, Sku
from tests.integration.hub.conftest import eventually
from tests.integration.hub.test_hub import client_of
from tests.unit.hub.matter_facts import came, goods, paid_in, saved, sent, sold


def test_goods_on_their_way_are_announced_and_taken_off_again(hub: Hub) -> None:
    """Sent by one till, on the other's feed a moment later; received, and gone."""
    sender, receiver = client_of(hub, "sender"), client_of(hub, "receiver")
    for till in (sender, receiver):
        till.start()
    try:
        sender.sell(sent("T1", "hanoi", ("tea", 3000)))
        eventually(lambda: ("transfer", "T1") in receiver.documents, "the transfer is announced")
        body = msgspec.json.decode(receiver.documents["transfer", "T1"].body, type=Transfer)
        assert (body.from_store, body.lines[0].quantity) == ("hanoi", 3000)
        receiver.sell(came("T1", "hanoi", ("tea", 3000)))
        eventually(lambda: receiver.documents["transfer", "T1"].deleted, "the transfer is closed")
        person = Staff(staff="an", name="An")
        moment = datetime.now(UTC)  # noqa: TID251 - the hub's clock
        hub.data.stores.documents.put(receiver.feed, "staff", [DocumentPut("an", person)], moment)
        eventually(lambda: ("staff", "an") in receiver.documents, "a new colleague is announced")
    finally:
        for till in (sender, receiver):
            till.stop()


def test_a_customer_is_the_same_in_all_stores(hub: Hub) -> None:
    """Entered at one till, paid at another: one document on the global feed, with what she owes."""
    one, two = client_of(hub, "one"), client_of(hub, "two")

    def owes() -> int | None:
        found = hub.data.stores.documents.documents(GLOBAL_FEED, "customer")
        return msgspec.json.decode(found[0].body, type=Customer).owes if found else None

    for till in (one, two):
        till.start()
    try:
        two.sell(paid_in("P1", "c1", 400))
        one.sell(saved("c1", "Lan"))
        eventually(lambda: owes() == -400, "a deposit")
        one.sell(sold("R1", ("tea", 1000)))
    finally:
        for till in (one, two):
            till.stop()


def test_a_web_order_goes_from_its_shop_to_a_till_and_back(hub: Hub) -> None:
    """Placed over HTTP, on the till's feed with its stock reserved; gathered short, handed over: the shop sees each."""
    till = client_of(hub, "till1")
    data = hub.data
    key = new_admin_key()
    data.access.set_admin_key_hash(hash_of(key))
    moment = datetime.now(UTC)  # noqa: TID251 - the hub's clock
    data.stores.catalogue.put_items([Item(sku="tea", name="Tea", price=1, currency="VND")], moment)
    set_stock(data.stores.ledger, till.journal.store, {Sku("tea"): 5_000}, moment)
    assert hub.web_address is not None
    address = f"http://{hub.web_address[0]}:{hub.web_address[1]}"
    order = {"order": "w1", "lines": [{"sku": "tea", "quantity": "3"}], "way": "pickup", "store": till.journal.store}
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}) as shop:
        till.start()
        try:
            assert shop.post("/v1/orders", json=order).status_code == 201
            eventually(lambda: ("pick", "w1") in till.documents, "the order is at the till")
            eventually(lambda: ("stock", "tea") in till.documents, "its level as well")
            level = msgspec.json.decode(till.documents["stock", "tea"].body, type=Stock)
            assert (level.on_hand, level.reserved) == (5_000, 3_000)
            assert shop.get("/v1/availability/tea").json()["available"] == "2"
            till.sell(OrderPicked(order="w1", lines=goods(("tea", 2_000)), by="an", short=goods(("tea", 1_000))))
            eventually(
                lambda: shop.get("/v1/orders/w1").json()["state"] == "oversold", "the shop hears of the short pick"
            )
            eventually(lambda: ("recount", "tea") in till.documents, "the till is asked to count")
            till.sell(OrderHandedOver(order="w1", lines=goods(("tea", 2_000)), by="an"))

            def over() -> bool:
                found = shop.get("/v1/orders/w1").json()
                return [parcel["state"] for parcel in found["parcels"]] == ["handed_over"]

            eventually(over, "the shop hears of the hand-over")
            assert shop.get("/v1/availability/tea").json()["available"] == "3"
            assert shop.post("/v1/orders/w1/cancel").json()["missing"] == []
        finally:
            till.stop()
