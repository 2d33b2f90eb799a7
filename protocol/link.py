"""What a session hands to the broker's client: bytes for a topic."""

from __future__ import annotations

import msgspec


class Publish(msgspec.Struct, frozen=True):
    """Publish `payload` on `topic` with QoS 1; `retain` as MQTT means it."""

    topic: str
    payload: bytes
    retain: bool = False
