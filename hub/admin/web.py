"""The web part as one ASGI application: the public API and the dashboard behind its guard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ExceptionHandler

from hub.admin.access import AccessRoutes
from hub.admin.channel_pages import ChannelRoutes
from hub.admin.guard import HEADERS, Guard, Sessions
from hub.admin.level_pages import LevelRoutes
from hub.admin.live import LiveRoutes
from hub.admin.money_pages import MoneyRoutes
from hub.admin.order_pages import OrderPageRoutes
from hub.admin.pages import PageRoutes
from hub.admin.parked_pages import ParkedRoutes
from hub.admin.people_pages import PeopleRoutes
from hub.admin.reading import Readings
from hub.admin.shift_pages import ShiftRoutes
from hub.admin.stock_pages import StockRoutes
from hub.admin.templating import STATIC, CachedStatic, Templates
from hub.api.availability import AvailabilityRoutes
from hub.api.operations import OperationsRoutes
from hub.api.orders import OrderRoutes
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised, problem_response, raised_response
from hub.api.settings import WebSettings
from hub.api.snapshots import SnapshotRoutes
from hub.api.summary import SummaryRoutes
from hub.api.webhooks import WebhookRoutes

DESCRIPTION = """What a web shop and those who run the hub ask it over HTTP.

Availability is open for reading, bounded in rate, and cheap to ask again: send the ETag back in `If-None-Match`, or
follow the stream. Everything else needs the admin access key as a bearer token, or a session of the dashboard.
Every error is a problem document (RFC 9457) whose `type` a program can rely on.
"""


def build_web(ports: WebPorts, settings: WebSettings) -> FastAPI:
    """Join API and dashboard over the hub's ports. It starts no task: whoever serves it starts and stops it.

    Open streams end when `ports.changes` ends; end it before asking the server to stop, or it waits for them.
    """
    offices = {"channels": ports.channels, "money": ports.money, "customers": ports.people}
    templates = Templates(settings, frozenset(name for name, office in offices.items() if office is not None))
    sessions = Sessions(ports.identity, settings, ports.clock)
    web = FastAPI(
        title="Tillwire hub",
        version=settings.version,
        description=DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,  # both load scripts from elsewhere; /docs is a page of our own
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Guard, settings=settings, sessions=sessions)],
        exception_handlers=_handlers(templates),
    )
    for router in _routers(ports, settings, templates, sessions):
        web.include_router(router)

    def docs(request: Request) -> Response:
        return templates.page(request, "docs.html", {"openapi": web.openapi()})

    web.add_api_route("/docs", docs, include_in_schema=False)
    web.mount("/static", CachedStatic(directory=STATIC), name="static")
    return web


def _routers(ports: WebPorts, settings: WebSettings, templates: Templates, sessions: Sessions) -> Iterator[APIRouter]:
    readings = Readings(ports.queries, ports.clock)
    yield AvailabilityRoutes(ports, settings).router()
    yield OperationsRoutes(ports, settings).router()
    yield SummaryRoutes(ports).router()
    yield OrderRoutes(ports).router()
    yield AccessRoutes(ports, settings, sessions, templates).router()
    yield LiveRoutes(ports.changes, settings).router()
    yield PageRoutes(ports, settings, readings, templates).router()
    for pages in (StockRoutes, ShiftRoutes, LevelRoutes, OrderPageRoutes, ChannelRoutes, ParkedRoutes):
        yield pages(ports, readings, templates).router()
    if ports.money is not None:
        yield MoneyRoutes(ports, readings, templates, ports.money).router()
    if ports.people is not None:
        yield PeopleRoutes(ports, readings, templates, ports.people).router()
    if ports.webhooks is not None:
        yield WebhookRoutes(ports.webhooks, ports, settings).router()
    if ports.snapshots is not None:
        yield SnapshotRoutes(ports.snapshots, ports.clock).router()


def _handlers(templates: Templates) -> dict[int | type[Exception], Any]:
    def answer(request: Request, status: int, kind: str, detail: str, headers: dict[str, str]) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
        if wants_page and request.headers.get("hx-request") != "true":
            context = {"status": status, "detail": detail}
            return templates.page(request, "error.html", context, status=status, headers=headers)
        return problem_response(request, status, kind, detail, headers=headers)

    async def raised(request: Request, error: ProblemRaised) -> Response:
        headers = dict(raised_response(request, error).headers)
        kept = {name: value for name, value in headers.items() if name == "retry-after"}
        return answer(request, error.status, error.kind, error.detail, kept)

    async def refused(request: Request, error: HTTPException) -> Response:
        text = "Nothing is here." if error.status_code == 404 else str(error.detail)  # noqa: PLR2004
        return answer(request, error.status_code, f"http-{error.status_code}", text, dict(error.headers or {}))

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:5])
        return answer(request, 422, "invalid-parameter", f"{wrong}.", {})

    async def failed(request: Request, error: Exception) -> Response:
        del error  # the server logs it with its traceback; the answer tells nothing of the inside
        # this answer is made outside of the guard
        return answer(request, 500, "internal", "The hub's log says what happened.", dict(HEADERS))

    handlers: dict[int | type[Exception], ExceptionHandler] = {
        ProblemRaised: raised,  # type: ignore[dict-item]  # each handler takes just the exception of its key
        HTTPException: refused,  # type: ignore[dict-item]  # as above
        RequestValidationError: invalid,  # type: ignore[dict-item]  # as above
        Exception: failed,
    }
    return dict(handlers)
