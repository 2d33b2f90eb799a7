"""A Medusa to try the connector on, simulated or real, and hands to arrange and look at what is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from hub.channels.links import Link, Links
from hub.channels.manifest import Connecting
from hub.channels.medusa.manifest import MANIFEST
from hub.channels.ports import Channel

CHANNEL = "web"


def wall() -> datetime:
    """The time that the real server lives in, too."""
    return datetime.now(UTC)  # noqa: TID251 - what the server stamps is compared with it


@dataclass(frozen=True)
class Thing:
    """A variant that was made for one test."""

    sku: str
    variant: str
    product: str
    item: str


@dataclass
class Bed:
    """The server, and what the connector is told of it. `told` is what its seed wrote down."""

    told: Mapping[str, Any]
    serial: Callable[[], str]
    links: list[Link] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.told["url"], timeout=60, trust_env=False)
        body = {"email": self.told["email"], "password": self.told["password"]}
        token = self.http.post("/auth/user/emailpass", json=body).json()["token"]
        self.http.headers["authorization"] = f"Bearer {token}"
        self.links += [
            Link("location", "hanoi", self.place("Store A"), {"sales_channel": self.channel("POS Store A")}),
            Link("location", "hue", self.place("Store B")),
            Link("location", "depot", self.place("Web warehouse")),
        ]

    # what the connector is given

    def connect(self, transport: httpx.BaseTransport | None = None, **changes: str) -> Channel:
        """The channel under test."""
        settings = {
            "url": self.told["url"],
            "email": self.told["email"],
            "currency": "EUR",
            "web_channels": self.channel("web"),
            "pos_channel": self.channel("POS Store B"),
            **changes,
        }
        secrets = {"password": changes.get("password", self.told["password"]), "webhook_secret": "whisper"}
        connecting = Connecting(
            CHANNEL, settings, secrets, lambda: Links(CHANNEL, self.links), wall, transport or httpx.HTTPTransport()
        )
        channel = MANIFEST.open(connecting)
        self.channels.append(channel)
        return channel

    def place(self, name: str) -> str:
        """A stock location's id."""
        return str(self.told["locations"][name])

    def channel(self, name: str) -> str:
        """A sales channel's id."""
        return str(self.told["sales_channels"][name])

    # arranging

    def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        """Ask as the shop's staff."""
        return self._done(self.http.get(path, params=list(params)))

    def post(self, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Do something as the shop's staff."""
        content = msgspec.json.Encoder(decimal_format="number").encode(body or {})
        kind = {"content-type": "application/json", **headers}
        return self._done(self.http.post(path, content=content, headers=kind))

    @staticmethod
    def _done(answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        read = msgspec.json.Decoder(float_hook=Decimal).decode(answer.content)
        assert isinstance(read, dict)
        return read

    def thing(self, stock: Mapping[str, int] | None = None, *, price: str = "1.99", linked: bool = True) -> Thing:
        """A new variant with stock by location's name, mapped unless it is not to be."""
        sku = f"T-{self.serial()}"
        made = self.post(
            "/admin/products",
            {
                "title": f"Thing {sku}",
                "status": "published",
                "shipping_profile_id": self.told["shipping_profile"],
                "options": [{"title": "Default", "values": ["Default"]}],
                "sales_channels": [{"id": self.channel(name)} for name in ("web", "POS Store A", "POS Store B")],
                "variants": [
                    {
                        "title": "Default",
                        "sku": sku,
                        "barcode": f"B-{sku}",
                        "options": {"Default": "Default"},
                        "prices": [{"amount": Decimal(price), "currency_code": "eur"}],
                    }
                ],
            },
        )["product"]
        items = self.get("/admin/inventory-items", [("sku", sku), ("fields", "id,sku")])["inventory_items"]
        thing = Thing(sku, made["variants"][0]["id"], made["id"], items[0]["id"])
        for name, stocked in (stock or {}).items():
            path = f"/admin/inventory-items/{thing.item}/location-levels"
            self.post(path, {"location_id": self.place(name), "stocked_quantity": stocked})
        if linked:
            self.links.append(Link("item", sku, thing.variant, {"inventory_item": thing.item}))
        return thing

    def checkout(self, things: Mapping[Thing, int], email: str = "", option: str = "Web warehouse") -> dict[str, Any]:
        """A customer buys in the web shop; gives the order."""
        cart = self.cart(things, email, option)
        order = self.post(f"/store/carts/{cart}/complete", {}, **self._key)
        assert order["type"] == "order", order
        return dict(order["order"])

    @property
    def _key(self) -> dict[str, str]:
        return {"x-publishable-api-key": str(self.told["publishable_key"])}

    def cart(self, things: Mapping[Thing, int], email: str = "", option: str = "Web warehouse") -> str:
        """Everything of a checkout but its last step; gives the cart."""
        address = {
            "first_name": "Anna", "last_name": "Nguyễn", "address_1": "1 Main St", "city": "Berlin",
            "country_code": "de", "postal_code": "10115", "phone": "+49 170 1234567",
        }  # fmt: skip
        cart = str(
            self.post(
                "/store/carts",
                {
                    "region_id": self.told["region"],
                    "email": email or f"{self.serial().lower()}@example.test",
                    "items": [{"variant_id": thing.variant, "quantity": number} for thing, number in things.items()],
                    "shipping_address": address,
                },
                **self._key,
            )["cart"]["id"]
        )
        way = {"option_id": self.told["shipping_options"][option]}
        self.post(f"/store/carts/{cart}/shipping-methods", way, **self._key)
        body = {"cart_id": cart}
        collection = self.post("/store/payment-collections", body, **self._key)["payment_collection"]["id"]
        path = f"/store/payment-collections/{collection}/payment-sessions"
        self.post(path, {"provider_id": "pp_system_default"}, **self._key)
        return cart

    def complete(self, cart: str) -> bool:
        """The last step; whether it was sold."""
        answer = self.http.post(f"/store/carts/{cart}/complete", json={}, headers=self._key)
        assert answer.status_code in {200, 400}, answer.text
        return answer.is_success and answer.json()["type"] == "order"

    def fulfil(self, order: str, quantities: Mapping[str, int], place: str = "Web warehouse") -> str:
        """The shop's own staff send lines of an order; gives the fulfilment's id."""
        items = [{"id": line, "quantity": number} for line, number in quantities.items()]
        body = {"location_id": self.place(place), "items": items, "no_notification": True}
        self.post(f"/admin/orders/{order}/fulfillments", body)
        fields = ("fields", "id,*fulfillments")
        return str(self.get(f"/admin/orders/{order}", [fields])["order"]["fulfillments"][-1]["id"])

    def edit(self, order: str, quantities: Mapping[str, int]) -> None:
        """Somebody makes lines of an order more or fewer."""
        self.post("/admin/order-edits", {"order_id": order})
        for line, quantity in quantities.items():
            self.post(f"/admin/order-edits/{order}/items/item/{line}", {"quantity": quantity})
        self.post(f"/admin/order-edits/{order}/request")
        self.post(f"/admin/order-edits/{order}/confirm")

    def receive(self, order: str, line: str, good: int, damaged: int = 0, *, into: str = "") -> str:
        """The shop's own staff take goods back; `into` goes on with a return. Gives the return's id."""
        key = into
        if not key:
            body = {"order_id": order, "location_id": self.place("Web warehouse")}
            key = str(self.post("/admin/returns", body)["return"]["id"])
            self.post(f"/admin/returns/{key}/request-items", {"items": [{"id": line, "quantity": 3}]})
            self.post(f"/admin/returns/{key}/request")
        self.post(f"/admin/returns/{key}/receive")
        for what, number in (("receive-items", good), ("dismiss-items", damaged)):
            if number:
                self.post(f"/admin/returns/{key}/{what}", {"items": [{"id": line, "quantity": number}]})
        self.post(f"/admin/returns/{key}/receive/confirm")
        return key

    # looking

    def level(self, thing: Thing, name: str) -> tuple[int, int]:
        """What is stocked and what is reserved at a location."""
        items = self.get("/admin/inventory-items", [("id[]", thing.item), ("fields", "id,sku,*location_levels")])
        for level in items["inventory_items"][0]["location_levels"]:
            if level["location_id"] == self.place(name):
                return int(level["stocked_quantity"]), int(level["reserved_quantity"])
        raise AssertionError(f"no level of {thing.sku} at {name}")

    def offered(self, thing: Thing, name: str) -> int:
        """What the web may still buy there."""
        stocked, reserved = self.level(thing, name)
        return stocked - reserved

    def order(self, order: str) -> dict[str, Any]:
        """An order, as the admin sees it."""
        fields = (
            "id,status,total,metadata,*items,*fulfillments,*payment_collections,*payment_collections.payments,"
            "*payment_collections.payments.refunds"
        )
        return dict(self.get(f"/admin/orders/{order}", [("fields", fields)])["order"])

    def found(self, word: str) -> list[str]:
        """The ids of all orders and drafts that have a word in them."""
        rows = [
            *self.get("/admin/orders", [("q", word), ("fields", "id,metadata")])["orders"],
            *self.get("/admin/draft-orders", [("q", word), ("fields", "id,metadata")])["draft_orders"],
        ]
        return [str(row["id"]) for row in rows]
