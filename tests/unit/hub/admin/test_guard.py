"""Who may see what: the guard in front of every request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.admin import session
from hub.admin.access import local_address
from hub.admin.guard import COOKIE, OPEN, OPEN_FOLDERS, host_name
from hub.api.settings import WebSettings
from tests.unit.hub.admin.sample_hub import ADMIN_KEY, SECRET, SampleHub
from tests.unit.hub.api.asgi import BEARER, ORIGIN, client

PAGES = ("/", "/stores", "/stores/st01", "/sales", "/sync", "/alarms", "/stock", "/stock.csv", "/latency.json", "/live")
OWN = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}


def ask(
    hub: SampleHub,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    form: Mapping[str, str] | None = None,
) -> httpx.Response:
    """One request to a fresh application over the hub."""

    async def asking() -> httpx.Response:
        async with client(hub.kept_web) as http:
            return await http.request(method, path, headers=headers, data=form)

    return asyncio.run(asking())


def cookie_of(answer: httpx.Response) -> str:
    """The session cookie that an answer sets, as a request would send it back."""
    return f"{COOKIE}={answer.cookies[COOKIE]}"


def log_in(hub: SampleHub) -> str:
    """Log in with the key; the cookie."""
    return cookie_of(ask(hub, "POST", "/login", form={"key": ADMIN_KEY}, headers=OWN))


@pytest.fixture(scope="module")
def hub() -> SampleHub:
    """One store with some sales."""
    return SampleHub().fill(1, sales=5)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_logging_in(hub: SampleHub, path: str) -> None:
    """People are led to the login and back, programs get 401."""
    page = ask(hub, "GET", path, HTML)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/login?next=%2F")
    program = ask(hub, "GET", path)
    assert (program.status_code, program.headers["content-type"]) == (401, "application/problem+json")
    assert program.headers["www-authenticate"].startswith("Bearer")


def test_every_route_is_closed_unless_it_is_named_open(hub: SampleHub) -> None:
    """A route that somebody adds and forgets to protect is protected."""
    paths = [str(getattr(route, "path", "")) for route in hub.web().routes]
    closed = [path for path in paths if path not in OPEN and not path.startswith((*OPEN_FOLDERS, "/static"))]
    for path in [*closed, "/not/there", "/metrics", "/live"]:
        assert ask(hub, "GET", re.sub(r"{.*?}", "1", path)).status_code == 401, path


def test_the_key_opens_the_pages_and_logging_out_closes_them(hub: SampleHub) -> None:
    """The cookie is unreadable for scripts, stays on our site, and is dead after logging out."""
    web = hub.web()

    async def visit() -> None:
        async with client(web) as http:
            entered = await http.post("/login", data={"key": f" {ADMIN_KEY} ", "next": "/stock?q=a"}, headers=OWN)
            assert (entered.status_code, entered.headers["location"]) == (303, "/stock?q=a")
            cookie = entered.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert "secure" not in cookie
            kept = {"cookie": cookie_of(entered)}
            assert (await http.get("/", headers=HTML)).status_code == 200
            assert (await http.post("/logout", headers=OWN)).headers["location"] == "/login"
            assert (await http.get("/", headers={**HTML, **kept})).status_code == 303

    asyncio.run(visit())


def test_the_cookie_is_secure_behind_tls() -> None:
    """https=True sets Secure and sends HSTS."""
    secure = SampleHub(WebSettings(https=True))
    answer = ask(secure, "POST", "/login", form={"key": ADMIN_KEY}, headers=OWN)
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_session_ends_with_its_time() -> None:
    """Twelve hours, whatever the browser keeps."""
    hub = SampleHub()
    cookie = log_in(hub)
    hub.now += timedelta(hours=11, minutes=59)
    assert ask(hub, "GET", "/stores", {"cookie": cookie, **HTML}).status_code == 200
    hub.now += timedelta(minutes=2)
    assert ask(hub, "GET", "/stores", {"cookie": cookie, **HTML}).status_code == 303


def test_a_wrong_key_is_refused_and_guessing_is_slowed_down() -> None:
    """After the allowed tries even the right key has to wait, by form and by bearer alike."""
    hub = SampleHub(WebSettings(logins_per_minute=3))
    web = hub.web()

    async def guess() -> list[int]:
        async with client(web) as http:
            forms = [await http.post("/login", data={"key": f"guess {n}"}, headers=OWN) for n in range(3)]
            late = await http.post("/login", data={"key": ADMIN_KEY}, headers=OWN)
            bearer = await http.get("/metrics", headers=BEARER)
            return [answer.status_code for answer in (*forms, late, bearer)]

    assert asyncio.run(guess()) == [401, 401, 401, 429, 429]


def test_a_bearer_key_serves_programs(hub: SampleHub) -> None:
    """Prometheus sends it; a wrong one is told so."""
    assert ask(hub, "GET", "/metrics", BEARER).status_code == 200
    wrong = ask(hub, "GET", "/metrics", {"authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:tillwire:problem:wrong-key")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://other.localhost"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/language", "/theme"])
def test_a_write_from_another_site_is_refused(hub: SampleHub, path: str, headers: dict[str, str]) -> None:
    """By Sec-Fetch-Site where the browser sends it, else by Origin; without either it is no page of ours."""
    answer = ask(hub, "POST", path, headers, form={"key": ADMIN_KEY})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:tillwire:problem:cross-site")


def test_a_page_of_ours_may_write_where_the_browser_sends_origin_alone(hub: SampleHub) -> None:
    """Over plain http in a shop's network browsers send no Sec-Fetch-Site."""
    assert ask(hub, "POST", "/login", {"origin": ORIGIN}, form={"key": ADMIN_KEY}).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.2", "[::2]:80"])
