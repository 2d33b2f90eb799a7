"""The shop on the wire: ASGI, with what a Medusa does when it is not well.

Calls are answered one at a time, but for level batches: two at once end in a deadlock, which the second hears of as
500. What is wrong with it is set on `Troubles`, by a test or over `POST /_sim/troubles`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from hardware_sim.vendors.medusa.routes import Call, answer
from hardware_sim.vendors.medusa.shop import Json, Shop, Wrong, invalid, unknown

BODY_MAX: Final = 100_000
BATCH_BODY_MAX: Final = 2_000_000
CALLS_KEPT: Final = 10_000
_BATCH: Final = "/admin/inventory-items/location-levels/batch"
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Troubles(msgspec.Struct):
    """What is wrong: `down` answers 503, `errors` so many times 500, `batch_s` is how long a batch takes."""

    down: bool = False
    retry_after: str = ""
    errors: int = 0
    latency_s: float = 0.0
    batch_s: float = 0.0


@dataclass(slots=True)
class MedusaService:
    """An ASGI application over a shop. `calls` has method and path of each call, the newest last."""

    shop: Shop
    troubles: Troubles = field(default_factory=Troubles)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _batches: int = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        try:
            status, body = 200, await self._answer(scope, await _body(scope, receive))
        except Wrong as wrong:
            status, body = wrong.status, {"type": wrong.kind, "message": wrong.message}
            if wrong.status in {429, 503} and self.troubles.retry_after:
                headers.append((b"retry-after", self.troubles.retry_after.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": _encode(body)})

    async def _answer(self, scope: MutableMapping[str, Any], body: bytes) -> Json:
        path, method = scope["path"], scope["method"]
        read = _read(body)
        if path == "/health":
            return {}
        if path == "/_sim/troubles":
            self.troubles = msgspec.convert(read, Troubles)
            return {"ok": True}
        self.calls.append((method, path))
        del self.calls[:-CALLS_KEPT]
        await self._suffer()
        call = Call(method, path, _query(scope["query_string"]), read, _headers(scope))
        if path != _BATCH:
            return answer(self.shop, call)
        if self._batches:
            raise unknown()
        self._batches += 1
        try:
            await asyncio.sleep(self.troubles.batch_s)
            return answer(self.shop, call)
        finally:
            self._batches -= 1

    async def _suffer(self) -> None:
        if self.troubles.latency_s:
            await asyncio.sleep(self.troubles.latency_s)
        if self.troubles.down:
            raise Wrong(503, "unexpected_state", "Service Unavailable")
        if self.troubles.errors:
            self.troubles.errors -= 1
            raise unknown()


async def _body(scope: MutableMapping[str, Any], receive: _Receive) -> bytes:
    most = BATCH_BODY_MAX if scope["path"] == _BATCH else BODY_MAX
    body, more = b"", True
    while more:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise Wrong(400, "invalid_data", "request aborted")
        body += part.get("body", b"")
        more = part.get("more_body", False)
        if len(body) > most:
            raise Wrong(413, "invalid_data", "request entity too large")
    return body


def _read(body: bytes) -> Json:
    try:
        read = _decode(body) if body else {}
    except msgspec.DecodeError as error:
        raise invalid("Invalid JSON") from error
    return read if isinstance(read, dict) else {}


def _query(text: bytes) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.decode()):
        query.setdefault(name, []).append(value)
    return query


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    return {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _live(receive: _Receive, send: _Send) -> None:
    while True:
        said = await receive()
        await send({"type": f"{said['type']}.complete"})
        if said["type"] == "lifespan.shutdown":
            return
