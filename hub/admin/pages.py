"""The pages that people read: overview, stores, sales, sync, alarms, and the parts that htmx asks for anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.admin.attention import Entry, entries
from hub.admin.reading import LATENCY_MINUTES, Reading, Readings
from hub.admin.stations import StoreView, store_view, store_views
from hub.admin.templating import Templates
from hub.admin.words import Words, zone
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised
from hub.api.settings import WebSettings
from hub.storage.reading import SaleRow

SALES_PAGE = 50
POSITION_MAX = 2**62
MINUTE_S = 60
PARTS = ("head", "cards", "attention", "stores", "sales", "sync", "nav", "first")


@dataclass(frozen=True)
class Overview:
    """What the first page and its parts show."""

    reading: Reading
    stores: list[StoreView]
    entries: list[Entry]
    names: Mapping[str, str]
    zones: Mapping[str, str]
    sales_today: int
    turnover: Mapping[str, int]
    stores_live: int
    terminals_online: int
    backlog: int

    @property
    def away(self) -> int:
        """How many tills were seen before and are offline now, for however short a time."""
        return sum(not row.online and row.last_seen_at is not None for row in self.reading.terminals)

    @property
    def urgent(self) -> list[Entry]:
        """The entries that are more than worth knowing."""
        return [entry for entry in self.entries if entry.tone in {"bad", "warn"}]


def overview_of(words: Words, reading: Reading) -> Overview:
    """Add a reading up."""
    views = store_views(words, reading.stores, reading.terminals, reading.now, reading.catching_up)
    turnover: defaultdict[str, int] = defaultdict(int)
    for row in reading.stores:
        for currency, amount in row.turnover_today.items():
            turnover[currency] += amount
    return Overview(
        reading=reading,
        stores=views,
        entries=entries(words, views, reading.alarms, reading.now),
        names={row.store: row.name for row in reading.stores},
        zones={row.store: row.time_zone for row in reading.stores},
        sales_today=sum(row.sales_today for row in reading.stores),
        turnover=dict(sorted(turnover.items(), key=lambda pair: -pair[1])),
        stores_live=sum(view.live for view in views),
        terminals_online=sum(view.online for view in views),
        backlog=sum(view.backlog for view in views),
    )


class PageRoutes:
    """The pages without those about stock."""

    def __init__(self, ports: WebPorts, settings: WebSettings, readings: Readings, templates: Templates) -> None:
        self._ports = ports
        self._settings = settings
        self._readings = readings
        self._templates = templates

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        for path, endpoint in (
            ("/", self.overview),
            ("/parts/{part}", self.part),
            ("/latency.json", self.latency),
            ("/stores", self.stores),
            ("/stores/{store}", self.store),
            ("/sales", self.sales),
            ("/sales/{position}", self.sale),
            ("/sync", self.sync),
            ("/alarms", self.alarms),
        ):
            router.add_api_route(path, endpoint, methods=["GET", "HEAD"])
        return router

    async def overview(self, request: Request) -> Response:
        """Is anything wrong, how is today, can I trust the numbers."""
        return self._page(request, "overview.html", await self._read(request))

    async def part(self, request: Request, part: str) -> Response:
        """One region of a page, as it is now."""
        if part not in PARTS:
            raise ProblemRaised(404, "unknown-part", f"There is no part {part!r}.")
        overview = await self._read(request)
        if part == "first":  # asked by the first steps: with a store the page has to be another one
            return Response(status_code=204, headers={"hx-refresh": "true"} if overview.stores else {})
        section = request.query_params.get("at", "")
        return self._page(request, f"parts/{part}.html", overview, section=section)

    async def latency(self) -> Response:
        """What the plot draws: for each of the last minutes the percentiles, null where no sale came."""
        reading = await run_in_threadpool(self._readings.take)
        headers = {"cache-control": "no-store"}
        body = msgspec.json.encode(plot_data(reading, self._settings.latency_goal_ms))
        return Response(body, headers=headers, media_type="application/json")

    async def stores(self, request: Request) -> Response:
        """All stores, those that need attention first."""
        return self._page(request, "stores.html", await self._read(request))

    async def store(self, request: Request, store: str) -> Response:
        """One store: its tills, devices and newest sales."""
        overview = await self._read(request)
        row = next((row for row in overview.reading.stores if row.store == store), None)
        if row is None:
            raise ProblemRaised(404, "unknown-store", f"There is no store {store!r}.")
        terminals = [terminal for terminal in overview.reading.terminals if terminal.store == store]
        words = self._templates.viewer(request).words
        sales = await run_in_threadpool(self._ports.queries.recent_sales, SALES_PAGE, store=store)
        reading = overview.reading
        view = store_view(words, row, terminals, reading.now, reading.catching_up)
        return self._page(request, "store.html", overview, view=view, sales=sales)

    async def sales(
        self,
        request: Request,
        before: Annotated[int | None, Query(ge=0, le=POSITION_MAX)] = None,
        store: Annotated[str, Query(max_length=32)] = "",
    ) -> Response:
        """Sales, newest first, fifty a page."""
        overview = await self._read(request)
        sales = await run_in_threadpool(
            self._ports.queries.recent_sales, SALES_PAGE + 1, before=before, store=store or None
        )
        older = sales[SALES_PAGE - 1].position if len(sales) > SALES_PAGE else None
        context: dict[str, object] = {
            "sales": sales[:SALES_PAGE],
            "older": older,
            "before": before,
            "store": store,
            "day": (),
        }
        row = next((row for row in overview.reading.stores if row.store == store), None)
        if row is not None and before is None:
            today = overview.reading.now.astimezone(zone(row.time_zone)).date()
            context["day"] = await run_in_threadpool(self._ports.queries.day_sums, row.store, today)
        return self._page(request, "sales.html", overview, **context)

    async def sale(self, request: Request, position: int) -> Response:
        """One sale with its lines."""
        known = 0 <= position <= POSITION_MAX
        detail = await run_in_threadpool(self._ports.queries.sale, position) if known else None
        if detail is None:
            raise ProblemRaised(404, "unknown-sale", "There is no such sale.")
        return self._page(request, "sale.html", await self._read(request), detail=detail, sale=detail.sale)

    async def sync(self, request: Request) -> Response:
        """Latency in full, and the slowest sales behind the p95."""
        overview = await self._read(request)
        slowest: list[SaleRow] = list(
            await run_in_threadpool(
                self._ports.queries.recent_sales,
                20,
                order="slowest",
                since=overview.reading.now - timedelta(minutes=LATENCY_MINUTES),
            )
        )
        return self._page(request, "sync.html", overview, sales=slowest)

    async def alarms(self, request: Request, counted_in: Annotated[int | None, Query(ge=0)] = None) -> Response:
        """Everything that needs a look, and what was set aside; `counted_in` of it just now."""
        return self._page(request, "alarms.html", await self._read(request), counted_in=counted_in)

    async def _read(self, request: Request) -> Overview:
        reading = await run_in_threadpool(self._readings.take)
        return overview_of(self._templates.viewer(request).words, reading)

    def _page(self, request: Request, template: str, overview: Overview, **context: object) -> Response:
        return self._templates.page(request, template, {"o": overview, "now": overview.reading.now, **context})


def plot_data(reading: Reading, goal_ms: int) -> dict[str, object]:
    """Arrays for the plot, one entry for every minute: Unix seconds, and ms of at least 1 (the scale is log)."""
    points = {int(point.minute.timestamp()) // MINUTE_S: point for point in reading.latency.points}
    last = int(reading.now.timestamp()) // MINUTE_S
    minutes = range(last - LATENCY_MINUTES + 1, last + 1)
    found = [points.get(minute) for minute in minutes]
    return {
        "goal_ms": goal_ms,
        "minutes": [minute * MINUTE_S for minute in minutes],
        "p50": [None if point is None else max(1.0, point.p50_ms) for point in found],
        "p95": [None if point is None else max(1.0, point.p95_ms) for point in found],
        "p99": [None if point is None else max(1.0, point.p99_ms) for point in found],
        "count": [0 if point is None else point.count for point in found],
    }
