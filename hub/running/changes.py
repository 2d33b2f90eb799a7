"""Tells the web part that something committed; see `hub.api.port.Changes`.

The trap it avoids: a page that reads slowly must cost neither memory nor the others' time, so a listener holds at
most one set of keys for each kind, and past a bound "too many to name".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from hub.api.port import Change, ChangeKind

KEYS_MAX = 1_000


class _Listener:
    def __init__(self) -> None:
        self.pending: dict[ChangeKind, frozenset[str] | None] = {}
        self.wake = asyncio.Event()

    def add(self, change: Change) -> None:
        before = self.pending.get(change.kind, frozenset())
        keys = None if before is None or not change.keys else before | change.keys
        self.pending[change.kind] = None if keys is not None and len(keys) > KEYS_MAX else keys
        self.wake.set()


class ChangeBoard:
    """Make it on the event loop; `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[_Listener] = set()
        self._closed = False

    def tell(self, kind: ChangeKind, keys: Iterable[str] = ()) -> None:
        """Something of this kind changed; no keys means too many to name."""
        change = Change(kind, frozenset(keys))
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, change)

    async def subscribe(self) -> AsyncIterator[Change]:
        """See Changes."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while not self._closed or listener.pending:
                await listener.wake.wait()
                listener.wake.clear()
                pending, listener.pending = listener.pending, {}
                for kind, keys in pending.items():
                    yield Change(kind, keys or frozenset())
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all subscriptions; on the event loop."""
        self._closed = True
        for listener in self._listeners:
            listener.wake.set()

    def _spread(self, change: Change) -> None:
        for listener in self._listeners:
            listener.add(change)
