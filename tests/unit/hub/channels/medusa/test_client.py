"""Calls of Medusa: tokens, and its errors as ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub.channels.medusa.answers import Answer
from hub.channels.medusa.client import MedusaClient, MedusaRefused
from hub.errors import ChannelError, ChannelRefused, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse"  # noqa: S105 - of this test
Answering = Callable[[httpx.Request], httpx.Response]


def token(ends: datetime, name: str) -> str:
    """A JWT as Medusa makes it, without a signature that anybody here reads."""
    claims = json.dumps({"exp": int(ends.timestamp()), "name": name}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"


class Clock:
    """A clock that is moved by hand."""

    now = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


def client(answering: Answering, clock: Clock | None = None, *, secret_key: str = "") -> MedusaClient:
    """A client of a server that answers like this, once it has let us in."""
    watch = clock or Clock()
    signed_in = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal signed_in
        if request.url.path == "/auth/user/emailpass":
            signed_in += 1
            return httpx.Response(200, json={"token": token(watch.now + timedelta(hours=24), str(signed_in))})
        return answering(request)

    return MedusaClient(
        "https://shop.example", email="hub@example.test", password=PASSWORD, secret_key=secret_key, now=watch,
        transport=httpx.MockTransport(answer),
    )  # fmt: skip


def test_a_token_is_kept_and_renewed_before_it_ends() -> None:
    """One sign-in a day, and none of the calls ever finds the token at its end."""
    clock = Clock()
    used = []

    def answer(request: httpx.Request) -> httpx.Response:
        used.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    shop = client(answer, clock)
    for hours in (0, 1, 23, 23.9, 24, 47):
        clock.now = NOW + timedelta(hours=hours)
        shop.get("/admin/orders", Answer)
    assert len(dict.fromkeys(used)) == 2
    assert used[2] != used[3]


def test_a_secret_key_signs_in_nowhere() -> None:
    """It is sent as Medusa wants it; refused, it is refused, for there is nothing to renew."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, request.headers["authorization"]))
        return httpx.Response(401, json={"message": "Unauthorized"})

    with pytest.raises(ChannelUnauthorised) as caught:
        client(answer, secret_key="sk_1").get("/admin/orders", Answer)  # noqa: S106 - of this test
    assert seen == [("/admin/orders", f"Basic {base64.b64encode(b'sk_1:').decode()}")]
    assert "sk_1" not in str(caught.value)


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (
            httpx.Response(400, json={"type": "invalid_data", "message": "no such field"}),
            ChannelRefused,
            "no such field",
        ),
        (httpx.Response(404, json={"message": "not here"}), ChannelRefused, "not here"),
        (httpx.Response(413, text="request entity too large"), ChannelRefused, "too large"),
        (httpx.Response(401, json={"message": "Unauthorized"}), ChannelUnauthorised, "Unauthorized"),
        (httpx.Response(403, text=""), ChannelUnauthorised, "Forbidden"),
        (httpx.Response(500, json={"message": "deadlock detected"}), ChannelUnavailable, "deadlock detected"),
        (httpx.Response(502, text="<html>bad gateway</html>"), OutcomeUnknown, "bad gateway"),
        (httpx.Response(504, text=""), OutcomeUnknown, "Gateway Timeout"),
        (httpx.Response(301, headers={"location": "https://elsewhere.example"}), ChannelUnavailable, "setting url"),
        (httpx.Response(200, text="<html>a proxy's page</html>"), OutcomeUnknown, "not understood"),
    ],
)
def test_what_medusa_answers_to_a_post_is_one_of_our_errors(
    response: httpx.Response, kind: type[ChannelError], words: str
) -> None:
    """With its own words, so that a person can act on them."""
    with pytest.raises(ChannelError, match=words) as caught:
        client(lambda _: response).post("/admin/orders", {}, Answer)
    assert type(caught.value) in {kind, MedusaRefused}
    assert isinstance(caught.value, kind)


@pytest.mark.parametrize(
    ("fault", "asking", "telling"),
    [
        (httpx.ConnectError("refused"), ChannelUnavailable, ChannelUnavailable),
        (httpx.ConnectTimeout("late"), ChannelUnavailable, ChannelUnavailable),
        (httpx.ReadTimeout("late"), ChannelUnavailable, OutcomeUnknown),
        (httpx.WriteError("broken"), ChannelUnavailable, OutcomeUnknown),
        (httpx.RemoteProtocolError("closed"), ChannelUnavailable, OutcomeUnknown),
    ],
)
def test_a_broken_line_leaves_a_write_unknown_and_a_question_unanswered(
    fault: httpx.TransportError, asking: type[ChannelError], telling: type[ChannelError]
) -> None:
    """What was certainly not sent is not unknown."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(ChannelError) as asked:
        client(answer).get("/admin/orders", Answer)
    with pytest.raises(ChannelError) as told:
        client(answer).post("/admin/orders", {}, Answer)
    assert (type(asked.value), type(told.value)) == (asking, telling)


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("3", 3.0),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_ways(said: str, waits: float | None) -> None:
    """Seconds, or a date; nonsense is as good as nothing."""
    with pytest.raises(ChannelUnavailable) as caught:
        client(lambda _: httpx.Response(503, headers={"retry-after": said})).get("/admin/orders", Answer)
    assert caught.value.retry_after_s == waits


def test_nothing_secret_is_in_what_is_said() -> None:
    """Neither password nor token, whatever goes wrong."""
    shop = MedusaClient(
        "https://shop.example", email="hub@example.test", password=PASSWORD, secret_key="", now=Clock(),
        transport=httpx.MockTransport(lambda _: httpx.Response(401, json={"message": "Invalid email or password"})),
    )  # fmt: skip
    with pytest.raises(ChannelUnauthorised) as caught:
        shop.get("/admin/orders", Answer)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value.__cause__)
