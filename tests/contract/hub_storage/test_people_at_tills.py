"""Who is known from a channel only is known at the tills: a document under her person's id, until she is forgotten."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
import sqlalchemy as sa

from hub.channels.ports import ChannelCustomer
from hub.customers.at_tills import CURSOR
from hub.customers.erasing import erase_person
from hub.customers.people import Act, People
from hub.customers.till_customers import TillCustomers
from hub.errors import DecisionRefused
from hub.ingest.session import ingest
from hub.projections.matters import settle_all
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.people_records import TILLS, person_id
from hub.storage.queries_people import PeopleQueries
from hub.storage.records import DocumentPut
from hub.storage.schema_people import person_shown
from protocol.documents import Customer
from protocol.events import CustomerSaved, EventData
from protocol.ids import GLOBAL_FEED
from tests.contract.hub_storage.test_orders_contract import HANOI, Shop
from tests.unit.hub.journals import at

LAN = ChannelCustomer("w1", "1", "Lan Trần", "lan@x.vn", "+84901234567", consent=True)


class Chain:
    """A shop with a web shop's customers."""

    def __init__(self, database: Database) -> None:
        self.shop = Shop(database)
        self.people = People(database, "VN", told=lambda: ["web"])
        self.queries = PeopleQueries(database)
        self.follow = TillCustomers(database, self.people, 0)
        self.seconds = 0

    def take(self, *customers: ChannelCustomer, channel: str = "web") -> list[str]:
        """The channel tells."""
        found = self.people.take_many(channel, customers, self.now())
        self.settle()
        return found

    def now(self) -> datetime:
        """A second later each time."""
        self.seconds += 1
        return at(self.seconds)

    def tell(self, data: EventData) -> None:
        """A till tells."""
        till = self.shop.tills[HANOI]
        till.append(data, self.now())
        ingest(self.shop.stores.ledger, [till.batch(len(till.events), len(till.events))], self.now())
        settle_all(self.shop.database, self.now(), self.shop.policy)
        self.settle()

    def settle(self) -> None:
        """The hub follows the tills' customers until there is nothing new."""
        for _ in range(20):
            if not self.follow.advance(self.now(), float(self.seconds)):
                return
        raise AssertionError("no end")

    def at_tills(self) -> dict[str, Customer]:
        """What tills have."""
        found = self.shop.stores.documents.documents(GLOBAL_FEED, "customer")
        return {one.key: msgspec.json.decode(one.body, type=Customer) for one in found}

    def channels(self, person: str) -> list[tuple[str, str]]:
        """Her identities."""
        view = self.queries.person(person)
        assert view is not None
        return [(one.channel, one.key) for one in view.identities]


@pytest.fixture
def chain(database: Database) -> Chain:
    """Nobody knows anybody yet."""
    return Chain(database)


def test_a_customer_of_the_web_shop_is_known_at_the_tills(chain: Chain) -> None:
    """Name, number and address, under her person's id; that she may be written to is what she said to the web shop."""
    [lan] = chain.take(LAN)
    assert chain.at_tills() == {lan: Customer(customer=lan, name="Lan Trần", phone="+84901234567", email="lan@x.vn")}
    assert chain.channels(lan) == [("web", "w1")]
    chain.take(ChannelCustomer("w1", "2", "Lan Nguyễn", "lan@x.vn", "+84901234567"))
    assert chain.at_tills()[lan].name == "Lan Nguyễn"
    chain.take(ChannelCustomer("w1", "3", "", "lan@x.vn", ""), ChannelCustomer("w2", "1"))
    assert chain.at_tills() == {lan: Customer(customer=lan, name="lan@x.vn", email="lan@x.vn")}


def test_the_same_again_writes_nothing(chain: Chain) -> None:
    """A feed that moves with each poll would wake every till."""
    chain.take(LAN)
    head = chain.shop.stores.feeds.heads()[GLOBAL_FEED]
    chain.take(LAN)
    chain.take(ChannelCustomer("w1", "2", LAN.name, LAN.email, LAN.phone, consent=False))
    assert chain.shop.stores.feeds.heads()[GLOBAL_FEED] == head


def test_who_has_a_till_s_document_is_left_to_it(chain: Chain) -> None:
    """The web's Lan joins the till's, and no second one appears, nor is the first one changed."""
    kept = Customer(customer="KH1", name="Lan", phone="+84901234567")
    chain.shop.stores.documents.put(GLOBAL_FEED, "customer", [DocumentPut("KH1", kept)], chain.now())
    chain.settle()
    [lan] = chain.take(LAN)
    assert lan == person_id(TILLS, "KH1")
    assert chain.at_tills() == {"KH1": kept}


