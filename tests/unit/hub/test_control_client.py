"""The control client's way back to a broker that is away."""

from __future__ import annotations

import itertools
import socket
import time

from hub.broker.client import ControlClient
from hub.broker.link import BrokerLink


def test_it_comes_back_by_our_backoff_and_not_in_step_with_all_others() -> None:
    """Soon at first, then later and later; paho's own waits are whole seconds, the same for every hub."""
    tries: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        client = ControlClient(BrokerLink("127.0.0.1", server.getsockname()[1], "hub"), ["a"])
        client.start(lambda _, __: None, lambda: None)
        try:
            for _ in range(4):
                server.accept()[0].close()
                tries.append(time.monotonic())
        finally:
            client.stop(0)
    waits = [after - before for before, after in itertools.pairwise(tries)]
    assert waits[0] < 0.8
    assert len({round(wait, 3) for wait in waits}) == 3
