"""The admin access key: made from chance, shown once, kept as a hash only."""

from __future__ import annotations

import hashlib
import hmac
import secrets

KEY_BYTES = 32
_PREFIX = "tw-"


def new_admin_key() -> str:
    """A new admin access key, 43 characters of base64url behind a prefix by which a leak can be recognised."""
    return _PREFIX + secrets.token_urlsafe(KEY_BYTES)


def hash_of(key: str) -> str:
    """What is kept. Plain SHA-256: 256 bits of chance cannot be guessed, so slowness would guard nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_key(text: str, kept: str) -> bool:
    """Whether `text` is the key of which `kept` is the hash; in constant time. An empty `kept` fits nothing."""
    return bool(kept) and hmac.compare_digest(hash_of(text), kept)


def new_link_key() -> bytes:
    """32 random bytes for a terminal or a feed."""
    return secrets.token_bytes(KEY_BYTES)


def new_session_secret() -> str:
    """32 random bytes in hexadecimal, for the signatures of sessions."""
    return secrets.token_hex(KEY_BYTES)
