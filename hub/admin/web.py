"""The web part as one ASGI application: the public API and the dashboard behind its guard."""

from __future__ import annotations

from fastapi import FastAPI

from hub.api.port import WebPorts
from hub.api.settings import WebSettings


def build_web(ports: WebPorts, settings: WebSettings) -> FastAPI:
    """Join API and dashboard over the hub's ports. It starts no task: whoever serves it starts and stops it."""
    del ports
    return FastAPI(title="Tillwire hub", version=settings.version)
