"""What the companion's webhooks say: hints, once they have proved to come from it. Pure.

A header has the time at which it was sent and the id of the event; the signature is over both and the body's bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from hub.channels.ports import Hint
from hub.errors import ForgedWebhook, UnreadableWebhook

WINDOW: Final = timedelta(minutes=5)
TIME: Final = "x-tillwire-timestamp"
EVENT: Final = "x-tillwire-event"
SIGNATURE: Final = "x-tillwire-signature"


class _Said(msgspec.Struct, frozen=True):
    name: str
    data: dict[str, Any] = {}  # msgspec copies the empty default


class MedusaWebhooks:
    """WebhookReader."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Hint]:
        """Whose cursor to move. Stock is the hub's own to say, so what Medusa says of levels is of no interest."""
        event = headers.get(EVENT, "")
        sent_at = self._proved(headers, event, body, now)
        try:
            said = msgspec.json.decode(body, type=_Said)
        except msgspec.MsgspecError as error:
            raise UnreadableWebhook(f"event {event}: {error}") from error
        match said.name.partition(".")[0]:
            case "order" | "order-edit":
                key = said.data.get("order_id") or said.data.get("id")
                return [Hint(event, "orders", _word(key, event), sent_at)]
            case "product-variant" | "product":
                return [Hint(event, "catalogue", "", sent_at)]
            case "customer":
                return [Hint(event, "customers", "", sent_at)]
            case _:
                return []

    def _proved(self, headers: Mapping[str, str], event: str, body: bytes, now: datetime) -> datetime:
        stamp, signature = headers.get(TIME, ""), headers.get(SIGNATURE, "")
        if not self._secret:
            raise ForgedWebhook("a webhook came and the setting webhook_secret is empty: set it to the companion's")
        if not (event and stamp.isdecimal() and len(stamp) <= len("9999999999") and signature.isascii()):
            raise ForgedWebhook(f"it has no {EVENT}, {TIME} or {SIGNATURE}")
        right = hmac.new(self._secret, f"{stamp}.{event}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, f"sha256={right}"):
            raise ForgedWebhook("its signature is not the companion's: both need the same webhook secret")
        sent_at = datetime.fromtimestamp(int(stamp), UTC)
        if abs(now - sent_at) > WINDOW:
            raise ForgedWebhook(f"it is of {sent_at.isoformat()}, more than {WINDOW} from now: compare the clocks")
        return sent_at


def _word(key: object, event: str) -> str:
    if not isinstance(key, str) or not key:
        raise UnreadableWebhook(f"event {event} does not say which order")
    return key
