"""Signed texts: the session cookie and the one-time login link. Pure; the secret and the time are arguments.

A text is `payload.signature`, both base64url; the signature is an HMAC-SHA256 over purpose and payload, so a login
token can never pass as a session. The trap: a signature proves who wrote it, not that it was used only once; the
caller asks `Identity.redeem_login_token` for that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

LOGIN_LINK_MINUTES = 10
TEXT_MAX = 512
"""Longer texts are none of ours and are not even looked at."""

Purpose = Literal["session", "login"]


class _Payload(msgspec.Struct, frozen=True):
    id: str
    expires: int


@dataclass(frozen=True)
class Ticket:
    """What a signed text says: its random id and until when it holds."""

    id: str
    expires_at: datetime


def sign(secret: bytes, purpose: Purpose, ticket: Ticket) -> str:
    """Write a ticket as a text that only the holder of `secret` can make."""
    payload = msgspec.json.encode(_Payload(ticket.id, int(ticket.expires_at.timestamp())))
    return f"{_text(payload)}.{_text(_signature(secret, purpose, payload))}"


def read(secret: bytes, purpose: Purpose, text: str, now: datetime) -> Ticket | None:
    """Read a signed text; None if it is forged, for another purpose, expired, or no such text at all."""
    if len(text) > TEXT_MAX or not text.isascii():
        return None
    left, dot, right = text.partition(".")
    try:
        payload, signature = _bytes(left), _bytes(right)
    except (binascii.Error, ValueError):
        return None
    if not dot or not hmac.compare_digest(signature, _signature(secret, purpose, payload)):
        return None
    read_payload = msgspec.json.decode(payload, type=_Payload)
    ticket = Ticket(read_payload.id, datetime.fromtimestamp(read_payload.expires, UTC))
    return ticket if now < ticket.expires_at else None


def login_link_token(secret: bytes, token_id: str, now: datetime) -> str:
    """The token of a login link: good once, for ten minutes. `token_id` must be random, 16 characters or more."""
    return sign(secret, "login", Ticket(token_id, now + timedelta(minutes=LOGIN_LINK_MINUTES)))


def _signature(secret: bytes, purpose: Purpose, payload: bytes) -> bytes:
    return hmac.digest(secret, f"tillwire {purpose}\0".encode() + payload, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
