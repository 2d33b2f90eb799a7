"""Money: each store's day at each provider, what differs and what is done about it; also as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from hub.admin import money_words
from hub.admin.money_csv import csv_parts
from hub.admin.overview_pages import OverviewPages
from hub.admin.reading import Readings
from hub.admin.templating import Templates
from hub.api.office import MoneyOffice
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised
from hub.errors import DecisionRefused
from hub.money.remedies import remedies
from hub.storage.money_records import ACTIONS, OUTCOMES
from hub.storage.queries_money import MoneyFilter

PAGE = 50
PAGES_MAX = 20_000
NO_STORE = "-"
"""Stands in addresses for payments that belong to no store."""

FIELDS = ("store", "channel", "first", "last", "open", "outcome")
FIELD_MAX = 64
PageNumber = Annotated[int, Query(ge=1, le=PAGES_MAX)]
Typed = Annotated[str, Form(max_length=200)]


class MoneyRoutes(OverviewPages):
    """The pages about money."""

    def __init__(self, ports: WebPorts, readings: Readings, templates: Templates, office: MoneyOffice) -> None:
        super().__init__(ports, readings, templates)
        self._office = office

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/money", self.days, methods=["GET", "HEAD"])
        router.add_api_route("/money.csv", self.download, methods=["GET"])
        router.add_api_route("/money/lines", self.lines, methods=["GET", "HEAD"])
        router.add_api_route("/money/lines/{position}", self.line, methods=["GET", "HEAD"])
        router.add_api_route("/money/lines/{position}/decide", self.decide, methods=["POST"])
        router.add_api_route("/money/lines/{position}/undo", self.undo, methods=["POST"])
        return router

    async def days(self, request: Request, page: PageNumber = 1) -> Response:
        """Days, the newest first, with what they add up to."""
        asked = asked_of(request)
        wanted = filter_of(asked)
        queries = self._office.queries
        found = await run_in_threadpool(queries.days, wanted, PAGE, (page - 1) * PAGE)
        totals, rows = await run_in_threadpool(queries.totals, wanted)
        context = {"days": found, "totals": totals, "rows": rows, "pages": max(1, -(-rows // PAGE)), "page": page}
        return await self._money_page(request, "money.html", asked, context)

    async def lines(self, request: Request, page: PageNumber = 1) -> Response:
        """Lines, those that somebody has to look at first, fifty a page."""
        asked = asked_of(request)
        wanted = filter_of(asked)
        queries = self._office.queries
        found = await run_in_threadpool(queries.lines, wanted, PAGE, (page - 1) * PAGE)
        rows = await run_in_threadpool(queries.count, wanted)
        context = {"lines": found, "rows": rows, "pages": max(1, -(-rows // PAGE)), "page": page}
        return await self._money_page(request, "money_lines.html", asked, context)

    async def line(self, request: Request, position: int) -> Response:
        """One line: both sides, why, what can be done, what was decided."""
        return await self._line(request, position)

    async def decide(
        self, request: Request, position: int, action: Typed = "", by: Typed = "", note: Typed = ""
    ) -> Response:
        """Write a decision down, and show the line; a mistake is shown above the form, with what was typed."""
        words, typed = self._words(request), {"action": action, "by": by.strip(), "note": note.strip()}
        error = ""
        if action not in ACTIONS:
            error = words.say("Say what is done about it.")
        elif not typed["by"]:
            error = words.say("Say who decides: your name.")
        elif action == "settled" and not typed["note"]:
            error = words.say("Say why it is settled: a difference is not put away without a word.")
        if error:
            return await self._line(request, position, error=error, typed=typed, status=422)
        add = self._office.decisions.add
        try:
            await run_in_threadpool(add, position, action, typed["note"], typed["by"], self._ports.clock())
        except DecisionRefused:
            gone = words.say("This difference is gone meanwhile.")
            return await self._line(request, position, error=gone, status=409)
        return RedirectResponse(f"/money/lines/{position}", 303)

    async def undo(self, request: Request, position: int, decision: Annotated[int, Form()], by: Typed = "") -> Response:
        """Take a decision back, and show the line."""
        words = self._words(request)
        if not by.strip():
            return await self._line(request, position, error=words.say("Say who decides: your name."), status=422)
        try:
            await run_in_threadpool(self._office.decisions.undo, decision, "", by.strip(), self._ports.clock())
        except DecisionRefused:
            gone = words.say("This decision was taken back already.")
            return await self._line(request, position, error=gone, status=409)
        return RedirectResponse(f"/money/lines/{position}", 303)

    async def download(self, request: Request) -> Response:
        """All lines of the filter as CSV, with a byte order mark so that Excel reads it as UTF-8."""
        wanted = filter_of(asked_of(request))
        headers = {"content-disposition": 'attachment; filename="money.csv"', "cache-control": "no-store"}
        parts = csv_parts(self._office.queries, wanted)
        return StreamingResponse(parts, headers=headers, media_type="text/csv; charset=utf-8")

    async def _line(
        self, request: Request, position: int, *, error: str = "", typed: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:  # fmt: skip
        kept = await run_in_threadpool(self._office.queries.line, position) if 0 <= position < 2**62 else None
        if kept is None:
            raise ProblemRaised(404, "unknown-line", self._words(request).say("This difference is gone meanwhile."))
        decided = await run_in_threadpool(self._office.decisions.about, kept.line)
        context = {
            "kept": kept, "line": kept.line, "remedies": remedies(kept.line), "decided": decided, "error": error,
            "typed": typed or {"action": "", "by": "", "note": ""},
        }  # fmt: skip
        return await self._money_page(request, "money_line.html", {}, context, status=status)

    async def _money_page(
        self, request: Request, template: str, asked: Mapping[str, str], context: Mapping[str, object], *,
        status: int = 200,
    ) -> Response:  # fmt: skip
        words = self._words(request)
        shared = {
            "asked": asked, "outcomes": money_words.outcome_words(words), "said": money_words, "no_store": NO_STORE,
            "channels": await run_in_threadpool(self._office.queries.channels),
            "here": lambda **changed: urlencode({k: v for k, v in {**asked, **changed}.items() if v}),
        }  # fmt: skip
        return await self._page(request, template, {**shared, **context}, status=status)


def asked_of(request: Request) -> dict[str, str]:
    """What an address asks for, as it stands there; an outcome that there is not is none."""
    asked = {name: request.query_params.get(name, "")[:FIELD_MAX].strip() for name in FIELDS}
    return asked | {"outcome": asked["outcome"] if asked["outcome"] in OUTCOMES else ""}


def filter_of(asked: Mapping[str, str]) -> MoneyFilter:
    """The same as the database is asked. Raises ProblemRaised for a day that is none."""
    store = asked["store"]
    return MoneyFilter(
        store=None if not store else "" if store == NO_STORE else store, channel=asked["channel"],
        first=_day(asked["first"]), last=_day(asked["last"]), outcome=asked["outcome"], open=bool(asked["open"]),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ProblemRaised(422, "invalid-parameter", f"{text!r} is no day; write it as 2026-11-20.") from error
