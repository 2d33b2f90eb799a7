"""What every database promises about a channel's catalogue: linked by SKU or by hand, and nothing needed goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from hub.channels.owners import merged, owner_settings, owners_of
from hub.channels.settings import complete
from hub.errors import ConfigError, LeaseLost
from hub.ingest.stocktake import set_stock
from hub.matters.channel_catalogue import SaidItem
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_catalogue import AT_ONCE, CatalogueRules, SqlChannelCatalogue
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_pages import PageEnd
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.stores import open_stores
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from tests.channel_stage import manifest_of
from tests.unit.hub.journals import at

ALL_THEIRS: Mapping[str, str] = {"name": "channel", "price": "channel", "barcodes": "channel", "tax": "channel"}
ALL_OURS: Mapping[str, str] = dict.fromkeys(ALL_THEIRS, "hub")


class Shelf:
    """A hub's catalogue and a channel that sells some of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
        self.catalogue = SqlChannelCatalogue(database)
        self.links = SqlChannelLinks(database)
        self.asides = SqlAsideStore(database)
        self.parts = SqlChannelParts(database)
        self.parts.take("web", "catalogue", "me", at(0), at(0) + timedelta(days=1))

    def take(self, *found: SaidItem, owners: Mapping[str, str] = ALL_THEIRS, cursor: str = "1") -> None:
        """A page comes."""
        rules = CatalogueRules(
            lambda ours, theirs: merged(ours, theirs, owners),  # type: ignore[arg-type]  # plain words
            owners["name"] == "channel",
        )
        self.catalogue.take(found, PageEnd("web", "catalogue", "me", cursor), rules, at(5))

    def items(self) -> dict[str, Item]:
        """The hub's items."""
        item = schema.item.c
        with self.database.read() as connection:
            rows = connection.execute(sa.select(item.sku, item.body).where(item.deleted.is_(False)))
            return {row.sku: msgspec.json.decode(row.body, type=Item) for row in rows}

    def linked(self) -> dict[str, str]:
        """Which SKU is which thing of theirs."""
        return {link.ours: link.theirs for link in self.links.mapping("web")[1] if link.kind == "item"}

    def waiting(self) -> dict[str, str]:
        """What is parked, and why."""
        return {one.key: one.why for one in self.asides.waiting("web", "catalogue")}


@pytest.fixture
def shelf(database: Database) -> Shelf:
    """On each database."""
    return Shelf(database)


def thing(key: str, sku: str, *, price: int = 10, name: str = "theirs", deleted: bool = False) -> SaidItem:
    """A thing of the channel."""
    item = Item(sku=sku, name=name, price=price, currency="VND", barcodes=(f"b{sku}",), tax_rate_bp=800)
    return SaidItem(key, item, {"product": f"p{key}"}, deleted)


def test_things_become_items_and_links_once(shelf: Shelf) -> None:
    """The same page again changes no revision, and no mapping."""
    shelf.take(thing("k1", "tea"), thing("k2", "pho"))
    heads, version = shelf.stores.feeds.heads(), shelf.links.version("web")
    assert set(shelf.items()) == {"tea", "pho"}
    assert shelf.linked() == {"tea": "k1", "pho": "k2"}
    assert shelf.links.find("web", "item", ours="tea")[0].more == {"product": "pk1"}
    shelf.take(thing("k1", "tea"), thing("k2", "pho"), cursor="2")
    assert (shelf.stores.feeds.heads(), shelf.links.version("web")) == (heads, version)
    assert shelf.parts.state("web", "catalogue").cursor == "2"


@pytest.mark.parametrize("field", ["name", "price", "barcodes", "tax"])
def test_each_field_is_as_its_owner_says(shelf: Shelf, field: str) -> None:
    """All else of an item, such as its category, is the hub's in any case."""
    ours = Item(sku="tea", name="ours", price=1, currency="VND", barcodes=("b1",), tax_rate_bp=500, category="drinks")
    shelf.stores.catalogue.put_items([ours], at(0))
    shelf.take(thing("k1", "tea"), owners={**ALL_OURS, field: "channel"})
    theirs = {"name": "theirs", "price": 10, "barcodes": ("btea",), "tax_rate_bp": 800}
    column = "tax_rate_bp" if field == "tax" else field
    assert shelf.items()["tea"] == msgspec.structs.replace(ours, **{column: theirs[column]})


def test_where_the_hub_names_things_what_it_does_not_have_is_parked(shelf: Shelf) -> None:
    """Taken in once somebody has added it; and nothing is taken away by the channel's word."""
    shelf.take(thing("k1", "tea"), owners=ALL_OURS)
    assert (shelf.items(), shelf.linked()) == ({}, {})
    assert "not in the hub's catalogue" in shelf.waiting()["k1"]
    shelf.stores.catalogue.put_items([Item(sku="tea", name="ours", price=1, currency="VND")], at(1))
    shelf.take(thing("k1", "tea"), owners=ALL_OURS)
    assert (shelf.linked(), shelf.waiting()) == ({"tea": "k1"}, {})
    shelf.take(thing("k1", "tea", deleted=True), owners=ALL_OURS)
    assert (shelf.linked(), set(shelf.items())) == ({}, {"tea"})


