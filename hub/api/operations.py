"""For those who run the hub: is it alive, is it ready, what are its figures."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.api.models import Alive, Readiness
from hub.api.port import WebPorts
from hub.api.problems import documented
from hub.api.settings import WebSettings

KEY_HOLDER = "tillwire.key_holder"
"""In a request's scope when it brought the admin access key."""
SEE_LOG = "The hub's log says why, and so does this with the admin access key."


class OperationsRoutes:
    """Health and metrics."""

    def __init__(self, ports: WebPorts, settings: WebSettings) -> None:
        self._ports = ports
        self._settings = settings

    def router(self) -> APIRouter:
        """The routes, each for HEAD, too: that is what some load balancers send."""
        router = APIRouter(tags=["operations"])
        alive: dict[int | str, dict[str, Any]] = {200: {"model": Alive}}
        unready: dict[int | str, dict[str, Any]] = {
            200: {"model": Readiness},
            503: {"model": Readiness, "description": "A part is missing; `parts` says which."},
        }
        text: dict[int | str, dict[str, Any]] = {
            200: {"description": "Prometheus text format.", "content": {"text/plain": {}}},
            **documented(401),
        }
        for path, endpoint, summary, answers in (
            ("/healthz", self.alive, "Is the process alive", alive),
            ("/readyz", self.ready, "Can the hub do its work", unready),
            ("/metrics", self.metrics, "Figures for Prometheus", text),
        ):
            router.add_api_route(path, endpoint, summary=summary, responses=answers)
            router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
        return router

    async def alive(self) -> Response:
        """Answers while the process runs, whatever the database or the broker do: restart it if this fails."""
        return _json({"status": "alive", "version": self._settings.version}, 200)

    async def ready(self, request: Request) -> Response:
        """Asks the database, the broker and the ingest: send no traffic here while this says 503.

        What is wrong in a part is told in full to whoever sends the admin access key as a bearer token.
        """
        parts = await run_in_threadpool(self._ports.health.readiness)
        ready = all(part.ok for part in parts)
        known = KEY_HOLDER in request.scope
        body = {
            "ready": ready,
            "parts": [
                {"name": part.name, "ok": part.ok, "detail": part.detail if known or part.ok else SEE_LOG}
                for part in parts
            ],
        }
        return _json(body, 200 if ready else 503)

    async def metrics(self) -> Response:
        """The hub's figures. Needs the admin access key as a bearer token, which Prometheus can send."""
        text = await run_in_threadpool(generate_latest, self._ports.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"})


def _json(body: dict[str, object], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers=headers, media_type="application/json")
