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
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(uvicorn.Config(service, log_level="warning", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="medusa", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)
