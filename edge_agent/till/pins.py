"""PINs: does one fit what the hub stored, and how long the pad waits after wrong ones.

Pure. A stored PIN is `scrypt$log2n$r$p$salt$hash`, salt and hash in hex. Checking one costs tens of milliseconds on
purpose, so it is done in a thread of its own, never in the event loop nor in the database's thread (see
`counter/proving.py`). Traps: a document must not be able to make a till compute for minutes, so costs are bounded;
and no answer says whether the name or the PIN was wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

PIN_LENGTH_MAX = 64
PERSON_TRIES = 5
"""Wrong PINs for one person (or for nobody in particular) before the pad waits for that person."""

TILL_TRIES = 10
"""Wrong PINs at one till, whoever was meant, before it waits for everybody."""

_WAITS_S = (30, 60, 300, 900)
_LOG2N_MAX, _R_MAX, _P_MAX = 17, 16, 4
_HASH_BYTES_MAX = 128
_HASH_BYTES_MIN = 16


@dataclass(frozen=True)
class Failures:
    """Wrong PINs in a row. From `at` on the pad waits `wait_s` seconds."""

    count: int = 0
    at: datetime | None = None
    wait_s: int = 0


@dataclass(frozen=True)
class _Stored:
    log2n: int
    r: int
    p: int
    salt: bytes
    digest: bytes


def fits(pin: str, stored: str) -> bool:
    """Whether a PIN is the one that was stored; what cannot be read fits nothing. Takes 30 to 50 ms at 2^14."""
    parts = _read(stored)
    if parts is None or not pin or len(pin) > PIN_LENGTH_MAX:
        return False
    return hmac.compare_digest(_digest(pin, parts), parts.digest)


def first_fitting(pin: str, stored: Iterable[str]) -> str:
    """The first stored PIN that this one is; "" for none."""
    return next((each for each in stored if fits(pin, each)), "")


def store_pin(pin: str, salt: bytes, *, log2n: int = 14, r: int = 8, p: int = 1) -> str:
    """A PIN as it is stored. The hub does this; a till only for tests and training."""
    digest = _digest(pin, _Stored(log2n, r, p, salt, bytes(32)))
    return f"scrypt${log2n}${r}${p}${salt.hex()}${digest.hex()}"


def after_wrong(failures: Failures, now: datetime, tries: int) -> Failures:
    """One more wrong PIN: from the `tries`-th on each one waits longer than the one before."""
    count = failures.count + 1
    over = count - tries
    return Failures(count, now, _WAITS_S[min(over, len(_WAITS_S) - 1)] if over >= 0 else 0)


def locked_until(failures: Failures, now: datetime) -> datetime | None:
    """When the next PIN is taken; None for now.

    A clock that was set back before the wrong PIN begins the whole wait again: it neither shortens it nor makes it
    longer than that. Keep what `as_seen` returns, or each look would begin it anew.
    """
    seen = as_seen(failures, now)
    if seen.at is None or not seen.wait_s:
        return None
    until = seen.at + timedelta(seconds=seen.wait_s)
    return until if now < until else None


def as_seen(failures: Failures, now: datetime, begun: datetime | None = None) -> Failures:
    """The failures, with a moment that lies in the future, or before the till was started (`begun`), put to now.

    Nobody knows how long a till was off: its clock may have been set meanwhile. So a restart begins the wait anew.
    """
    if failures.at is None or not (
        now < failures.at or (begun is not None and failures.wait_s and failures.at < begun)
    ):
        return failures
    return Failures(failures.count, now, failures.wait_s)


def _read(stored: str) -> _Stored | None:
    parts = stored.split("$")
    if len(parts) != 6 or parts[0] != "scrypt":  # noqa: PLR2004 - the six parts of the format above
        return None
    try:
        log2n, r, p = (int(number) for number in parts[1:4])
        salt, digest = bytes.fromhex(parts[4]), bytes.fromhex(parts[5])
    except ValueError:
        return None
    bounded = 1 <= log2n <= _LOG2N_MAX and 1 <= r <= _R_MAX and 1 <= p <= _P_MAX
    if not bounded or not _HASH_BYTES_MIN <= len(digest) <= _HASH_BYTES_MAX:
        return None
    return _Stored(log2n, r, p, salt, digest)


def _digest(pin: str, parts: _Stored) -> bytes:
    n = 1 << parts.log2n
    return hashlib.scrypt(
        pin.encode(), salt=parts.salt, n=n, r=parts.r, p=parts.p, dklen=len(parts.digest),
        maxmem=128 * parts.r * (n + parts.p + 8),
    )  # fmt: skip
