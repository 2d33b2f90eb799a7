"""Reads Square's webhooks: proves them by their signature and their age, and says what they are a hint of.

The signature is over the notification URL and the raw body; Square's own helper checks it, in constant time. It wants
text and a header, so both are seen to before. Square tries for 24 hours: what is older is somebody's recording.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from square.utils.webhooks_helper import verify_signature

from hub.channels.manifest import Connecting
from hub.channels.ports import Hint
from hub.channels.square.events import HINTS, reason_to_ignore
from hub.channels.square.words import Json, Unreadable, moment
from hub.errors import ForgedWebhook, UnreadableWebhook

SIGNATURE = "x-square-hmacsha256-signature"
OLDEST = timedelta(hours=25)
"""24 hours of Square's retries, and one for clocks."""
NEWEST = timedelta(minutes=10)


class Webhooks:
    """See `ports.WebhookReader`."""

    def __init__(self, connecting: Connecting) -> None:
        self._name = connecting.name
        self._url = connecting.settings.get("notification_url", "")
        self._key = connecting.secrets.get("signature_key", "")

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Hint]:
        """What it says. An empty answer: genuine, and knowingly of no interest."""
        self._prove(headers, body)
        event = _event(self._name, body)
        kind, key = event.get("type"), event.get("event_id")
        if not isinstance(kind, str) or not isinstance(key, str) or not key:
            raise UnreadableWebhook(f"channel {self._name}: a webhook of Square's without a type or an event_id")
        try:
            at = moment(event.get("created_at"))
        except Unreadable as error:
            raise UnreadableWebhook(f"channel {self._name}: {kind} {key}: created_at: {error}") from error
        if not now - OLDEST <= at <= now + NEWEST:
            raise ForgedWebhook(
                f"channel {self._name}: {kind} {key} is of {at:%Y-%m-%d %H:%M} UTC: played again, or late"
            )
        if kind in HINTS:
            port, path = HINTS[kind]
            return (Hint(key, port, _at(event, path), at),)
        if reason_to_ignore(kind):
            return ()
        raise UnreadableWebhook(f"channel {self._name}: {kind}: not decided what it is to us; it is kept")

    def _prove(self, headers: Mapping[str, str], body: bytes) -> None:
        if not self._url or not self._key:
            raise ForgedWebhook(
                f"channel {self._name}: notification_url and signature_key are not set: no webhook can be proved"
            )
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        signature = headers.get(SIGNATURE, "")
        if not verify_signature(
            request_body=text, signature_header=signature, signature_key=self._key, notification_url=self._url
        ):
            raise ForgedWebhook(
                f"channel {self._name}: the signature is not Square's for {self._url}: another key, address or body"
            )


def _event(channel: str, body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableWebhook(f"channel {channel}: a webhook of Square's that is no JSON object")
    return found


def _at(event: Json, path: Sequence[str]) -> str:
    """The id of what changed: where the table says, else the envelope's own; "" if it has none."""
    found: object = (event.get("data") or {}).get("object")
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found
    return str((event.get("data") or {}).get("id") or "") if path else ""
