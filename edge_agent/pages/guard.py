"""Who may speak to the page: this PC's own browser, at this address, with this installation's cookie. Nobody else.

A page on 127.0.0.1 can be reached by every web page that the PC's browser has open, so each request passes four
checks, in this order, before any of our code sees it:

1. it comes from this machine (403), and its Host is ours (421: a name that was made to point here, DNS rebinding);
2. if it may change something, its Origin or Sec-Fetch-Site says that our own page sent it (403);
3. it carries the cookie that the first visit with the token got (401, with a page that says what to do);
4. its body is small (413) and arrives in time (408).

Every answer carries the security headers. There is no CORS: no other origin has any business here. Cookies are shared
by all ports of a host, so the cookie's name carries the port: three tills on one PC do not log one another out.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_agent.pages.settings import PageSettings

HOST_NAMES = ("127.0.0.1", "localhost")
BODY_TIMEOUT_S = 10.0
_QUERY_FIELDS_MAX = 100
COOKIE_AGE_S = 400 * 24 * 3600  # browsers cap it there
_SAFE_METHODS = frozenset({"GET", "HEAD"})
# What a visitor without the cookie may fetch: the files that the page "this till does not know you" is made of.
_OPEN_PREFIX = "/static/"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_HTML = (b"content-type", b"text/html; charset=utf-8")
_ENTERED = (
    b'<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    b'<link rel="icon" href="/static/mark.svg" type="image/svg+xml">'
    b'<title>Tillwire</title></head><body><a href="/">Tillwire</a></body></html>'
)


class Guard:
    """The checks, as a layer around the application. `locked` is the page for a visitor without the cookie."""

    def __init__(self, app: ASGIApp, settings: PageSettings, locked: bytes) -> None:
        self._app = app
        self._settings = settings
        self._locked = locked
        # Not the token itself: what a browser stores must not open the door of a reinstalled till by its address.
        self._pass = hmac.new(settings.token.encode(), b"tillwire page cookie", "sha256").hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request; lifespan messages pass, anything but HTTP is closed."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        outgoing = _with_security_headers(send, no_store=not scope["path"].startswith(_OPEN_PREFIX))
        headers = Headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(outgoing, *refusal)
            return
        given = _token_in(scope)
        if given is not None:
            await self._enter(scope, given, outgoing)
            return
        if not self._is_open(scope["path"]) and not self._has_pass(scope, headers):
            await _answer(outgoing, 401, self._locked, [_HTML])
            return
        body = await self._body(headers, receive) if scope["method"] not in _SAFE_METHODS else None
        if isinstance(body, int):
            reason = b"the request is too large" if body == 413 else b"the request came too slowly"  # noqa: PLR2004
            await _answer(outgoing, body, reason, [_TEXT, (b"connection", b"close")])
            return
        await self._app(scope, receive if body is None else _replay(body, receive), outgoing)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, bytes] | None:
        """Status and reason, if the request did not come from this PC's browser at our address."""
        if not _is_this_machine(scope):
            return 403, b"the till's page is for this PC alone"
        hosts = headers.all(b"host")
        port = scope["server"][1] if scope.get("server") else None
        if len(hosts) != 1 or hosts[0].lower() not in {f"{name}:{port}" for name in HOST_NAMES}:
            return 421, b"this address is not the till's; use http://127.0.0.1 and the port"
        if scope["method"] in _SAFE_METHODS:
            return None
        origins, sites = headers.all(b"origin"), headers.all(b"sec-fetch-site")
        if not origins and not sites:
            return 403, b"the request does not say which page sent it"
        own_origin = f"http://{hosts[0].lower()}"
        if any(origin.lower() != own_origin for origin in origins) or any(site != "same-origin" for site in sites):
            return 403, b"another page may not speak to the till"
        return None

    async def _enter(self, scope: Scope, given: str, send: Send) -> None:
        """The first visit: the token in the address becomes a cookie, and a fresh address without it.

        The fresh address is loaded by our own page and not by a redirection: a visitor who came by a link on another
        site would otherwise arrive there without a SameSite=Strict cookie.
        """
        if not hmac.compare_digest(given.encode(), self._settings.token.encode()):
            await _answer(send, 401, self._locked, [_HTML])
            return
        cookie = f"{self._cookie_name(scope)}={self._pass}; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; SameSite=Strict"
        await _answer(send, 200, _ENTERED, [_HTML, (b"set-cookie", cookie.encode())])

    def _is_open(self, path: str) -> bool:
        return path in self._settings.open_paths or path.startswith(_OPEN_PREFIX)

    def _has_pass(self, scope: Scope, headers: Headers) -> bool:
        # Taken apart by hand: other programs on this PC share our host's cookies, and the standard library's parser
        # stops at the first one that it does not like, JSON for instance. That would lock the cashier out.
        name = self._cookie_name(scope)
        pairs = (pair.partition("=") for text in headers.all(b"cookie") for pair in text.split(";"))
        return any(
            key.strip() == name and hmac.compare_digest(value.strip().encode(), self._pass.encode())
            for key, _, value in pairs
        )

    @staticmethod
    def _cookie_name(scope: Scope) -> str:
        return f"tillwire_page_{scope['server'][1]}"

    async def _body(self, headers: Headers, receive: Receive) -> bytes | int:
        """Read the whole body, or say with which status it is refused."""
        limit = self._settings.body_bytes_max
        announced = headers.all(b"content-length")
        if any(not length.isdigit() or int(length) > limit for length in announced):
            return 413
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                more = True
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        return 408
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > limit:
                        return 413
        except TimeoutError:
            return 408
        return bytes(body)


class Headers:
    """The headers of a request, as text, by lower-case name; a name may come more than once."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = [(name.lower(), value.decode("latin-1").strip()) for name, value in raw]

    def all(self, name: bytes) -> list[str]:
        """All values of a header."""
        return [value for key, value in self._raw if key == name]


def _token_in(scope: Scope) -> str | None:
    """The token of a first visit; None if the request is something else."""
    if scope["path"] != "/" or scope["method"] != "GET":
        return None
    try:
        fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return None
    tokens = fields.get("token", [])
    return tokens[0] if tokens else None


def _is_this_machine(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _with_security_headers(send: Send, *, no_store: bool) -> Send:
    """Add the headers to every answer. Pages are not stored: a stale cart must never come out of a cache."""
    caching = b"no-store" if no_store else b"no-cache"

    async def outgoing(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*kept, *SECURITY_HEADERS, (b"cache-control", caching)]}
        await send(message)

    return outgoing


async def _answer(send: Send, status: int, body: bytes, more: Iterable[tuple[bytes, bytes]] = (_TEXT,)) -> None:
    headers = [(b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the application the body that was already read, then whatever the server says next."""
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed
