"""Answers requests as Square does: who may ask, what goes wrong today, and which part answers. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from hardware_sim.vendors.square import catalogue, customers, inventory, orders, payments, terminals
from hardware_sim.vendors.square.events import search_events
from hardware_sim.vendors.square.words import Json, SquareSays
from hardware_sim.vendors.square.world import Fault, World

Handler = Callable[[World, tuple[str, ...], Json], Json]


@dataclass(frozen=True)
class Request:
    """A request; header names in lower case, `body` the JSON of it."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class LineLost(Exception):
    """No answer comes; `done` says whether it was done all the same."""

    def __init__(self, *, done: bool) -> None:
        super().__init__("the line was lost")
        self.done = done


class SquareService:
    """See the package. `heard` is every request, for tests to look at."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard: list[Request] = []

    def answer(self, request: Request) -> Answer:
        """Answer one request. Raises LineLost where the world says so."""
        self.heard.append(request)
        fault = self._fault(f"{request.method} {request.path}")
        if fault is not None and fault.kind == "gone":
            raise LineLost(done=False)
        try:
            if fault is not None and fault.kind != "lost":
                return _failing(fault)
            body = self._do(request)
        except SquareSays as refusal:
            return Answer(refusal.status, refusal.body)
        if fault is not None:
            raise LineLost(done=True)
        return Answer(200, deepcopy(body))

    def _fault(self, where: str) -> Fault | None:
        for fault in self.world.faults:
            if fault.fits(where):
                fault.times -= 1
                return fault
        return None

    def _do(self, request: Request) -> Json:
        if request.path == "/oauth2/token" and request.method == "POST":
            return _renew(self.world, request.body or {})
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.world.tokens:
            raise SquareSays(
                401, "UNAUTHORIZED", "This request could not be authorized.", category="AUTHENTICATION_ERROR"
            )
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(self.world, found.groups(), {**request.query, **(request.body or {})})
        raise SquareSays(404, "NOT_FOUND", f"API endpoint for URL path `{request.path}` and HTTP method is not found.")


def _failing(fault: Fault) -> Answer:
    if fault.kind == "busy":
        refusal = SquareSays(429, "RATE_LIMITED", "Too many requests.", category="RATE_LIMIT_ERROR")
    elif fault.kind == "expired":
        refusal = SquareSays(
            401, "ACCESS_TOKEN_EXPIRED", "The access token has expired.", category="AUTHENTICATION_ERROR"
        )
    else:
        refusal = SquareSays(503, "SERVICE_UNAVAILABLE", "Try again later.", category="API_ERROR")
    return Answer(refusal.status, refusal.body, {"retry-after": fault.retry_after} if fault.retry_after else {})


def _renew(world: World, body: Json) -> Json:
    if body.get("grant_type") != "refresh_token" or body.get("refresh_token") != world.refresh_token:
        raise SquareSays(401, "UNAUTHORIZED", "The refresh token is not known.", category="AUTHENTICATION_ERROR")
    token = world.new_id("token-renewed-")
    world.tokens = {token}
    return {
        "access_token": token, "token_type": "bearer", "expires_at": "2099-01-01T00:00:00Z",
        "merchant_id": world.merchant, "refresh_token": world.refresh_token, "short_lived": False,
    }  # fmt: skip


def _locations(world: World, _found: tuple[str, ...], _asked: Json) -> Json:
    return {"locations": list(world.locations.values())}


def _route(line: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    method, _, path = line.partition(" ")
    return method, re.compile(path.replace("*", "([^/]+)")), handler


_ROUTES = [
    _route("GET /v2/locations", _locations),
    _route("GET /v2/catalog/list", catalogue.listing),
    _route("POST /v2/catalog/search", catalogue.search),
    _route("POST /v2/catalog/batch-upsert", catalogue.batch_upsert),
    _route("POST /v2/inventory/changes/batch-create", inventory.batch_create),
    _route("POST /v2/inventory/changes/batch-retrieve", inventory.changes),
    _route("POST /v2/inventory/counts/batch-retrieve", inventory.counts),
    _route("GET /v2/inventory/physical-counts/*", inventory.physical_count),
    _route("GET /v2/inventory/adjustments/*", inventory.adjustment),
    _route("POST /v2/orders", orders.create),
    _route("POST /v2/orders/search", orders.search),
    _route("POST /v2/orders/batch-retrieve", orders.batch_retrieve),
    _route("GET /v2/orders/*", orders.get),
    _route("PUT /v2/orders/*", orders.update),
    _route("GET /v2/payments", payments.listing),
    _route("GET /v2/payments/*", payments.get),
    _route("POST /v2/payments/*/cancel", payments.cancel),
    _route("GET /v2/refunds", payments.refund_listing),
    _route("POST /v2/refunds", payments.refund),
    _route("POST /v2/customers", customers.create),
    _route("POST /v2/customers/search", customers.search),
    _route("GET /v2/customers/*", customers.get),
    _route("PUT /v2/customers/*", customers.update),
    _route("DELETE /v2/customers/*", customers.delete),
    _route("POST /v2/terminals/checkouts", terminals.create),
    _route("POST /v2/terminals/checkouts/search", terminals.search),
    _route("GET /v2/terminals/checkouts/*", terminals.get),
    _route("POST /v2/terminals/checkouts/*/cancel", terminals.cancel),
    _route("POST /v2/events", search_events),
]
