"""Customers, and a web shop's checkout."""

from __future__ import annotations

from decimal import Decimal

from hardware_sim.vendors.medusa import aftersales, selling
from hardware_sim.vendors.medusa.shop import (
    Json,
    Query,
    Shop,
    Wrong,
    chosen,
    invalid,
    listing,
    required,
    strict,
    the,
)

_FIELDS = ("email", "phone", "first_name", "last_name", "company_name", "metadata")


def list_customers(shop: Shop, query: Query) -> Json:
    """By address, letter by letter, or with a part of a word; not by number."""
    if "phone" in query:
        raise invalid("Invalid request: Unrecognized fields: 'phone'")
    rows = list(shop.customers.values())
    if (emails := chosen(query, "email")) is not None:
        rows = [row for row in rows if row["email"] in emails]
    for text in query.get("q", ())[:1]:
        rows = [row for row in rows if any(text in (row[name] or "") for name in _FIELDS[:4])]
    return listing(rows, query, "customers")


def create_customer(shop: Shop, body: Json) -> Json:
    """Unique by address, letter by letter."""
    strict(body, *_FIELDS)
    if body.get("email") and any(row["email"] == body["email"] for row in shop.customers.values()):
        raise invalid(f"Customer with email: {body['email']}, has_account: false, already exists.")
    row: Json = {name: body.get(name) for name in _FIELDS}
    row |= {"id": shop.new("cus"), "has_account": False, "updated_at": shop.stamp(), "created_at": shop.stamp()}
    shop.customers[row["id"]] = row
    return {"customer": row}


def update_customer(shop: Shop, key: str, body: Json) -> Json:
    """Metadata is merged."""
    row = the(shop.customers, key, "Customer")
    strict(body, *_FIELDS)
    if "metadata" in body:
        body = body | {"metadata": {**(row["metadata"] or {}), **body["metadata"]}}
    row |= body | {"updated_at": shop.stamp()}
    return {"customer": row}


# the store API


def begin_cart(shop: Shop, key: str, body: Json) -> Json:
    """A cart of a publishable key's channel; it keeps no stock."""
    strict(body, "region_id", "email", "items", "shipping_address", "billing_address", "currency_code", "metadata")
    if key not in shop.publishable:
        raise Wrong(400, "not_allowed", "A valid publishable key is required to proceed with the request")
    row: Json = {"id": shop.new("cart"), "body": body, "channel": shop.publishable[key], "options": [], "order": None}
    shop.carts[row["id"]] = row
    return {"cart": {"id": row["id"]}}


def add_shipping(shop: Shop, cart: str, body: Json) -> Json:
    """Chooses how it is sent."""
    row = the(shop.carts, cart, "Cart")
    row["options"] = [required(body, "option_id")]
    return {"cart": {"id": cart}}


def begin_cart_payment(shop: Shop, body: Json) -> Json:
    """A collection for a cart."""
    row: Json = {
        "id": shop.new("pay_col"),
        "cart_id": required(body, "cart_id"),
        "order_id": None,
        "status": "not_paid",
        "amount": Decimal(0),
        "payments": [],
    }
    shop.collections[row["id"]] = row
    return {"payment_collection": row}


def complete_cart(shop: Shop, cart: str) -> Json:
    """The order, the same one each time; refused when the stock has gone meanwhile."""
    row = the(shop.carts, cart, "Cart")
    if row["order"] is None:
        body = row["body"]
        email = body.get("email")
        customer = next((one for one in shop.customers.values() if one["email"] == email), None) if email else None
        if email and customer is None:
            customer = create_customer(shop, {"email": email})["customer"]
        items = [selling.new_item(shop, one) for one in body["items"]]
        order = selling.new_order(
            shop,
            {
                "email": email,
                "customer_id": customer["id"] if customer else None,
                "sales_channel_id": row["channel"],
                "shipping_address": body.get("shipping_address"),
                "shipping_methods": [
                    {"shipping_option_id": one, "amount": shop.options[one]["amount"]} for one in row["options"]
                ],
            },
            items,
            draft=False,
        )
        try:
            selling.keep(shop, order)
        except Wrong:
            del shop.orders[order["id"]]
            raise
        for collection in shop.collections.values():
            if collection.get("cart_id") == cart:
                collection |= {"order_id": order["id"], "amount": selling.order_json(shop, order)["total"]}
                aftersales.pay(shop, collection, captured=False)
        row["order"] = order["id"]
    return {"type": "order", "order": selling.order_json(shop, shop.orders[row["order"]])}
