"""Between the reader on the event loop and the worker in its thread: a bounded queue that says when to stop reading."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple


class Delivery(NamedTuple):
    """A journal message as delivered. `packet_id` is what to acknowledge, `connection` on which connection."""

    topic: str
    payload: bytes
    packet_id: int
    connection: int


class Inbox:
    """Bounded by messages and by bytes. `put` never blocks and never drops: it tells the reader to pause."""

    def __init__(self, messages_max: int, bytes_max: int = 64 * 1024 * 1024) -> None:
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._queue: deque[Delivery] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closed = False

    def put(self, delivery: Delivery) -> bool:
        """Add a delivery; False means: stop reading until the worker has taken some."""
        with self._changed:
            self._queue.append(delivery)
            self._bytes += len(delivery.payload)
            self._changed.notify()
            return not self._full()

    def take(self, messages_max: int, timeout_s: float | None) -> list[Delivery]:
        """Take what is there, waiting up to `timeout_s` for the first (None: until there is one or `close`)."""
        with self._changed:
            if not self._queue and not self._closed:
                self._changed.wait(timeout_s)
            taken = [self._queue.popleft() for _ in range(min(messages_max, len(self._queue)))]
            self._bytes -= sum(len(delivery.payload) for delivery in taken)
            return taken

    def has_room(self) -> bool:
        """Whether to read on."""
        with self._changed:
            return not self._full()

    def __len__(self) -> int:
        with self._changed:
            return len(self._queue)

    def close(self) -> None:
        """Nothing more will come: `take` no longer waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def _full(self) -> bool:
        return len(self._queue) >= self._messages_max or self._bytes >= self._bytes_max
