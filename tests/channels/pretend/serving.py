"""The pretended shop over HTTP, for hubs that are processes of their own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx

from tests.channels.pretend.shop import Shop


class _Handler(BaseHTTPRequestHandler):
    shop: ClassVar[Shop]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as the shop does; where the network fails, close without a word."""
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = f"http://shop{self.path}"
        request = httpx.Request(self.command, url, headers=headers, content=self.rfile.read(length))
        try:
            answer = self.shop.handle(request)
        except httpx.TransportError:
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_GET  # noqa: N815 - as http.server calls it

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(shop: Shop) -> Iterator[str]:
    """Serve a shop on a free loopback port; gives its URL."""
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
