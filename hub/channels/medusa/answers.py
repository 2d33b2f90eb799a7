"""What we read of Medusa's answers, as Medusa calls it. Numbers are decimals, exactly as they were written.

Everything that is not here is skipped. Times come as ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec


class Their(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer of Medusa's."""


class Price(Their, frozen=True, kw_only=True):
    """A price in major units; with `rules` or a least quantity it is not everybody's."""

    amount: Decimal
    currency_code: str
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    rules: dict[str, Any] | None = None


class Uses(Their, frozen=True, kw_only=True):
    """How many of an inventory item one of a variant takes."""

    inventory_item_id: str
    required_quantity: Decimal = Decimal(1)


class Product(Their, frozen=True, kw_only=True):
    """A product, without its variants."""

    id: str
    title: str = ""
    status: str = "published"


class Variant(Their, frozen=True, kw_only=True):
    """What is sold."""

    id: str
    updated_at: datetime
    product_id: str | None = None
    title: str | None = None
    sku: str | None = None
    barcode: str | None = None
    ean: str | None = None
    upc: str | None = None
    product: Product | None = None
    prices: tuple[Price, ...] = ()
    inventory_items: tuple[Uses, ...] = ()


class ItemDetail(Their, frozen=True, kw_only=True):
    """How far a line of an order is."""

    fulfilled_quantity: Decimal = Decimal(0)
    return_received_quantity: Decimal = Decimal(0)


class OrderItem(Their, frozen=True, kw_only=True):
    """A line of an order, as it is after all edits."""

    id: str
    quantity: Decimal
    title: str = ""
    variant_id: str | None = None
    variant_sku: str | None = None
    detail: ItemDetail = ItemDetail()


class FulfilledItem(Their, frozen=True, kw_only=True):
    """What a fulfilment has of a line."""

    quantity: Decimal
    line_item_id: str | None = None


class Fulfilment(Their, frozen=True, kw_only=True):
    """A parcel, as Medusa knows it."""

    id: str
    created_at: datetime
    location_id: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    canceled_at: datetime | None = None
    metadata: dict[str, Any] | None = None
    items: tuple[FulfilledItem, ...] = ()


class ReturnedItem(Their, frozen=True, kw_only=True):
    """What is to come back of a line. How much has come only the line says: `received_quantity` is not true."""

    item_id: str
    quantity: Decimal = Decimal(0)


class Returning(Their, frozen=True, kw_only=True):
    """A return of an order. Its state may stay "partially_received" for good, though all of it has come."""

    id: str
    status: str
    updated_at: datetime
    location_id: str | None = None
    items: tuple[ReturnedItem, ...] = ()


class Address(Their, frozen=True, kw_only=True):
    """Where to, and for whom."""

    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None


class ShippingMethod(Their, frozen=True, kw_only=True):
    """How an order gets to its customer."""

    shipping_option_id: str | None = None


class Refund(Their, frozen=True, kw_only=True):
    """Money given back; `note` is ours where we wrote it."""

    amount: Decimal
    note: str | None = None


class Payment(Their, frozen=True, kw_only=True):
    """Money taken."""

    id: str
    amount: Decimal
    captured_at: datetime | None = None
    refunds: tuple[Refund, ...] = ()


class Collection(Their, frozen=True, kw_only=True):
    """What is to be paid of an order."""

    id: str
    status: str
    amount: Decimal
    payments: tuple[Payment, ...] = ()


class Order(Their, frozen=True, kw_only=True):
    """An order, or a draft of one."""

    id: str
    status: str = ""
    is_draft_order: bool = False
    display_id: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    total: Decimal = Decimal(0)
    currency_code: str = ""
    email: str | None = None
    customer_id: str | None = None
    sales_channel_id: str | None = None
    metadata: dict[str, Any] | None = None
    items: tuple[OrderItem, ...] = ()
    shipping_address: Address | None = None
    shipping_methods: tuple[ShippingMethod, ...] | None = None
    fulfillments: tuple[Fulfilment, ...] | None = None
    returns: tuple[Returning, ...] | None = None
    payment_collections: tuple[Collection, ...] | None = None

    def said(self, name: str) -> str:
        """A word of its metadata, "" if it is not there."""
        value = (self.metadata or {}).get(name)
        return value if isinstance(value, str) else ""


class Customer(Their, frozen=True, kw_only=True):
    """A person; with and without an account there may be two of one address."""

    id: str
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    has_account: bool = False
    metadata: dict[str, Any] | None = None


class Level(Their, frozen=True, kw_only=True):
    """What stands at a location; `available_quantity` is not read, for some answers have an old one."""

    location_id: str
    inventory_item_id: str = ""
    stocked_quantity: Decimal = Decimal(0)
    reserved_quantity: Decimal = Decimal(0)


class InventoryItem(Their, frozen=True, kw_only=True):
    """What has levels."""

    id: str
    sku: str | None = None
    location_levels: tuple[Level, ...] = ()


class Reservation(Their, frozen=True, kw_only=True):
    """What is kept at a location, mostly for a line of an order."""

    id: str
    inventory_item_id: str
    location_id: str
    quantity: Decimal
    line_item_id: str | None = None


class Named(Their, frozen=True, kw_only=True):
    """Something with a name."""

    id: str
    name: str = ""


class Region(Their, frozen=True, kw_only=True):
    """A region has one currency."""

    id: str
    currency_code: str


class _Place(Their, frozen=True, kw_only=True):
    id: str


class _FulfilmentSet(Their, frozen=True, kw_only=True):
    type: str = ""
    location: _Place | None = None


class _Zone(Their, frozen=True, kw_only=True):
    fulfillment_set: _FulfilmentSet | None = None


class ShippingOption(Their, frozen=True, kw_only=True):
    """A way of shipping, or of picking up."""

    id: str
    service_zone: _Zone | None = None

    @property
    def pickup_location(self) -> str:
        """Where it is picked up; "" if it is sent."""
        kept = self.service_zone.fulfillment_set if self.service_zone else None
        return kept.location.id if kept and kept.type == "pickup" and kept.location else ""


class Answer(Their, frozen=True, kw_only=True):
    """The words under which Medusa's answers have their parts. `Raw` ones are read one by one, for one may be bad."""

    variants: tuple[msgspec.Raw, ...] = ()
    products: tuple[msgspec.Raw, ...] = ()
    orders: tuple[msgspec.Raw, ...] = ()
    draft_orders: tuple[msgspec.Raw, ...] = ()
    customers: tuple[msgspec.Raw, ...] = ()
    order: msgspec.Raw = msgspec.Raw()
    draft_order: Order | None = None
    customer: Customer | None = None
    inventory_items: tuple[InventoryItem, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    created: tuple[Level, ...] = ()
    updated: tuple[Level, ...] = ()
    stock_locations: tuple[Named, ...] = ()
    regions: tuple[Region, ...] = ()
    shipping_options: tuple[ShippingOption, ...] = ()
    payment_collection: Collection | None = None
