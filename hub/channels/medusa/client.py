"""Medusa's admin API as calls: signing in, pages, and its errors as ours.

A service user's JWT is renewed before it ends and once more when it is refused; a secret key works too, and costs
Medusa a scrypt for every request. A GET may be asked again at any time. After any other call whose answer was lost,
nobody knows whether it was done: OutcomeUnknown. Medusa ignores `Idempotency-Key`, so its callers look first.
Neither passwords nor tokens stand in any message.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
import msgspec

from hub.errors import ChannelRefused, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown

Params = Sequence[tuple[str, str | int]]
T = TypeVar("T")

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_RENEW_BEFORE = timedelta(minutes=10)
_TOKEN_LASTS = timedelta(hours=1)
"""For a token that does not say when it ends."""
_WORDS_MAX = 300
PAGES_MAX = 1_000
"""How many pages one listing may have; past that something answers without end."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


class MedusaRefused(ChannelRefused):
    """Medusa's own refusal: 400 invalid or not allowed, 404 not found, 413 too large."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class _Wrong(msgspec.Struct, frozen=True):
    message: str = ""
    type: str = ""


class _Token(msgspec.Struct, frozen=True):
    token: str


class _Claims(msgspec.Struct, frozen=True):
    exp: int = 0


class MedusaClient:
    """Calls of one shop. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 - what a connection is made of
        self,
        address: str,
        *,
        email: str,
        password: str,
        secret_key: str,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=address, timeout=_TIMEOUT, transport=transport, trust_env=False)
        self._email, self._password, self._secret_key = email, password, secret_key
        self._now = now
        self._signing_in = threading.Lock()
        self._token = ""
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def get(self, path: str, answer: type[T], params: Params = ()) -> T:
        """Ask. Raises ChannelError's children; MedusaRefused with status 404 for what is not there."""
        return _read(self._call("GET", path, params=params), answer)

    def find(self, path: str, answer: type[T], params: Params = ()) -> T | None:
        """Ask for one thing; None if it is not there."""
        try:
            return self.get(path, answer, params)
        except MedusaRefused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: object, answer: type[T]) -> T:
        """Do something. Raises OutcomeUnknown where it may have been done."""
        return _read(self._call("POST", path, body=body), answer)

    def delete(self, path: str) -> None:
        """Delete something."""
        self._call("DELETE", path)

    def pages(self, path: str, answer: type[T], params: Params, *, limit: int) -> Iterator[T]:
        """Ask for page after page; the caller stops when one is not full."""
        for number in range(PAGES_MAX):
            yield self.get(path, answer, [*params, ("limit", limit), ("offset", number * limit)])
        raise ChannelUnavailable(f"Medusa: {path} did not end after {PAGES_MAX} pages of {limit}")

    def _call(self, method: str, path: str, *, params: Params = (), body: object = None) -> httpx.Response:
        answer = self._send(method, path, params, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED and not self._secret_key:
            self._sign_in(instead_of=answer.request.headers["authorization"])
            answer = self._send(method, path, params, body)
        if answer.is_success:
            return answer
        raise _refusal(answer, method, path, self._now())

    def _send(self, method: str, path: str, params: Params, body: object) -> httpx.Response:
        headers = {"authorization": self._authorization()}
        content = None
        if method == "POST":
            headers["content-type"] = "application/json"
            content = _encode({} if body is None else body)
        return self._exchange(method, path, params=list(params), headers=headers, content=content)

    def _exchange(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        *,
        params: list[tuple[str, str | int | float | bool | None]],
        headers: Mapping[str, str],
        content: bytes | None,
        changes: bool = True,
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, params=params, headers=headers, content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ChannelUnavailable(f"Medusa cannot be reached: {_kind(error)}") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            if method == "GET" or not changes:
                raise ChannelUnavailable(f"Medusa did not answer {method} {path}: {_kind(error)}") from error
            raise OutcomeUnknown(f"Medusa's answer to {method} {path} was lost: {_kind(error)}") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ChannelRefused(f"Medusa's address is not understood: {error}; correct the setting url") from error

    def _authorization(self) -> str:
        if self._secret_key:
            key = base64.b64encode(f"{self._secret_key}:".encode()).decode()
            return f"Basic {key}"
        if not self._token or self._now() >= self._renew_at:
            self._sign_in(instead_of=f"Bearer {self._token}")
        return f"Bearer {self._token}"

    def _sign_in(self, *, instead_of: str) -> None:
        """Get a new token, unless another thread got one in the meantime."""
        with self._signing_in:
            if self._token and f"Bearer {self._token}" != instead_of and self._now() < self._renew_at:
                return
            answer = self._exchange(
                "POST",
                "/auth/user/emailpass",
                params=[],
                headers={"content-type": "application/json"},
                content=_encode({"email": self._email, "password": self._password}),
                changes=False,
            )
            if not answer.is_success:
                raise _refusal(answer, "POST", "/auth/user/emailpass", self._now())
            self._token = _read(answer, _Token).token
            self._renew_at = _renew_at(self._token, self._now())


def _renew_at(token: str, now: datetime) -> datetime:
    """When a JWT is to be renewed: some minutes before it ends, and not before half of its time is over."""
    ends = now + _TOKEN_LASTS
    try:
        claims = base64.urlsafe_b64decode(token.split(".")[1] + "==")
        exp = msgspec.json.decode(claims, type=_Claims).exp
        if exp:
            ends = datetime.fromtimestamp(exp, UTC)
    except (IndexError, ValueError, binascii.Error, OverflowError, msgspec.MsgspecError):
        pass  # no JWT that we can read: renewed every hour, and when it is refused
    return max(ends - _RENEW_BEFORE, now + (ends - now) / 2)


def _read(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        words = f"Medusa's answer to {answer.request.method} {answer.request.url.path} is not understood: {error}"
        if answer.request.method == "GET":
            raise ChannelUnavailable(words) from error
        raise OutcomeUnknown(words) from error


def _refusal(answer: httpx.Response, method: str, path: str, now: datetime) -> Exception:
    status = answer.status_code
    words = f"Medusa answered {method} {path} with {status}: {_words(answer)}"
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return ChannelUnauthorised(f"{words}. Check the service user's address and password, or the secret key")
    if status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.REQUEST_TIMEOUT}:
        return ChannelUnavailable(words, _retry_after_s(answer, now))
    if status in {httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT} and method != "GET":
        return OutcomeUnknown(words)
    if answer.is_server_error:
        return ChannelUnavailable(words)
    if answer.is_redirect:
        return ChannelUnavailable(f"{words}. It points elsewhere: correct the setting url")
    return MedusaRefused(words, status)


def _words(answer: httpx.Response) -> str:
    try:
        wrong = msgspec.json.decode(answer.content, type=_Wrong)
    except msgspec.MsgspecError:
        return answer.text[:_WORDS_MAX].strip() or answer.reason_phrase
    return (wrong.message or wrong.type or answer.reason_phrase)[:_WORDS_MAX]


def _retry_after_s(answer: httpx.Response, now: datetime) -> float | None:
    """Seconds, or a date of HTTP; None when it does not say, or says what nobody can read."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _kind(error: Exception) -> str:
    """What went wrong, without what was sent."""
    return f"{type(error).__name__}{f' ({error})' if str(error) else ''}"
