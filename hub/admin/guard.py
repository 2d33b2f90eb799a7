"""The guard in front of every request: Host, cross-site writes, who may see what, and the security headers.

It is plain ASGI, because a middleware that wraps the body would hold streams back. The rule is closed by default: a
path that is not named in OPEN needs a session or the admin access key.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.admin import session
from hub.api.limits import TokenBuckets
from hub.api.operations import KEY_HOLDER
from hub.api.port import Identity
from hub.api.problems import problem_response
from hub.api.settings import WebSettings
from hub.api.webhooks import is_webhook

COOKIE = "tillwire_session"
OPEN = ("/healthz", "/readyz", "/openapi.json", "/docs", "/login", "/language", "/theme", "/v1/availability")
OPEN_FOLDERS = ("/static/", "/v1/availability/", "/v1/snapshots/")  # the last one asks for a till's signature
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOGGED_OUT_MAX = 10_000
BODY_BYTES_MAX = 64 * 1024
"""The largest form is a login; whoever sends more than this is not one of our pages."""
TOO_LARGE = 413

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # not "no-referrer": browsers would then send "Origin: null" with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Sessions:
    """Reads session cookies and bearer keys. Logged-out sessions are remembered until they expire anyway."""

    def __init__(self, identity: Identity, settings: WebSettings, clock: Callable[[], datetime]) -> None:
        self._identity = identity
        self._clock = clock
        self._logged_out: OrderedDict[str, datetime] = OrderedDict()
        self._failures = TokenBuckets(settings.logins_per_minute / 60, settings.logins_per_minute)

    def current(self, request: Request) -> session.Ticket | None:
        """The session of this request, if its cookie is good."""
        text = request.cookies.get(COOKIE, "")
        ticket = session.read(self._identity.session_secret, "session", text, self._clock()) if text else None
        return None if ticket is None or ticket.id in self._logged_out else ticket

    def end(self, ticket: session.Ticket) -> None:
        """Log a session out, on this worker."""
        self._logged_out[ticket.id] = ticket.expires_at
        while len(self._logged_out) > LOGGED_OUT_MAX:
            self._logged_out.popitem(last=False)

    def wait_s(self, request: Request) -> float:
        """How long this client has to wait before its next try, after too many wrong keys."""
        return self._failures.wait_s(_client(request), asyncio.get_running_loop().time())

    async def verify(self, request: Request, key: str) -> bool:
        """Check an admin access key; each wrong one costs the client a try. Ask `wait_s` first."""
        # 256 is far more than a key has: do not hash what cannot be one
        good = len(key) <= 256 and await run_in_threadpool(self._identity.verify_admin_key, key)  # noqa: PLR2004
        if not good:
            self._failures.take(_client(request), asyncio.get_running_loop().time())
        return good


class Guard:
    """ASGI middleware: refuses what must not pass, and writes the security headers on everything that does."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = (
            self._refuse_host(request)
            or self._preflight(request)
            or _refuse_length(request)
            or await self._refuse_person(request)
        )
        body = _Body(receive)
        await (answer or self._app)(scope, body.receive, self._with_headers(request, body.sender(request, send)))

    def _refuse_host(self, request: Request) -> Response | None:
        host = host_name(request.headers.get("host", ""))
        allowed = self._settings.allowed_hosts
        if "*" in allowed or host in allowed:
            return None
        remedy = f"Host {host!r} is not served here; add it to allowed_hosts in the hub's configuration."
        return problem_response(request, 421, "wrong-host", remedy)

    def _preflight(self, request: Request) -> Response | None:
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        headers = {
            "access-control-allow-methods": "GET, HEAD",
            "access-control-allow-headers": "If-None-Match, Last-Event-ID",
            "access-control-max-age": "3600",
        }
        return Response(status_code=204, headers=headers)

    async def _refuse_person(self, request: Request) -> Response | None:
        # What the router goes by; a path out of `request.url` has been through the Host header.
        path: str = request.scope["path"]
        if request.method == "POST" and is_webhook(path):
            return None  # its signature is its key, and whatever else it brings is the vendor's business
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            # A bearer key is sent on purpose, never by a browser on its own: no cross-site check is needed.
            return await self._refuse_key(request, key.strip())
        if request.method not in SAFE_METHODS and not same_site(request):
            text = "This came from another site's page, or from a program that did not say where it comes from."
            return problem_response(request, 403, "cross-site", text)
        if path in OPEN or path.startswith(OPEN_FOLDERS):
            return None
        ticket = self._sessions.current(request)
        if ticket is not None:
            request.scope["tillwire.session"] = ticket
            return None
        return _ask_to_log_in(request)

    async def _refuse_key(self, request: Request, key: str) -> Response | None:
        wait_s = self._sessions.wait_s(request)
        if wait_s > 0:
            headers = {"retry-after": str(int(wait_s) + 1)}
            return problem_response(request, 429, "too-many-logins", "Too many wrong keys; wait.", headers=headers)
        if await self._sessions.verify(request, key):
            request.scope[KEY_HOLDER] = True
            return None
        headers = {"www-authenticate": 'Bearer realm="Tillwire hub", error="invalid_token"'}
        return problem_response(request, 401, "wrong-key", "That is not the admin access key.", headers=headers)

    def _with_headers(self, request: Request, send: Send) -> Send:
        public = request.scope["path"].startswith("/v1/availability")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cross-origin-resource-policy", "cross-origin" if public else "same-origin")
                headers.setdefault("cache-control", "no-store")
                if self._settings.https:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                if public:
                    self._allow_shop(request, headers)
            await send(message)

        return send_with_headers

    def _allow_shop(self, request: Request, headers: MutableHeaders) -> None:
        origins = self._settings.shop_origins
        if not origins:
            return
        headers.add_vary_header("Origin")
        origin = request.headers.get("origin")
        if origin is not None and ("*" in origins or origin in origins):
            headers["access-control-allow-origin"] = "*" if "*" in origins else origin
            headers["access-control-expose-headers"] = "ETag, Retry-After"


