"""Orders: from a draft or a cart to what comes back. Stock is taken at fulfilment, where the caller says."""

from __future__ import annotations

from hardware_sim.vendors.medusa import goods
from hardware_sim.vendors.medusa.shop import (
    ZERO,
    Json,
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


def order_json(shop: Shop, order: Json) -> Json:
    """An order as it is told: lines that were taken off are not in it any more."""
    items = [item for item in order["items"] if item["quantity"] > ZERO]
    total = sum((item["quantity"] * item["unit_price"] for item in items), ZERO) + order["shipping_total"]
    collections = [one for one in shop.collections.values() if one["order_id"] == order["id"]]
    return {
        **order,
        "items": items,
        "total": total - order["credited"],
        "payment_collections": collections,
        "returns": [one for one in shop.returns.values() if one["order_id"] == order["id"]],
    }


def list_orders(shop: Shop, query: Query, *, drafts: bool) -> Json:
    """Filters that it does not know it ignores, for orders; drafts it refuses."""
    if drafts and any(name.startswith("metadata") for name in query):
        raise invalid("Invalid request: Unrecognized fields: 'metadata'")
    rows = [row for row in shop.orders.values() if row["is_draft_order"] is drafts]
    for name in ("id", "sales_channel_id"):
        if (values := chosen(query, name)) is not None:
            rows = [row for row in rows if row[name] in values]
    for text in query.get("q", ())[:1]:
        rows = [row for row in rows if _found(row, text)]
    name = "draft_orders" if drafts else "orders"
    return listing([order_json(shop, row) for row in rows], query, name, default=15)


def _found(row: Json, text: str) -> bool:
    words = [row["email"], row["custom_display_id"], str(row["display_id"])]
    words += [
        value for address in (row["billing_address"], row["shipping_address"]) for value in (address or {}).values()
    ]
    return any(text in word for word in words if isinstance(word, str))


def new_order(shop: Shop, body: Json, items: list[Json], *, draft: bool) -> Json:
    """An order or a draft of one, in no need of anything but its lines."""
    now = shop.stamp()
    order: Json = {
        "id": shop.new("order"),
        "display_id": 1 + sum(1 for _ in shop.orders),
        "custom_display_id": None,
        "status": "draft" if draft else "pending",
        "is_draft_order": draft,
        "created_at": now,
        "updated_at": now,
        "email": body.get("email"),
        "customer_id": body.get("customer_id"),
        "currency_code": body.get("currency_code", "eur"),
        "sales_channel_id": body.get("sales_channel_id"),
        "metadata": body.get("metadata"),
        "billing_address": body.get("billing_address"),
        "shipping_address": body.get("shipping_address"),
        "shipping_methods": body.get("shipping_methods", []),
        "shipping_total": sum((number(one["amount"]) for one in body.get("shipping_methods", [])), ZERO),
        "items": items,
        "fulfillments": [],
        "credited": ZERO,
    }
    shop.orders[order["id"]] = order
    return order


def new_item(shop: Shop, body: Json) -> Json:
    """A line: a variant, or free text."""
    strict(
        body,
        "title",
        "variant_sku",
        "variant_barcode",
        "sku",
        "barcode",
        "variant_id",
        "unit_price",
        "quantity",
        "metadata",
    )
    variant = shop.variants.get(body.get("variant_id") or "")
    if body.get("variant_id") and variant is None:
        raise invalid(f"Variants with IDs {body['variant_id']} do not exist")
    unit = body.get("unit_price")
    if unit is None and variant is not None:
        unit = variant["prices"][0]["amount"]
    return {
        "id": shop.new("ordli"),
        "title": body.get("title") or (shop.products[variant["product_id"]]["title"] if variant else ""),
        "variant_id": variant["id"] if variant else None,
        "variant_sku": variant["sku"] if variant else body.get("variant_sku"),
        "quantity": number(required(body, "quantity")),
        "unit_price": number(unit if unit is not None else 0),
        "detail": {"fulfilled_quantity": ZERO, "return_received_quantity": ZERO, "return_requested_quantity": ZERO},
    }


def create_draft(shop: Shop, body: Json) -> Json:
    """A draft. It moves no stock, and a second one with the same sale id is another one unless the companion minds."""
    strict(
        body,
        "status",
        "sales_channel_id",
        "email",
        "customer_id",
        "billing_address",
        "shipping_address",
        "items",
        "region_id",
        "promo_codes",
        "currency_code",
        "no_notification_order",
        "shipping_methods",
        "locale",
        "metadata",
    )
    if required(body, "region_id") not in shop.regions:
        raise not_found(f"Region with id: {body['region_id']} was not found")
    sale = (body.get("metadata") or {}).get("pos_sale_id")
    if (
        shop.companion
        and sale
        and any((row["metadata"] or {}).get("pos_sale_id") == sale for row in shop.orders.values())
    ):
        raise invalid(f"Order with pos_sale_id: {sale}, already exists.")
    order = new_order(shop, body, [new_item(shop, one) for one in body.get("items", [])], draft=True)
    return {"draft_order": order_json(shop, order)}


def convert(shop: Shop, order: str) -> Json:
    """Makes it an order, and keeps the stock of its variants."""
    row = the(shop.orders, order, "Order")
    if not row["is_draft_order"]:
        raise invalid(f"Order {order} is not a draft order")
    keep(shop, row)
    row |= {"is_draft_order": False, "status": "pending", "updated_at": shop.stamp()}
    return {"order": order_json(shop, row)}


def keep(shop: Shop, order: Json) -> None:
    """Reserve each line at the first location of the order's channel that has enough, or nothing of any line."""
    done: list[str] = []
    try:
        for line in order["items"]:
            variant = shop.variants.get(line["variant_id"] or "")
            for use in variant["inventory_items"] if variant else ():
                _keep_somewhere(shop, order, use["inventory_item_id"], line)
                done.append(line["id"])
    except Exception:
        goods.release(shop, done)
        raise


def _keep_somewhere(shop: Shop, order: Json, item: str, line: Json) -> None:
    places = shop.linked.get(order["sales_channel_id"] or "", [])
    for place in places:
        level = shop.levels.get((item, place))
        if level is not None and level.stocked - level.reserved >= line["quantity"]:
            goods.reserve(shop, item, place, line["quantity"], line["id"])
            return
    raise not_allowed(f"Not enough stock available for item {item} at location {places[0] if places else None}")


def update_order(shop: Shop, order: str, body: Json) -> Json:
    """Its metadata, mostly."""
    row = the(shop.orders, order, "Order")
    strict(body, "email", "metadata", "shipping_address", "billing_address", "locale")
    row["metadata"] = {**(row["metadata"] or {}), **body.get("metadata", {})}
    row["updated_at"] = shop.stamp()
    return {"order": order_json(shop, row)}


def fulfil(shop: Shop, order: str, body: Json) -> Json:
    """Takes the goods out of the location that it is told, and gives up what is kept, wherever that is."""
    row = the(shop.orders, order, "Order")
    strict(body, "items", "location_id", "shipping_option_id", "no_notification", "delivery_address", "metadata")
    if row["status"] == "canceled":
        raise invalid(f"Order with id {order} has been canceled.")
    location = body.get("location_id") or next(iter(shop.linked.get(row["sales_channel_id"], [])))
    lines = [(line_of(row, one["id"]), number(one["quantity"])) for one in required(body, "items")]
    for line, quantity in lines:
        if line["detail"]["fulfilled_quantity"] + quantity > line["quantity"]:
            raise invalid(f"Requested quantity for item {line['id']} is more than what is left to fulfill")
    for line, quantity in lines:
        for item in items_of(shop, line):
            goods.move(shop, item, location, -quantity)
        goods.release(shop, [line["id"]], quantity)
        line["detail"]["fulfilled_quantity"] += quantity
    row["fulfillments"].append(
        {
            "id": shop.new("ful"),
            "location_id": location,
            "created_at": shop.stamp(),
            "shipped_at": None,
            "delivered_at": None,
            "canceled_at": None,
            "metadata": body.get("metadata"),
            "items": [{"line_item_id": line["id"], "quantity": quantity} for line, quantity in lines],
        }
    )
    row["updated_at"] = shop.stamp()
    return {"order": order_json(shop, row)}


def cancel_fulfilment(shop: Shop, order: str, fulfilment: str) -> Json:
    """Stock and reservation come back."""
    row = the(shop.orders, order, "Order")
    parcel = next((one for one in row["fulfillments"] if one["id"] == fulfilment), None)
    if parcel is None:
        raise not_found(f"Fulfillment with id {fulfilment} not found in the order")
    if parcel["canceled_at"]:
        raise invalid(f"Fulfillment with id {fulfilment} is canceled")
    for one in parcel["items"]:
        line = line_of(row, one["line_item_id"])
        line["detail"]["fulfilled_quantity"] -= one["quantity"]
        for item in items_of(shop, line):
            goods.move(shop, item, parcel["location_id"], one["quantity"])
            goods.reserve(shop, item, parcel["location_id"], one["quantity"], line["id"])
    parcel["canceled_at"] = row["updated_at"] = shop.stamp()
    return {"order": order_json(shop, row)}


def mark(shop: Shop, order: str, fulfilment: str, what: str) -> Json:
    """Shipped or delivered: no stock moves."""
    row = the(shop.orders, order, "Order")
    parcel = next((one for one in row["fulfillments"] if one["id"] == fulfilment), None)
    if parcel is None:
        raise not_found(f"Fulfillment with id {fulfilment} not found in the order")
    if parcel[what]:
        raise not_allowed("The fulfillment has been marked already")
    parcel[what] = row["updated_at"] = shop.stamp()
    return {"order": order_json(shop, row)}


def cancel(shop: Shop, order: str) -> Json:
    """Gives up what is kept and pays back what was taken; not when something has left."""
    row = the(shop.orders, order, "Order")
    if row["status"] == "canceled":
        raise invalid(f"Order with id {order} has been canceled.")
    if any(one["canceled_at"] is None for one in row["fulfillments"]):
        raise not_allowed("All fulfillments must be canceled before canceling an order")
    goods.release(shop, [line["id"] for line in row["items"]])
    for payment in shop.payments.values():
        if payment["order_id"] == order and payment["captured_at"]:
            paid_back = sum((one["amount"] for one in payment["refunds"]), ZERO)
            payment["refunds"].append({"id": shop.new("ref"), "amount": payment["amount"] - paid_back, "note": None})
    row |= {"status": "canceled", "canceled_at": shop.stamp(), "updated_at": shop.stamp()}
    return {"order": order_json(shop, row)}


def complete(shop: Shop, order: str) -> Json:
    """No stock moves."""
    row = the(shop.orders, order, "Order")
    if row["status"] == "canceled":
        raise invalid(f"Order with id {order} has been canceled.")
    row |= {"status": "completed", "updated_at": shop.stamp()}
    return {"order": order_json(shop, row)}


def line_of(order: Json, line: str) -> Json:
    """A line of an order, to be changed in place."""
    found: Json | None = next((one for one in order["items"] if one["id"] == line), None)
    if found is None:
        raise invalid(f"Item {line} does not exist in the order")
    return found


def items_of(shop: Shop, line: Json) -> list[str]:
    """The inventory items that a line takes."""
    variant = shop.variants.get(line["variant_id"] or "")
    return [use["inventory_item_id"] for use in variant["inventory_items"]] if variant else []