def test_another_host_name_is_refused(hub: SampleHub, host: str) -> None:
    """What stops a page elsewhere from reaching the hub under a name of its own (DNS rebinding)."""
    for path in ("/", "/healthz", "/v1/availability/A", "/login"):
        assert ask(hub, "GET", path, {"host": host}).status_code == 421


@pytest.mark.parametrize(
    ("header", "name"), [("hub.shop:8443", "hub.shop"), ("[::1]:80", "::1"), ("HUB", "hub"), ("127.0.0.1", "127.0.0.1")]
)
def test_the_port_of_a_host_does_not_matter(header: str, name: str) -> None:
    """Names are compared without it, whatever the case."""
    assert host_name(header) == name


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/v1/availability/none", "/static/hub.css", "/readyz"])
def test_every_answer_has_the_security_headers(hub: SampleHub, path: str) -> None:
    """Errors, files and API answers, too; the policy allows no inline script, no inline style and no other site."""
    headers = ask(hub, "GET", path, HTML).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_hold_no_inline_script_or_style(hub: SampleHub) -> None:
    """What the policy would stop is not there in the first place."""
    cookie = log_in(hub)
    for path in ("/", "/stores/st01", "/sales", "/sales/1", "/sync", "/alarms", "/stock", "/login", "/docs", "/none"):
        html = ask(hub, "GET", path, {"cookie": cookie, **HTML}).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", html), path


def test_a_login_link_works_once_and_for_ten_minutes() -> None:
    """It is used by POST alone: a program that follows links does not use it up."""
    hub = SampleHub()
    token = session.login_link_token(SECRET, "random-id-of-16-chars", hub.now)
    shown = ask(hub, "GET", f"/login?token={token}", HTML)
    assert token in shown.text
    assert COOKIE not in shown.cookies
    assert cookie_of(ask(hub, "POST", "/login", form={"token": token}, headers=OWN))
    assert ask(hub, "POST", "/login", form={"token": token}, headers=OWN).status_code == 401
    late = session.login_link_token(SECRET, "another-id-of-16-chars", hub.now)
    hub.now += timedelta(minutes=10)
    assert ask(hub, "POST", "/login", form={"token": late}, headers=OWN).status_code == 401


def test_a_login_token_is_no_session(hub: SampleHub) -> None:
    """The purpose is part of what is signed."""
    token = session.login_link_token(SECRET, "random-id-of-16-chars", hub.now)
    assert ask(hub, "GET", "/stores", {"cookie": f"{COOKIE}={token}"}).status_code == 401


@given(st.text(max_size=200), st.binary(min_size=32, max_size=32))
def test_only_the_secret_makes_a_ticket(text: str, other: bytes) -> None:
    """Neither made-up texts nor another hub's tickets are read."""
    now = SampleHub.now
    ticket = session.Ticket("id", now.replace(microsecond=0) + timedelta(hours=1))
    assert session.read(SECRET, "session", session.sign(SECRET, "session", ticket), now) == ticket
    assert session.read(SECRET, "session", text, now) is None
    if other != SECRET:
        assert session.read(SECRET, "session", session.sign(other, "session", ticket), now) is None


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\\/e", "/a\nb", ""]
)
def test_the_login_sends_nobody_to_another_site(wanted: str) -> None:
    """`next` may only name a page of ours."""
    assert local_address(wanted) == "/"


def test_an_htmx_request_without_session_is_sent_to_the_login(hub: SampleHub) -> None:
    """A page that outlived its session must not paint the login form into a card."""
    answer = ask(hub, "GET", "/parts/cards", {"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_no_form_has_is_not_taken_in(hub: SampleHub, *, announced: bool) -> None:
    """Nobody needs a key to post to the login, so what he sends must not fill the memory; 413 before it is read."""
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield b"key=" + b"x" * 60_000

    async def asking() -> httpx.Response:
        length = {"content-length": str(200 * 60_004)} if announced else {"transfer-encoding": "chunked"}
        form = {"content-type": "application/x-www-form-urlencoded"}
        async with client(hub.kept_web) as http:
            return await http.post("/login", content=chunks(), headers={**OWN, **form, **length})

    answer = asyncio.run(asking())
    assert answer.status_code == 413
    assert taken <= 3


def test_the_login_says_where_a_key_comes_from(hub: SampleHub) -> None:
    """No key exists before somebody asks for one, so nobody can have seen it at the first start."""
    wrong = ask(hub, "POST", "/login", form={"key": "x"}, headers=OWN).text
    for page in (ask(hub, "GET", "/login").text, wrong):
        assert "tillwire-hub admin key" in page
        assert "tillwire-hub admin link" in page
        assert "first started" not in page
