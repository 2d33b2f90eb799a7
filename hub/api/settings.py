"""How the web part behaves: its limits, whom it serves, its goals. Filled from the hub's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class WebSettings:
    """The web part's settings; the defaults serve one machine on loopback.

    `allowed_hosts` are the names under which people and shops reach the hub, without port; any other Host is refused,
    which is what stops DNS rebinding. `shop_origins` may read availability from a browser ("*" for all).
    `https` makes the session cookie Secure and sends HSTS; set it when a proxy ends TLS, too.
    `language` is for a viewer who asked for none that we have; `time_zone` for times that belong to no store.
    """

    version: str = "0"
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    shop_origins: tuple[str, ...] = ()
    https: bool = False
    session_hours: float = 12
    latency_goal_ms: int = 2000
    logins_per_minute: int = 10
    public_requests_per_second: float = 50
    public_burst: int = 200
    streams_max: int = 200
    heartbeat_s: float = 15
    coalesce_ms: int = 400
    availability_max_age_s: int = 2
    language: Literal["vi", "en"] = "en"
    time_zone: str = "Asia/Ho_Chi_Minh"
