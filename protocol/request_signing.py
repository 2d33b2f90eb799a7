"""How a terminal proves over HTTP who it is: a signed header, since the hub's web knows no client certificates.

    Authorization: Tillwire hn01/t1 1764331200 f3a9... 5b0c...
                            who     time       nonce   HMAC-SHA256

The HMAC is over method, path, who, time and nonce with the terminal's own key, which never travels. The time is the
hub's, as its offer told it, so a till with a wrong clock is let in. The server takes each nonce once, as long as the
time in it would be taken.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from protocol.errors import BadSignature, InvalidId
from protocol.frame import Key
from protocol.ids import StoreId, TerminalId, store_id, terminal_id

SCHEME = "Tillwire"
SLACK_S = 300
"""How far a signature's time may be from the hub's: a slow line and a slow disk, not a day."""

_HEADER = re.compile(
    rf"{SCHEME} (?P<store>[^/ ]{{1,32}})/(?P<terminal>[^/ ]{{1,32}}) (?P<time>[0-9]{{1,12}})"
    r" (?P<nonce>[0-9a-f]{16,64}) (?P<mac>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class SignedRequest:
    """What a header says; nothing of it is proved before `check`."""

    store: StoreId
    terminal: TerminalId
    time_s: int
    nonce: str
    mac: str = field(repr=False, default="")


def sign(method: str, path: str, signed: SignedRequest, key: Key) -> str:
    """The Authorization header. The nonce is 16 to 64 hexadecimal digits, never used before; the time is since 1970."""
    who = f"{signed.store}/{signed.terminal}"
    return f"{SCHEME} {who} {signed.time_s} {signed.nonce} {_mac(method, path, signed, key)}"


def parse(header: str) -> SignedRequest:
    """Take a header apart. Raises BadSignature."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise BadSignature("unsigned", "the Authorization header is no signature of a terminal's")
    try:
        return SignedRequest(
            store_id(match["store"]), terminal_id(match["terminal"]), int(match["time"]), match["nonce"], match["mac"]
        )
    except InvalidId as error:
        raise BadSignature("unsigned", str(error)) from error


def check(signed: SignedRequest, method: str, path: str, *, key: Key | None, now_s: float) -> None:
    """Check a signature. `key` is the terminal's, None if there is no such terminal. Raises BadSignature."""
    known = key if key is not None else Key(bytes(32))
    mac = _mac(method, path, signed, known)
    # Compared in any case, so that the time that it takes does not tell which terminals there are.
    if not hmac.compare_digest(mac, signed.mac) or key is None:
        raise BadSignature("wrong_signature", f"{signed.store}/{signed.terminal}: the signature does not match")
    if abs(now_s - signed.time_s) > SLACK_S:
        raise BadSignature("expired", f"{signed.store}/{signed.terminal}: signed at another time than now")


def _mac(method: str, path: str, signed: SignedRequest, key: Key) -> str:
    words = (SCHEME, method, path, f"{signed.store}/{signed.terminal}", str(signed.time_s), signed.nonce)
    return hmac.digest(key, "\x00".join(words).encode(), "sha256").hex()
