"""What a store's day adds up to, for those who compare it with their tills' reports. Needs the admin access key."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from hub.api.models import DaySummary
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised, documented
from hub.matters.sums import ReceiptSums
from protocol.errors import InvalidId
from protocol.ids import store_id


class SummaryRoutes:
    """The endpoint /v1/sales/summary."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(prefix="/v1/sales", tags=["sales"])
        answers: dict[int | str, dict[str, Any]] = {200: {"model": DaySummary}, **documented(401, 404, 422)}
        router.add_api_route("/summary", self.summary, summary="What a store's day adds up to", responses=answers)
        return router

    async def summary(
        self,
        store: Annotated[str, Query(description="The store's id.", examples=["hn01"], max_length=32)],
        day: Annotated[date, Query(description="The business day, as tills print it.", examples=["2026-11-22"])],
    ) -> Response:
        """Sums by currency and tender, added up from the receipts that have arrived; refunds count against them.

        Amounts are minor units. A till that is offline still has receipts of its own: what it brings later is added.
        """
        try:
            known = store_id(store)
        except InvalidId as error:
            raise ProblemRaised(404, "unknown-store", f"{error}.") from error
        rows = await run_in_threadpool(self._ports.queries.stores, self._ports.clock())
        if known not in {row.store for row in rows}:
            raise ProblemRaised(404, "unknown-store", f"There is no store {known!r}.")
        sums = await run_in_threadpool(self._ports.queries.day_sums, known, day)
        body = {"store": known, "day": day, "currencies": [as_json(one) for one in sums]}
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")


def as_json(sums: ReceiptSums) -> dict[str, object]:
    """One currency's sums, as the API writes them."""
    names = (
        "currency", "sales", "sold", "refunds", "refunded", "exchanges", "turnover", "tax_total", "rounding",
        "discounted", "account_paid",
    )  # fmt: skip
    return {**{name: getattr(sums, name) for name in names}, "tenders": dict(sorted(sums.tenders.items()))}
