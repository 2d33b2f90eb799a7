"""Calls Square with its own SDK, and says in our words what went wrong, with Square's own inside.

The SDK's retries are off: who waits how long is the framework's. Its pagers stop at an empty page even where that
carries a cursor, so `pages` follows the cursor itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from square import Square
from square.core.api_error import ApiError
from square.core.request_options import RequestOptions

from hub.channels.manifest import Connecting
from hub.channels.square.words import VERSION, Json
from hub.errors import ChannelRefused, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown

ONCE: RequestOptions = {"max_retries": 0}
"""Goes into each call."""

PAGES_MAX = 10_000
"""Of one list: more than that is a fault of Square's, not a list."""

_TIMEOUT_S = 30.0
_UNAUTHORISED, _FORBIDDEN, _TIMED_OUT, _BUSY, _BROKEN = 401, 403, 408, 429, 500
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class SquareRefused(ChannelRefused):
    """Square said no to this very thing; `codes` are its own."""

    def __init__(self, words: str, codes: frozenset[str], status: int) -> None:
        super().__init__(words)
        self.codes, self.status = codes, status


class SquareApi:
    """One seller's account. The first call connects."""

    def __init__(self, connecting: Connecting) -> None:
        self.name = connecting.name
        self._now = connecting.now
        self._secrets = connecting.secrets
        self._application = connecting.settings.get("application_id", "")
        self._token = connecting.secrets.get("access_token", "")
        self._client = httpx.Client(transport=connecting.transport, timeout=_TIMEOUT_S)
        self._square = Square(
            token=lambda: self._token,
            base_url=connecting.settings["base_url"],
            version=VERSION,
            httpx_client=self._client,
            timeout=_TIMEOUT_S,
        )

    def read(self, call: Callable[[Square], Any]) -> Json:
        """Ask something; returns the answer's JSON. It may be asked again at will."""
        return self._called(call, writes=False)

    def write(self, call: Callable[[Square], Any]) -> Json:
        """Do something: a lost line is OutcomeUnknown."""
        return self._called(call, writes=True)

    def page(self, call: Callable[[Square], Any]) -> Json | None:
        """Ask for a page; None if Square does not know its cursor any more, for they live minutes only."""
        try:
            return self.read(call)
        except SquareRefused as error:
            if "INVALID_CURSOR" in error.codes:
                return None
            raise

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def pages(self, call: Callable[[Square, str | None], Any], name: str) -> Iterator[Json]:
        """All entries of a list, page by page, however empty one is."""
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = self.read(lambda square, at=cursor: call(square, at))  # type: ignore[misc]
            yield from page.get(name) or ()
            cursor = page.get("cursor")
            if not cursor:
                return
        raise ChannelUnavailable(f"channel {self.name}: {PAGES_MAX} pages of {name} and still a cursor; tell Square")

    def _called(self, call: Callable[[Square], Any], *, writes: bool) -> Json:
        try:
            return self._translated(call, writes=writes)
        except ChannelUnauthorised:
            if not self._renewed():
                raise
            return self._translated(call, writes=writes)

    def _translated(self, call: Callable[[Square], Any], *, writes: bool) -> Json:
        try:
            answer = call(self._square)
        except ApiError as error:
            raise refusal(self.name, error, self._now(), writes=writes) from error
        except _NOT_SENT as error:
            raise ChannelUnavailable(f"channel {self.name}: Square cannot be reached ({error}); tried again") from error
        except httpx.HTTPError as error:
            words = f"channel {self.name}: the line to Square broke ({type(error).__name__})"
            raise (OutcomeUnknown if writes else ChannelUnavailable)(words) from error
        return _plain(answer)

    def _renewed(self) -> bool:
        """Get a new access token by the refresh token, if there is one. It lives in this process only."""
        refresh, secret = (self._secrets.get(name, "") for name in ("refresh_token", "application_secret"))
        if not (refresh and self._application):
            return False
        answer = self._translated(
            lambda square: square.o_auth.obtain_token(
                client_id=self._application,
                client_secret=secret or None,
                grant_type="refresh_token",
                refresh_token=refresh,
                request_options=ONCE,
            ),
            writes=False,
        )
        self._token = str(answer.get("access_token", ""))
        return bool(self._token)


def given(**words: Any) -> dict[str, Any]:  # noqa: ANN401 - arguments of the SDK's calls
    """Those that say something: the SDK sends None as null, which Square's description does not allow."""
    return {name: word for name, word in words.items() if word not in (None, "")}


def refusal(channel: str, error: ApiError, now: datetime, *, writes: bool) -> Exception:
    """What an answer that is no success means to us."""
    status = error.status_code or 0
    words = f"channel {channel}: Square said {status} {_said(error)}"
    if status in {_UNAUTHORISED, _FORBIDDEN}:
        return ChannelUnauthorised(f"{words}: renew the access token, or its permissions, then open the channel again")
    if status == _BUSY:
        return ChannelUnavailable(words, retry_after(error.headers or {}, now))
    if status in {0, _TIMED_OUT} or status >= _BROKEN or status < 300:  # noqa: PLR2004 - a success that was no JSON
        return OutcomeUnknown(words) if writes else ChannelUnavailable(words, retry_after(error.headers or {}, now))
    return SquareRefused(words, frozenset(str(each.code) for each in error.errors), status)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the answer asks us to wait, from a number or a date; None if it does not say so readably."""
    said = {name.lower(): value for name, value in headers.items()}.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds()) if said else None
    except (ValueError, TypeError):
        return None


def _said(error: ApiError) -> str:
    said = [
        f"{each.category} {each.code}"
        + (f": {each.detail}" if each.detail else "")
        + (f" ({each.field})" if each.field else "")
        for each in error.errors
    ]
    return "; ".join(said) or "nothing more"


def _plain(answer: Any) -> Json:  # noqa: ANN401 - a model of the SDK, or its pager
    found: Json = getattr(answer, "response", answer).dict()
    return found
