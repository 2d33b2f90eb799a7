"""Webhooks of channels over HTTP. Open: the signature is the key, and no other is asked for.

A webhook is kept before it is answered, and nothing else is done meanwhile. Whatever keeps it from being kept is
answered with 503, so that the vendor sends it again.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from prometheus_client import Counter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.api.limits import TokenBuckets
from hub.api.port import WebhookDesk, WebPorts
from hub.api.problems import ProblemRaised, documented
from hub.api.settings import WebSettings
from hub.errors import ChannelUnavailable, ConfigError, ForgedWebhook, StorageError, UnknownChannel

FOLDER, END = "/v1/channels/", "/webhooks"
RETRY_S = 5.0
FORGED_PER_S, FORGED_BURST = 1.0, 20.0
"""Who sends forged ones is made to wait: each costs a look at the database and a signature."""


def is_webhook(path: str) -> bool:
    """Whether this is where a channel's vendor sends its webhooks."""
    return path.startswith(FOLDER) and path.endswith(END) and "/" not in path[len(FOLDER) : -len(END)]


class WebhookAnswer(BaseModel):
    """What became of it."""

    result: str = Field(description="new, again, nothing (of no interest here) or parked.", examples=["new"])


class WebhookRoutes:
    """The endpoint below /v1/channels."""

    def __init__(self, desk: WebhookDesk, ports: WebPorts, settings: WebSettings) -> None:
        self._desk = desk
        self._ports = ports
        self._buckets = TokenBuckets(settings.public_requests_per_second, settings.public_burst)
        self._forgers = TokenBuckets(FORGED_PER_S, FORGED_BURST)
        self._counter = Counter(
            "tillwire_webhooks", "Webhooks of channels, by what became of them", ["channel", "result"],
            registry=ports.registry,
        )  # fmt: skip

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(tags=["channels"])
        answers: dict[int | str, dict[str, Any]] = {
            200: {"model": WebhookAnswer, "description": "It is kept, or was before."},
            **documented(401, 404, 413, 429, 503),
        }
        router.add_api_route(
            f"{FOLDER}{{name}}{END}", self.hear, methods=["POST"], summary="A channel's webhook", responses=answers
        )
        return router

    async def hear(
        self, request: Request, name: Annotated[str, Path(description="The channel's name.", max_length=64)]
    ) -> Response:
        """Takes what a channel's vendor sends, as it is: the body is verified byte by byte.

        401 for one whose signature, address or age is not right; 404 for a channel that takes none; 503 asks the vendor
        to send it again.
        """
        client = request.client.host if request.client else "?"
        now_s = asyncio.get_running_loop().time()
        wait_s = max(self._buckets.take(client, now_s), self._forgers.wait_s(client, now_s))
        if wait_s > 0:
            raise ProblemRaised(429, "too-many-requests", "Slow down, and send it again.", retry_after_s=wait_s)
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = await request.body()
        try:
            result = await run_in_threadpool(self._desk.hear, name, headers, body, self._ports.clock())
        except UnknownChannel as error:
            self._forgers.take(client, now_s)
            raise ProblemRaised(404, "unknown-channel", f"Channel {name!r} takes no webhooks here.") from error
        except ForgedWebhook as error:
            self._forgers.take(client, now_s)
            self._counter.labels(name, "forged").inc()
            raise ProblemRaised(401, "forged-webhook", "This webhook is not what it says it is.") from error
        except (ConfigError, ChannelUnavailable, StorageError) as error:
            self._counter.labels(name, "failed").inc()
            text = "It cannot be kept now; send it again."
            raise ProblemRaised(503, "cannot-be-kept", text, retry_after_s=RETRY_S) from error
        self._counter.labels(name, result).inc()
        body_out = msgspec.json.encode({"result": result})
        return Response(body_out, 200, headers={"cache-control": "no-store"}, media_type="application/json")