class _Body:
    """A request's body that ends the request when it grows past BODY_BYTES_MAX (its length need not be announced)."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken = 0

    async def receive(self) -> Message:
        """The next part; a body that is too large looks to the application like a client that went away."""
        if self._is_too_large():
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self._is_too_large() else message

    def sender(self, request: Request, send: Send) -> Send:
        """Send the application's answer, or 413 in its place."""
        answered = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal answered
            if not self._is_too_large():
                await send(message)
            elif not answered:
                answered = True
                await _too_large(request)(request.scope, self._receive, send)

        return send_or_refuse

    def _is_too_large(self) -> bool:
        return self._taken > BODY_BYTES_MAX


def _refuse_length(request: Request) -> Response | None:
    length = request.headers.get("content-length", "0")
    return None if length.isdecimal() and int(length[:20]) <= BODY_BYTES_MAX else _too_large(request)


def _too_large(request: Request) -> Response:
    text = f"No form of this hub sends more than {BODY_BYTES_MAX} bytes."
    return problem_response(request, TOO_LARGE, "too-large", text, headers={"connection": "close"})


def host_name(header: str) -> str:
    """The name in a Host header, without port: "hub.shop:8443" -> "hub.shop", "[::1]:80" -> "::1"."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def same_site(request: Request) -> bool:
    """Whether a write comes from our own page: by Sec-Fetch-Site where the browser sends it, else by Origin."""
    fetched_from = request.headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _ask_to_log_in(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    if request.method in SAFE_METHODS and "text/html" in request.headers.get("accept", ""):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
    headers = {"www-authenticate": 'Bearer realm="Tillwire hub"'}
    remedy = "Send the admin access key as a bearer token, or log in at /login."
    return problem_response(request, 401, "not-logged-in", remedy, headers=headers)


def _client(request: Request) -> str:
    return request.client.host if request.client else "?"
