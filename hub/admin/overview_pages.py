"""What pages have in common: the ports, the newest reading, and the overview that the layout shows beside them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.admin.pages import overview_of
from hub.admin.reading import Reading, Readings
from hub.admin.templating import Templates
from hub.admin.words import Words
from hub.api.port import WebPorts


class OverviewPages:
    """Base of the routes whose pages stand in the layout."""

    def __init__(self, ports: WebPorts, readings: Readings, templates: Templates) -> None:
        self._ports = ports
        self._readings = readings
        self._templates = templates

    def _words(self, request: Request) -> Words:
        return self._templates.viewer(request).words

    async def _reading(self) -> Reading:
        return await run_in_threadpool(self._readings.take)

    async def _page(
        self, request: Request, template: str, context: Mapping[str, object], *, status: int = 200
    ) -> Response:
        """A page: the template with the overview `o` and the moment `now`, and what is its own."""
        reading = await self._reading()
        shared = {"o": overview_of(self._words(request), reading), "now": reading.now}
        return self._templates.page(request, template, {**shared, **context}, status=status)
