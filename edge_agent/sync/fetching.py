"""Fetching one file from the hub's web over HTTPS: resumed where it was cut off, checked by its digest.

What is on the disk proves nothing before its SHA-256 is the one that the hub told over the link. A cut line, a busy
hub and a stopped agent cost nothing of what is there; only another file under the same name does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge_agent.sync.heard import Offered
from edge_agent.sync.identity import TerminalIdentity
from protocol.request_signing import SignedRequest, sign

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
RETRY_AFTER_S_MAX = 60.0
_HASHED_BYTES = 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416
_GONE, _BUSY, _REFUSED = frozenset({404, 410}), frozenset({429, 503}), frozenset({401, 403})


@dataclass(frozen=True)
class WebReach:
    """How the hub's web is reached. `url` "" takes the address that the hub tells; `plain` allows http elsewhere.

    `tls` makes the context when it is first needed: reading the authorities costs some megabytes.
    """

    url: str = ""
    plain: bool = False
    tls: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context, repr=False)


class FetchFailed(Exception):
    """It did not work this time; try again after `after_s`. `counts`: it speaks against this way."""

    def __init__(self, why: str, *, after_s: float = 0.0, counts: bool = True) -> None:
        super().__init__(why)
        self.after_s = after_s
        self.counts = counts


class FileGone(Exception):
    """The hub has another file by now: ask it again."""


class NoWay(Exception):
    """It cannot work: `problem` is a code of `protocol.messages.Loading`."""

    def __init__(self, problem: str, why: str) -> None:
        super().__init__(why)
        self.problem = problem


class NoRoom(Exception):
    """The disk has no room for it."""


def address_of(reach: WebReach, offered_url: str) -> str:
    """The hub's web, without a slash at the end. Raises NoWay."""
    url = (reach.url or offered_url).rstrip("/")
    if not url:
        raise NoWay("no_address", "neither the hub nor [hub] web_url says where the hub's web is")
    try:
        parts, host = urlsplit(url), urlsplit(url).hostname
    except ValueError as error:
        raise NoWay("no_address", f"the address of the hub's web cannot be used: {error}") from error
    if not host or parts.scheme not in ("https", "http") or parts.username or parts.query:
        raise NoWay("no_address", "the address of the hub's web cannot be used")
    if parts.scheme == "http" and host not in _LOOPBACK and not reach.plain:
        raise NoWay("not_secure", f"{host} would be asked without TLS, which [hub] web_plain does not allow")
    return url


class Fetcher:
    """Fetches one offered file to `path`, from where it is. Call `fetch` again after FetchFailed."""

    def __init__(  # noqa: PLR0913 - who, what, where to, and the clocks
        self,
        reach: WebReach,
        identity: TerminalIdentity,
        offered: Offered,
        path: Path,
        *,
        elapsed_s: Callable[[], float],
        wall_s: Callable[[], float],
        new_nonce: Callable[[], str],
    ) -> None:
        self._url = address_of(reach, offered.offer.url)
        self._reach = reach
        self._identity = identity
        self._offered = offered
        self._path = path
        self._elapsed_s = elapsed_s
        self._wall_s = wall_s
        self._new_nonce = new_nonce

    @property
    def size_bytes(self) -> int:
        """How much of it is on the disk."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    async def fetch(self, told: Callable[[float], None]) -> None:
        """Fetch what is missing; `told` hears the share that is there. Raises FetchFailed, FileGone, NoWay, NoRoom."""
        import httpx  # noqa: PLC0415 - some megabytes that a till needs for its first load only

        offer = self._offered.offer
        if self.size_bytes > offer.size_bytes:
            self.throw_away()
        if self.size_bytes == offer.size_bytes:
            return
        timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        verify = self._reach.tls() if self._url.startswith("https") else False
        try:
            # No proxy of the environment's: the link does not take one either.
            async with httpx.AsyncClient(timeout=timeout, verify=verify, trust_env=False) as client:
                request = client.build_request("GET", self._url + offer.path, headers=self._headers())
                answer = await client.send(request, stream=True)
                try:
                    await self._take(answer, told)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(f"{type(error).__name__}: {error}") from error

    async def is_whole(self) -> bool:
        """Whether it is the file that the hub told of. What is not is thrown away."""
        if await asyncio.to_thread(_digest_of, self._path) == self._offered.offer.digest:
            return True
        self.throw_away()
        return False

    def throw_away(self) -> None:
        """Begin anew."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _headers(self) -> dict[str, str]:
        offered, identity = self._offered, self._identity
        # The hub's own clock: one that is wrong here must not shut us out.
        now_s = self._wall_s()
        if offered.hub_time is not None:
            now_s = offered.hub_time.timestamp() + self._elapsed_s() - offered.at_s
        who = SignedRequest(identity.store, identity.terminal, int(now_s), self._new_nonce())
        signed = sign("GET", offered.offer.path, who, identity.terminal_key)
        headers = {"authorization": signed, "accept-encoding": "identity"}
        if have := self.size_bytes:
            headers |= {"range": f"bytes={have}-", "if-range": f'"{offered.offer.digest}"'}
        return headers

    async def _take(self, answer: httpx.Response, told: Callable[[float], None]) -> None:
        self._check(answer)
        offer, have = self._offered.offer, self.size_bytes
        if answer.status_code == _OK:
            have = 0  # all of it, whatever we asked for
        elif not answer.headers.get("content-range", "").startswith(f"bytes {have}-"):
            self.throw_away()
            raise FetchFailed("the hub sends another part than was asked for")
        try:
            with await asyncio.to_thread(_open, self._path, have) as file:
                # As it comes: pieces of a size of our own would be lost with the line, but for the last whole one.
                async for piece in answer.aiter_raw():
                    have += len(piece)
                    if have > offer.size_bytes:
                        break
                    await asyncio.to_thread(file.write, piece)
                    told(have / offer.size_bytes)
        except OSError as error:
            raise NoRoom(str(error)) from error
        if have > offer.size_bytes:
            self.throw_away()
            raise FetchFailed("the hub sends more than it said")
        if have < offer.size_bytes:
            raise FetchFailed("the hub sent less than it said")

    def _check(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in _GONE:
            raise FileGone
        if status in _REFUSED:
            raise NoWay("refused", f"the hub refuses us: {status}")
        if status in _BUSY:
            after = answer.headers.get("retry-after", "")
            after_s = min(float(after), RETRY_AFTER_S_MAX) if after.isdecimal() else 1.0
            raise FetchFailed("the hub is busy", after_s=after_s, counts=False)
        if status == _UNSATISFIABLE:
            self.throw_away()
        if status not in (_OK, _PARTIAL):
            raise FetchFailed(f"the hub answers {status}")
        if answer.headers.get("etag") != f'"{self._offered.offer.digest}"':
            raise FileGone


def _open(path: Path, have: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a file to write bytes to
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # Customers are in it: for this user only.
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "wb", buffering=0)
    file.truncate(have)
    file.seek(have)
    return file


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with contextlib.suppress(OSError), path.open("rb") as file:
        while piece := file.read(_HASHED_BYTES):
            digest.update(piece)
    return digest.hexdigest()
