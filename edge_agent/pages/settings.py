"""What the page needs to know beside the counter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.pages.errors import PageTokenWeak
from edge_agent.pages.workshop import WorkshopLike

TOKEN_LENGTH_MIN = 32


@dataclass(frozen=True)
class PageSettings:
    """One till's page.

    `token` is the secret of this installation, at least 32 characters: the first visit carries it in the address and
    gets a cookie for it. `version` names the build: a page that finds another one after a reconnection loads itself
    anew. `clock` returns an aware datetime in the store's time zone. `open_paths` are answered without the cookie
    (health checks), but under the same Host and Origin rules. `tabs_max` bounds who may look on without being the
    cashier's window: a browser opens six connections to one host, and orders need some of them. `workshop` finds and
    tries devices for the set-up panel; without one the panel shows their state alone.
    """

    token: str
    version: str
    clock: Callable[[], datetime]
    open_paths: frozenset[str] = frozenset({"/healthz"})
    heartbeat_s: float = 5.0
    tabs_max: int = 4
    body_bytes_max: int = 16 * 1024
    workshop: WorkshopLike | None = None

    def __post_init__(self) -> None:
        """Refuse a token that could be guessed."""
        if len(self.token) < TOKEN_LENGTH_MIN:
            raise PageTokenWeak(
                f"the page's token has {len(self.token)} characters; make one with at least {TOKEN_LENGTH_MIN}"
            )
