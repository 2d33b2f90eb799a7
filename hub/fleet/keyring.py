"""All keys in memory, as `KeyRing`: looked up for every message, read from the database now and then.

A terminal that was added or revoked by another process is known after the next `refresh`; an unknown terminal makes
one at once, but no more often than once a second, so that a stranger cannot make us read the database for each of
his messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from hub.errors import StorageError
from hub.storage.port import Keys
from protocol.frame import Key
from protocol.ids import FeedName, StoreId, TerminalId

UNKNOWN_REFRESH_S = 1.0


class CachedKeyRing:
    """See `KeyRing`. Used from several threads."""

    def __init__(self, load: Callable[[], Keys], clock_s: Callable[[], float]) -> None:
        self._load = load
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._keys = load()
        self._read_at_s = clock_s()

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """See KeyRing."""
        key = self._keys.terminals.get((store, terminal))
        if key is None and self._refresh_for_unknown():
            key = self._keys.terminals.get((store, terminal))
        return key

    def feed_key(self, feed: FeedName) -> Key | None:
        """See KeyRing."""
        key = self._keys.feeds.get(feed)
        if key is None and self._refresh_for_unknown():
            key = self._keys.feeds.get(feed)
        return key

    def refresh(self) -> None:
        """Read all keys. Raises StorageUnavailable; then the old ones hold."""
        self._keys = self._load()
        self._read_at_s = self._clock_s()

    def _refresh_for_unknown(self) -> bool:
        with self._lock:
            if self._clock_s() - self._read_at_s < UNKNOWN_REFRESH_S:
                return False
            self._read_at_s = self._clock_s()
        try:
            self.refresh()
        except StorageError:
            return False  # as good as unknown: the terminal sends again
        return True