def test_merged_by_hand_only_the_one_who_is_left_stays(chain: Chain) -> None:
    """And both are there again when it is taken back; with a till's customer it is the till's document that stays."""
    one, other = chain.take(LAN, ChannelCustomer("w2", "1", "Lan T.", "lan@y.vn"))
    assert set(chain.at_tills()) == {one, other}
    number = chain.people.merge(one, other, Act("an", chain.now()))
    assert set(chain.at_tills()) == {one}
    chain.people.undo(number, Act("an", chain.now()))
    assert set(chain.at_tills()) == {one, other}
    kept = Customer(customer="KH1", name="Lan")
    chain.shop.stores.documents.put(GLOBAL_FEED, "customer", [DocumentPut("KH1", kept)], chain.now())
    chain.settle()
    chain.people.merge(person_id(TILLS, "KH1"), one, Act("an", chain.now()))
    chain.settle()
    assert set(chain.at_tills()) == {"KH1", other}


def test_who_is_forgotten_disappears_from_the_tills(chain: Chain) -> None:
    """By the office, for good; deleted by the only channel that knew her, until it knows her again."""
    one, other = chain.take(LAN, ChannelCustomer("w2", "1", "Bình", "binh@x.vn"))
    erase_person(chain.people, chain.queries, chain.shop.stores.documents, one, Act("an", chain.now()))
    chain.settle()
    assert set(chain.at_tills()) == {other}
    chain.take(ChannelCustomer("w2", "2", deleted=True), ChannelCustomer("w1", "9", "Lan", "lan@x.vn"))
    assert chain.at_tills() == {}
    chain.take(ChannelCustomer("w2", "3", "Bình", "binh@x.vn"))
    assert set(chain.at_tills()) == {other}


def test_what_a_till_changes_is_the_till_s_from_then_on(chain: Chain) -> None:
    """Her number, her consent at the till: the web does not write over it, and the person is the same."""
    [lan] = chain.take(LAN)
    chain.tell(CustomerSaved(customer=lan, by="an", name="Lan", phone="+84907654321", consent=True))
    assert chain.channels(lan) == [("web", "w1"), (TILLS, lan)]
    chain.take(ChannelCustomer("w1", "2", "Lan Nguyễn", "lan@x.vn", "+84901234567"))
    assert chain.at_tills() == {lan: Customer(customer=lan, name="Lan", phone="+84907654321", consent=True)}
    chain.tell(CustomerSaved(customer=lan, by="an", name=LAN.name, phone=LAN.phone, email=LAN.email))
    chain.take(ChannelCustomer("w1", "3", deleted=True))
    assert set(chain.at_tills()) == {lan}
    erase_person(chain.people, chain.queries, chain.shop.stores.documents, lan, Act("an", chain.now()))
    assert chain.at_tills() == {}


def test_an_account_is_not_lost(chain: Chain) -> None:
    """Who owes something stays at the tills, whatever becomes of her, and cannot be erased before it is paid."""
    one, other = chain.take(LAN, ChannelCustomer("w2", "1", "Lan T.", "lan@y.vn"))
    owing = Customer(customer=other, name="Lan T.", email="lan@y.vn", owes=5_000, currency="VND")
    chain.shop.stores.documents.put(GLOBAL_FEED, "customer", [DocumentPut(other, owing)], chain.now())
    chain.settle()
    with pytest.raises(DecisionRefused, match="not even"):
        erase_person(chain.people, chain.queries, chain.shop.stores.documents, other, Act("an", chain.now()))
    chain.people.merge(one, other, Act("an", chain.now()))
    assert chain.at_tills()[other].owes == 5_000


def test_whom_channels_knew_before_is_shown_bit_by_bit(chain: Chain) -> None:
    """A hub that is upgraded shows everybody, a few hundred at a time, once."""
    found = chain.take(*(ChannelCustomer(f"w{n}", "1", f"N{n}", f"n{n}@x.vn") for n in range(450)))
    documents = chain.shop.stores.documents
    documents.delete(GLOBAL_FEED, "customer", found, chain.now())
    forget_shown(chain.shop.database)
    chain.settle()
    assert set(chain.at_tills()) == set(found)
    assert chain.people.show_some(chain.now()) == 0


def forget_shown(database: Database) -> None:
    """As if it had never been done."""
    with database.write() as connection:
        connection.execute(sa.delete(person_shown))
        connection.execute(sa.delete(schema.state).where(schema.state.c.name == CURSOR))
