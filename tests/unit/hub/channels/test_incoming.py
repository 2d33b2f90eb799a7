"""What comes in from a channel: by a poll, sooner by hints, and nothing that cannot be taken holds up the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.channels.incoming import IncomingPart
from hub.channels.links import Link
from hub.channels.ports import ChannelCustomer, ChannelItem, LeftGoods, Unread
from hub.errors import ChannelUnavailable, LeaseLost
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import HeardHint, SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.schema_channels import channel_order, channel_part
from protocol.documents import Item
from tests.channel_stage import START
from tests.contract.hub_storage.test_orders_contract import HANOI, TEA, Shop, over
from tests.incoming_stage import HOLDER, Taker, Vendor, incoming_part, webhook


class Stage:
    """A shop, a vendor, and the part of the hub that takes in its orders."""

    def __init__(self, database: Database, **more: object) -> None:
        self.shop = Shop(database)
        self.vendor = Vendor()
        self.taker = Taker()
        self.heard = SqlHeardStore(database)
        self.asides = SqlAsideStore(database)
        self.parts = SqlChannelParts(database)
        self.more = more
        self.now = START
        self.part: IncomingPart[object] = self.anew()

    def anew(self) -> IncomingPart[object]:
        """The hub has restarted: nothing is remembered."""
        self.part = incoming_part(self.shop.database, self.vendor, self.taker, **self.more)  # type: ignore[arg-type]
        return self.part

    def step(self, seconds: float = 0.0) -> float:
        """Time passes, and the part is run."""
        self.now += timedelta(seconds=seconds)
        return self.part.step(self.now)

    def hint(self, event: str, key: str = "") -> bool:
        """A webhook was heard."""
        return self.heard.hear("web", {"orders": (event, [HeardHint(key)])}, webhook(event, key), self.now)

    def taken(self) -> set[str]:
        """Orders that were taken in."""
        with self.shop.database.read() as connection:
            return set(connection.execute(sa.select(channel_order.c.key)).scalars())


@pytest.fixture
def stage(database: Database) -> Stage:
    """A fresh one."""
    return Stage(database)


def test_pages_are_taken_one_after_the_other_and_overlap(stage: Stage) -> None:
    """Seven orders in pages of three: at once while there are more, then not before the next poll."""
    for number in range(7):
        stage.vendor.put_order(f"o{number}", {TEA: 1_000})
    assert [stage.step(), stage.step()] == [0.0, 0.0]
    assert stage.step() == 2.0
    assert stage.taken() == {f"o{number}" for number in range(7)}
    assert len(stage.vendor.calls) == 3
    stage.step(30)
    assert len(stage.vendor.calls) == 3
    stage.vendor.put_order("o9", {TEA: 1_000})
    stage.step(31)
    assert "o9" in stage.taken()
    assert stage.shop.reserved() == stage.shop.promised()


def test_a_hint_has_its_order_asked_for_at_once_and_the_poll_follows_once_for_many(stage: Stage) -> None:
    """Two hundred checkouts are not two hundred polls."""
    stage.step()
    stage.vendor.calls.clear()
    for number in range(3):
        stage.vendor.put_order(f"o{number}", {TEA: 1_000})
        stage.hint(f"e{number}", f"o{number}")
    stage.step(1)
    assert stage.vendor.calls == ["order o0", "order o1", "order o2"]
    assert stage.taken() == {"o0", "o1", "o2"}
    stage.step(5)
    assert stage.vendor.calls[3:] == ["orders since 0"]
    stage.step(1)
    assert len(stage.vendor.calls) == 4


def test_a_lost_webhook_costs_one_poll(stage: Stage) -> None:
    """The truth is asked for, whatever nobody told."""
    stage.step()
    stage.vendor.put_order("o1", {TEA: 1_000})
    stage.step(59)
    assert stage.taken() == set()
    stage.step(1)
    assert stage.taken() == {"o1"}


def test_a_hint_that_names_nothing_moves_the_poll_forward(stage: Stage) -> None:
    """It says: look at all."""
    stage.step()
    stage.vendor.put_order("o1", {TEA: 1_000})
    stage.hint("e1")
    stage.step(1)
    assert stage.taken() == {"o1"}


def test_webhooks_twice_late_and_out_of_order_end_with_the_newest(stage: Stage) -> None:
    """A hint only says whom to ask: the older one that comes last asks for what is now."""
    stage.step()
    stage.vendor.put_order("o1", {TEA: 1_000})
    stage.vendor.put_order("o1", {TEA: 3_000})
    assert stage.hint("e2", "o1")
    stage.step(1)
    assert stage.hint("e1", "o1")
    assert not stage.hint("e2", "o1")
    stage.step(1)
    assert stage.shop.reserved() == {(HANOI, TEA): 3_000}


def test_a_hint_waits_while_the_channel_is_away(stage: Stage) -> None:
    """Nothing is lost when the call fails, nor when the hub dies before it has looked."""
    stage.step()
    stage.vendor.put_order("o1", {TEA: 1_000})
    stage.hint("e1", "o1")
    stage.vendor.away = True
    with pytest.raises(ChannelUnavailable):
        stage.step(1)
    stage.vendor.away = False
    stage.anew().step(stage.now)
    assert stage.taken() == {"o1"}
    assert stage.heard.new("web", "orders", 10) == []


def test_what_cannot_be_taken_is_parked_with_its_bytes_and_the_poll_goes_on_behind_it(stage: Stage) -> None:
    """An unknown SKU, something unread, and a poisoned one: each named, one alarm for all."""
    stage.vendor.put_order("o1", {"gold": 1_000})
    bad = stage.vendor.put_order("o2", {TEA: 1_000})
    stage.vendor.orders["o2"] = (2, replace(bad, lines=[object()]))  # type: ignore[list-item]
    stage.vendor.put_order("o3", {TEA: 1_000})
    stage.vendor.unread = [Unread("order", "o4", "no currency", b"<raw>")]
    stage.step()
    assert stage.taken() == {"o3"}
    waiting = {one.key: one for one in stage.asides.waiting("web")}
    assert set(waiting) == {"o1", "o2", "o4"}
    assert "'gold' is not in the catalogue" in waiting["o1"].why
    assert (waiting["o1"].raw, waiting["o4"].raw) == (b'{"id": "o1"}', b"<raw>")
    assert waiting["o4"].why == "order: no currency"
    assert [subject for subject, _ in stage.shop.told("channel_aside")] == ["web"]
    stage.step(61)
    assert stage.parts.state("web", "orders").cursor == "3"


def test_what_was_parked_is_tried_again_when_the_catalogue_or_the_mapping_changes(stage: Stage) -> None:
    """Without anybody's help, and not before."""
    stage.vendor.put_order("o1", {"gold": 1_000})
    stage.step()
    stage.vendor.calls.clear()
    stage.step(3)
    assert stage.vendor.calls == []
    stage.shop.stores.catalogue.put_items([Item(sku="gold", name="gold", price=1, currency="VND")], stage.now)
    stage.step(3)
    assert (stage.taken(), stage.asides.waiting("web")) == ({"o1"}, [])
    assert stage.shop.told("channel_aside") == []
    stage.vendor.put_order("o2", {"silver": 1_000})
    stage.step(60)
    SqlChannelLinks(stage.shop.database).put("web", [LinkRow("item", TEA, "their tea")], stage.now)
    stage.vendor.put_order("o2", {TEA: 1_000})
    stage.step(3)
    assert stage.taken() == {"o1", "o2"}


