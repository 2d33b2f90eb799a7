"""Availability for web shops: one SKU, many SKUs, and a stream of changes; open for reading, bounded in rate.

A SKU may hold any visible character. In a path it is percent-encoded, "/" as %2F or as it is; a SKU that clients
rewrite in a path ("stream", "..", "a//b") is asked for as `?sku=`. The ETag is a hash of the answer's bytes, so it is
strong, and the same on every worker.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.api.limits import TokenBuckets
from hub.api.models import ManyAvailabilities, SkuAvailability
from hub.api.port import ChangeKind, WebPorts
from hub.api.problems import ProblemRaised, documented
from hub.api.settings import WebSettings
from hub.api.stream import HEARTBEAT, PAGE, EventStream, SharedReads, StreamSlots, batches, sse_event
from hub.storage.reading import Availability
from protocol.errors import InvalidId
from protocol.ids import sku as checked_sku
from protocol.ids import store_id
from protocol.quantity import format_quantity

SKUS_MAX = 100

StoreFilter = Annotated[
    str | None, Query(description="Only this location.", examples=["hn01"], max_length=32, alias="store")
]
SkuList = Annotated[
    list[str], Query(alias="sku", description=f"1 to {SKUS_MAX} SKUs.", examples=[["COLA-330", "G7-21"]])
]


class AvailabilityRoutes:
    """The endpoints below /v1/availability."""

    def __init__(self, ports: WebPorts, settings: WebSettings) -> None:
        self._ports = ports
        self._settings = settings
        self._buckets = TokenBuckets(settings.public_requests_per_second, settings.public_burst)
        self._slots = StreamSlots(settings.streams_max)
        self._reads = SharedReads(ports.queries.availability_changes)

    def router(self) -> APIRouter:
        """The routes; the stream first, or the path of one SKU would swallow it."""
        router = APIRouter(prefix="/v1/availability", tags=["availability"])
        router.add_api_route(
            "/stream",
            self.stream,
            summary="Stream changes of availability",
            responses={
                200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}},
                **documented(400, 422, 429, 503),
            },
        )
        for path, endpoint, summary, model in (
            ("", self.many, "Ask for several SKUs", ManyAvailabilities),
            ("/{sku:path}", self.one, "Ask for one SKU", SkuAvailability),
        ):
            answers: dict[int | str, dict[str, Any]] = {
                200: {"model": model, "headers": {"ETag": {"schema": {"type": "string"}}}},
                304: {"description": "Not changed since the ETag in If-None-Match."},
                **documented(400, 404, 422, 429),
            }
            router.add_api_route(path, endpoint, summary=summary, responses=answers)
            router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
        return router

    async def one(
        self,
        request: Request,
        sku: Annotated[str, Path(description="The SKU, percent-encoded.", examples=["COLA-330"])],
        store: StoreFilter = None,
    ) -> Response:
        """What the web may sell of one SKU, over all locations and by location.

        Send the ETag back in `If-None-Match` and get 304 while nothing changed.
        """
        self._limit(request)
        found = await self._read([sku], store)
        if not found:
            raise ProblemRaised(404, "unknown-sku", f"SKU {sku!r} is not in the catalogue.")
        return self._answer(request, msgspec.json.encode(as_json(found[0], store)))

    async def many(self, request: Request, skus: SkuList, store: StoreFilter = None) -> Response:
        """Several SKUs in one answer. A SKU that the catalogue does not have is named under `unknown`."""
        self._limit(request)
        asked = list(dict.fromkeys(skus))
        if not 1 <= len(asked) <= SKUS_MAX:
            raise ProblemRaised(400, "too-many-skus", f"Ask for 1 to {SKUS_MAX} SKUs at a time, not {len(asked)}.")
        found = {availability.sku: availability for availability in await self._read(asked, store)}
        body = {
            "items": [as_json(found[sku], store) for sku in asked if sku in found],
            "unknown": [sku for sku in asked if sku not in found],
        }
        return self._answer(request, msgspec.json.encode(body))

    async def stream(
        self,
        request: Request,
        skus: Annotated[list[str] | None, Query(alias="sku", description="Only these SKUs; all if left out.")] = None,
        store: StoreFilter = None,
        last_event_id: Annotated[
            str | None, Header(description="The id of the last event seen; changes after it come first.")
        ] = None,
    ) -> Response:
        """Changes as they happen, as server-sent events.

        `ready` opens the stream; `availability` carries the same JSON as the answer for one SKU, and its id is a
        revision to resume from; several changes of a SKU come as one. `reset` says that the id was not of this hub's
        database: read anew. A comment line comes as a heartbeat.
        """
        self._limit(request)
        only = frozenset(_checked(skus or [], store))
        if len(only) > SKUS_MAX:
            raise ProblemRaised(400, "too-many-skus", f"Follow at most {SKUS_MAX} SKUs, or all of them.")
        after = _revision(last_event_id)
        self._slots.take()
        return EventStream(self._events(after, only, store), self._slots)

    async def _events(self, after: int | None, only: frozenset[str], store: str | None) -> AsyncGenerator[bytes, None]:
        every_s, heartbeat_s = self._settings.coalesce_ms / 1000, self._settings.heartbeat_s
        async with aclosing(batches(self._ports.changes, every_s=every_s, heartbeat_s=heartbeat_s)) as woken:
            await anext(woken)  # from here on nothing is missed, so the head may be read
            head = (await self._reads.after(None)).revision
            if after is not None and after > head:
                yield sse_event("reset", b"{}", head)
            cursor = head if after is None or after > head else after
            yield b"retry: 2000\n" + sse_event("ready", b"{}", cursor)
            kinds: frozenset[ChangeKind] | None = frozenset({"stock"})
            while kinds is not None:
                if not kinds:
                    yield HEARTBEAT
                more = not kinds or "stock" in kinds
                while more:
                    page = await self._reads.after(cursor)
                    for item in page.items:
                        if not only or item.sku in only:
                            yield sse_event("availability", msgspec.json.encode(as_json(item, store)), item.revision)
                    cursor = max(cursor, page.revision)
                    more = len(page.items) >= PAGE
                kinds = await anext(woken, None)

    def _limit(self, request: Request) -> None:
        client = request.client.host if request.client else "?"
        wait_s = self._buckets.take(client, asyncio.get_running_loop().time())
        if wait_s > 0:
            raise ProblemRaised(
                429, "too-many-requests", "Slow down; use the stream or the ETag.", retry_after_s=wait_s
            )

    async def _read(self, skus: Sequence[str], store: str | None) -> Sequence[Availability]:
        return await run_in_threadpool(self._ports.queries.availability, _checked(skus, store))

    def _answer(self, request: Request, body: bytes) -> Response:
        etag = strong_etag(body)
        age_s = self._settings.availability_max_age_s
        headers = {
            "etag": etag,
            "cache-control": f"public, max-age={age_s}, stale-while-revalidate={age_s * 5}, stale-if-error=300",
        }
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            headers["content-length"] = str(len(body))
            return Response(b"", headers=headers, media_type="application/json")
        return Response(body, headers=headers, media_type="application/json")


def as_json(availability: Availability, store: str | None) -> dict[str, object]:
    """The JSON of one SKU, only `store` if it is given."""
    locations = [(name, level) for name, level in availability.locations if store in {None, name}]
    total = sum(level for _, level in locations) if locations else None
    return {
        "sku": availability.sku,
        "unit": availability.unit,
        "available": None if total is None else format_quantity(total),
        "available_milli": total,
        "locations": [
            {"store": name, "available": format_quantity(level), "available_milli": level} for name, level in locations
        ],
        "as_of": availability.revision,
    }


def strong_etag(body: bytes) -> str:
    """A strong ETag: the same bytes have the same, on every worker."""
    return f'"{base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:15]).decode()}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match names this ETag (RFC 9110, 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in named or etag in named


def _checked(skus: Sequence[str], store: str | None) -> list[str]:
    try:
        if store is not None:
            store_id(store)
        return [checked_sku(sku) for sku in skus]
    except InvalidId as error:
        raise ProblemRaised(400, "invalid-id", f"{error}.") from error


def _revision(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", last_event_id):
        raise ProblemRaised(400, "invalid-revision", "Last-Event-ID: send the id of an event of this stream.")
    return int(last_event_id)
