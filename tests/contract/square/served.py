"""The simulated Square on a real port, for commands and processes, from a test that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hardware_sim.vendors.square import SquareService
from hardware_sim.vendors.square.serving import SquareServer


@contextmanager
def served(service: SquareService) -> Iterator[SquareServer]:
    """Serve it from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="square")
    thread.start()
    server = SquareServer(service)
    try:
        asyncio.run_coroutine_threadsafe(server.plug(), loop).result(20)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.unplug(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
