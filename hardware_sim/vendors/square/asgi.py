"""Serves a SquareService over HTTP, as a plain ASGI application."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from hardware_sim.vendors.square.service import Answer, LineLost, Request, SquareService
from hardware_sim.vendors.square.words import SquareSays

_BODY_MAX = 8_000_000
_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class SquareApp:
    """The application; a lost line is a connection that ends in the middle of its answer.

    `before_answer` is waited for when a request was done and is not answered yet, so that a test can hold answers up.
    """

    def __init__(self, service: SquareService) -> None:
        self.service = service
        self.before_answer: Callable[[Request], Awaitable[None]] | None = None

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = b""
        more = True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return  # who asked has died in the middle of it: a half is no request
            body += part.get("body", b"")
            more = part.get("more_body", False) and len(body) <= _BODY_MAX
        try:
            request = _request(scope, body)
            answer = self.service.answer(request)
            if self.before_answer is not None:
                await self.before_answer(request)
        except LineLost:
            # More is promised than comes: the server closes the connection on it.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            return
        except SquareSays as refusal:
            answer = Answer(refusal.status, refusal.body)
        headers = {"content-type": "application/json", **answer.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": json.dumps(answer.body).encode()})


def _request(scope: _Scope, body: bytes) -> Request:
    try:
        read = json.loads(body) if body else None
    except ValueError:
        raise SquareSays(400, "EXPECTED_JSON_BODY", "the body is no JSON") from None
    return Request(
        scope["method"],
        scope["path"],
        dict(parse_qsl(scope["query_string"].decode())),
        {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
        read,
    )


async def _live(receive: _Receive, send: _Send) -> None:
    while True:
        said = await receive()
        await send({"type": f"{said['type']}.complete"})
        if said["type"] == "lifespan.shutdown":
            return
