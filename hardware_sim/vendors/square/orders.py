"""Orders: create, get, search, update by version. A paid order's goods leave IN_STOCK.

What the published description does not say and this takes for true: stock moves when an order is paid, and a paid
order is COMPLETED once all of its fulfilments have ended.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from hardware_sim.vendors.square.inventory import stir
from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, SquareSays, decimal, moment, stamp
from hardware_sim.vendors.square.world import World

_LOCATIONS_MAX = 10
_PAGE_MAX = 1_000
_ENDED = {"COMPLETED", "CANCELED", "FAILED"}


def create(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Place an order; prices come from the catalogue."""
    return world.only_once(
        "order",
        asked.get("idempotency_key") or world.new_id("k"),
        asked,
        lambda: {"order": place(world, asked["order"])},
    )


def place(world: World, given: Json, at: datetime | None = None) -> Json:
    """A new order, open; `at` is when it was made where that was offline."""
    order = deepcopy(given)
    if order.get("location_id") not in world.locations:
        raise SquareSays(400, "INVALID_VALUE", "Unable to find location.", field="order.location_id")
    now = world.stamp()
    order |= {
        "id": world.new_id("ORDER"), "version": 1, "state": order.get("state", "OPEN"),
        "created_at": stamp(at) if at else now, "updated_at": now,
    }  # fmt: skip
    for line in order.get("line_items", ()):
        _price(world, line)
    for fulfilment in order.get("fulfillments", ()):
        fulfilment.setdefault("uid", world.new_id("F"))
        fulfilment.setdefault("state", "PROPOSED")
        fulfilment.setdefault("line_item_application", "ALL")
    _total(world, order)
    world.orders[order["id"]] = order
    _tell(world, "order.created", order)
    return order


