"""Nobody but this PC's own browser, with this installation's cookie, speaks to the till: checked byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from starlette.types import Message, Receive, Scope, Send

from edge_agent.pages.errors import PageTokenWeak
from edge_agent.pages.guard import CONTENT_SECURITY_POLICY, Guard
from edge_agent.pages.settings import PageSettings

TOKEN = "a-secret-of-this-installation-0123456789"  # noqa: S105 - of the test
PORT = 8740
OWN = (b"host", b"127.0.0.1:8740")
ORIGIN = (b"origin", b"http://127.0.0.1:8740")
OWN_SITE = (b"sec-fetch-site", b"same-origin")
LIMIT = 64


@dataclass
class Answer:
    """What came back, and what the application behind the guard saw."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    reached: list[bytes] = field(default_factory=list)


def ask(  # noqa: PLR0913 - the parts of a request
    path: str = "/",
    *,
    method: str = "GET",
    headers: Sequence[tuple[bytes, bytes]] = (OWN,),
    body: Sequence[bytes] = (b"",),
    query: bytes = b"",
    client: tuple[str, int] | None = ("127.0.0.1", 50_000),
    port: int = PORT,
) -> Answer:
    """Send one request through the guard, the body in these pieces."""
    answer = Answer()

    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        answer.reached.append((await receive()).get("body", b""))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"public")]})
        await send({"type": "http.response.body", "body": b"the till"})

    chunks = [
        {"type": "http.request", "body": chunk, "more_body": index < len(body) - 1} for index, chunk in enumerate(body)
    ]

    async def receive() -> Message:
        return chunks.pop(0) if chunks else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message["body"]

    settings = PageSettings(TOKEN, "1", lambda: datetime(2026, 11, 22, tzinfo=UTC), body_bytes_max=LIMIT)
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "headers": list(headers),
        "client": client, "server": ("127.0.0.1", port),
    }  # fmt: skip
    asyncio.run(Guard(application, settings, b"locked")(scope, receive, send))
    return answer


def cookie(port: int = PORT) -> tuple[bytes, bytes]:
    """The cookie that the first visit gets."""
    own = (b"host", f"127.0.0.1:{port}".encode())
    given = ask(query=b"token=" + TOKEN.encode(), headers=[own], port=port).headers["set-cookie"]
    return b"cookie", given.split(";")[0].encode()


def test_the_first_visit_gets_a_cookie_and_an_address_without_the_token() -> None:
    """The token becomes a cookie that no script can read and no other site can send."""
    answer = ask(query=b"token=" + TOKEN.encode())
    assert answer.status == 200
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    assert TOKEN not in answer.headers["set-cookie"]
    assert b'content="0;url=/"' in answer.body
    assert answer.reached == []


def test_with_the_cookie_the_till_answers() -> None:
    """The cookie opens the page, also among others."""
    name, value = cookie()
    assert ask(headers=[OWN, (name, b"other=1; " + value + b"; more=2")]).body == b"the till"


@pytest.mark.parametrize(
    "headers",
    [
        [OWN],
        [OWN, (b"cookie", b"tillwire_page_8740=wrong")],
        [OWN, (b"cookie", b"tillwire_page_8740=" + TOKEN.encode())],
        [OWN, (b"cookie", b"tillwire_page_8740=\xff\xfe")],
        [OWN, (b"cookie", b";;=;\x00")],
    ],
)
def test_without_the_cookie_a_page_says_what_to_do(headers: list[tuple[bytes, bytes]]) -> None:
    """No cookie, a wrong one, or nonsense: 401 and words, and the till never hears of it."""
    answer = ask(headers=headers)
    assert (answer.status, answer.body, answer.reached) == (401, b"locked", [])


def test_a_wrong_token_is_refused() -> None:
    """Only the token of this installation is exchanged for a cookie."""
    answer = ask(query=b"token=" + TOKEN.encode()[:-1])
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_tills_on_one_pc_keep_their_own_cookies() -> None:
    """Cookies do not know ports, so the cookie's name does."""
    assert cookie(8740)[1].split(b"=")[0] != cookie(8741)[1].split(b"=")[0]


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [b""],
        [b"evil.example"],
        [b"evil.example:8740"],
        [b"127.0.0.1"],
        [b"127.0.0.1:8741"],
        [b"127.0.0.1.evil.example:8740"],
        [b"localhost.evil.example:8740"],
        [b"127.0.0.1:8740", b"evil.example"],
    ],
)
def test_only_our_own_host_is_answered(hosts: list[bytes]) -> None:
    """A foreign name that was made to point to this PC is not ours: 421, even with the cookie."""
    answer = ask(headers=[cookie(), *((b"host", host) for host in hosts)])
    assert (answer.status, answer.reached) == (421, [])