def test_a_replay_asks_anew_for_what_is_parked(stage: Stage) -> None:
    """Mended at the vendor's side, which tells nobody."""
    stage.vendor.put_order("o1", {"gold": 1_000})
    stage.step()
    stage.vendor.put_order("o1", {TEA: 1_000})
    assert stage.heard.replay_aside("web", stage.now) == 1
    stage.step(1)
    assert (stage.taken(), stage.asides.waiting("web")) == ({"o1"}, [])
    assert stage.heard.replay_aside("web", stage.now) == 0


def test_a_connector_s_mistake_over_one_thing_holds_up_nothing(stage: Stage) -> None:
    """The hint is done, the order parked with the words, and others go on."""
    stage.step()
    stage.vendor.poisoned.add("o1")
    stage.hint("e1", "o1")
    stage.vendor.put_order("o2", {TEA: 1_000})
    stage.hint("e2", "o2")
    stage.step(1)
    assert stage.taken() == {"o2"}
    assert "a mistake of the connector's" in stage.asides.waiting("web")[0].why
    assert stage.heard.new("web", "orders", 10) == []


def test_what_is_gone_at_the_vendor_waits_no_longer(stage: Stage) -> None:
    """Parked, then deleted there; but a vendor that is behind itself is not believed at once."""
    stage.vendor.put_order("o1", {"gold": 1_000})
    stage.step()
    del stage.vendor.orders["o1"]
    stage.heard.replay_aside("web", stage.now)
    stage.step(1)
    assert [one.key for one in stage.asides.waiting("web")] == ["o1"]
    stage.step(3_601)
    assert stage.asides.waiting("web") == []


