"""Goods in, people both ways, and signing in."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal

import httpx
import pytest

from hub.channels.ports import CatalogueSource, Channel, ChannelCustomer, ChannelItem, CustomerSync, Page
from hub.errors import ChannelUnauthorised, ChannelUnavailable
from tests.contract.medusa.bed import Bed
from tests.contract.medusa.wires import BreakingWire

ROUNDS = 60


def goods(channel: Channel) -> CatalogueSource:
    """A port under test."""
    assert channel.catalogue is not None
    return channel.catalogue


def people(channel: Channel) -> CustomerSync:
    """A port under test."""
    assert channel.customers is not None
    return channel.customers


def asked(catalogue: CatalogueSource, cursor: str) -> tuple[Sequence[ChannelItem], str, Page[ChannelItem]]:
    """Ask until there is nothing more."""
    found: dict[str, ChannelItem] = {}
    for _ in range(ROUNDS):
        page = catalogue.changed(cursor)
        found.update({item.key: item for item in page.found})
        cursor = page.cursor
        if not page.more:
            return list(found.values()), cursor, page
    raise AssertionError("it never ends")


def test_goods_come_with_price_and_barcode(bed: Bed) -> None:
    """Money in minor units, exactly; ids for the mapping beside it."""
    thing = bed.thing(price="12.34")
    found, _, _ = asked(goods(bed.connect()), "")
    item = next(one for one in found if one.key == thing.variant)
    assert (item.item.sku, item.item.price, item.item.currency) == (thing.sku, 1234, "EUR")
    assert item.item.barcodes == (f"B-{thing.sku}",)
    assert item.item.name == f"Thing {thing.sku}"
    assert dict(item.place) == {"product": thing.product, "inventory_item": thing.item}


def test_changes_of_a_variant_and_of_its_product_are_heard_of(bed: Bed) -> None:
    """A price moves the variant's time, a title the product's; both come with the next question."""
    thing = bed.thing(price="1.00")
    catalogue = goods(bed.connect())
    _, cursor, _ = asked(catalogue, "")
    path = f"/admin/products/{thing.product}"
    bed.post(f"{path}/variants/{thing.variant}", {"prices": [{"currency_code": "eur", "amount": Decimal("2.50")}]})
    found, cursor, _ = asked(catalogue, cursor)
    assert next(one for one in found if one.key == thing.variant).item.price == 250
    bed.post(path, {"title": "Quite another name"})
    for _ in range(3):
        found, cursor, _ = asked(catalogue, cursor)
        if any(one.item.name == "Quite another name" for one in found):
            return
    raise AssertionError("the new title never came")


def test_a_price_with_parts_of_a_cent_is_parked(bed: Bed) -> None:
    """It is not rounded behind anybody's back."""
    thing = bed.thing(price="1.999")
    unread = {}
    cursor = ""
    for _ in range(ROUNDS):
        page = goods(bed.connect()).changed(cursor)
        unread.update({one.key: one for one in page.unread})
        cursor = page.cursor
        if not page.more:
            break
    assert "1.999" in unread[thing.variant].why


def test_what_was_deleted_is_gone(bed: Bed) -> None:
    """Medusa lists it no more and says nothing: the known ones are gone through, and the missing are told."""
    thing = bed.thing()
    catalogue = goods(bed.connect())
    _, cursor, _ = asked(catalogue, "")
    bed.http.delete(f"/admin/products/{thing.product}/variants/{thing.variant}").raise_for_status()
    found, _, _ = asked(catalogue, cursor)
    assert [(one.item.sku, one.deleted) for one in found if one.key == thing.variant] == [(thing.sku, True)]


def test_locations_are_told(bed: Bed) -> None:
    """For the mapping."""
    assert {place.name for place in goods(bed.connect()).locations()} >= {"Store A", "Store B", "Web warehouse"}


def test_a_person_is_added_once_and_found_by_address_and_number(bed: Bed) -> None:
    """Addresses in lower case, numbers compared; who is there already is changed."""
    word = bed.serial()
    phone = f"+49151{zlib.crc32(word.encode()) % 10**8:08d}"  # of her own: a test bed keeps the people of earlier runs
    who = ChannelCustomer(
        key="", version="", name="Anna Nguyễn", email=f"Anna-{word}@Example.Test", phone=phone, ours=word,
        consent=True,
    )  # fmt: skip
    sync = people(bed.connect())
    key = sync.put(who)
    assert sync.put(who) == key
    found = sync.find(f"ANNA-{word}@example.test", "")
    assert [(one.key, one.name, one.email, one.ours, one.consent) for one in found] == [
        (key, "Anna Nguyễn", f"anna-{word}@example.test".lower(), word, True)
    ]
    assert key in {one.key for one in sync.find("", phone)}
    assert sync.find(f"nobody-{word}@example.test", "") == []


def test_people_who_changed_are_heard_of(bed: Bed) -> None:
    """Also those who bought as guests."""
    sync = people(bed.connect())
    word = bed.serial().lower()
    bed.checkout({bed.thing({"Web warehouse": 1}): 1}, email=f"{word}@example.test")
    cursor = ""
    for _ in range(ROUNDS):
        page = sync.changed(cursor)
        if any(one.email == f"{word}@example.test" for one in page.found):
            return
        cursor = page.cursor
    raise AssertionError("she never came")


def test_a_token_that_is_refused_is_renewed_once(bed: Bed, wire: BreakingWire) -> None:
    """A Medusa that was set up anew knows no old tokens."""
    channel = bed.connect(wire)
    goods(channel).locations()
    wire.answer("GET", "/admin/stock-locations", httpx.Response(401, json={"message": "Unauthorized"}))
    assert goods(channel).locations()
    assert wire.calls.count("POST /auth/user/emailpass") == 2


def test_a_wrong_password_is_unauthorised_and_not_told(bed: Bed) -> None:
    """The message says what to check, and no secret."""
    with pytest.raises(ChannelUnauthorised) as caught:
        goods(bed.connect(password="a-wrong-one")).locations()  # noqa: S106 - made up
    assert "a-wrong-one" not in str(caught.value)
    assert "Invalid email or password" in str(caught.value)


@pytest.mark.parametrize(("given", "expected"), [({"retry-after": "7"}, 7.0), ({}, None)])
def test_being_asked_to_wait_is_unavailable_with_the_time(
    bed: Bed, wire: BreakingWire, given: dict[str, str], expected: float | None
) -> None:
    """429, with and without Retry-After."""
    channel = bed.connect(wire)
    wire.answer("GET", "/admin/stock-locations", httpx.Response(429, headers=given, text="slow down"))
    with pytest.raises(ChannelUnavailable) as caught:
        goods(channel).locations()
    assert caught.value.retry_after_s == expected
