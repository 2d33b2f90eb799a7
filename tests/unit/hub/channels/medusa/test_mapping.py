"""Medusa's words in ours: real answers of a Medusa 2.21.2, and all amounts and receipts that there may be."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from hub.channels.links import Link, Links
from hub.channels.medusa.answers import Collection, Customer, Order, Price, Variant
from hub.channels.medusa.mapping import (
    ShopWords,
    Untranslatable,
    customer_body,
    customer_of,
    e164,
    is_settled,
    item_of,
    major_units,
    minor_units,
    order_of,
    pieces,
    thousandths,
)
from hub.channels.medusa.receipts import DraftItem, draft_of, next_step
from hub.channels.ports import ChannelCustomer, TillReceipt
from hub.errors import UnmappedWord
from protocol.events import SaleCompleted, SaleLine, SaleRefunded, Tender
from protocol.money import decimals

ANSWERS = Path(__file__).parent / "answers"
AT = datetime(2026, 11, 28, 23, 47, tzinfo=UTC)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """As JSON, one file each."""
    return snapshot.use_extension(JSONSnapshotExtension)


def answer(name: str) -> bytes:
    """What the real server answered."""
    return (ANSWERS / name).read_bytes()


def order_answer(name: str) -> Order:
    """An order of the real server's."""
    return msgspec.convert(msgspec.json.Decoder(float_hook=Decimal).decode(answer(name))["order"], Order)


def words(order: Order, **pickups: str) -> ShopWords:
    """A mapping of all that an order names."""
    links = [Link("item", line.variant_sku or "", line.variant_id or "") for line in order.items]
    places = {parcel.location_id for parcel in order.fulfillments or ()} | {"sloc_pickup"}
    links += [Link("location", f"store-{number}", place) for number, place in enumerate(sorted(filter(None, places)))]
    return ShopWords("web", Links("web", links), ("sc_pos",), pickups)


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """As JSON."""
    return msgspec.to_builtins(value, builtin_types=(), enc_hook=str)


@pytest.mark.parametrize("name", ["order-placed", "order-returned", "order-cancelled"])
def test_real_orders_are_translated(name: str, snapshot: SnapshotAssertion) -> None:
    """Placed; sent in two parcels (one a till's) with two of three sent back and a damaged one; cancelled."""
    order = order_answer(f"{name}.json")
    assert plain(asdict(order_of(order, b"", words(order)))) == snapshot


def test_real_variants_are_translated(snapshot: SnapshotAssertion) -> None:
    """Price, barcode, name, and the ids that the stock goes by."""
    read = msgspec.json.decode(answer("variants.json"))["variants"]
    variants = msgspec.json.decode(msgspec.json.encode(read), type=list[Variant])
    assert plain([asdict(item_of(variant, "EUR")) for variant in variants]) == snapshot


def test_a_real_customer_is_translated(snapshot: SnapshotAssertion) -> None:
    """With her number in E.164, her consent, and who she is with us."""
    read = msgspec.json.decode(answer("customer.json"))["customer"]
    assert plain(asdict(customer_of(msgspec.convert(read, Customer)))) == snapshot


def test_a_pickup_is_for_its_store() -> None:
    """The customer's choice is our store, behind the shipping option's location."""
    order = order_answer("order-placed.json")
    assert order.shipping_methods is not None
    option = order.shipping_methods[0].shipping_option_id or ""
    told = order_of(order, b"", words(order, **{option: "sloc_pickup"}))
    assert (told.head.way, told.head.store) == ("pickup", "store-0")


@pytest.mark.parametrize(
    ("status", "seconds", "settled"),
    [("authorized", 0, True), ("completed", 0, True), ("not_paid", 0, False), ("not_paid", 20, True), (None, 1, False)],
)
def test_an_order_that_may_yet_vanish_is_not_taken(status: str | None, seconds: int, settled: bool) -> None:
    """Medusa makes an order before its stock and its money are certain, and deletes it where they are not to be had."""
    collections = (Collection(id="pay_col", status=status, amount=Decimal(1)),) if status else ()
    order = Order(id="order_1", created_at=AT, payment_collections=collections)
    assert is_settled(order, AT + timedelta(seconds=seconds)) is settled


def test_our_own_orders_need_no_mapping() -> None:
    """A till's sale comes back by its metadata or its sales channel, and nothing of it must be mapped."""
    order = order_answer("order-placed.json")
    nothing = ShopWords("web", Links("web", ()), ("sc_pos",), {})
    with pytest.raises(UnmappedWord):
        order_of(order, b"", nothing)
    for own in (
        msgspec.structs.replace(order, metadata={"pos_sale_id": "sale-1"}),
        msgspec.structs.replace(order, sales_channel_id="sc_pos"),
    ):
        told = order_of(own, b"", nothing)
        assert told.own
        assert told.lines == ()


def test_half_a_change_and_the_whole_change_are_two_versions() -> None:
    """Medusa's stamp may be that of the whole change already: what is told makes the version, too."""
    order = order_answer("order-returned.json")
    half = msgspec.structs.replace(order, fulfillments=())
    assert order_of(order, b"", words(order)).version != order_of(half, b"", words(order)).version


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "VND", "KWD"]))
def test_money_goes_there_and_back_exactly(amount: int, currency: str) -> None:
    """Two decimals, none, three; never a float."""
    assert minor_units(major_units(amount, currency), currency) == amount


@given(st.integers(0, 10**12))
def test_quantities_go_there_and_back_exactly(quantity: int) -> None:
    """And are written without an exponent, which JSON of theirs would take and people would not."""
    assert thousandths(pieces(quantity)) == quantity
    assert "E" not in str(pieces(quantity))


