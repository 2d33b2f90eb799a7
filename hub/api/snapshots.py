"""Snapshots of feeds for terminals: one file, resumable by Range, for a terminal that proves by its key who it is.

The address comes with the hub's answer to a pull (`protocol.messages.SnapshotOffer`). A file never changes under its
address, which holds its digest; the digest is the ETag, too.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from hub.api.limits import TokenBuckets
from hub.api.problems import ProblemRaised, documented
from protocol.errors import BadSignature, InvalidId
from protocol.frame import Key
from protocol.ids import FeedName, StoreId, TerminalId, store_of_feed
from protocol.request_signing import SCHEME, SLACK_S, check, parse

DOWNLOADS_MAX = 16
"""At once; who comes later waits some seconds. More would only share the same line, and all tills be slow together."""

BUSY_RETRY_S = 5.0
DOWNLOAD_S_MAX = 3600.0
REFUSED_PER_MINUTE = 30
NONCES_MAX = 100_000
MEDIA_TYPE = "application/zstd"
_DIGEST = re.compile("[0-9a-f]{64}")


class TerminalKeys(Protocol):
    """The key ring, as far as it is needed here."""

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """A terminal's key; None when it is unknown or revoked."""
        ...


@dataclass(frozen=True)
class SnapshotDesk:
    """What the web part is given to serve snapshots: who may ask, and where a file is (None: not any more)."""

    keys: TerminalKeys = field(repr=False)
    file: Callable[[FeedName, str], Path | None]


class SnapshotRoutes:
    """The endpoints below /v1/snapshots."""

    def __init__(self, desk: SnapshotDesk, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._clock = clock
        self._nonces: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._refusals = TokenBuckets(REFUSED_PER_MINUTE / 60, REFUSED_PER_MINUTE)
        self._slots = Slots(DOWNLOADS_MAX)

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"])
        router.add_api_route(
            "/{feed}/{digest}",
            self.fetch,
            summary="Fetch a feed's snapshot",
            response_class=Response,
            responses={
                200: {"description": "The whole file.", "content": {MEDIA_TYPE: {}}},
                206: {"description": "The part that Range asked for."},
                416: {"description": "Range begins behind the end of the file."},
                **documented(401, 403, 404, 429, 503),
            },
        )
        return router

    async def fetch(self, request: Request, feed: str, digest: str) -> Response:
        """A feed's whole state in one file (`protocol/snapshot.py`), for tills of its stores.

        Signed with the terminal's key (`protocol/request_signing.py`). Send `Range` and `If-Range` to go on.
        """
        client = request.client.host if request.client else "?"
        wait_s = self._refusals.wait_s(client, asyncio.get_running_loop().time())
        if wait_s > 0:
            raise ProblemRaised(429, "too-many-refusals", "Too many wrong signatures; wait.", retry_after_s=wait_s)
        try:
            store = self._signer(request)
        except BadSignature as error:
            self._refusals.take(client, asyncio.get_running_loop().time())
            raise ProblemRaised(401, error.reason.replace("_", "-"), f"{error}; sign with scheme {SCHEME}.") from error
        try:
            owner = store_of_feed(FeedName(feed))
        except InvalidId as error:
            raise ProblemRaised(404, "unknown-snapshot", f"{error}.") from error
        if owner not in (None, store):
            raise ProblemRaised(403, "not-your-feed", f"This feed is of store {owner}, you are of {store}.")
        path = self._desk.file(FeedName(feed), digest) if _DIGEST.fullmatch(digest) else None
        if path is None:
            raise ProblemRaised(404, "unknown-snapshot", "That file is not here any more; pull the feed again.")
        if not self._slots.take():
            raise ProblemRaised(
                503, "too-many-downloads", "Others are being served; wait a little.", retry_after_s=BUSY_RETRY_S
            )
        headers = {"etag": f'"{digest}"', "cache-control": "private, no-store"}
        return _SlottedFile(path, self._slots, headers)

    def _signer(self, request: Request) -> StoreId:
        """The store of the terminal that signed. Raises BadSignature."""
        signed = parse(request.headers.get("authorization", ""))
        now_s = self._clock().timestamp()
        path: str = request.scope["path"]
        key = self._desk.keys.terminal_key(signed.store, signed.terminal)
        check(signed, request.method, path, key=key, now_s=now_s)
        who = (signed.store, signed.terminal, signed.nonce)
        if who in self._nonces:
            raise BadSignature("repeated", f"{signed.store}/{signed.terminal}: this request was made before")
        self._nonces[who] = signed.time_s
        while self._nonces and (
            len(self._nonces) > NONCES_MAX or next(iter(self._nonces.values())) < now_s - 2 * SLACK_S
        ):
            self._nonces.popitem(last=False)
        return signed.store


class Slots:
    """How many are served at once; on the event loop only."""

    def __init__(self, count: int) -> None:
        self._left = count

    def take(self) -> bool:
        """Take one, if there is one."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Somebody is done."""
        self._left += 1


class _SlottedFile(FileResponse):
    """A file that gives its slot back when it was sent, or nobody listens any more."""

    def __init__(self, path: Path, slots: Slots, headers: dict[str, str]) -> None:
        super().__init__(path, headers=headers, media_type=MEDIA_TYPE)
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # A till that has gone without a word must not keep its place for ever; it goes on where it was cut off.
            async with asyncio.timeout(DOWNLOAD_S_MAX):
                await super().__call__(scope, receive, send)
        finally:
            self._slots.give_back()
