"""The control client: paho for everything but the journals. Hears some topics, publishes acks, feeds and grants.

Publishing never blocks and never waits for a lost connection: what cannot go out now is dropped and counted, because
each thing that the hub says is said again (acks on the next batch, feeds on the next pull, grants on the next ask).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.broker.link import KEEP_ALIVE_S, Backoff, BrokerLink
from protocol.link import Publish

QUEUED_MAX = 20_000
IN_FLIGHT_MAX = 100
WAITING_BYTES_MAX = 32 * 1024 * 1024
"""Past this, whoever can wait with what he has to say should: see `room_bytes`."""
_log = logging.getLogger(__name__)


class ControlClient:
    """A paho client with its own thread."""

    def __init__(self, link: BrokerLink, filters: Sequence[str]) -> None:
        self._link = link
        self._filters = [(name, 1) for name in filters]
        self._on_message: Callable[[str, bytes], None] = _ignore
        self._on_connected: Callable[[], None] = _nothing
        self.dropped = 0
        self.reconnects = 0
        self.problem = "not connected yet"
        self._stopping = False
        self._waiting: deque[tuple[paho.MQTTMessageInfo, int]] = deque()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        # Clean: what was said while we were away is said again, and a forgotten session would only grow.
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"{link.client_id}-control", clean_session=True,
            protocol=paho.MQTTv311, reconnect_on_failure=True,
        )  # fmt: skip
        self._client.max_queued_messages_set(QUEUED_MAX)
        self._client.max_inflight_messages_set(IN_FLIGHT_MAX)
        self._backoff = Backoff()
        self._spread()
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_connect_fail = self._refused
        self._client.on_message = self._heard
        if link.user:
            self._client.username_pw_set(link.user, link.password or None)
        context = link.tls_context()
        if context is not None:
            self._client.tls_set_context(context)

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return bool(self._client.is_connected())

    def start(self, on_message: Callable[[str, bytes], None], on_connected: Callable[[], None]) -> None:
        """Connect in the background, and again whenever the connection is lost.

        Both are called in the client's thread, and must not do work: `on_connected` before the subscription, so
        before any retained message of the new connection comes.
        """
        self._on_message = on_message
        self._on_connected = on_connected
        self._client.connect_async(self._link.host, self._link.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def publish(self, publishes: Iterable[Publish]) -> None:
        """Hand messages to the client's thread."""
        for publish in publishes:
            if not self.connected:
                self.dropped += 1
                continue
            sent = self._client.publish(publish.topic, publish.payload, qos=1, retain=publish.retain)
            if sent.rc != paho.MQTT_ERR_SUCCESS:
                self.dropped += 1
                continue
            with self._lock:
                self._waiting.append((sent, len(publish.payload)))
                self._waiting_bytes += len(publish.payload)

    @property
    def room_bytes(self) -> int:
        """How much may still be handed over before too much waits for the broker; 0 or less: nothing large."""
        with self._lock:
            while self._waiting and self._waiting[0][0].is_published():
                self._waiting_bytes -= self._waiting.popleft()[1]
            return WAITING_BYTES_MAX - self._waiting_bytes

    def stop(self, flush_s: float) -> None:
        """Send what waits, for at most `flush_s`, and disconnect."""
        if self.connected and flush_s > 0:
            # QoS 1 goes out in order, so when this one has been taken, all before it have.
            last = self._client.publish("tillwire/v1/hub/bye", b"", qos=1)
            try:
                last.wait_for_publish(flush_s)
            except (ValueError, RuntimeError):
                _log.info("the broker went away before all was sent", extra={"action": "flush_failed"})
        self._stopping = True
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: paho.Client, _: object, __: paho.ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._note(str(reason))
            return
        self._backoff.reset()
        self._on_connected()
        client.subscribe(self._filters)
        self.problem = ""

    def _disconnected(
        self, _: paho.Client, __: object, ___: paho.DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self.reconnects += 1
        self._spread()
        self._note(str(reason))

    def _refused(self, _: paho.Client, __: object) -> None:
        self._spread()

    def _spread(self) -> None:
        # paho's own waiting doubles in step: all hubs and tills would come back to a broker in the same second.
        wait_s = self._backoff.wait_s()
        self._client.reconnect_delay_set(wait_s, wait_s)  # type: ignore[arg-type] # it only adds it to a time

    def _heard(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))

    def _note(self, problem: str) -> None:
        if not self.problem and not self._stopping:
            _log.warning("the broker is away", extra={"action": "control_disconnected", "problem": problem})
        self.problem = problem


def _ignore(topic: str, payload: bytes) -> None:
    del topic, payload


def _nothing() -> None:
    pass
