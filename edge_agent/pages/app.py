"""The page's addresses: one page, one stream of changes, and one address for each thing that a cashier does.

Orders are answered with 204 and nothing else: what they did comes over the stream, to all tabs alike. A browser
without our script gets a redirection to the page instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from edge_agent.pages.display import display_page
from edge_agent.pages.errors import PageAssetsMissing
from edge_agent.pages.figures import typed_amount
from edge_agent.pages.guard import Guard
from edge_agent.pages.picture import is_locked, is_panel, locked_page, page, panel
from edge_agent.pages.port import CounterLike
from edge_agent.pages.setting_up import PANELS, set_up
from edge_agent.pages.settings import PageSettings
from edge_agent.pages.stream import Broadcast

STATIC = Path(__file__).parent / "static"
TEXT_MAX = 500
FIELDS_MAX = 100
TAB_MAX = 32
SIGN_IN = "sign_in"
_PART_MAX = 8_192


def build_pages(counter: CounterLike, settings: PageSettings) -> FastAPI:
    """Make the web application of one till; serve it on 127.0.0.1 only, with `lifespan="on"`.

    More addresses may be added to it: they get the same checks. Raises PageAssetsMissing if scripts or icons were
    never fetched.
    """
    icons = _icons()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stream = app.state.broadcast = Broadcast(counter, settings)
        drawing = asyncio.create_task(stream.run(), name="page")
        yield
        await stream.close()
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Guard, settings=settings, locked=locked_page(counter.view().language).encode())
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/")
    async def show_page() -> HTMLResponse:
        """The page, as it is now."""
        return HTMLResponse(page(counter.view(), settings.clock(), settings.version, icons))

    @app.get("/events")
    async def listen(tab: str = "") -> Response:
        """The stream of changes. The newest page with a name is the live one; without a name one only looks on."""
        stream: Broadcast = app.state.broadcast
        if not tab and stream.full:
            return PlainTextResponse("too many look on at this till; close some", status_code=503)
        return StreamingResponse(stream.events(tab[:TAB_MAX]), media_type="text/event-stream")

    @app.get("/display")
    async def show_display() -> HTMLResponse:
        """What the customer sees, for a second screen."""
        return HTMLResponse(display_page(counter.view(), settings.clock(), settings.version))

    @app.get("/display/events")
    async def listen_to_display() -> Response:
        """The customer display's stream."""
        stream: Broadcast = app.state.broadcast
        return StreamingResponse(stream.display_events(), media_type="text/event-stream")

    _add_orders(app, counter, settings)
    return app


async def close_streams(app: FastAPI) -> None:
    """End all event streams, so that the server need not wait for them; call it before the server is told to stop."""
    stream: Broadcast | None = getattr(app.state, "broadcast", None)
    if stream is not None:
        await stream.close()


def _add_orders(app: FastAPI, counter: CounterLike, settings: PageSettings) -> None:
    """Add what a cashier can do, and the panels that she can open."""

    @app.post("/order/{name}")
    async def give(request: Request, name: str) -> Response:
        fields = await _fields(request)
        if fields is None:
            return PlainTextResponse("too much, or no form", status_code=422)
        if name == "scan":
            if code := fields.get("code", "").strip():
                await counter.scan(code, source="scanner" if fields.get("source") == "wedge" else "typed")
        else:
            await counter.order(name, _amounts_as_told(fields, counter.view().currency))
        return _done(request)

    @app.get("/panel/{name}")
    async def show_panel(request: Request, name: str) -> Response:
        fields = {key: value[:TEXT_MAX] for key, value in list(request.query_params.items())[:FIELDS_MAX]}
        if not is_panel(name):
            return PlainTextResponse("no such panel", status_code=404)
        view = counter.view()
        if name in PANELS and not is_locked(view):
            shown = await set_up(name, view, fields, settings.workshop)
            return HTMLResponse(panel(name, counter.view(), settings.clock(), answer=shown, fields=fields))
        answer = await counter.ask(name, fields)
        view = counter.view()
        if answer is None and view.has_staff and view.person is None:  # a locked till shows one thing only
            name, fields = SIGN_IN, {}
            answer = await counter.ask(name, fields)
        return HTMLResponse(panel(name, counter.view(), settings.clock(), answer=answer, fields=fields))


async def _fields(request: Request) -> dict[str, str] | None:
    """The form's texts; None for anything that no page of ours would send."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX, max_part_size=_PART_MAX) as form:
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
    if any(len(text) > TEXT_MAX for pair in fields.items() for text in pair):
        return None
    return fields


def _amounts_as_told(fields: Mapping[str, str], currency: str) -> dict[str, str]:
    """Fields that end in `_money` hold an amount as a cashier types it: they go on as `protocol.money` reads them."""
    return {
        key.removesuffix("_money"): typed_amount(text, currency) if key.endswith("_money") and text.strip() else text
        for key, text in fields.items()
    }


def _done(request: Request) -> Response:
    """Nothing to swap, the stream tells; without our script: back to the page."""
    if "hx-request" in request.headers:
        return Response(status_code=204)
    return RedirectResponse("/", status_code=303)


def _icons() -> str:
    """The sprite, to stand in the page itself: an icon that is fetched on its own flickers when its pill changes."""
    vendor = STATIC / "vendor"
    for name in ("htmx.min.js", "fonts.css", "icons.svg"):
        if not (vendor / name).is_file():
            raise PageAssetsMissing(f"{vendor / name} is missing; run ./dev setup, or install the wheel, which has it")
    sprite = (vendor / "icons.svg").read_text("utf-8")
    sprite = sprite[sprite.index("<svg") :]
    return sprite.replace('id="', 'id="i-').replace("<svg ", '<svg class="sprite" aria-hidden="true" ', 1)