def test_who_has_lost_the_part_writes_no_cursor(stage: Stage) -> None:
    """Another process goes on from where it was; the order itself is known to both."""
    stage.vendor.put_order("o1", {TEA: 1_000})
    with stage.shop.database.write() as connection:
        connection.execute(sa.update(channel_part).values(holder="another process"))
    with pytest.raises(LeaseLost):
        stage.step()
    assert stage.parts.state("web", "orders").cursor == ""
    with stage.shop.database.write() as connection:
        connection.execute(sa.update(channel_part).values(holder=HOLDER))
    stage.step()
    assert (stage.parts.state("web", "orders").cursor, stage.shop.reserved()) == ("1", {(HANOI, TEA): 1_000})


def test_goods_of_a_pooled_location_are_told_by_the_mapping(stage: Stage) -> None:
    """Both stores are one place to the channel."""
    stage.more = {"links": [Link("location", "hanoi", "L1"), Link("location", "hue", "L1")]}
    stage.anew()
    stage.vendor.put_order("o1", {TEA: 7_000})
    stage.step()
    assert stage.shop.reserved() == {(HANOI, TEA): 5_000, ("hue", TEA): 2_000}
    stage.shop.tell(HANOI, 1, over("web:o1", (TEA, 5_000)))
    stage.shop.settle()
    gone = LeftGoods("f1", "hanoi", START + timedelta(seconds=30), {TEA: 2_000})
    stage.vendor.put_order("o1", {TEA: 7_000}, left=[gone])
    stage.step(60)
    assert (stage.shop.on_hand(HANOI), stage.shop.reserved()) == (0, {})
    assert stage.shop.state("web:o1") == "handed_over"


def test_the_customer_of_an_order_is_handed_on_before_it_is_taken(stage: Stage) -> None:
    """So that whoever takes people in has seen her, even if the hub dies between; not of an own echo."""
    an, binh = ChannelCustomer("c1", "1", "An"), ChannelCustomer("c2", "1", "Binh")
    stage.vendor.put_order("o1", {"gold": 1_000}, customer=an)
    stage.vendor.put_order("o2", {TEA: 1_000}, customer=binh, own=True)
    stage.step()
    assert stage.taker.found == [("c1", "1")]
    stage.vendor.put_order("o3", {TEA: 1_000}, customer=ChannelCustomer("c3", "1", "Chi"))
    stage.step(60)
    stage.step(60)
    assert stage.vendor.calls.count("orders since 3") == 1
    assert stage.taker.found.count(("c3", "1")) == 1


def test_people_are_handed_on_and_who_cannot_be_taken_is_parked(database: Database) -> None:
    """The others of the same page are taken, the cursor moves on, and once mended it is resolved."""
    stage = Stage(database, port="customers")
    for name in ("an", "binh", "chi"):
        stage.vendor.put_person(ChannelCustomer(name, "1", name.title()))
    stage.taker.poisoned.add("binh")
    stage.step()
    assert stage.taker.found == [("an", "1"), ("chi", "1")]
    (aside,) = stage.asides.waiting("web", "customers")
    assert (aside.key, aside.why) == ("binh", "binh: nobody can have this name")
    assert stage.parts.state("web", "customers").cursor == "3"
    stage.taker.poisoned.clear()
    stage.heard.replay_aside("web", stage.now)
    stage.step(3)
    assert stage.taker.found[2:] == [("an", "1"), ("binh", "1"), ("chi", "1")]
    assert stage.asides.waiting("web") == []


def test_things_of_a_catalogue_come_in_pages_with_the_cursor(database: Database) -> None:
    """Seven things in pages of three; what a webhook says of them moves the poll forward."""
    stage = Stage(database, port="catalogue")
    for number in range(7):
        item = Item(sku=f"sku{number}", name="thing", price=1, currency="VND")
        stage.vendor.put_item(ChannelItem(f"k{number}", "1", item))
    assert [stage.step(), stage.step(), stage.step()] == [0.0, 0.0, 2.0]
    assert len(SqlChannelLinks(database).mapping("web")[1]) == 7
    stage.vendor.put_item(ChannelItem("k9", "1", Item(sku="sku9", name="thing", price=1, currency="VND")))
    stage.heard.hear("web", {"catalogue": ("e1", [HeardHint("k9")])}, webhook("e1"), stage.now)
    stage.step(1)
    assert SqlChannelLinks(database).find("web", "item", ours="sku9")[0].theirs == "k9"
