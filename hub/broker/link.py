"""Where the broker is and who we are to it; shared by the lean reader and the control client."""

from __future__ import annotations

import random
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from hub.errors import ConfigError

KEEP_ALIVE_S = 30
RECONNECT_FIRST_S = 0.2
RECONNECT_MAX_S = 10.0


@dataclass(frozen=True)
class BrokerLink:
    """How to reach the broker. `client_id` is the stem of this hub's client ids, unique among all hubs on it."""

    host: str
    port: int
    client_id: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings, or None for a plain connection. Raises ConfigError."""
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=str(Path(self.ca_file)) if self.ca_file else None)
        except OSError as error:
            raise ConfigError(f"[broker] ca_file: cannot use {self.ca_file}: {error}") from error


class Backoff:
    """How long to wait before the next try: doubling, bounded, and spread, so that not all hubs come at once."""

    def __init__(self, first_s: float = RECONNECT_FIRST_S, max_s: float = RECONNECT_MAX_S) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._next_s = first_s

    def reset(self) -> None:
        """The last try succeeded."""
        self._next_s = self._first_s

    def wait_s(self) -> float:
        """How long to wait now."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        self._next_s = min(self._next_s * 2, self._max_s)
        return wait_s
