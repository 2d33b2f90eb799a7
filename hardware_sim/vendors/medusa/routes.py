"""Which call is which deed. Pure but for the shop that they change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hardware_sim.vendors.medusa import aftersales, goods, people, selling
from hardware_sim.vendors.medusa.shop import Json, Query, Shop, Wrong, not_found, number, required, strict


@dataclass(frozen=True, slots=True)
class Call:
    """A request, read."""

    method: str
    path: str
    query: Query
    body: Json
    headers: dict[str, str]


Deed = Callable[[Shop, Call, list[str]], Json]


def answer(shop: Shop, call: Call) -> Json:
    """Do what a call asks for. Raises Wrong."""
    for method, pattern, deed in _ROUTES:
        if method == call.method and (found := pattern.fullmatch(call.path)):
            if call.path.startswith("/admin") and not _is_let_in(shop, call):
                raise Wrong(401, "", "Unauthorized")
            if call.path.startswith("/admin/tillwire") and not shop.companion:
                break
            return deed(shop, call, list(found.groups()))
    raise Wrong(404, "not_found", f"Cannot {call.method} {call.path}")


def _is_let_in(shop: Shop, call: Call) -> bool:
    how, _, token = call.headers.get("authorization", "").partition(" ")
    if how == "Bearer":
        return token in shop.tokens
    return how == "Basic" and token in shop.secret_keys


def _sign_in(shop: Shop, call: Call, _: list[str]) -> Json:
    if (call.body.get("email"), call.body.get("password")) != (shop.email, shop.password):
        raise Wrong(401, "unauthorized", "Invalid email or password")
    token = shop.new("jwt")
    shop.tokens.add(token)
    return {"token": token}


def _named(table: dict[str, str], name: str) -> Json:
    return {name: [{"id": key, "name": value} for key, value in table.items()], "count": len(table)}


def _options(shop: Shop, _call: Call, _: list[str]) -> Json:
    return {"shipping_options": list(shop.options.values())}


def _order(shop: Shop, _call: Call, names: list[str]) -> Json:
    if names[0] not in shop.orders:
        raise not_found(f"Order id not found: {names[0]}")
    return {"order": selling.order_json(shop, shop.orders[names[0]])}


def _set_level(shop: Shop, call: Call, names: list[str]) -> Json:
    strict(call.body, "stocked_quantity", "incoming_quantity")
    stocked = number(required(call.body, "stocked_quantity"))
    goods.set_levels(
        shop, {"update": [{"inventory_item_id": names[0], "location_id": names[1], "stocked_quantity": stocked}]}
    )
    return {"inventory_item": {"id": names[0]}}


def _new_level(shop: Shop, call: Call, names: list[str]) -> Json:
    location = required(call.body, "location_id")
    if location not in shop.locations:
        raise not_found(f"StockLocation with id: {location} was not found")
    goods.create_level(shop, names[0], location, number(call.body.get("stocked_quantity", 0)))
    return {"inventory_item": {"id": names[0]}}


def _reserve(shop: Shop, call: Call, _: list[str]) -> Json:
    body = strict(call.body, "location_id", "inventory_item_id", "quantity", "line_item_id", "description", "metadata")
    item, place = required(body, "inventory_item_id"), required(body, "location_id")
    return {"reservation": goods.reserve(shop, item, place, number(body["quantity"]), body.get("line_item_id"))}


def _compiled(routes: dict[str, Deed]) -> list[tuple[str, re.Pattern[str], Deed]]:
    table = []
    for route, deed in routes.items():
        method, path = route.split(" ", 1)
        table.append((method, re.compile(path.replace(":id", "[^/]+")), deed))
    return table


_ROUTES: Final = _compiled(
    {
        "POST /auth/user/emailpass": _sign_in,
        "GET /admin/stock-locations": lambda s, _c, _n: _named(s.locations, "stock_locations"),
        "GET /admin/sales-channels": lambda s, _c, _n: _named(s.channels, "sales_channels"),
        "GET /admin/regions": lambda s, _c, _n: {
            "regions": [{"id": key, "currency_code": value} for key, value in s.regions.items()]
        },
        "GET /admin/shipping-options": _options,
        "POST /admin/products": lambda s, c, _n: goods.create_product(s, c.body),
        "GET /admin/products": lambda s, c, _n: goods.list_products(s, c.query),
        "POST /admin/products/(:id)": lambda s, c, n: goods.update_product(s, n[0], c.body),
        "POST /admin/products/(:id)/variants/(:id)": lambda s, c, n: goods.update_variant(s, n[1], c.body),
        "DELETE /admin/products/(:id)/variants/(:id)": lambda s, _c, n: goods.delete_variant(s, n[1]),
        "GET /admin/product-variants": lambda s, c, _n: goods.list_variants(s, c.query),
        "GET /admin/inventory-items": lambda s, c, _n: goods.list_items(s, c.query),
        "POST /admin/inventory-items/location-levels/batch": lambda s, c, _n: goods.set_levels(s, c.body),
        "POST /admin/inventory-items/(:id)/location-levels": _new_level,
        "POST /admin/inventory-items/(:id)/location-levels/(:id)": _set_level,
        "GET /admin/reservations": lambda s, c, _n: goods.list_reservations(s, c.query),
        "POST /admin/reservations": _reserve,
        "GET /admin/orders": lambda s, c, _n: selling.list_orders(s, c.query, drafts=False),
        "GET /admin/orders/(:id)": _order,
        "POST /admin/orders/(:id)": lambda s, c, n: selling.update_order(s, n[0], c.body),
        "POST /admin/orders/(:id)/fulfillments": lambda s, c, n: selling.fulfil(s, n[0], c.body),
        "POST /admin/orders/(:id)/fulfillments/(:id)/cancel": lambda s, _c, n: selling.cancel_fulfilment(s, n[0], n[1]),
        "POST /admin/orders/(:id)/fulfillments/(:id)/shipments": lambda s, _c, n: selling.mark(
            s, n[0], n[1], "shipped_at"
        ),
        "POST /admin/orders/(:id)/fulfillments/(:id)/mark-as-delivered": lambda s, _c, n: selling.mark(
            s, n[0], n[1], "delivered_at"
        ),
        "POST /admin/orders/(:id)/cancel": lambda s, _c, n: selling.cancel(s, n[0]),
        "POST /admin/orders/(:id)/complete": lambda s, _c, n: selling.complete(s, n[0]),
        "POST /admin/order-edits": lambda s, c, _n: aftersales.begin_edit(s, c.body),
        "POST /admin/order-edits/(:id)/items/item/(:id)": lambda s, c, n: aftersales.edit_item(s, n[0], n[1], c.body),
        "POST /admin/order-edits/(:id)/request": lambda _s, _c, _n: {"order_preview": {}},
        "POST /admin/order-edits/(:id)/confirm": lambda s, _c, n: aftersales.confirm_edit(s, n[0]),
        "POST /admin/returns": lambda s, c, _n: aftersales.begin_return(s, c.body),
        "POST /admin/returns/(:id)/request-items": lambda s, c, n: aftersales.request_items(s, n[0], c.body),
        "POST /admin/returns/(:id)/request": lambda _s, _c, _n: {"return": {}},
        "POST /admin/returns/(:id)/receive": lambda _s, _c, _n: {"return": {}},
        "POST /admin/returns/(:id)/receive-items": lambda s, c, n: aftersales.receive_items(
            s, n[0], c.body, "received_quantity"
        ),
        "POST /admin/returns/(:id)/dismiss-items": lambda s, c, n: aftersales.receive_items(
            s, n[0], c.body, "damaged_quantity"
        ),
        "POST /admin/returns/(:id)/receive/confirm": lambda s, _c, n: aftersales.confirm_receive(s, n[0]),
        "GET /admin/draft-orders": lambda s, c, _n: selling.list_orders(s, c.query, drafts=True),
        "POST /admin/draft-orders": lambda s, c, _n: selling.create_draft(s, c.body),
        "POST /admin/draft-orders/(:id)/convert-to-order": lambda s, _c, n: selling.convert(s, n[0]),
        "POST /admin/payment-collections": lambda s, c, _n: aftersales.begin_collection(s, c.body),
        "POST /admin/payment-collections/(:id)/mark-as-paid": lambda s, c, n: aftersales.mark_as_paid(s, n[0], c.body),
        "POST /admin/payments/(:id)/refund": lambda s, c, n: aftersales.refund(s, n[0], c.body),
        "GET /admin/customers": lambda s, c, _n: people.list_customers(s, c.query),
        "POST /admin/customers": lambda s, c, _n: people.create_customer(s, c.body),
        "POST /admin/customers/(:id)": lambda s, c, n: people.update_customer(s, n[0], c.body),
        "GET /admin/tillwire": lambda _s, _c, _n: {"companion": 1},
        "POST /admin/tillwire/levels": lambda s, c, _n: goods.companion_levels(s, c.body),
        "POST /admin/tillwire/adjust": lambda s, c, _n: goods.companion_adjust(s, c.body),
        "POST /store/carts": lambda s, c, _n: people.begin_cart(s, c.headers.get("x-publishable-api-key", ""), c.body),
        "POST /store/carts/(:id)/shipping-methods": lambda s, c, n: people.add_shipping(s, n[0], c.body),
        "POST /store/carts/(:id)/complete": lambda s, _c, n: people.complete_cart(s, n[0]),
        "POST /store/payment-collections": lambda s, c, _n: people.begin_cart_payment(s, c.body),
        "POST /store/payment-collections/(:id)/payment-sessions": lambda _s, _c, _n: {"payment_collection": {}},
    }
)
