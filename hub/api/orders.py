"""Orders over HTTP, for a shop of one's own: place, look at, cancel. Needs the admin access key."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.api.models import OrderAnswer, OrderRequest
from hub.api.order_json import as_json
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised, documented
from hub.catalogue.orders import read_order
from hub.errors import HubError, ImportFailed, OrderConflict, StorageUnavailable, UnknownOrder


class OrderRoutes:
    """The endpoints below /v1/orders."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1/orders", tags=["orders"])
        one: dict[int | str, dict[str, Any]] = {200: {"model": OrderAnswer}, **documented(401, 404)}
        taken: dict[int | str, dict[str, Any]] = {
            200: {"model": OrderAnswer, "description": "This very order was placed before; nothing changed."},
            201: {"model": OrderAnswer, "description": "Placed, allotted and reserved."},
            **documented(400, 401, 409, 413, 422, 503),
        }
        body = {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _written()}},
            }
        }
        router.add_api_route(
            "", self.place, methods=["POST"], summary="Place an order", responses=taken, openapi_extra=body
        )
        # An order's id may hold a slash; the longer address first, or the other would swallow it.
        router.add_api_route(
            "/{order:path}/cancel", self.cancel, methods=["POST"], summary="Cancel an order", responses=one
        )
        router.add_api_route("/{order:path}", self.show, summary="How an order is", responses=one)
        return router

    async def place(self, request: Request) -> Response:
        """Place an order. Its id makes it idempotent: send it again when you do not know whether it arrived.

        What no store has is in `missing`; the order stands, and is filled as goods come.
        """
        try:
            raw = msgspec.json.decode(await request.body())
            if not isinstance(raw, dict):
                raise ProblemRaised(400, "invalid-order", "The body is not an object; write fields in braces.")
            order = read_order("order", raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ProblemRaised(400, "invalid-order", f"The body is no JSON: {error}.") from error
        except ImportFailed as error:
            raise ProblemRaised(422, "invalid-order", f"{error}.") from error
        try:
            new = await run_in_threadpool(self._ports.desk.place, order, self._ports.clock())
        except OrderConflict as error:
            raise ProblemRaised(409, "order-conflict", f"{error}.") from error
        except StorageUnavailable as error:
            raise _away() from error
        except HubError as error:
            raise ProblemRaised(422, "invalid-order", f"{error}.") from error
        return await self._answer(order.order, 201 if new else 200)

    async def show(self, order: str) -> Response:
        """An order: its state, the parcels by store, and what is missing."""
        return await self._answer(order, 200)

    async def cancel(self, order: str) -> Response:
        """Give an order up; what was handed over stays handed over. Cancelling twice is the same as once."""
        try:
            await run_in_threadpool(self._ports.desk.cancel, order, self._ports.clock())
        except UnknownOrder as error:
            raise ProblemRaised(404, "unknown-order", f"{error}.") from error
        except StorageUnavailable as error:
            raise _away() from error
        return await self._answer(order, 200)

    async def _answer(self, order: str, status: int) -> Response:
        detail = await run_in_threadpool(self._ports.queries.order, order)
        if detail is None:
            raise ProblemRaised(404, "unknown-order", f"There is no order {order!r}.")
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(as_json(detail)), status, headers=headers, media_type="application/json")


def _written() -> dict[str, Any]:
    """The order's schema in one piece: OpenAPI looks for references at its own root only."""
    schema = OrderRequest.model_json_schema()
    schema["properties"]["lines"]["items"] = schema.pop("$defs")["OrderLineRequest"]
    return schema


def _away() -> ProblemRaised:
    text = "The hub's database does not answer; send the same again, the order's id makes it one."
    return ProblemRaised(503, "database-away", text, retry_after_s=2)
