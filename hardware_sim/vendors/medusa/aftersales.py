"""What happens to an order later: edits, returns, and all that is paid."""

from __future__ import annotations

from decimal import Decimal

from hardware_sim.vendors.medusa import goods, selling
from hardware_sim.vendors.medusa.shop import ZERO, Json, Shop, invalid, not_allowed, number, required, strict, the


def begin_edit(shop: Shop, body: Json) -> Json:
    """One at a time for an order."""
    order = the(shop.orders, required(body, "order_id"), "Order")
    shop.edits[order["id"]] = {}
    return {"order_change": {"order_id": order["id"]}}


def edit_item(shop: Shop, order: str, line: str, body: Json) -> Json:
    """A line's new quantity, once the edit is confirmed."""
    selling.line_of(the(shop.orders, order, "Order"), line)
    the(shop.edits, order, "Order change")[line] = number(required(body, "quantity"))
    return {"order_preview": {}}


def confirm_edit(shop: Shop, order: str) -> Json:
    """What is kept of a changed line is kept anew, for all of it: for what has left, too, as the real one does."""
    row = the(shop.orders, order, "Order")
    for name, quantity in shop.edits.pop(order).items():
        line = selling.line_of(row, name)
        places = [one for one in shop.reservations.values() if one["line_item_id"] == name]
        goods.release(shop, [name])
        line["quantity"] = quantity
        item = next(iter(selling.items_of(shop, line)), None)
        if quantity and item:
            place = places[0]["location_id"] if places else next(iter(shop.linked[row["sales_channel_id"]]))
            goods.reserve(shop, item, place, quantity, name)
    row["updated_at"] = shop.stamp()
    return {"order": selling.order_json(shop, row)}


# goods that come back


def begin_return(shop: Shop, body: Json) -> Json:
    """A return with nothing in it yet."""
    strict(body, "order_id", "location_id", "description", "internal_note", "no_notification", "metadata")
    order = the(shop.orders, required(body, "order_id"), "Order")
    row = {
        "id": shop.new("return"),
        "order_id": order["id"],
        "location_id": body.get("location_id"),
        "status": "open",
        "updated_at": shop.stamp(),
        "items": [],
        "receiving": [],
    }
    shop.returns[row["id"]] = row
    return {"return": row}


def request_items(shop: Shop, key: str, body: Json) -> Json:
    """What is to come back: not more than has left."""
    row = the(shop.returns, key, "Return")
    order = shop.orders[row["order_id"]]
    for one in required(body, "items"):
        line = selling.line_of(order, one["id"])
        if number(one["quantity"]) > line["detail"]["fulfilled_quantity"]:
            raise invalid(f"Cannot request to return more items than what was fulfilled {one['id']}")
        row["items"].append(
            {
                "item_id": line["id"],
                "quantity": number(one["quantity"]),
                "received_quantity": ZERO,
                "damaged_quantity": ZERO,
            }
        )
    return {"return": row}


def receive_items(shop: Shop, key: str, body: Json, what: str) -> Json:
    """What has come, until it is confirmed; damaged goods are told apart."""
    row = the(shop.returns, key, "Return")
    row["receiving"] += [(one["id"], number(one["quantity"]), what) for one in required(body, "items")]
    return {"return": row}


def confirm_receive(shop: Shop, key: str) -> Json:
    """Goods that can be sold again go back on the shelf of the return's location."""
    row = the(shop.returns, key, "Return")
    order = shop.orders[row["order_id"]]
    came: dict[str, Decimal] = {}
    for name, quantity, what in row["receiving"]:
        line = selling.line_of(order, name)
        came[name] = came.get(name, ZERO) + quantity
        if what == "received_quantity":
            line["detail"]["return_received_quantity"] += quantity
            for each in selling.items_of(shop, line):
                goods.move(shop, each, row["location_id"], quantity)
    row["receiving"] = []
    # The real one's numbers of a return are those of its last reception, damaged goods among them.
    for item in row["items"]:
        item["received_quantity"] = came.get(item["item_id"], item["received_quantity"])
    whole = all(one["received_quantity"] == one["quantity"] for one in row["items"])
    row |= {"status": "received" if whole else "partially_received", "updated_at": shop.stamp()}
    order["updated_at"] = shop.stamp()
    return {"return": row}


# what is paid


def begin_collection(shop: Shop, body: Json) -> Json:
    """A payment collection; a second one is another one."""
    strict(body, "order_id", "amount")
    order = the(shop.orders, required(body, "order_id"), "Order")
    row = {
        "id": shop.new("pay_col"),
        "order_id": order["id"],
        "status": "not_paid",
        "amount": number(required(body, "amount")),
        "payments": [],
    }
    shop.collections[row["id"]] = row
    return {"payment_collection": row}


def mark_as_paid(shop: Shop, key: str, body: Json) -> Json:
    """One payment of the whole amount. `updated_at` of the order does not move."""
    strict(body, "order_id")
    row = the(shop.collections, key, "PaymentCollection")
    if row["status"] != "not_paid":
        raise not_allowed("Payment collection has already been paid")
    pay(shop, row, captured=True)
    return {"payment_collection": row}


def pay(shop: Shop, collection: Json, *, captured: bool) -> None:
    """A payment, authorised or captured."""
    payment: Json = {
        "id": shop.new("pay"),
        "order_id": collection["order_id"],
        "amount": collection["amount"],
        "captured_at": shop.stamp() if captured else None,
        "refunds": [],
    }
    shop.payments[payment["id"]] = payment
    collection["payments"].append(payment)
    collection["status"] = "completed" if captured else "authorized"


def refund(shop: Shop, key: str, body: Json) -> Json:
    """Paid again when it is sent again, up to what was captured."""
    strict(body, "amount", "note", "refund_reason_id")
    payment = the(shop.payments, key, "Payment")
    amount = number(body["amount"]) if "amount" in body else payment["amount"]
    if sum((one["amount"] for one in payment["refunds"]), Decimal(0)) + amount > payment["amount"]:
        raise invalid("You are not allowed to refund more than the captured amount")
    payment["refunds"].append({"id": shop.new("ref"), "amount": amount, "note": body.get("note")})
    shop.orders[payment["order_id"]]["credited"] += amount
    return {"payment": payment}