def get(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One order."""
    return {"order": order_of(world, found[0])}


def batch_retrieve(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Several orders; unknown ones are left out."""
    return {"orders": [world.orders[key] for key in asked["order_ids"] if key in world.orders]}


def search(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Orders of at most ten locations; the sort field must be the one that is filtered by."""
    places = asked.get("location_ids") or []
    if not places or len(places) > _LOCATIONS_MAX:
        raise SquareSays(400, "ARRAY_LENGTH_TOO_LONG", f"1 to {_LOCATIONS_MAX} locations", field="location_ids")
    query = asked.get("query") or {}
    filters = query.get("filter") or {}
    spans = {name: span for name, span in (filters.get("date_time_filter") or {}).items() if span}
    field = (query.get("sort") or {}).get("sort_field", "CREATED_AT").lower()
    if spans and list(spans) != [field]:
        raise SquareSays(400, "BAD_REQUEST", "The sort field must match the date_time_filter.", field="query.sort")
    states = (filters.get("state_filter") or {}).get("states")
    found = []
    for order in world.orders.values():
        if order["location_id"] not in places or (states and order["state"] not in states) or not order.get(field):
            continue
        at = moment(order[field], field)
        span = spans.get(field, {})
        if span.get("start_at") and at < moment(span["start_at"], "start_at"):
            continue
        if span.get("end_at") and at > moment(span["end_at"], "end_at"):
            continue
        if moment(order["updated_at"], "updated_at") <= world.now() - world.lag:
            found.append(order)
    found.sort(key=lambda order: (order[field], order["id"]))
    if (query.get("sort") or {}).get("sort_order", "DESC") == "DESC":
        found.reverse()
    return page(world, "orders", found, asked, min(int(asked.get("limit", 500)), _PAGE_MAX))


def update(world: World, found: tuple[str, ...], asked: Json) -> Json:
    """Change what is given of it, if the version is the newest."""
    key = asked.get("idempotency_key") or world.new_id("k")
    return world.only_once(
        f"update {found[0]}", key, asked, lambda: {"order": _update(world, found[0], asked["order"])}
    )


def order_of(world: World, key: str) -> Json:
    """The order of an id; raises SquareSays."""
    if key not in world.orders:
        raise SquareSays(404, "NOT_FOUND", f"Order not found for id {key}.")
    return world.orders[key]


def settle(world: World, order: Json, payment: Json) -> None:
    """A payment came for it: a tender, and when nothing is due any more the goods leave stock."""
    order.setdefault("tenders", []).append({
        "id": payment["id"], "payment_id": payment["id"], "location_id": order["location_id"],
        "transaction_id": order["id"], "created_at": payment["created_at"], "type": _tender(payment["source_type"]),
        "amount_money": payment["total_money"],
    })  # fmt: skip
    paid = sum(tender["amount_money"]["amount"] for tender in order["tenders"])
    order["net_amount_due_money"] = world.money(max(0, order["total_money"]["amount"] - paid))
    if order["net_amount_due_money"]["amount"] == 0:
        for line in order.get("line_items", ()):
            if line.get("catalog_object_id"):
                move(world, order, line, "IN_STOCK", "SOLD")
    touch(world, order)


def move(world: World, order: Json, line: Json, from_state: str, to_state: str) -> None:
    """Move a line's goods between two states, now."""
    now = world.stamp()
    what = {
        "id": world.new_id("CHANGE"), "catalog_object_id": line["catalog_object_id"],
        "catalog_object_type": "ITEM_VARIATION", "location_id": order["location_id"], "from_state": from_state,
        "to_state": to_state, "quantity": line["quantity"], "occurred_at": now, "created_at": now,
        "transaction_id": order["id"], "source": {"product": "SQUARE_POS", "name": "Square Point of Sale 6.80"},
    }  # fmt: skip
    stir(world, {"type": "ADJUSTMENT", "adjustment": what}, world.number())


def touch(world: World, order: Json) -> None:
    """A new version; complete if it is paid and nothing is left to fulfil."""
    paid = bool(order.get("tenders")) and order["net_amount_due_money"]["amount"] == 0
    ended = all(each["state"] in _ENDED for each in order.get("fulfillments", ()))
    if order["state"] == "OPEN" and paid and ended:
        order["state"] = "COMPLETED"
    if order["state"] in _ENDED:
        order.setdefault("closed_at", world.stamp())
    if "version" in order:
        order["version"] += 1
    order["updated_at"] = world.stamp()
    _tell(world, "order.updated", order)


def _update(world: World, key: str, given: Json) -> Json:
    order = order_of(world, key)
    if "version" not in order:
        raise SquareSays(400, "BAD_REQUEST", "Order was not created through the API.", field="order")
    if given.get("version") != order["version"]:
        raise SquareSays(
            409, "CONFLICT", f"Expected version {order['version']}, got {given.get('version')}", field="version"
        )
    if order["state"] != "OPEN":
        raise SquareSays(400, "BAD_REQUEST", f"Order is {order['state']}", field="order.state")
    if given.get("state") == "CANCELED" and order.get("tenders"):
        raise SquareSays(400, "BAD_REQUEST", "A paid order cannot be canceled.", field="order.state")
    if given.get("line_items"):
        _change_lines(world, order, given["line_items"])
    known = {each["uid"]: each for each in order.get("fulfillments", ())}
    for change in given.get("fulfillments", ()):
        if change.get("uid") not in known:
            raise SquareSays(400, "INVALID_VALUE", "no such fulfillment", field="order.fulfillments.uid")
        fulfilment = known[change["uid"]]
        if fulfilment["state"] in _ENDED and change.get("state", fulfilment["state"]) != fulfilment["state"]:
            raise SquareSays(400, "BAD_REQUEST", f"Fulfillment is {fulfilment['state']}", field="order.fulfillments")
        fulfilment["metadata"] = {**fulfilment.get("metadata", {}), **change.get("metadata", {})}
        fulfilment.update({name: value for name, value in change.items() if name != "metadata"})
    order["metadata"] = {**order.get("metadata", {}), **given.get("metadata", {})}
    order["state"] = given.get("state", order["state"])
    touch(world, order)
    return order


def _change_lines(world: World, order: Json, changes: list[Json]) -> None:
    """Other quantities. Square: nothing of what is paid can be changed."""
    if order.get("tenders"):
        raise SquareSays(
            400, "BAD_REQUEST", "LineItems cannot be modified for finalized tenders.", field="order.line_items"
        )
    known = {line["uid"]: line for line in order["line_items"]}
    for change in changes:
        if change.get("uid") not in known:
            raise SquareSays(400, "INVALID_VALUE", "no such line item", field="order.line_items.uid")
        known[change["uid"]].update(change)
        _price(world, known[change["uid"]])
    _total(world, order)


def _price(world: World, line: Json) -> None:
    line.setdefault("uid", world.new_id("L"))
    quantity = decimal(line.get("quantity", ""), "order.line_items.quantity")
    key = line.get("catalog_object_id")
    if key:
        variation = world.objects.get(key)
        if variation is None or variation.get("is_deleted"):
            raise SquareSays(404, "NOT_FOUND", "Item variation not found", field="order.line_items.catalog_object_id")
        item = world.objects[variation["item_variation_data"]["item_id"]]
        line.setdefault("name", item["item_data"]["name"])
        line.setdefault("variation_name", variation["item_variation_data"]["name"])
        line.setdefault("base_price_money", variation["item_variation_data"]["price_money"])
    line.setdefault("item_type", "ITEM" if key else "CUSTOM_AMOUNT")
    price = Decimal(line["base_price_money"]["amount"])
    line["total_money"] = world.money(int((price * quantity).to_integral_value(ROUND_HALF_EVEN)))


def _total(world: World, order: Json) -> None:
    total = sum(line["total_money"]["amount"] for line in order.get("line_items", ()))
    order["total_money"] = world.money(total)
    order["net_amount_due_money"] = world.money(total)


def _tender(source: str) -> str:
    return source if source in {"CARD", "CASH", "WALLET", "BANK_ACCOUNT", "BUY_NOW_PAY_LATER"} else "OTHER"


def _tell(world: World, kind: str, order: Json) -> None:
    name = kind.replace(".", "_")
    shown = {
        "order_id": order["id"], "version": order.get("version", 1), "location_id": order["location_id"],
        "state": order["state"], "created_at": order["created_at"],
    }  # fmt: skip
    if kind != "order.created":
        shown["updated_at"] = order["updated_at"]
    world.tell(kind, name, order["id"], {name: shown})
