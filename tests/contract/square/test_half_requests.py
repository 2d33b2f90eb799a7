"""A request that ends in its middle, because who asked was killed, is none."""

from __future__ import annotations

import socket
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlsplit

from hardware_sim.vendors.square import SquareService, World
from tests.contract.square.served import served

HALF = b"POST /v2/terminals/checkouts HTTP/1.1\r\nHost: square\r\nContent-Length: 400\r\n\r\n"


def test_half_a_request_is_not_heard() -> None:
    """Nothing is asked for, and the next one is answered."""
    service = SquareService(World(lambda: datetime(2026, 11, 29, tzinfo=UTC)))
    with served(service) as server:
        place = urlsplit(server.url)
        assert place.hostname is not None
        with socket.create_connection((place.hostname, place.port or 0), 10) as line:
            line.sendall(HALF)
        request = urllib.request.Request(f"{server.url}/v2/locations")  # noqa: S310 - the simulator
        request.add_header("Authorization", "Bearer token-of-a-seller")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            assert answer.status == 200
    assert [heard.path for heard in service.heard] == ["/v2/locations"]
