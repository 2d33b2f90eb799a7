"""Square's catalogue, as it comes in."""

from __future__ import annotations

from hub.channels.ports import ChannelItem, Unread
from tests.contract.square.shop import Shop, read_all


def _all(shop: Shop, cursor: str = "") -> tuple[list[ChannelItem], list[Unread], str]:
    assert shop.channel.catalogue is not None
    return read_all(shop.channel.catalogue.changed, cursor)


def test_all_variations_come_with_price_barcode_and_tax(shop: Shop) -> None:
    """The first look brings everything that is sold, a variation a SKU."""
    found, unread, _ = _all(shop)
    assert unread == []
    by_sku = {each.item.sku: each for each in found}
    assert {sku: (each.item.name, each.item.price, each.item.currency) for sku, each in by_sku.items()} == {
        "A-1": ("Tea A-1", 250, "GBP"), "B-1": ("Cup B-1", 700, "GBP"), "B-2": ("Cup B-2", 800, "GBP"),
    }  # fmt: skip
    assert by_sku["A-1"].item.tax_rate_bp == 2000
    assert by_sku["B-1"].key == shop.goods["B-1"]
    assert len(by_sku["A-1"].item.barcodes) == 1


def test_only_changes_come_afterwards_and_a_deleted_thing_is_one(shop: Shop) -> None:
    """A price and a deletion are told once they happen."""
    shop.clock.forward(minutes=5)
    _, _, cursor = _all(shop)
    shop.clock.forward(minutes=5)
    shop.people.reprice(shop.goods["B-1"], 750)
    shop.people.delist(shop.goods["B-2"])
    found, _, _ = _all(shop, cursor)
    told = {(each.item.sku, each.deleted, each.item.price if not each.deleted else None) for each in found}
    assert told == {("B-1", False, 750), ("B-2", True, None)}


def test_pages_are_read_to_the_end_however_empty_one_is(shop: Shop) -> None:
    """An empty page that carries a cursor is no end."""
    shop.world.page_max, shop.world.hollow = 1, 3
    found, _, _ = _all(shop)
    assert {each.item.sku for each in found} == {"A-1", "B-1", "B-2"}


def test_a_thing_without_a_sku_is_parked_with_its_bytes(shop: Shop) -> None:
    """Nobody can tell what it is, so a person is asked."""
    shop.people.list_item("Gift wrap", {"": 100})
    found, unread, _ = _all(shop)
    assert len(found) == 3
    assert [each.kind for each in unread] == ["item"]
    assert "no SKU" in unread[0].why
    assert b"Regular" in unread[0].raw


def test_locations_are_told_the_closed_ones_too(shop: Shop) -> None:
    """For the mapping."""
    assert shop.channel.catalogue is not None
    assert [place.name for place in shop.channel.catalogue.locations()] == ["High Street", "Station"]
