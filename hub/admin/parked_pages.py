"""Entries that were set aside: what each is, why, what to do; and counting in what can be read by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin.overview_pages import OverviewPages
from hub.admin.pages import POSITION_MAX
from hub.admin.words import Words
from hub.api.problems import ProblemRaised

BYTES_SHOWN = 20_000
REASONS: Mapping[str, Callable[[Words], tuple[str, str]]] = {
    "unreadable": lambda words: (
        words.say("This hub cannot read what the till wrote."),
        words.say("Update the hub, then count it in below. If it stays, call support with this page."),
    ),
    "unknown_type": lambda words: (
        words.say("The till is of a newer version and tells of something that this hub does not know yet."),
        words.say("Update the hub, then count it in below."),
    ),
    "misplaced": lambda words: (
        words.say("It says that it belongs to another till, or to another place in its journal."),
        words.say("It is kept as evidence and never counts. Call support with this page."),
    ),
    "fork": lambda words: (
        words.say("Two PCs ran as the same till, or one was put back to an old copy: this is the second history."),
        words.say("Let only one PC run as this till. It sends its entries again by itself, then this goes away."),
    ),
}


class ParkedRoutes(OverviewPages):
    """The pages about what was set aside."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/parked/replay", self.replay, methods=["POST"])
        router.add_api_route("/parked/{position}", self.parked, methods=["GET", "HEAD"])
        return router

    async def parked(
        self, request: Request, position: int, done: Annotated[int | None, Query(ge=0)] = None
    ) -> Response:
        """One entry."""
        known = 0 <= position <= POSITION_MAX
        found = await run_in_threadpool(self._ports.queries.parked_event, position) if known else None
        if found is None:
            raise ProblemRaised(404, "unknown-entry", "There is no such entry.")
        explained = REASONS.get(found.reason, REASONS["unreadable"])(self._words(request))
        context = {
            "found": found, "explained": explained, "done": done,
            "text": found.raw[:BYTES_SHOWN].decode(errors="backslashreplace"), "cut": len(found.raw) > BYTES_SHOWN,
        }  # fmt: skip
        return await self._page(request, "parked.html", context)

    async def replay(self) -> Response:
        """Count in what can be read by now, and show what is left."""
        done = await run_in_threadpool(self._ports.desk.replay_parked, self._ports.clock())
        return RedirectResponse(f"/alarms?counted_in={done}#parked", 303)
