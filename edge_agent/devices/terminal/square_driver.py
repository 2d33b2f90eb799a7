"""Charges cards at a Square Terminal through Square's web API: see `port.CardTerminal`.

The attempts on the till's disk are the only memory that is needed: a checkout is found again by its reference. What was
asked for once is never asked for again: a lost answer is looked for. A start goes over a connection of its own, for on
a kept one a line that had died before would look like one that died afterwards.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from edge_agent.devices.terminal.health import HEALTH_ID
from edge_agent.devices.terminal.port import TerminalAnswer, TerminalLost, TerminalRefused, TerminalUnreachable
from edge_agent.devices.terminal.square_words import (
    VERSION,
    Answer,
    Checkout,
    Payment,
    UnreadableCheckout,
    meaning,
    read,
    reference,
    search_body,
    start_body,
)

_log = logging.getLogger(__name__)

_CHECKOUTS = "/v2/terminals/checkouts"
_KNOWN_MAX = 200
_PAGES_MAX = 20
_LOOK_BACK = timedelta(days=3)
"""Attempts that are older than that are somebody's to answer, not a machine's."""

_ANSWER_MAX = 2_000_000
_TOKEN_MAX = 4_096
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_BROKEN = 500
_TIMED_OUT = 408
_BUSY = 429
_NO_ENTRY = frozenset({401, 403})


@dataclass(frozen=True)
class SquareSettings:
    """Which terminal, and where the token is. The file is read at each call, so that a new token needs no restart."""

    device_id: str
    token_file: Path
    base_url: str = "https://connect.squareup.com"
    name: str = "card terminal"
    connect_s: float = 4.0
    answer_s: float = 10.0


class SquareTerminal:
    """One Square Terminal. `now` is the PC's clock; being minutes wrong does no harm."""

    def __init__(
        self,
        settings: SquareSettings,
        now: Callable[[], datetime],
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._transport = transport
        self._asking: httpx.AsyncClient | None = None
        self._checkouts: OrderedDict[str, str] = OrderedDict()

    async def start(self, attempt: str, amount: int, currency: str) -> TerminalAnswer:
        """Charge. Square refuses what it cannot charge at once: then nothing was sent to the terminal."""
        body = start_body(attempt, amount, currency, self._settings.device_id)
        async with self._client() as client:
            answer = await self._say(client, "POST", _CHECKOUTS, body, starts=True)
        if answer.checkout is None:
            raise TerminalLost(f"{self._settings.name}: Square took {attempt} and did not say what it is called")
        return await self._heard(attempt, answer.checkout)

    async def ask(self, attempt: str) -> TerminalAnswer:
        """What became of it; never_heard if Square has no such checkout."""
        if attempt == HEALTH_ID:
            await self._search("", 1)
            return TerminalAnswer("never_heard")
        checkout = await self._find(attempt)
        return TerminalAnswer("never_heard") if checkout is None else await self._heard(attempt, checkout)

    async def cancel(self, attempt: str) -> TerminalAnswer:
        """Stop it, if that is still possible."""
        checkout = await self._find(attempt)
        if checkout is None:
            return TerminalAnswer("never_heard")
        try:
            answer = await self._say(self._kept(), "POST", f"{_CHECKOUTS}/{checkout.id}/cancel", b"")
        except TerminalRefused:
            # It has ended meanwhile, and how is what counts.
            return await self.ask(attempt)
        return await self._heard(attempt, answer.checkout or checkout)

    async def close(self) -> None:
        """End the connection that questions go over."""
        client, self._asking = self._asking, None
        if client is not None:
            await client.aclose()

    async def _heard(self, attempt: str, checkout: Checkout) -> TerminalAnswer:
        self._checkouts[attempt] = checkout.id
        while len(self._checkouts) > _KNOWN_MAX:
            self._checkouts.popitem(last=False)
        payments = [await self._payment(key) for key in checkout.payment_ids]
        return meaning(checkout, payments)

    async def _payment(self, key: str) -> Payment:
        answer = await self._say(self._kept(), "GET", f"/v2/payments/{key}")
        if answer.payment is None:
            raise TerminalLost(f"{self._settings.name}: Square's answer about payment {key} has none in it")
        return answer.payment

    async def _find(self, attempt: str) -> Checkout | None:
        key = self._checkouts.get(attempt)
        if key is not None:
            return (await self._say(self._kept(), "GET", f"{_CHECKOUTS}/{key}")).checkout
        wanted, cursor = reference(attempt), ""
        for _ in range(_PAGES_MAX):
            answer = await self._search(cursor)
            for checkout in answer.checkouts:
                if checkout.reference_id == wanted:
                    return checkout
            cursor = answer.cursor
            if not cursor:
                break
        return None

    async def _search(self, cursor: str, limit: int = 100) -> Answer:
        since = (self._now() - _LOOK_BACK).isoformat(timespec="seconds").replace("+00:00", "Z")
        body = search_body(self._settings.device_id, since, cursor, limit)
        return await self._say(self._kept(), "POST", f"{_CHECKOUTS}/search", body)

    async def _say(
        self, client: httpx.AsyncClient, method: str, path: str, body: bytes = b"", *, starts: bool = False
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._token()}", "Square-Version": VERSION}
        if body:
            headers["Content-Type"] = "application/json"
        name = self._settings.name
        try:
            answer = await client.request(method, path, content=body, headers=headers)
            read_answer = read(answer.content[:_ANSWER_MAX])
        except _NOT_SENT as error:
            raise TerminalUnreachable(
                f"{name}: Square cannot be reached ({error}): check this PC's way to the internet, and take other money"
            ) from error
        except (httpx.HTTPError, UnreadableCheckout) as error:
            raise TerminalLost(f"{name}: Square did not answer ({type(error).__name__}): it is asked again") from error
        if answer.status_code >= _BROKEN or answer.status_code == _TIMED_OUT or answer.is_redirect:
            raise TerminalLost(f"{name}: Square answered {answer.status_code}: it is asked again")
        if answer.is_success:
            return read_answer
        if answer.status_code == _BUSY:
            raise TerminalUnreachable(f"{name}: Square has too much to do: take other money, or try again in a minute")
        words = f"{name}: Square said {answer.status_code} {read_answer.words()}"
        if starts and any(each.code == "IDEMPOTENCY_KEY_REUSED" for each in read_answer.errors):
            raise TerminalLost(f"{words}: this attempt was started before: it is asked about")
        if answer.status_code in _NO_ENTRY:
            raise TerminalRefused(f"{words}: put a valid access token into {self._settings.token_file}")
        raise TerminalRefused(f"{words}: mend [terminal_device], or take other money")

    def _client(self) -> httpx.AsyncClient:
        settings = self._settings
        return httpx.AsyncClient(
            base_url=settings.base_url,
            timeout=httpx.Timeout(settings.answer_s, connect=settings.connect_s),
            transport=self._transport() if self._transport is not None else None,
            trust_env=False,
        )

    def _kept(self) -> httpx.AsyncClient:
        if self._asking is None:
            self._asking = self._client()
        return self._asking

    def _token(self) -> str:
        path = self._settings.token_file
        try:
            token = path.read_bytes()[:_TOKEN_MAX].decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TerminalRefused(
                f"{self._settings.name}: {path}: no token can be read ({type(error).__name__}): write Square's access "
                "token into that file, readable by this user only"
            ) from error
        if not token or any(sign.isspace() for sign in token):
            raise TerminalRefused(f"{self._settings.name}: {path}: it has to hold one access token and nothing else")
        return token
