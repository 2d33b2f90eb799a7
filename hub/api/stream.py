"""Server-sent events: a bounded number of open streams, coalesced wake-ups, heartbeats.

A stream tells *that* something changed and reads *what* from the database, so a slow client costs no memory and a
client that comes back misses nothing. `batches` subscribes before its first item, so what is read after that item
cannot fall between two chairs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from hub.api.port import ChangeKind, Changes
from hub.api.problems import ProblemRaised
from hub.storage.reading import AvailabilityChanges

HEARTBEAT = b": still here\n\n"
JOIN_S = 0.02
PAGE = 500
"""How many SKUs one read of changes brings at most."""


def sse_event(event: str, data: bytes, event_id: int | None = None) -> bytes:
    """One event in the wire format. `data` must be one line, as JSON without line breaks is."""
    assert b"\n" not in data, "data of an event is one line"
    head = f"event: {event}\n" if event_id is None else f"id: {event_id}\nevent: {event}\n"
    return head.encode() + b"data: " + data + b"\n\n"


class StreamSlots:
    """How many streams may be open at once."""

    def __init__(self, slots_max: int) -> None:
        self._free = slots_max

    def take(self) -> None:
        """Take a slot. Raises ProblemRaised (503) when there is none."""
        if self._free <= 0:
            raise ProblemRaised(503, "streams-full", "All streams are in use; try again soon.", retry_after_s=5)
        self._free -= 1

    def give_back(self) -> None:
        """Free a slot that was taken."""
        self._free += 1


class EventStream(StreamingResponse):
    """Events as an answer; gives its slot back however the stream ends. The slot must have been taken."""

    def __init__(self, events: AsyncGenerator[bytes, None], slots: StreamSlots) -> None:
        # A proxy that buffers would hold events back; nginx reads this header.
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._events = events
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; close their source and give the slot back whatever ends the sending."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A client that leaves cancels the sending, not the generator, which would wait for the collector.
            await self._events.aclose()
            self._slots.give_back()


async def batches(
    changes: Changes, *, every_s: float, heartbeat_s: float
) -> AsyncGenerator[frozenset[ChangeKind], None]:
    """Kinds that changed: the first at once, the next at least `every_s` apart; an empty set is a heartbeat.

    The first item is always an empty set: from then on nothing is missed. Ends when `changes` ends.
    """
    pending: set[ChangeKind] = set()
    woken = asyncio.Event()

    async def collect() -> None:
        try:
            async for change in changes.subscribe():
                pending.add(change.kind)
                woken.set()
        finally:
            woken.set()

    loop = asyncio.get_running_loop()
    collecting = loop.create_task(collect())
    sent_s = loop.time() - every_s
    try:
        await asyncio.sleep(0)  # lets the subscription begin before the first item says that it has
        yield frozenset()
        while True:
            try:
                async with asyncio.timeout(heartbeat_s):
                    await woken.wait()
            except TimeoutError:
                yield frozenset()
                continue
            await asyncio.sleep(max(0.0, sent_s + every_s - loop.time()))
            woken.clear()
            ready = frozenset(pending)
            pending.clear()
            sent_s = loop.time()
            if ready:
                yield ready
            if collecting.done():
                await collecting  # a broken source is an error, an ended one is an end
                return
    finally:
        collecting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await collecting


class SharedReads:
    """Reads of availability changes that all streams at the same revision share.

    A reader may only join a read that has not begun: one that has might be older than what woke the reader.
    """

    def __init__(self, read: Callable[[int | None, int], AvailabilityChanges]) -> None:
        self._read = read
        self._gathering: dict[int | None, asyncio.Task[AvailabilityChanges]] = {}

    async def after(self, revision: int | None) -> AvailabilityChanges:
        """At most PAGE SKUs that changed after `revision`; None for the newest revision alone."""
        task = self._gathering.get(revision)
        if task is None:
            task = asyncio.create_task(self._begin(revision))
            self._gathering[revision] = task
        return await asyncio.shield(task)

    async def _begin(self, revision: int | None) -> AvailabilityChanges:
        await asyncio.sleep(JOIN_S)
        del self._gathering[revision]
        return await run_in_threadpool(self._read, revision, PAGE)
