"""A cashier's page without a browser: the same addresses, the same stream of changes, read by their ids.

It is how the demo works many tills at once; one real browser beside it measures what a cashier really waits for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.demo.wall import wall_s

_STAGE = re.compile(r'<div id="stage"[^>]*>')
_LINES_WHOLE = re.compile(r'<ol id="lines"')
_LINE = re.compile(r'<li id="line-(\d+)"([^>]*)>(.*?)</li>', re.DOTALL)
_CODE = re.compile(r'<span class="code">([^<]*)</span>')
_RECEIPT = re.compile(r'<b class="code">([^<]+)</b>')
_JOB = re.compile(r'name="job_id" value="([^"]+)"')
_ATTRIBUTE = re.compile(r'data-([a-z]+)="([^"]*)"')
RECONNECT_S = 0.1


class TillSilent(RuntimeError):
    """The page did not show what it should within the time."""


@dataclass(frozen=True)
class Shown:
    """What the page shows: the cart's lines (number -> (code, quantity as text)), and the stage's attributes."""

    stage: str = ""
    sale_id: str = ""
    serial: int = 0
    notice: str = ""
    lines: dict[int, tuple[str, str]] = field(default_factory=dict)
    receipt: str = ""
    print_question: str = ""
    locked: bool = False
    at_s: float = 0.0


class TillPage:
    """One till's page, kept up to date from its stream; `async with` opens and closes it."""

    def __init__(self, url_with_token: str) -> None:
        parts = urlsplit(url_with_token)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._token = parse_qs(parts.query)["token"][0]
        self._client = httpx.AsyncClient(base_url=self._base, timeout=10, headers={"origin": self._base})
        self._news = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None
        self.shown = Shown()

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._listen())
        await self.wait(lambda shown: bool(shown.sale_id), "its first picture", 20)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._client.aclose()

    async def wait(self, done: Callable[[Shown], bool], what: str, timeout_s: float = 10.0) -> Shown:
        """Wait until the page shows something. Raises TillSilent."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: done(self.shown))
                return self.shown
        except TimeoutError:
            raise TillSilent(f"{self._base} did not show {what} within {timeout_s:.0f} s: {self.shown}") from None

    async def post(self, path: str, **fields: str) -> None:
        """Do what a button of the page does."""
        answer = await self._client.post(path, data=fields, headers={"hx-request": "true"})
        answer.raise_for_status()

    async def get_json(self, path: str) -> dict[str, object]:
        """Read one of the agent's diagnostic addresses."""
        answer = await self._client.get(path)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
        return found

    async def get_text(self, path: str) -> str:
        """Read a panel, as the page would load it."""
        answer = await self._client.get(path, headers={"hx-request": "true"})
        answer.raise_for_status()
        return answer.text

    async def _listen(self) -> None:
        while True:
            try:
                await self._enter()
                async for html in self._events():
                    await self._take(html)
            except httpx.HTTPError:
                pass  # the agent restarts; a browser would try again as well
            await asyncio.sleep(RECONNECT_S)

    async def _enter(self) -> None:
        answer = await self._client.get("/", params={"token": self._token})
        answer.raise_for_status()

    async def _events(self) -> AsyncIterator[str]:
        async with self._client.stream("GET", "/events", timeout=httpx.Timeout(10, read=30)) as answer:
            answer.raise_for_status()
            data: list[str] = []
            name = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data.append(line.removeprefix("data: "))
                elif not line:
                    if name == "view":
                        yield "\n".join(data)
                    data, name = [], ""

    async def _take(self, html: str) -> None:
        async with self._news:
            self.shown = replace(read_fragments(html, self.shown), at_s=wall_s())
            self._news.notify_all()


def read_fragments(html: str, shown: Shown) -> Shown:
    """What the page shows after these fragments."""
    if (stage := _STAGE.search(html)) is not None:
        facts = dict(_ATTRIBUTE.findall(stage.group()))
        shown = replace(shown, stage=facts["stage"], sale_id=facts["sale"], serial=int(facts["serial"]),
                        notice=facts["notice"], locked=facts.get("locked") == "yes")  # fmt: skip
    lines = {} if _LINES_WHOLE.search(html) else dict(shown.lines)
    for number, attributes, body in _LINE.findall(html):
        if 'hx-swap-oob="delete"' in attributes:
            lines.pop(int(number), None)
            continue
        code = _CODE.search(body)
        lines[int(number)] = (code.group(1) if code else "", dict(_ATTRIBUTE.findall(attributes))["quantity"])
    if '<div id="sum"' in html:
        receipt = _RECEIPT.search(html)
        shown = replace(shown, receipt=receipt.group(1) if receipt else "")
    if '<div id="questions"' in html:
        job = _JOB.search(html)
        shown = replace(shown, print_question=job.group(1) if job else "")
    return replace(shown, lines=lines)