def test_a_link_that_a_person_made_wins(shelf: Shelf) -> None:
    """Their SKU is another; the item that is meant is changed, and none is made of theirs."""
    shelf.stores.catalogue.put_items([Item(sku="tea", name="ours", price=1, currency="VND")], at(0))
    shelf.links.put("web", [LinkRow("item", "tea", "k1", {}, by_hand=True)], at(1))
    shelf.take(thing("k1", "green-tea"), thing("k2", "tea"))
    assert {sku: item.price for sku, item in shelf.items().items()} == {"tea": 10}
    assert shelf.linked() == {"tea": "k1"}
    assert "SKU tea is 'k1' there already" in shelf.waiting()["k2"]


def test_a_thing_that_gets_another_sku_is_linked_anew(shelf: Shelf) -> None:
    """The old link ends, with its item, if nobody has any of it."""
    shelf.take(thing("k1", "tea"))
    shelf.take(thing("k1", "green-tea"))
    assert (shelf.linked(), set(shelf.items())) == ({"green-tea": "k1"}, {"green-tea"})


def test_two_things_of_one_sku_are_not_mixed(shelf: Shelf) -> None:
    """The second is parked until the first is gone."""
    shelf.take(thing("k1", "tea"), thing("k2", "tea", price=99))
    assert (shelf.linked(), shelf.items()["tea"].price, set(shelf.waiting())) == ({"tea": "k1"}, 10, {"k2"})
    shelf.take(thing("k1", "tea", deleted=True), thing("k2", "tea", price=99))
    assert (shelf.linked(), shelf.items()["tea"].price, shelf.waiting()) == ({"tea": "k2"}, 99, {})


@pytest.mark.parametrize("why", ["stock", "part", "other_channel"])
def test_what_is_needed_stays_when_the_channel_deletes_it(shelf: Shelf, why: str) -> None:
    """A store has some, a bundle consists of it, another channel sells it; else it goes."""
    shelf.take(thing("k1", "tea"), thing("k2", "pho"))
    hanoi = StoreId("hanoi")
    shelf.stores.fleet.add_store(hanoi, Settings(store_name="Hanoi"), Key(b"f" * 32), at(0))
    match why:
        case "stock":
            set_stock(shelf.stores.ledger, hanoi, {Sku("tea"): 1_000}, at(1))
        case "part":
            pack = Item(sku="tea6", name="six", price=5, currency="VND", pack_of="tea", pack_size=6_000)
            shelf.stores.catalogue.put_items([pack], at(1))
        case _:
            shelf.links.put("square", [LinkRow("item", "tea", "s1")], at(1))
    shelf.take(thing("k1", "tea", deleted=True), thing("k2", "pho", deleted=True))
    assert shelf.linked() == {}
    assert "tea" in shelf.items()
    assert "pho" not in shelf.items()


def test_a_page_of_another_process_writes_nothing(shelf: Shelf) -> None:
    """The cursor and what was taken in go together."""
    with pytest.raises(LeaseLost):
        shelf.catalogue.take(
            [thing("k1", "tea")],
            PageEnd("web", "catalogue", "somebody else", "9"),
            CatalogueRules(lambda _, t: t),
            at(5),
        )
    assert (shelf.items(), shelf.linked()) == ({}, {})


def test_ten_thousand_things_hold_the_catalogue_for_a_moment_each_time(shelf: Shelf) -> None:
    """A transaction takes a part; the cursor moves with the last."""
    many = [thing(f"k{number}", f"sku{number}") for number in range(AT_ONCE * 2 + 1)]
    before = shelf.stores.feeds.heads()
    begun_s = time.perf_counter()
    shelf.take(*many, cursor="all")
    assert time.perf_counter() - begun_s < 60
    assert len(shelf.items()) == len(shelf.linked()) == len(many)
    after = shelf.stores.feeds.heads()
    assert sum(after[feed] - before[feed] for feed in before) == 3
    assert shelf.parts.state("web", "catalogue").cursor == "all"


def test_the_shop_chooses_who_is_right_and_a_wrong_word_is_named() -> None:
    """The kind's manifest has the defaults."""
    manifest = manifest_of(lambda _: None, ports=frozenset({"catalogue"}), owner={"price": "hub"})  # type: ignore[arg-type,return-value]
    assert [setting.name for setting in owner_settings(manifest)] == [f"owner_{field}" for field in ALL_THEIRS]
    assert owners_of("web", manifest, complete("web", manifest, {}))["price"] == "hub"
    assert owners_of("web", manifest, complete("web", manifest, {"owner_price": "channel"}))["price"] == "channel"
    with pytest.raises(ConfigError, match="owner_tax is 'nobody'; write hub or channel"):
        complete("web", manifest, {"owner_tax": "nobody"})
    assert not owner_settings(replace(manifest, ports=frozenset({"orders"})))
