"""The page's addresses: one page, one stream of changes, and one address for each thing that a cashier does.

Orders are answered with 204 and nothing else: what they did comes over the stream, to all tabs alike. A browser
without our script gets a redirection to the page instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from edge_agent.pages.errors import PageAssetsMissing
from edge_agent.pages.figures import typed_amount
from edge_agent.pages.guard import Guard
from edge_agent.pages.picture import locked_page, page
from edge_agent.pages.port import CounterLike, Language
from edge_agent.pages.settings import PageSettings
from edge_agent.pages.stream import Broadcast

STATIC = Path(__file__).parent / "static"
TEXT_MAX = 200

SaleId = Annotated[str, Form(max_length=64)]
Number = Annotated[int, Form(ge=0, le=1_000_000)]
Text = Annotated[str, Form(max_length=TEXT_MAX)]


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
    async def listen() -> Response:
        """The stream of changes."""
        stream: Broadcast = app.state.broadcast
        if stream.full:
            return PlainTextResponse("too many tabs show this till; close some", status_code=503)
        return StreamingResponse(stream.events(), media_type="text/event-stream")

    _add_orders(app, counter)
    return app


async def close_streams(app: FastAPI) -> None:
    """End all event streams, so that the server need not wait for them; call it before the server is told to stop."""
    stream: Broadcast | None = getattr(app.state, "broadcast", None)
    if stream is not None:
        await stream.close()


def _add_orders(app: FastAPI, counter: CounterLike) -> None:
    """Add what a cashier can do."""

    @app.post("/scan")
    async def scan(request: Request, code: Text = "") -> Response:
        if code.strip():
            await counter.scan(code.strip(), source="typed")
        return _done(request)

    @app.post("/lines/quantity")
    async def set_quantity(request: Request, sale_id: SaleId, number: Number, quantity: Text = "") -> Response:
        await counter.set_quantity(sale_id, number, quantity.strip())
        return _done(request)

    @app.post("/lines/void")
    async def void_line(request: Request, sale_id: SaleId, number: Number) -> Response:
        await counter.void_line(sale_id, number)
        return _done(request)

    @app.post("/pay")
    async def pay(request: Request, sale_id: SaleId, given: Text = "", exact: Text = "") -> Response:
        # `exact` is the total that the cashier saw. If a scan has changed it meanwhile, the counter refuses too
        # little or gives change, rather than taking more than she was told.
        wanted = given if given.strip() else exact
        currency = counter.view().currency
        await counter.pay_cash(sale_id, typed_amount(wanted, currency) if wanted.strip() else None)
        return _done(request)

    @app.post("/new-sale")
    async def new_sale(request: Request) -> Response:
        await counter.new_sale()
        return _done(request)

    @app.post("/print-answer")
    async def answer_print(
        request: Request, job_id: Text, printed: Annotated[Literal["yes", "no"], Form()]
    ) -> Response:
        await counter.answer_print(job_id, printed == "yes")
        return _done(request)

    @app.post("/language")
    async def set_language(request: Request, language: Annotated[Language, Form()]) -> Response:
        await counter.set_language(language)
        return _done(request)


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
