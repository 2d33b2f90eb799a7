"""A shop to begin with: two stores and a warehouse, each with a sales channel of its own, three things to sell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from hardware_sim.vendors.medusa import goods
from hardware_sim.vendors.medusa.shop import Json, Shop

PUBLISHABLE_KEY = "pk_simulated"
_PLACES = (
    ("Store A", "POS Store A", "pickup"),
    ("Store B", "POS Store B", "pickup"),
    ("Web warehouse", "web", "shipping"),
)
_GOODS = (
    ("COLA-330", "Cola 330 ml", "4006381333931", "1.99"),
    ("CHIPS-200", "Chips 200 g", "4006381333948", "2.49"),
    ("WATER-1L", "Water 1 l", "4006381333955", "0.79"),
)


def seeded(now: Callable[[], datetime], *, companion: bool = False) -> Shop:
    """A shop with all of that."""
    shop = Shop(now, companion=companion)
    shop.regions[shop.new("reg")] = "eur"
    for name, channel, kind in _PLACES:
        place, sales = shop.new("sloc"), shop.new("sc")
        shop.locations[place], shop.channels[sales] = name, channel
        shop.linked[sales] = [place]
        option = shop.new("so")
        shop.options[option] = {
            "id": option,
            "name": f"{name} {kind}",
            "amount": Decimal("4.9") if kind == "shipping" else Decimal(0),
            "service_zone": {"fulfillment_set": {"type": kind, "location": {"id": place}}},
        }
        if channel == "web":
            shop.publishable[PUBLISHABLE_KEY] = sales
    for sku, title, ean, price in _GOODS:
        variant = {
            "title": "Default",
            "sku": sku,
            "barcode": ean,
            "ean": ean,
            "prices": [{"amount": Decimal(price), "currency_code": "eur"}],
        }
        made = goods.create_product(shop, {"title": title, "status": "published", "variants": [variant]})
        item = made["product"]["variants"][0]["inventory_items"][0]["inventory_item_id"]
        for place, stocked in zip(shop.locations, (20, 30, 100), strict=True):
            goods.create_level(shop, item, place, Decimal(stocked))
    return shop


def told(shop: Shop, address: str) -> Json:
    """What somebody needs to know to use it, in the words of the real one's test bed."""
    channels = {name: key for key, name in shop.channels.items()}
    places = {name: key for key, name in shop.locations.items()}
    options = {str(row["name"]).rpartition(" ")[0]: key for key, row in shop.options.items()}
    return {
        "url": address,
        "email": shop.email,
        "password": shop.password,
        "publishable_key": PUBLISHABLE_KEY,
        "region": next(iter(shop.regions)),
        "sales_channels": channels,
        "locations": places,
        "shipping_options": options,
        "shipping_profile": "sp_simulated",
    }
