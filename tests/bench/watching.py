"""A browser on a till's page that says when something was really painted, and does nothing else meanwhile.

Nothing polls: each wait is one promise inside the page, so that the measuring does not take the time that it measures.
"Painted" is the first moment after the frame with the change has been drawn: the page's task that follows the frame.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from playwright.async_api import Page

WAIT_S = 20.0

_WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  const at = (event) => performance.timeOrigin + event.timeStamp;
  const channel = new MessageChannel();
  const afterFrame = [];
  channel.port1.onmessage = () => { for (const tell of afterFrame.splice(0)) tell(now()); };
  const painted = (tell) => requestAnimationFrame(() => { afterFrame.push(tell); channel.port2.postMessage(0); });
  const serial = () => document.getElementById("stage").dataset.serial;
  const found = () => document.querySelector("#panel-side [data-found]")?.dataset.found;
  let said = serial(), shown = found(), waiting = null;
  const bench = window.bench = { typed: 0, pressed: 0, wait: null };
  addEventListener("keydown", (event) => { bench.pressed = at(event); }, true);
  addEventListener("beforeinput", (event) => { bench.typed = at(event); }, true);
  bench.next = (kind, text) => {
    [said, shown] = [serial(), found()]; // two searches may end and begin with the same text
    bench.wait = new Promise((done) => { waiting = { kind, text, done }; });
  };
  const look = () => {
    if (!waiting) return;
    const changed = waiting.kind === "said" ? serial() !== said : found() === waiting.text && found() !== shown;
    if (!changed) return;
    const { done } = waiting;
    waiting = null;
    const moment = now();
    painted((frame) => {
      [said, shown] = [serial(), found()];
      done({ changed: moment, painted: frame, typed: bench.typed, pressed: bench.pressed });
    });
  };
  const everything = { subtree: true, childList: true, attributes: true };
  new MutationObserver(look).observe(document.documentElement, everything);
}"""


@dataclass(frozen=True)
class Seen:
    """Milliseconds since 1970: the change stood in the document, was painted; the last letter came, key went down."""

    changed_ms: float
    painted_ms: float
    typed_ms: float
    pressed_ms: float


class Watch:
    """Waits for what the page shows. Say what is awaited first (`expect_...`), then cause it, then take `seen`."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def begin(self) -> None:
        """Start watching this page."""
        await self._page.evaluate(_WATCH)

    async def expect_notice(self) -> None:
        """The next thing that is awaited is a notice of the till."""
        await self._page.evaluate("() => window.bench.next('said')")

    async def expect_found(self, text: str) -> None:
        """The next thing that is awaited is what the search has found for this text."""
        await self._page.evaluate("(text) => window.bench.next('found', text)", text)

    async def seen(self) -> Seen:
        """What was awaited, once it was painted. Raises TimeoutError."""
        async with asyncio.timeout(WAIT_S):
            told: dict[str, float] = await self._page.evaluate("() => window.bench.wait")
        return Seen(told["changed"], told["painted"], told["typed"], told["pressed"])
