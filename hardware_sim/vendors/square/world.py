"""What the simulated Square knows, and what it tells those who subscribed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from hardware_sim.vendors.square.words import Json, SquareSays, stamp

EVENTS_MAX = 100_000


class Stir(NamedTuple):
    """An entry of the inventory's history: an absolute count, or a difference; ordered by `occurred_at`."""

    occurred_at: datetime
    number: int
    kind: Literal["count", "move"]
    quantity: Decimal
    change: Json


@dataclass
class Delivery:
    """A webhook on its way."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose "METHOD /path" begins with `where` ("" for all), or is it.

    "lost" does what was asked and then loses the answer; "gone" loses the line before anything is done.
    """

    where: str
    kind: Literal["busy", "down", "lost", "gone", "expired"]
    times: int = 1
    retry_after: str = ""
    exactly: bool = False

    def fits(self, where: str) -> bool:
        """Whether it strikes a request."""
        return self.times > 0 and (where == self.where if self.exactly else where.startswith(self.where))


@dataclass
class World:
    """One seller. `now` is the clock; `lag` is how long lists of payments, refunds and orders do not show what is new.

    `hollow` answers to come are empty pages that carry a cursor. `names_the_item` tells whether a refused batch says
    which of its entries was the wrong one.
    """

    now: Callable[[], datetime]
    merchant: str = "MERCHANT00001"
    application: str = "sq0idp-of-the-caller"
    currency: str = "GBP"
    country: str = "GB"
    tokens: set[str] = field(default_factory=lambda: {"token-of-a-seller"})
    refresh_token: str = "refresh-of-a-seller"  # noqa: S105 - of a simulation
    lag: timedelta = timedelta(0)
    hollow: int = 0
    page_max: int = 1_000
    names_the_item: bool = True
    notification_url: str = ""
    signature_key: str = ""
    faults: list[Fault] = field(default_factory=list)
    locations: dict[str, Json] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)
    stirs: dict[tuple[str, str], list[Stir]] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    customers: dict[str, Json] = field(default_factory=dict)
    checkouts: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    once: dict[tuple[str, str], tuple[str, Json]] = field(default_factory=dict)
    each_checkout: Literal["pay", "pay_less", "decline", "cancel", "wait"] = "wait"
    terminal_is_on: bool = True
    busy_writing: bool = False
    _numbers: int = 0

    def new_id(self, prefix: str) -> str:
        """An id that nothing else has."""
        self._numbers += 1
        return f"{prefix}{self._numbers:012d}"

    def number(self) -> int:
        """The next number in a row."""
        self._numbers += 1
        return self._numbers

    def stamp(self) -> str:
        """The time now, as text."""
        return stamp(self.now())

    def money(self, amount: int) -> Json:
        """An amount in the seller's currency."""
        return {"amount": amount, "currency": self.currency}

    def main_location(self) -> str:
        """The first location: what a list of payments is about when none is named."""
        return next(iter(self.locations))

    def tell(self, kind: str, data_type: str, key: str, shown: Json | None, *, deleted: bool = False) -> None:
        """Write an event down, and send it to who subscribed. `shown` is its object."""
        data: Json = {"type": data_type, "id": key}
        if deleted:
            data["deleted"] = True
        if shown is not None:
            data["object"] = shown
        event = {
            "merchant_id": self.merchant, "type": kind, "event_id": self.new_id("event-"), "created_at": self.stamp(),
            "data": data,
        }  # fmt: skip
        if len(self.events) >= EVENTS_MAX:
            raise OverflowError(f"{EVENTS_MAX} events: the simulation keeps no more")
        self.events.append(event)
        if self.notification_url:
            self.deliveries.append(self.signed(event))

    def signed(self, event: Json) -> Delivery:
        """An event as it travels: HMAC-SHA256 over the notification URL and the raw body, in base64."""
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        mac = hmac.new(self.signature_key.encode(), self.notification_url.encode() + body, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "square-environment": "Production",
            "x-square-hmacsha256-signature": base64.b64encode(mac).decode(),
        }
        return Delivery(self.notification_url, headers, body)

    def only_once(self, what: str, key: str, body: Json, act: Callable[[], Json]) -> Json:
        """Do it once for an idempotency key; the same key with another body is refused."""
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        known = self.once.get((what, key))
        if known is None:
            answer = act()
            self.once[what, key] = (digest, deepcopy(answer))
            return answer
        if known[0] != digest:
            raise SquareSays(
                400, "IDEMPOTENCY_KEY_REUSED", "the key was used with another body", field="idempotency_key"
            )
        return known[1]
