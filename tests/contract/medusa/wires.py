"""Wires that break: between the connector and a Medusa, simulated or real."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx


class BreakingWire(httpx.BaseTransport):
    """Passes everything on, and breaks once at the next request that fits: before it is sent, or after it was done.

    `hook` runs after a matching request was answered and before the connector hears of it.
    """

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self._plan: list[tuple[str, re.Pattern[str], Callable[[httpx.Request], httpx.Response | None]]] = []
        self.calls: list[str] = []

    def lose_answer(self, method: str, path: str) -> None:
        """It is done, and nobody hears of it."""

        def lose(request: httpx.Request) -> httpx.Response:
            self._inner.handle_request(request).read()
            raise httpx.ReadTimeout("the answer was lost", request=request)

        self._plan.append((method, re.compile(path), lose))

    def lose_request(self, method: str, path: str) -> None:
        """It is not even sent."""

        def lose(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no route", request=request)

        self._plan.append((method, re.compile(path), lose))

    def answer(self, method: str, path: str, response: httpx.Response) -> None:
        """It is answered by something in between."""
        self._plan.append((method, re.compile(path), lambda _request: response))

    def before(self, method: str, path: str, deed: Callable[[], object]) -> None:
        """Something happens there, right before the request arrives."""

        def act(_request: httpx.Request) -> None:
            deed()

        self._plan.append((method, re.compile(path), act))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.calls.append(f"{request.method} {request.url.path}")
        for number, (method, pattern, act) in enumerate(self._plan):
            if method == request.method and pattern.fullmatch(request.url.path):
                del self._plan[number]
                answer = act(request)
                if answer is not None:
                    return answer
                break
        return self._inner.handle_request(request)

    def close(self) -> None:
        """End the connections."""
        self._inner.close()