def test_parts_of_the_smallest_coin_are_not_rounded() -> None:
    """A price of 1.999 EUR, or of half a dong, is for a person to decide."""
    for amount, currency in ((Decimal("1.999"), "EUR"), (Decimal("0.5"), "VND")):
        with pytest.raises(Untranslatable, match="smallest coin"):
            minor_units(amount, currency)
    with pytest.raises(Untranslatable, match="three decimals"):
        thousandths(Decimal("0.0001"))


def variant(**changes: object) -> Variant:
    """A variant that can be translated, but for what is changed."""
    given: dict[str, Any] = {
        "id": "variant_1", "updated_at": AT, "sku": "A-1",
        "prices": (Price(amount=Decimal("1.99"), currency_code="eur"),),
    }  # fmt: skip
    return Variant(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sku": None}, "has no SKU"),
        ({"sku": "X" * 65}, "more than 64"),
        ({"prices": ()}, "no price in EUR"),
        ({"prices": (Price(amount=Decimal(1), currency_code="usd"),)}, "no price in EUR"),
        ({"prices": (Price(amount=Decimal(1), currency_code="eur", min_quantity=Decimal(10)),)}, "no price in EUR"),
        ({"prices": (Price(amount=Decimal(1), currency_code="eur", rules={"region_id": "reg"}),)}, "no price in EUR"),
        ({"barcode": "9" * 65}, "barcodes"),
    ],
)
def test_what_is_no_item_says_why(changes: dict[str, object], why: str) -> None:
    """With the remedy, where there is one."""
    with pytest.raises(Untranslatable, match=why):
        item_of(variant(**changes), "EUR")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+84 90 123 4567", "+84901234567"),
        ("0049 (170) 123-4567", "+491701234567"),
        ("090 123 4567", ""),
        ("+0123", ""),
        ("call me", ""),
    ],
)
def test_numbers_are_international_or_nothing(written: str, number: str) -> None:
    """A number without its country is nobody's."""
    assert e164(written) == number


def test_what_is_not_known_of_a_person_is_not_written() -> None:
    """An empty field of ours wipes nothing out there."""
    body = customer_body(ChannelCustomer(key="cus_1", version="", name="An", email=" AN@Example.Test "))
    assert body == {"first_name": "An", "last_name": "", "email": "an@example.test"}


# receipts

LINES = st.lists(
    st.builds(
        lambda quantity, amount: SaleLine(sku="A-1", name="Thing", quantity=quantity, unit_price=amount, amount=amount),
        st.one_of(st.integers(1, 40).map(lambda whole: whole * 1000), st.integers(1, 30_000), st.just(0)),
        st.integers(0, 10**8),
    ),
    max_size=300,
)


def receipt(lines: list[SaleLine], *, currency: str = "EUR", tax: int = 0, back: bool = False) -> TillReceipt:
    """A till's receipt; with `tax` on top of its prices."""
    total = sum(line.amount for line in lines) + tax
    make = SaleRefunded if back else SaleCompleted
    data = make(
        receipt_number="R-1", business_day=date(2026, 11, 28), currency=currency, cashier="an", lines=tuple(lines),
        tenders=(Tender(kind="cash", amount=total),), total=total, tax_total=tax, tax_included=not tax,
    )  # fmt: skip
    return TillReceipt("sale-1", "hanoi", "till-1", AT, data)


@given(LINES, st.sampled_from(["EUR", "VND", "KWD"]), st.integers(0, 10**6), st.booleans())
def test_a_record_has_the_tills_total_to_the_smallest_coin(
    lines: list[SaleLine], currency: str, tax: int, back: bool
) -> None:
    """Whatever was cut, weighed or taxed: whole quantities, prices that the currency can write, the same sum."""
    told = receipt(lines, currency=currency, tax=tax, back=back)
    body = draft_of(told, region="reg", sales_channel="sc")
    items = body["items"]
    assert isinstance(items, list)
    assert 1 <= len(items) <= 252
    assert all(isinstance(item, DraftItem) and item.quantity >= 1 for item in items)
    total = sum(minor_units(item.unit_price, currency) * item.quantity for item in items)
    assert total == (-told.data.total if back else told.data.total)
    assert all(-item.unit_price.as_tuple().exponent <= decimals(currency) for item in items)


def test_a_draft_is_written_like_this(snapshot: SnapshotAssertion) -> None:
    """No variant, no shipping address: it moves no stock and is not taxed again."""
    lines = [
        SaleLine(
            sku="COLA-330", name="Cola 330 ml", quantity=3000, unit_price=350, amount=1000, barcode="4006381333931"
        ),
        SaleLine(sku="APPLE", name="Apples", quantity=642, unit_price=333, amount=214),
    ]
    assert plain(draft_of(receipt(lines), region="reg_1", sales_channel="sc_1", customer="cus_1")) == snapshot


@pytest.mark.parametrize(
    ("order", "step"),
    [
        (Order(id="o", status="draft", is_draft_order=True, total=Decimal(1)), "convert"),
        (Order(id="o", status="pending", total=Decimal(1)), "collect"),
        (Order(id="o", status="pending", total=Decimal(0)), "complete"),
        (Order(id="o", status="pending", total=Decimal(-1)), "complete"),
        (Order(id="o", status="completed", total=Decimal(1)), None),
        (Order(id="o", status="canceled", total=Decimal(1)), None),
    ],
)
def test_the_next_step_is_read_off_the_order(order: Order, step: str | None) -> None:
    """So that whoever comes next goes on where somebody stopped."""
    assert next_step(order) == step
