"""Web orders: which are open, short or oversold; one order with its parcels; cancelling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin.overview_pages import OverviewPages
from hub.admin.words import Words
from hub.api.problems import ProblemRaised
from hub.errors import UnknownOrder
from hub.matters.orders import ORDER_STATES

PAGE = 50
PAGES_MAX = 20_000
STATES: Mapping[str, tuple[str, Callable[[Words], str]]] = {
    "open": ("info", lambda words: words.say("to be gathered")),
    "short": ("warn", lambda words: words.say("short, asked elsewhere")),
    "picked": ("", lambda words: words.say("gathered")),
    "handed_over": ("none", lambda words: words.say("handed over")),
    "oversold": ("bad", lambda words: words.say("goods missing")),
    "cancelled": ("none", lambda words: words.say("cancelled")),
}


class OrderPageRoutes(OverviewPages):
    """The pages about web orders."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/orders", self.orders, methods=["GET", "HEAD"])
        router.add_api_route("/orders/{order:path}/cancel", self.cancel, methods=["POST"])
        router.add_api_route("/orders/{order:path}", self.order, methods=["GET", "HEAD"])
        return router

    async def orders(
        self, request: Request, state: str = "", page: Annotated[int, Query(ge=1, le=PAGES_MAX)] = 1
    ) -> Response:
        """Orders, newest first, fifty a page."""
        wanted = state if state in ORDER_STATES else ""
        found = await run_in_threadpool(self._ports.queries.orders, state=wanted, limit=PAGE, offset=(page - 1) * PAGE)
        context = {"found": found, "state": wanted, "page": page, "pages": max(1, -(-found.total // PAGE))}
        return await self._order_page(request, "orders.html", context)

    async def order(self, request: Request, order: str) -> Response:
        """One order."""
        detail = await run_in_threadpool(self._ports.queries.order, order)
        if detail is None:
            raise ProblemRaised(404, "unknown-order", f"There is no order {order!r}.")
        return await self._order_page(request, "order.html", {"detail": detail})

    async def cancel(self, order: str) -> Response:
        """Give the order up, and show it."""
        try:
            await run_in_threadpool(self._ports.desk.cancel, order, self._ports.clock())
        except UnknownOrder as error:
            raise ProblemRaised(404, "unknown-order", f"There is no order {order!r}.") from error
        return RedirectResponse(f"/orders/{quote(order, safe='')}", 303)

    async def _order_page(self, request: Request, template: str, context: Mapping[str, object]) -> Response:
        words = self._words(request)
        states = {state: (tone, text(words)) for state, (tone, text) in STATES.items()}
        return await self._page(request, template, {"states": states, "quote": _quoted, **context})


def _quoted(order: str) -> str:
    return quote(order, safe="")
