"""Channels: how each is and since when, what was parked and why, which word is whose, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from pydantic import Field as PydanticField
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin.overview_pages import OverviewPages
from hub.admin.words import Words
from hub.api.channel_desk import Again, ChannelDesk
from hub.api.problems import ProblemRaised
from hub.errors import HubError, UnknownChannel
from hub.storage.reading_channels import MAPPED, OWN_WORDS, ChannelDetail, ChannelRow, LinkQuery

PAGE = 50
PAGES_MAX = 20_000
BYTES_SHOWN = 4_000
LONG = timedelta(hours=1)
"""A part that has not worked for so long is red: somebody has to do something."""
Field = Annotated[str, Form(max_length=300)]

PARTS: Mapping[str, Callable[[Words], str]] = {
    "stock": lambda words: words.say("stock to the channel"),
    "journal": lambda words: words.say("what tills tell"),
    "sales": lambda words: words.say("sales to the channel"),
    "out": lambda words: words.say("orders and parcels to the channel"),
    "people": lambda words: words.say("people to the channel"),
    "orders": lambda words: words.say("orders from the channel"),
    "counts": lambda words: words.say("counts from the channel"),
    "catalogue": lambda words: words.say("catalogue from the channel"),
    "customers": lambda words: words.say("customers from the channel"),
    "payments": lambda words: words.say("payments from the channel"),
    "open": lambda words: words.say("connecting"),
}
KINDS: Mapping[str, Callable[[Words], str]] = {
    "item": lambda words: words.say("SKUs"),
    "location": lambda words: words.say("stores"),
    "tax": lambda words: words.say("taxes"),
    "tender": lambda words: words.say("ways to pay"),
    "state": lambda words: words.say("states"),
}
TOLD: Mapping[str, Callable[[Words], str]] = {
    "sale": lambda words: words.say("sale"),
    "refund": lambda words: words.say("refund"),
    "hand_over": lambda words: words.say("parcel handed over"),
    "cancel": lambda words: words.say("order cancelled"),
    "customer": lambda words: words.say("customer"),
    "orders": lambda words: words.say("order"),
    "counts": lambda words: words.say("count"),
    "catalogue": lambda words: words.say("item"),
    "customers": lambda words: words.say("customer"),
    "payments": lambda words: words.say("payment"),
    "webhook": lambda words: words.say("webhook"),
}


class AskedLinks(BaseModel):
    """What the page of links is asked for."""

    kind: str = PydanticField("item", max_length=16)
    search: str = PydanticField("", max_length=200)
    missing: str = PydanticField("", max_length=1)
    page: int = PydanticField(1, ge=1, le=PAGES_MAX)
    ours: str = PydanticField("", max_length=200)
    theirs: str = PydanticField("", max_length=200)


class ChannelRoutes(OverviewPages):
    """The pages about channels."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/channels", self.channels, methods=["GET", "HEAD"])
        router.add_api_route("/channels/{name}", self.channel, methods=["GET", "HEAD"])
        router.add_api_route("/channels/{name}/again", self.again, methods=["POST"])
        router.add_api_route("/channels/{name}/links", self.links, methods=["GET", "HEAD"])
        router.add_api_route("/channels/{name}/links", self.link, methods=["POST"])
        router.add_api_route("/channels/{name}/links/delete", self.unlink, methods=["POST"])
        return router

    async def channels(self, request: Request) -> Response:
        """All channels: how each is, and what waits."""
        rows = await run_in_threadpool(self._desk.channels)
        words, now = self._words(request), self._ports.clock()
        context = {"rows": [(row, how(words, row, now)) for row in rows], **_words_of(words)}
        return await self._page(request, "channels.html", context)

    async def channel(self, request: Request, name: str, done: Annotated[int | None, Query(ge=0)] = None) -> Response:
        """One channel: its parts, what was parked on the way out and on the way in."""
        detail = await self._known(name)
        words, now = self._words(request), self._ports.clock()
        context = {
            "detail": detail, "row": detail.row, "how": how(words, detail.row, now), "done": done,
            "raw": {(one.kind, one.key): _text(one.raw) for one in detail.asides}, **_words_of(words),
        }  # fmt: skip
        return await self._page(request, "channel.html", context)

    async def again(self, name: str, what: Field = "", key: Field = "") -> Response:
        """Have what was parked tried again, and show the channel."""
        tried: Again
        match what:
            case "out" | "stock" | "in":
                tried = what
            case _:
                raise ProblemRaised(422, "unknown-word", "Say what is to be tried again: out, stock or in.")
        try:
            done = await run_in_threadpool(self._desk.again, name, tried, key, self._ports.clock())
        except UnknownChannel as error:
            raise _unknown(name) from error
        return RedirectResponse(f"/channels/{quote(name, safe='')}?done={done}", 303)

    async def links(
        self,
        request: Request,
        name: str,
        asked: Annotated[AskedLinks, Query()],
    ) -> Response:
        """Which word is whose, fifty a page, or which of ours have none; `ours` and `theirs` stand in the form then."""
        kind = asked.kind if asked.kind in MAPPED else "item"
        query = LinkQuery(kind, asked.search.strip(), asked.missing == "1", PAGE, (asked.page - 1) * PAGE)
        return await self._links(request, name, query, typed={"ours": asked.ours, "theirs": asked.theirs})

    async def link(
        self, request: Request, name: str, kind: Field = "", ours: Field = "", theirs: Field = ""
    ) -> Response:
        """Map a word by hand; a mistake is shown above the form, with what was typed."""
        try:
            await run_in_threadpool(self._desk.link, name, kind, ours, theirs, self._ports.clock())
        except UnknownChannel as error:
            raise _unknown(name) from error
        except HubError as error:
            typed = {"ours": ours, "theirs": theirs}
            query = LinkQuery(kind if kind in MAPPED else "item", limit=PAGE)
            return await self._links(request, name, query, error=str(error), typed=typed)
        return RedirectResponse(
            f"/channels/{quote(name, safe='')}/links?{urlencode({'kind': kind, 'search': ours})}", 303
        )

    async def unlink(self, name: str, kind: Field = "", ours: Field = "") -> Response:
        """Take a link away."""
        await run_in_threadpool(self._desk.unlink, name, kind, ours)
        return RedirectResponse(f"/channels/{quote(name, safe='')}/links?{urlencode({'kind': kind})}", 303)

    async def _links(
        self, request: Request, name: str, query: LinkQuery, *, error: str = "", typed: Mapping[str, str] | None = None
    ) -> Response:
        detail = await self._known(name)
        found = await run_in_threadpool(self._desk.links, name, query)
        context = {
            "row": detail.row, "found": found, "kind": query.kind, "search": query.search, "missing": query.missing,
            "page": query.offset // PAGE + 1, "pages": max(1, -(-found.total // PAGE)), "error": error,
            "typed": typed or defaultdict(str), "own_words": OWN_WORDS, **_words_of(self._words(request)),
        }  # fmt: skip
        return await self._page(request, "channel_links.html", context, status=422 if error else 200)

    async def _known(self, name: str) -> ChannelDetail:
        detail = await run_in_threadpool(self._desk.channel, name)
        if detail is None:
            raise _unknown(name)
        return detail

    @property
    def _desk(self) -> ChannelDesk:
        if self._ports.channels is None:
            raise ProblemRaised(404, "no-channels", "This hub has no channels.")
        return self._ports.channels


def how(words: Words, row: ChannelRow, now: datetime) -> tuple[str, str]:
    """A channel's tone and state in words."""
    if not row.enabled:
        return "none", words.say("switched off")
    if row.failing:
        last = min(part.fine_at or datetime.min.replace(tzinfo=now.tzinfo) for part in row.failing.values())
        return ("bad" if now - last > LONG else "warn"), words.say("does not work")
    if row.parked or row.aside:
        return "warn", words.say("needs a look")
    return ("", words.say("works")) if row.parts else ("info", words.say("begins"))


def _words_of(words: Words) -> dict[str, object]:
    return {
        "part_words": {name: text(words) for name, text in PARTS.items()},
        "kind_words": {name: text(words) for name, text in KINDS.items()},
        "told_words": {name: text(words) for name, text in TOLD.items()},
    }


def _text(raw: bytes) -> str:
    return raw[:BYTES_SHOWN].decode(errors="backslashreplace")


def _unknown(name: str) -> ProblemRaised:
    return ProblemRaised(404, "unknown-channel", f"There is no channel {name!r}.")
