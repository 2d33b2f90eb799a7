"""Shifts: who had which till, what it took, what the drawer had too much or too little; also as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.admin.overview_pages import OverviewPages
from hub.admin.pages import POSITION_MAX
from hub.admin.stock_pages import csv_lines, plain
from hub.admin.words import Words
from hub.api.problems import ProblemRaised
from hub.storage.reading import ShiftRow
from protocol.money import decimals

PAGE = 50
CSV_PAGE = 2_000
PAGES_MAX = 1_000
StoreName = Annotated[str, Query(max_length=32)]
Name = Annotated[str, Path(max_length=128)]


class ShiftRoutes(OverviewPages):
    """The pages about shifts."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/shifts", self.shifts, methods=["GET", "HEAD"])
        router.add_api_route("/shifts/{store}/{terminal}/{shift}", self.shift, methods=["GET", "HEAD"])
        router.add_api_route("/shifts.csv", self.download, methods=["GET"])
        return router

    async def shifts(
        self,
        request: Request,
        before: Annotated[int | None, Query(ge=0, le=POSITION_MAX)] = None,
        store: StoreName = "",
    ) -> Response:
        """Shifts, the last opened first, fifty a page."""
        found = await run_in_threadpool(self._ports.queries.shifts, PAGE + 1, store=store or None, before=before)
        older = found[PAGE - 1].position if len(found) > PAGE else None
        context = {"shifts": found[:PAGE], "older": older, "before": before, "store": store}
        return await self._page(request, "shifts.html", context)

    async def shift(self, request: Request, store: Name, terminal: Name, shift: Name) -> Response:
        """One shift: when the drawer was opened without a receipt and why, and who allowed which refund."""
        detail = await run_in_threadpool(self._ports.queries.shift, store, terminal, shift)
        if detail is None:
            raise ProblemRaised(404, "unknown-shift", f"The hub knows no shift {shift!r} of {store}/{terminal}.")
        return await self._page(request, "shift.html", {"detail": detail, "row": detail.row})

    async def download(self, request: Request, store: StoreName = "") -> Response:
        """All shifts as CSV, with a byte order mark so that Excel reads it as UTF-8."""
        words = self._words(request)
        headers = {"content-disposition": 'attachment; filename="shifts.csv"', "cache-control": "no-store"}
        return StreamingResponse(self._csv(words, store), headers=headers, media_type="text/csv; charset=utf-8")

    def _csv(self, words: Words, store: str) -> Iterator[bytes]:
        head = [
            words.say("Store"), words.say("Till"), words.say("Number"), words.say("Day"), words.say("Opened (UTC)"),
            words.say("Opened by"), words.say("Closed (UTC)"), words.say("Closed by"), words.say("Sales"),
            words.say("Returns"), words.say("Turnover"), words.say("Tax"), words.say("Expected"), words.say("Counted"),
            words.say("Over or short"), words.say("Currency"), words.say("Differs (till / hub)"),
        ]  # fmt: skip
        yield b"\xef\xbb\xbf" + csv_lines([head])
        before: int | None = None
        for _ in range(PAGES_MAX):
            rows = self._ports.queries.shifts(CSV_PAGE, store=store or None, before=before)
            yield csv_lines([_csv_row(row) for row in rows])
            if len(rows) < CSV_PAGE:
                return
            before = rows[-1].position


def _csv_row(row: ShiftRow) -> list[str]:
    amounts = [row.sums.turnover, row.sums.tax_total, row.expected, row.counted, row.over]
    closed = f"{row.closed_at:%Y-%m-%d %H:%M:%S}" if row.closed_at else ""
    return [
        plain(row.store), plain(row.terminal), str(row.number), row.business_day.isoformat(),
        f"{row.opened_at:%Y-%m-%d %H:%M:%S}", plain(row.opened_by), closed, plain(row.closed_by), str(row.sums.sales),
        str(row.sums.refunds), *(_plain_amount(amount, row.currency) for amount in amounts), row.currency,
        plain(row.differs),
    ]  # fmt: skip


def _plain_amount(amount: int, currency: str) -> str:
    """An amount as a spreadsheet reads it: digits, a point, and a plain minus."""
    return f"{Decimal(amount).scaleb(-decimals(currency)):f}"
