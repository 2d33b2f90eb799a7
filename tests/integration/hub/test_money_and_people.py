"""A real hub and a provider of payments: what it tells of money and people, and what it is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hub.channels.ports import ChannelCustomer, ChannelPayment
from hub.config import ChannelsConfig, now
from hub.ingest.session import ingest
from hub.money.days import reconcile_days
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_records import LinkRow
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.money_tenders import catch_up
from hub.storage.queries_money import MoneyFilter, MoneyQueries
from hub.storage.queries_people import PeopleQueries
from hub.storage.records import DocumentPut
from protocol.documents import Customer, Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId
from tests.channels.payer.manifest import PROVIDERS, Provider
from tests.contract.hub_storage.money_shop import card_sale
from tests.integration.hub.conftest import embedded_config, eventually, running_hub
from tests.unit.hub.journals import Journal

HANOI = StoreId("hanoi")


def test_a_providers_money_and_people_come_in_and_what_it_lacks_goes_out(tmp_path: Path) -> None:
    """The payment meets its sale; the web's customer is the till's, and the provider hears her number, once."""
    provider = PROVIDERS["one"] = Provider()
    config = replace(embedded_config(tmp_path), channels=ChannelsConfig(packages=("tests.channels",)))
    with running_hub(config) as hub:
        stores, database = hub.data.stores, hub.data.database
        stores.fleet.add_store(HANOI, Settings(store_name="Hanoi", time_zone="UTC"), Key(b"f" * 32), now())
        till = Journal("hanoi")
        stores.fleet.add_terminal(till.store, till.terminal, "", till.key, now())
        customer = Customer(customer="KH1", name="Lan", phone="+84901234567", email="lan@x.vn")
        stores.documents.put(GLOBAL_FEED, "customer", [DocumentPut("KH1", customer)], now())
        people = PeopleQueries(database)
        eventually(lambda: bool(people.find("KH1", 10)), "the till's customer is a person")
        setups = SqlChannelSetups(database)
        setups.add("pay", "payer", {"provider": "one"}, now())
        SqlChannelLinks(database).put("pay", [LinkRow("location", "hanoi", "L1")], now())
        setups.enable("pay", now(), enabled=True)
        yesterday = now() - timedelta(days=1)
        till.append(card_sale(1, 50_000, yesterday.date()), yesterday)
        ingest(stores.ledger, [till.batch(1, 1)], now())
        provider.payments.append(
            ChannelPayment(
                key="p1", version="1", at=yesterday, location="L1", kind="card", state="completed", amount=50_000,
                currency="VND",
            )
        )  # fmt: skip
        provider.people.append(ChannelCustomer(key="c1", version="1", name="Lan", email="LAN@x.vn"))
        eventually(lambda: bool(provider.told), "the provider is told what it lacks")
        [found] = people.find("lan@x.vn", 10)
        assert [(one.channel, one.key) for one in found.identities] == [("pay", "c1"), ("~till", "KH1")]
        assert [(one.phone, one.name, one.ours) for one in provider.told] == [("+84901234567", "", found.person.id)]
        eventually(lambda: len(people.find("+84901234567", 10)[0].identities) == 2, "the echo is taken in")
        queries = MoneyQueries(database)
        eventually(lambda: "pay" in queries.channels(), "the payment is taken in")
        while catch_up(database, 1_000):
            pass
        reconcile_days(database, ["hanoi"], yesterday.date(), yesterday.date(), now())
        assert [kept.line.outcome for kept in queries.lines(MoneyFilter(), 10)] == ["matched"]
        assert len(provider.told) == 1
