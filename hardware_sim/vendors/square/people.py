"""What people do with Square: sellers stock shelves and ring up, buyers order and pay, the bank takes its fee."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime

from hardware_sim.vendors.square import inventory, orders, payments
from hardware_sim.vendors.square.words import Json, stamp
from hardware_sim.vendors.square.world import World


class People:
    """Hands on a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def open_location(self, name: str, *, status: str = "ACTIVE", zone: str = "Europe/London") -> str:
        """A new location; returns its id."""
        world = self.world
        key = world.new_id("LOCATION")
        world.locations[key] = {
            "id": key, "name": name, "status": status, "country": world.country, "currency": world.currency,
            "timezone": zone, "merchant_id": world.merchant, "type": "PHYSICAL",
            "created_at": world.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        }  # fmt: skip
        return key

    def list_item(self, name: str, variations: Mapping[str, int], **more: object) -> dict[str, str]:
        """A new item; `variations` are prices by SKU ("" has none). Returns variation ids by SKU."""
        world = self.world
        item: Json = {"type": "ITEM", "id": world.new_id("OBJECT"), "item_data": {"name": name, **more}}
        self._write(item)
        found: dict[str, str] = {}
        for sku, price in variations.items():
            data: Json = {
                "item_id": item["id"], "name": sku or "Regular", "pricing_type": "FIXED_PRICING",
                "price_money": world.money(price), "track_inventory": True,
            }  # fmt: skip
            if sku:
                data |= {"sku": sku, "upc": f"50{zlib.crc32(sku.encode()):010d}"}
            variation: Json = {"type": "ITEM_VARIATION", "id": world.new_id("OBJECT"), "item_variation_data": data}
            self._write(variation)
            found[sku] = str(variation["id"])
        return found

    def reprice(self, variation: str, price: int) -> None:
        """Change a price."""
        each = self.world.objects[variation]
        each["item_variation_data"]["price_money"] = self.world.money(price)
        self._write(each)

    def delist(self, variation: str) -> None:
        """Delete a variation."""
        self._write(self.world.objects[variation], deleted=True)

    def tax(self, name: str, percentage: str) -> str:
        """A tax that items can name."""
        key = self.world.new_id("OBJECT")
        data = {"name": name, "percentage": percentage, "inclusion_type": "INCLUSIVE", "enabled": True}
        self._write({"type": "TAX", "id": key, "tax_data": data})
        return key

    def ring_up(
        self, location: str, goods: Mapping[str, str], *, source: str = "CARD", offline_at: datetime | None = None
    ) -> Json:
        """A sale on Square's own POS, paid and gone. `offline_at`: it was made then and comes only now."""
        order = orders.place(self.world, {"location_id": location, "line_items": _lines(goods)}, offline_at)
        del order["version"]  # Square: orders that were not made through the API have none, and cannot be updated by it
        payments.take(self.world, location, order["total_money"]["amount"], source, order_id=order["id"])
        return order

    def order(
        self, location: str, goods: Mapping[str, str], *, way: str = "PICKUP", paid: bool = True, **more: object
    ) -> Json:
        """An online order that is to be fulfilled."""
        details = {"recipient": {"display_name": "Ann Buyer", "email_address": "Ann@Example.com"}}
        fulfilment: Json = {"type": way}
        fulfilment["pickup_details" if way == "PICKUP" else "shipment_details"] = details
        given = {"location_id": location, "line_items": _lines(goods), "fulfillments": [fulfilment], **more}
        order = orders.place(self.world, given)
        if paid:
            self.pay(order)
        return order

    def change(self, order: Json, goods: Mapping[str, str]) -> None:
        """Somebody makes an order that is not paid yet more or fewer, by the application that made it."""
        lines = [
            {"uid": line["uid"], "quantity": goods[line["catalog_object_id"]]}
            for line in order["line_items"]
            if line["catalog_object_id"] in goods
        ]
        given = {"version": order["version"], "line_items": lines}
        orders.update(self.world, (order["id"],), {"order": given})

    def pay(self, order: Json, **more: object) -> Json:
        """Pay what an order costs."""
        return payments.take(
            self.world, order["location_id"], order["total_money"]["amount"], "CARD", order_id=order["id"], **more
        )

    def fulfil(self, order: Json) -> None:
        """Staff hand it over, by Square's own screens."""
        for fulfilment in order["fulfillments"]:
            fulfilment["state"] = "COMPLETED"
        orders.touch(self.world, order)

    def bring_back(self, order: Json, goods: Mapping[str, str]) -> Json:
        """A return at Square's POS: an order of its own with the returned lines, goods back in stock, money back."""
        lines = {line["catalog_object_id"]: line for line in order["line_items"]}
        returned = [
            {
                "uid": self.world.new_id("R"), "source_line_item_uid": lines[key]["uid"], "quantity": quantity,
                "catalog_object_id": key, "name": lines[key]["name"], "item_type": "ITEM",
            }
            for key, quantity in goods.items()
        ]  # fmt: skip
        back = orders.place(self.world, {"location_id": order["location_id"], "state": "COMPLETED"})
        back["returns"] = [
            {"uid": self.world.new_id("R"), "source_order_id": order["id"], "return_line_items": returned}
        ]
        for line in returned:
            orders.move(self.world, back, line, "SOLD", "IN_STOCK")
        orders.touch(self.world, back)
        for tender in order.get("tenders", ()):
            payments.give_back(self.world, {"payment_id": tender["payment_id"], "amount_money": self.world.money(1)})
        return back

    def count(self, location: str, variation: str, quantity: str, at: datetime | None = None, **more: object) -> str:
        """Somebody counts a shelf in Square's own screens (at an earlier moment where they were offline)."""
        what: Json = {"quantity": quantity, "state": "IN_STOCK", **more}
        if at is not None:
            what["occurred_at"] = stamp(at)
        return self._stir("PHYSICAL_COUNT", location, variation, what)

    def stir(self, location: str, variation: str, quantity: str, states: tuple[str, str], **more: object) -> str:
        """Somebody moves goods: from NONE to IN_STOCK receives them, from IN_STOCK to WASTE writes them off."""
        what: Json = {"from_state": states[0], "to_state": states[1], **more}
        return self._stir("ADJUSTMENT", location, variation, {"quantity": quantity, **what})

    def charge_fee(self, payment: Json, amount: int, kind: str = "INITIAL") -> None:
        """The processing fee becomes known."""
        fee = {"effective_at": self.world.stamp(), "type": kind, "amount_money": self.world.money(amount)}
        payment.setdefault("processing_fee", []).append(fee)
        payments.touch(self.world, payment)

    def give_fee_back(self, refund: Json, amount: int) -> None:
        """The fee of a refund, negative: Square gives it back."""
        fee = {"effective_at": self.world.stamp(), "type": "INITIAL", "amount_money": self.world.money(-amount)}
        refund.setdefault("processing_fee", []).append(fee)
        refund["updated_at"] = self.world.stamp()
        self.world.tell("refund.updated", "refund", refund["id"], {"refund": refund})

    def revoke(self) -> None:
        """The seller takes the application's rights away."""
        self.world.tokens = set()
        self.world.refresh_token = self.world.new_id("gone-")
        revoked = {"revocation": {"revoked_at": self.world.stamp(), "revoker_type": "MERCHANT"}}
        self.world.tell("oauth.authorization.revoked", "revocation", self.world.new_id("r-"), revoked)

    def _stir(self, kind: str, location: str, variation: str, more: Json) -> str:
        now = self.world.stamp()
        what: Json = {
            "id": self.world.new_id("CHANGE"), "catalog_object_id": variation, "catalog_object_type": "ITEM_VARIATION",
            "location_id": location, "occurred_at": now, "created_at": now,
            "source": {"product": "SQUARE_POS", "name": "Square Point of Sale 6.80"}, **more,
        }  # fmt: skip
        part = "physical_count" if kind == "PHYSICAL_COUNT" else "adjustment"
        inventory.stir(self.world, {"type": kind, part: what}, self.world.number())
        return f"{kind}/{what['id']}"

    def _write(self, each: Json, *, deleted: bool = False) -> None:
        each |= {
            "version": self.world.number(), "updated_at": self.world.stamp(), "is_deleted": deleted,
            "present_at_all_locations": True,
        }  # fmt: skip
        self.world.objects[each["id"]] = each
        shown = {"catalog_version": {"updated_at": each["updated_at"]}}
        self.world.tell("catalog.version.updated", "catalog_version", self.world.new_id("c-"), shown)


def _lines(goods: Mapping[str, str]) -> list[Json]:
    return [{"catalog_object_id": key, "quantity": quantity} for key, quantity in goods.items()]
