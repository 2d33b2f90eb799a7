"""The page's addresses."""

from __future__ import annotations

from fastapi import FastAPI

from edge_agent.pages.port import CounterLike
from edge_agent.pages.settings import PageSettings


def build_pages(counter: CounterLike, settings: PageSettings) -> FastAPI:
    """Make the web application of one till; serve it on 127.0.0.1 only."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.counter, app.state.settings = counter, settings
    return app


def close_streams(app: FastAPI) -> None:
    """End all open event streams, so that the server can stop; call it before the server's shutdown."""
    app.state.closed = True