def test_localhost_is_a_name_of_ours() -> None:
    """People type localhost, in any case of letters."""
    assert ask(headers=[cookie(), (b"host", b"LocalHost:8740")]).status == 200


@pytest.mark.parametrize("client", [("192.168.1.20", 1), ("10.0.0.1", 1), ("", 1), ("::2", 1), None])
def test_other_machines_are_refused(client: tuple[str, int] | None) -> None:
    """The page is for this PC alone, whatever address the server was bound to."""
    assert ask(headers=[OWN, cookie()], client=client).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"origin", b"http://evil.example")],
        [(b"origin", b"null")],
        [(b"origin", b"https://127.0.0.1:8740")],
        [(b"origin", b"http://127.0.0.1:8741")],
        [(b"origin", b"http://localhost:8740")],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"sec-fetch-site", b"none")],
        [ORIGIN, (b"sec-fetch-site", b"cross-site")],
        [ORIGIN, (b"origin", b"http://evil.example")],
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_orders_come_from_our_own_page_only(headers: list[tuple[bytes, bytes]], method: str) -> None:
    """Whatever may change something needs an Origin or Sec-Fetch-Site that says it is ours."""
    answer = ask("/order/pay_cash", method=method, headers=[OWN, cookie(), *headers])
    assert (answer.status, answer.reached) == (403, [])


@pytest.mark.parametrize("headers", [[ORIGIN], [OWN_SITE], [ORIGIN, OWN_SITE]])
def test_our_own_orders_arrive_whole(headers: list[tuple[bytes, bytes]]) -> None:
    """An order that comes in pieces reaches the till in one."""
    answer = ask("/order/pay_cash", method="POST", headers=[OWN, cookie(), *headers], body=[b"sale", b"_id=", b"1"])
    assert (answer.status, answer.reached) == (200, [b"sale_id=1"])


@pytest.mark.parametrize("announced", [None, b"65", b"-1", b"x"])
def test_large_orders_are_refused_unread(announced: bytes | None) -> None:
    """Neither an announced nor an unannounced flood reaches the till."""
    headers = [] if announced is None else [(b"content-length", announced)]
    answer = ask("/order/scan", method="POST", headers=[OWN, ORIGIN, cookie(), *headers], body=[b"x" * 40, b"x" * 25])
    assert (answer.status, answer.reached) == (413, [])


def test_an_order_of_exactly_the_limit_is_taken() -> None:
    """The limit itself is allowed."""
    assert ask("/order/scan", method="POST", headers=[OWN, ORIGIN, cookie()], body=[b"x" * LIMIT]).status == 200


def test_an_order_that_breaks_off_is_not_carried_out() -> None:
    """Half an order is none."""
    answer = ask("/order/pay_cash", method="POST", headers=[OWN, ORIGIN, cookie()], body=())
    assert (answer.status, answer.reached) == (408, [])


def test_static_files_and_health_need_no_cookie_but_our_host() -> None:
    """The page for unknown browsers has a style; a health check needs no secret; neither answers a foreign name."""
    for path in ("/static/till.css", "/healthz"):
        assert ask(path).status == 200
        assert ask(path, headers=[(b"host", b"evil.example")]).status == 421


def test_every_answer_is_armoured() -> None:
    """Refusals, pages and files carry the security headers; pages are not stored; no other origin is allowed."""
    answers = [
        ask(),
        ask(headers=[]),
        ask(headers=[OWN, cookie()]),
        ask("/order/pay_cash", method="POST"),
        ask("/static/x.js"),
    ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answers[2].headers["cache-control"] == "no-store"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_a_query_bomb_is_an_ordinary_stranger() -> None:
    """A thousand fields in the address are no reason to fall over."""
    assert ask(query=b"&".join(b"a=1" for _ in range(1000))).status == 401


def test_websockets_are_closed() -> None:
    """The page has no web socket; nobody else shall have one."""
    sent: list[Message] = []

    async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("reached")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    settings = PageSettings(TOKEN, "1", lambda: datetime(2026, 11, 22, tzinfo=UTC))
    asyncio.run(Guard(nobody, settings, b"")({"type": "websocket", "path": "/"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_short_token_is_refused_at_start() -> None:
    """A till does not start with a secret that can be guessed."""
    with pytest.raises(PageTokenWeak, match="at least 32"):
        PageSettings("short", "1", lambda: datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("other", [b'theme={"dark": true}', b"a[0]=1", b"path=/x", b"lonely", b"\xc3=\xff", b'x="open'])
def test_cookies_of_other_programs_on_this_pc_lock_nobody_out(other: bytes) -> None:
    """Cookies of one host are shared by all its ports: whatever another program left there, ours is found."""
    name, value = cookie()
    assert ask(headers=[OWN, (name, other + b"; " + value)]).status == 200
    assert ask(headers=[OWN, (name, value + b";" + other)]).status == 200
    assert ask(headers=[OWN, (name, other)]).status == 401
