"""One connection to the broker: paho in its own thread, turned into something that asyncio can wait for.

A connection is used once. paho would keep unsent messages over a reconnection and deliver them late; here the
journal is the queue, so a lost connection is thrown away with all that was in it, and the session says again what
still matters. For the same reason the broker's session is a clean one: acks are retained, feeds are pulled, and a
till that stays away for a month fills no broker's disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from protocol.link import Publish

QOS = 1
CONNECT_TIMEOUT_S = 5.0
INBOX_MAX = 8_000
"""More than the hub sends at once: a first catalogue of two million items is as many parts of some kilobytes.

What overflows is lost, which the protocol is made for."""


@dataclass(frozen=True)
class BrokerSettings:
    """Where the broker is. `tls` None: plain."""

    host: str
    port: int
    client_id: str
    transport: Literal["tcp", "websockets"] = "tcp"
    path: str = "/mqtt"
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    keepalive_s: int = 15

    def __repr__(self) -> str:
        """Without the password."""
        return f"BrokerSettings({self.client_id} at {self.host}:{self.port})"


@dataclass(frozen=True)
class Incoming:
    """A message as the broker gave it to us."""

    topic: str
    payload: bytes
    retained: bool


class BrokerLost(Exception):
    """The connection could not be made or is gone; the message says why."""


class BrokerConnection:
    """One connection. `on_news` is called on the event loop when there are messages, or the connection is gone."""

    def __init__(self, settings: BrokerSettings, will: Publish, on_news: Callable[[], None]) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._on_news = on_news
        self._inbox: deque[Incoming] = deque()
        self._told = False
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self.lost: str | None = None
        self.dropped = 0
        self._client = self._make_client(will)

    async def open(self, topics: tuple[str, ...]) -> None:
        """Connect and subscribe; returns when the broker has granted everything. Raises BrokerLost."""
        try:
            await asyncio.to_thread(
                self._client.connect, self._settings.host, self._settings.port, self._settings.keepalive_s
            )
            self._client.loop_start()
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connected
                self._client.subscribe([(topic, QOS) for topic in topics])
                await self._subscribed
        except TimeoutError:
            raise BrokerLost("the broker does not answer") from None
        except (OSError, ValueError, paho.WebsocketConnectionError) as error:
            raise BrokerLost(f"{type(error).__name__}: {error}") from error

    def publish(self, message: Publish) -> None:
        """Hand a message to paho. That it went out proves nothing; only the hub's ack does."""
        self._client.publish(message.topic, message.payload, qos=QOS, retain=message.retain)

    def take(self, count: int) -> list[Incoming]:
        """The next messages, oldest first."""
        self._told = False
        return [self._inbox.popleft() for _ in range(min(count, len(self._inbox)))]

    @property
    def has_news(self) -> bool:
        """Whether messages wait."""
        return bool(self._inbox)

    async def close(self, farewell: Publish | None = None) -> None:
        """End the connection, after the farewell if it is still up."""
        if farewell is not None and self.lost is None:
            sent = self._client.publish(farewell.topic, farewell.payload, qos=QOS, retain=farewell.retain)
            with contextlib.suppress(ValueError, RuntimeError):
                await asyncio.to_thread(sent.wait_for_publish, 1.0)
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        for future in (self._connected, self._subscribed):
            future.cancel()

    def _make_client(self, will: Publish) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=True,
            transport=settings.transport,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(will.topic, will.payload, qos=QOS, retain=will.retain)
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        if settings.transport == "websockets":
            client.ws_set_options(path=settings.path)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    # --- in paho's thread; each hands over to the event loop

    def _on_connect(self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        why = f"the broker refused: {code}" if code.is_failure else None
        self._hand_over(self._settle, self._connected, why)

    def _on_subscribe(
        self, _client: paho.Client, _data: object, _mid: int, codes: list[ReasonCode], _more: object
    ) -> None:
        refused = any(code.is_failure for code in codes)
        self._hand_over(self._settle, self._subscribed, "the broker refuses our topics" if refused else None)

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._hand_over(self._arrived, Incoming(_topic(message), bytes(message.payload), message.retain))

    def _on_disconnect(
        self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        self._hand_over(self._went, str(code))

    def _hand_over(self, callback: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - the callback's own
        # The loop may be closed already when a last message comes while the agent stops.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)

    # --- on the event loop

    def _settle(self, future: asyncio.Future[None], why: str | None) -> None:
        if future.done():
            return
        if why is None:
            future.set_result(None)
        else:
            future.set_exception(BrokerLost(why))

    def _arrived(self, message: Incoming) -> None:
        if len(self._inbox) >= INBOX_MAX:
            self.dropped += 1
            return
        self._inbox.append(message)
        if not self._told:
            self._told = True
            self._on_news()

    def _went(self, why: str) -> None:
        self.lost = why
        for future in (self._connected, self._subscribed):
            self._settle(future, why)
            if future.done() and not future.cancelled():
                future.exception()  # looked at, so that asyncio does not complain when nobody waited for it
        self._on_news()


def _topic(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""  # no topic of ours; the session counts it


def _send_at_once(_client: paho.Client, _data: object, sock: object) -> None:
    # Without this, Nagle's algorithm holds an ack back for up to 40 ms behind the message before it.
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
