"""A small page with the wedge reader on it, under the till's strict policy, and a scanner that types into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse
from playwright.sync_api import CDPSession, Page

from hardware_sim.wedge import KeyEvent
from tests.browser.serving import serve

SCRIPT = Path(__file__).resolve().parents[2] / "edge_agent/pages/static/wedge.js"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
PAGE = """<!doctype html><html lang="en"><title>Fields</title><script src="/wedge.js"></script>
<form id="form"><input id="text"><input id="pin" type="password" maxlength="4"><input id="number" type="number">
<textarea id="notes" data-wedge="off"></textarea><button id="go">Go</button></form><script src="/stage.js"></script>"""
STAGE = """
window.scans = []; window.inputs = []; window.keys = []; window.submits = 0;
window.stop = window.tillwireWedge.onScan((text) => window.scans.push(text));
document.addEventListener("input", (event) => window.inputs.push(event.target.value));
document.addEventListener("keydown", (event) => window.keys.push(event.key), true);
document.getElementById("form").addEventListener("submit", (event) => { event.preventDefault(); window.submits += 1; });
"""
_SHIFT = 8
_AHEAD_S = 3600.0


@dataclass
class Stage:
    """The open page; `keyboard` is a raw line to the browser, below Playwright's own keyboard."""

    page: Page
    keyboard: CDPSession

    def focus(self, field: str) -> None:
        """Put the cursor into a field."""
        self.page.locator(f"#{field}").focus()

    def value(self, field: str) -> str:
        """What stands in a field."""
        return self.page.locator(f"#{field}").input_value()

    def told(self, name: str) -> object:
        """What the page noted: scans, inputs, keys, submits."""
        return self.page.evaluate(f"window.{name}")

    def play(self, events: Sequence[KeyEvent], *, start_s: float | None = None) -> float:
        """Send key events with their own times, so that a busy machine does not change what is tested.

        Returns the moment from which the events' times count: give it to the next part of the same scan.

        The times lie in the future of the page: it waits for typing to be typing by its own clock, and must not get
        there while the events of one scan are still on their way from this test.
        """
        start_s = start_s or float(self.page.evaluate("(performance.timeOrigin + performance.now()) / 1000")) + _AHEAD_S
        for event in events:
            self.keyboard.send(
                "Input.dispatchKeyEvent",
                {
                    "type": "keyUp" if event.kind == "up" else "keyDown" if event.text else "rawKeyDown",
                    "code": event.code,
                    "key": event.key,
                    **({"text": event.text} if event.text else {}),
                    "windowsVirtualKeyCode": event.virtual_key,
                    "modifiers": _SHIFT if event.shift else 0,
                    "timestamp": start_s + event.time_ms / 1000,
                },
            )
        return start_s


@contextmanager
def wedge_stage(page: Page) -> Iterator[Stage]:
    """Serve the page and open it."""

    def build() -> FastAPI:
        app = FastAPI()

        @app.get("/")
        def root() -> HTMLResponse:
            return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})

        @app.get("/{name}.js")
        def script(name: str) -> PlainTextResponse:
            source = SCRIPT.read_text("utf-8") if name == "wedge" else STAGE
            return PlainTextResponse(source, media_type="text/javascript")

        return app

    with serve(build) as served:
        page.goto(served.url)
        yield Stage(page, page.context.new_cdp_session(page))
