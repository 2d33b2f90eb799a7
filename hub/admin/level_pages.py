"""Why a level is what it is, how right levels were, and what is kept back of them as safety stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin.explaining import delta_of, kind_word, reason_word, why
from hub.admin.overview_pages import OverviewPages
from hub.api.problems import ProblemRaised
from hub.catalogue.rules import rule_of
from hub.errors import HubError
from hub.stock.accuracy import GOAL, Accuracy
from hub.storage.moments import zone_of
from protocol.errors import ProtocolError

PAGE = 50
PAGES_MAX = 20_000
DAYS = 30
PageNumber = Annotated[int, Query(ge=1, le=PAGES_MAX)]
Field = Annotated[str, Form(max_length=64)]


class LevelRoutes(OverviewPages):
    """The pages behind a level."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/stock/level", self.level, methods=["GET", "HEAD"])
        router.add_api_route("/stock/accuracy", self.accuracy, methods=["GET", "HEAD"])
        router.add_api_route("/stock/rules", self.rules, methods=["GET", "HEAD"])
        router.add_api_route("/stock/rules", self.set_rule, methods=["POST"])
        router.add_api_route("/stock/rules/delete", self.delete_rule, methods=["POST"])
        return router

    async def level(
        self,
        request: Request,
        sku: Annotated[str, Query(max_length=64)] = "",
        store: Annotated[str, Query(max_length=32)] = "",
        page: PageNumber = 1,
    ) -> Response:
        """A store's level of a SKU: the sentences, the numbers, the ledger."""
        found = await run_in_threadpool(self._ports.queries.explain, store, sku, limit=PAGE, offset=(page - 1) * PAGE)
        if found is None:
            raise ProblemRaised(404, "unknown-level", f"Store {store!r} never had SKU {sku!r}, so it has no level.")
        words = self._words(request)
        reading = await self._reading()
        zone = next((row.time_zone for row in reading.stores if row.store == store), "UTC")
        context = {
            "found": found, "zone": zone, "sentences": why(words, found, zone), "kind_word": kind_word,
            "reason_word": reason_word, "delta_of": delta_of, "page": page, "pages": max(1, -(-found.total // PAGE)),
            "today": reading.now.astimezone(zone_of(zone)).date(),
        }  # fmt: skip
        return await self._page(request, "stock_level.html", context)

    async def accuracy(self, request: Request, store: Annotated[str, Query(max_length=32)] = "") -> Response:
        """How right levels were when they were counted, by store and day, and over all days."""
        reading = await self._reading()
        since = reading.now - timedelta(days=DAYS)
        rows = await run_in_threadpool(self._ports.queries.accuracy, since, store=store or None)
        context = {
            "rows": rows, "store": store, "goal": GOAL, "days": DAYS, "total": total_of(rows),
            "currency": {row.store: row.currency for row in reading.stores},
        }  # fmt: skip
        return await self._page(request, "accuracy.html", context)

    async def rules(self, request: Request, page: PageNumber = 1) -> Response:
        """The rules of safety stock, and a form for one more."""
        return await self._rules(request, page)

    async def set_rule(
        self, request: Request, quantity: Field = "", store: Field = "", sku: Field = "", category: Field = ""
    ) -> Response:
        """Set a rule, and show them all; a mistake is shown above the form, with what was typed."""
        typed = {"quantity": quantity, "store": store.strip(), "sku": sku.strip(), "category": category.strip()}
        try:
            rule = rule_of(typed["store"], typed["sku"], typed["category"], quantity)
            await run_in_threadpool(self._ports.desk.set_rules, [rule])
        except (HubError, ProtocolError) as error:
            return await self._rules(request, 1, error=str(error), typed=typed, status=422)
        return RedirectResponse("/stock/rules", 303)

    async def delete_rule(self, store: Field = "", sku: Field = "", category: Field = "") -> Response:
        """Take a rule away."""
        await run_in_threadpool(self._ports.desk.delete_rules, [(store, sku, category)])
        return RedirectResponse("/stock/rules", 303)

    async def _rules(
        self, request: Request, page: int, *, error: str = "", typed: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:  # fmt: skip
        found = await run_in_threadpool(self._ports.queries.rules, limit=PAGE + 1, offset=(page - 1) * PAGE)
        context = {
            "page": page, "rules": found[:PAGE], "more": len(found) > PAGE, "error": error,
            "typed": typed or defaultdict(str),
        }  # fmt: skip
        return await self._page(request, "rules.html", context, status=status)


def total_of(rows: Sequence[Accuracy]) -> Accuracy | None:
    """All days and stores as one; None without any. Values of several currencies add up to nothing that means much."""
    if not rows:
        return None
    sums = [sum(getattr(row, name) for row in rows) for name in ("counted", "right", "value", "value_right", "off")]
    return Accuracy("", rows[0].day, *sums)
