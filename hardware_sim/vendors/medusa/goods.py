"""Products, levels and reservations."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hardware_sim.vendors.medusa.shop import (
    ZERO,
    Json,
    Level,
    Query,
    Shop,
    chosen,
    invalid,
    listing,
    not_allowed,
    not_found,
    number,
    required,
    strict,
    the,
)

UNIQUE = ("sku", "ean", "upc", "barcode")


def create_product(shop: Shop, body: Json) -> Json:
    """A product with its variants, and an inventory item for each that has a SKU."""
    strict(
        body,
        "title",
        "handle",
        "status",
        "shipping_profile_id",
        "options",
        "sales_channels",
        "variants",
        "metadata",
        "description",
    )
    product: Json = {
        "id": shop.new("prod"),
        "title": required(body, "title"),
        "status": body.get("status", "draft"),
        "updated_at": shop.stamp(),
        "created_at": shop.stamp(),
    }
    variants = [_variant(shop, product, one) for one in body.get("variants", [])]
    shop.products[product["id"]] = product
    return {"product": {**product, "variants": variants}}


def _variant(shop: Shop, product: Json, body: Json) -> Json:
    strict(
        body,
        "title",
        "sku",
        "barcode",
        "ean",
        "upc",
        "manage_inventory",
        "allow_backorder",
        "options",
        "prices",
        "metadata",
    )
    for name in UNIQUE:
        _unique(shop, name, body.get(name), "")
    now = shop.stamp()
    variant: Json = {
        "id": shop.new("variant"),
        "product_id": product["id"],
        "title": required(body, "title"),
        **{name: body.get(name) for name in UNIQUE},
        "manage_inventory": body.get("manage_inventory", True),
        "allow_backorder": body.get("allow_backorder", False),
        "prices": [_price(shop, price) for price in body.get("prices", [])],
        "created_at": now,
        "updated_at": now,
        "inventory_items": [],
    }
    if variant["manage_inventory"]:
        item: Json = {"id": shop.new("iitem"), "sku": variant["sku"]}
        shop.items[item["id"]] = item
        variant["inventory_items"] = [
            {"inventory_item_id": item["id"], "variant_id": variant["id"], "required_quantity": 1}
        ]
    shop.variants[variant["id"]] = variant
    return variant


def update_product(shop: Shop, product: str, body: Json) -> Json:
    """Moves the product's `updated_at` and not its variants'."""
    row = the(shop.products, product, "Product")
    row |= strict(body, "title", "status", "metadata", "description") | {"updated_at": shop.stamp()}
    return {"product": row}


def update_variant(shop: Shop, variant: str, body: Json) -> Json:
    """Moves the variant's `updated_at` and not its product's."""
    row = the(shop.variants, variant, "Variant")
    strict(body, "title", "prices", *UNIQUE, "metadata", "allow_backorder")
    for name in UNIQUE:
        _unique(shop, name, body.get(name), variant)
    if "prices" in body:
        row["prices"] = [_price(shop, price) for price in body["prices"]]
    row |= {name: body[name] for name in body if name != "prices"} | {"updated_at": shop.stamp()}
    return {"product": shop.products[row["product_id"]]}


def delete_variant(shop: Shop, variant: str) -> Json:
    """Gone from every list at once, its inventory item too."""
    row = the(shop.variants, variant, "Variant")
    del shop.variants[variant]
    for use in row["inventory_items"]:
        shop.items.pop(use["inventory_item_id"], None)
    return {"id": variant, "object": "variant", "deleted": True}


def list_variants(shop: Shop, query: Query) -> Json:
    """Filtered by id and by what is unique."""
    rows = list(shop.variants.values())
    for name in ("id", *UNIQUE):
        if (values := chosen(query, name)) is not None:
            rows = [row for row in rows if row[name] in values]
    return listing([{**row, "product": shop.products[row["product_id"]]} for row in rows], query, "variants")


def list_products(shop: Shop, query: Query) -> Json:
    """With their variants."""
    rows = [
        {**row, "variants": [one for one in shop.variants.values() if one["product_id"] == row["id"]]}
        for row in shop.products.values()
    ]
    return listing(rows, query, "products")


def _price(shop: Shop, body: Json) -> Json:
    return {
        "id": shop.new("price"),
        "amount": number(required(body, "amount")),
        "currency_code": required(body, "currency_code"),
        "min_quantity": body.get("min_quantity"),
        "max_quantity": body.get("max_quantity"),
        "rules": body.get("rules", {}),
    }


def _unique(shop: Shop, name: str, value: object, own: str) -> None:
    if value and any(row[name] == value and row["id"] != own for row in shop.variants.values()):
        raise invalid(f"Product variant with {name}: {value}, already exists.")


# levels


def level_json(item: str, location: str, level: Level, *, stale: Decimal | None = None) -> Json:
    """A level; `stale` stands for the available quantity of before, which some answers have."""
    return {
        "id": level.id,
        "inventory_item_id": item,
        "location_id": location,
        "stocked_quantity": level.stocked,
        "reserved_quantity": level.reserved,
        "available_quantity": level.stocked - level.reserved if stale is None else stale,
        "updated_at": level.updated_at,
    }


def list_items(shop: Shop, query: Query) -> Json:
    """Inventory items with all their levels."""
    rows = list(shop.items.values())
    for name in ("id", "sku"):
        if (values := chosen(query, name)) is not None:
            rows = [row for row in rows if row[name] in values]
    return listing(
        [
            {
                **row,
                "location_levels": [
                    level_json(*spot, level) for spot, level in shop.levels.items() if spot[0] == row["id"]
                ],
            }
            for row in rows
        ],
        query,
        "inventory_items",
        default=20,
    )


def create_level(shop: Shop, item: str, location: str, stocked: Decimal) -> Level:
    """A new level; its location is not looked at, unless the route does."""
    if item not in shop.items:
        raise not_found(f"InventoryItem with id: {item} was not found")
    if (item, location) in shop.levels:
        raise invalid(f"Inventory level with item_id: {item}, location_id: {location}, already exists.")
    level = shop.levels[item, location] = Level(shop.new("ilev"), stocked, updated_at=shop.stamp())
    return level


def set_levels(shop: Shop, body: Json) -> Json:
    """The batch: all or nothing, absolute, the last of a double wins, with an old `available_quantity`."""
    strict(body, "create", "update", "delete", "force")
    updates = [_level_body(one) for one in body.get("update", [])]
    for item, location, _ in updates:
        if (item, location) not in shop.levels:
            raise not_found(f"Item {item} is not stocked at location {location}")
    created = [
        (item, location, create_level(shop, item, location, stocked))
        for item, location, stocked in map(_level_body, body.get("create", []))
    ]
    updated = []
    for item, location, stocked in updates:
        level = shop.levels[item, location]
        before = level.stocked - level.reserved
        level.stocked, level.updated_at = stocked, shop.stamp()
        updated.append(level_json(item, location, level, stale=before))
    return {"created": [level_json(*one) for one in created], "updated": updated, "deleted": []}


def _level_body(body: Json) -> tuple[str, str, Decimal]:
    strict(body, "inventory_item_id", "location_id", "stocked_quantity", "incoming_quantity", "id")
    stocked = number(required(body, "stocked_quantity"))
    if stocked < 0:
        raise invalid("Invalid request: Value for field 'stocked_quantity' too small, expected at least: '0'")
    return required(body, "inventory_item_id"), required(body, "location_id"), stocked


# reservations


def list_reservations(shop: Shop, query: Query) -> Json:
    """Filtered by item, location and line."""
    rows = list(shop.reservations.values())
    for name in ("inventory_item_id", "location_id", "line_item_id"):
        if (values := chosen(query, name)) is not None:
            rows = [row for row in rows if row[name] in values]
    return listing(rows, query, "reservations", default=20)


def reserve(shop: Shop, item: str, location: str, quantity: Decimal, line: str | None) -> Json:
    """Keep so much; refused when there is less, under a lock: safe at any time."""
    level = shop.levels.get((item, location))
    if level is None or level.stocked - level.reserved < quantity:
        raise not_allowed(f"Not enough stock available for item {item} at location {location}")
    level.reserved += quantity
    level.updated_at = shop.stamp()
    row: Json = {
        "id": shop.new("resitem"),
        "inventory_item_id": item,
        "location_id": location,
        "quantity": quantity,
        "line_item_id": line,
        "created_at": shop.stamp(),
        "updated_at": shop.stamp(),
    }
    shop.reservations[row["id"]] = row
    return row


def release(shop: Shop, lines: Iterable[str], quantity: Decimal | None = None) -> None:
    """Give up what is kept for lines, or so much of it."""
    wanted = set(lines)
    for key, row in list(shop.reservations.items()):
        if row["line_item_id"] in wanted:
            part = row["quantity"] if quantity is None else min(quantity, row["quantity"])
            level = shop.levels[row["inventory_item_id"], row["location_id"]]
            level.reserved -= part
            level.updated_at = shop.stamp()
            row["quantity"] -= part
            if row["quantity"] <= ZERO:
                del shop.reservations[key]


def move(shop: Shop, item: str, location: str, delta: Decimal) -> None:
    """Take out or put back, relative to what is there."""
    level = shop.levels.get((item, location))
    if level is None:
        raise not_found(f"Item {item} is not stocked at location {location}")
    level.stocked += delta
    level.updated_at = shop.stamp()


# our companion


def companion_levels(shop: Shop, body: Json) -> Json:
    """Levels of some items, each with how often the hub has set it, and what is kept of them."""
    wanted = set(body["inventory_item_ids"])
    return {
        "levels": [
            level_json(*spot, level) | {"revision": level.revision}
            for spot, level in shop.levels.items()
            if spot[0] in wanted
        ],
        "reservations": [row for row in shop.reservations.values() if row["inventory_item_id"] in wanted],
    }


def companion_adjust(shop: Shop, body: Json) -> Json:
    """Add deltas, each once per revision."""
    answers = []
    for one in body["adjustments"]:
        item, location = one["inventory_item_id"], one["location_id"]
        level = shop.levels.get((item, location)) or create_level(shop, item, location, ZERO)
        applied = level.revision == one["revision"]
        if applied:
            move(shop, item, location, number(one["delta"]))
            level.revision += 1
        answers.append(level_json(item, location, level) | {"revision": level.revision, "applied": applied})
    return {"levels": answers}
