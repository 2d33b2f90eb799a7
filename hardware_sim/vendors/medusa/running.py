"""A shop that listens on loopback, in a thread of its own, and ends with its `with`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from hardware_sim.vendors.medusa.service import MedusaService


@contextmanager
def running(service: MedusaService, port: int = 0) -> Iterator[str]:
    """Serve on a port that is free, or this one; gives the address. Raises OSError if the port is taken."""
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(service, log_level="warning", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="medusa", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)
