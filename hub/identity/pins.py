"""PINs as they are kept and sent to the tills: `scrypt$log2n$r$p$salt$hash`, salt and hash in hexadecimal.

A PIN has few digits: whoever has the hash will find it. The salt and the cost make that an hour and not a glance, and
the tills need it offline; so a PIN lets people into a till and into nothing else.
"""

from __future__ import annotations

import hashlib
import secrets

from hub.errors import ImportFailed

LOG2N, R, P = 14, 8, 1
SALT_BYTES, HASH_BYTES = 16, 32
PIN_MIN, PIN_MAX = 4, 64
_MEMORY_MAX = 64 * 1024 * 1024


def hash_pin(pin: str) -> str:
    """What is kept of a PIN. Raises ImportFailed for one that is too short, too long, or has spaces around it."""
    if pin != pin.strip() or not PIN_MIN <= len(pin) <= PIN_MAX or not pin.isprintable():
        raise ImportFailed(f"the PIN has to have {PIN_MIN} to {PIN_MAX} characters and no spaces around it")
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.scrypt(pin.encode(), salt=salt, n=2**LOG2N, r=R, p=P, maxmem=_MEMORY_MAX, dklen=HASH_BYTES)
    return f"scrypt${LOG2N}${R}${P}${salt.hex()}${digest.hex()}"
