"""The lean reader of the journal topics: an asyncio protocol that reads no faster than the worker takes.

The promise: a message is acknowledged to the broker (PUBACK) in order, after the worker has taken it; if the worker
falls behind, reading stops and the broker keeps the rest. The session is persistent, and the subscription is made
again on every connection, because a broker may have forgotten everything. None of this is what makes sales safe:
terminals send again until the hub's own ack.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from hub.broker.link import KEEP_ALIVE_S, Backoff, BrokerLink
from hub.errors import BadPacket
from hub.ingest.inbox import Delivery, Inbox
from hub.ingest.mqtt_packets import (
    DISCONNECT_BYTES,
    PINGREQ_BYTES,
    Connack,
    Message,
    PacketReader,
    Suback,
    connect,
    puback,
    subscribe,
)
from protocol.frame import FRAME_BYTES_MAX

PACKET_BYTES_MAX = FRAME_BYTES_MAX + 1024
_REFUSED = 0x80
_CONNECT_TIMEOUT_S = 10
_log = logging.getLogger(__name__)


class MqttConnection(asyncio.Protocol):
    """One connection to the broker. `on_oversized` gets topics of messages that were too large to take."""

    def __init__(
        self, link: BrokerLink, filters: Sequence[str], inbox: Inbox, number: int, on_oversized: Callable[[str], None]
    ) -> None:
        self._link = link
        self._filters = filters
        self._inbox = inbox
        self._number = number
        self._on_oversized = on_oversized
        self._packets = PacketReader(PACKET_BYTES_MAX)
        self._transport: asyncio.Transport | None = None
        self._heard_at_s = 0.0
        self._keep_alive: asyncio.TimerHandle | None = None
        self._stopped = False
        self._loop = asyncio.get_running_loop()
        self.subscribed: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.problem = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            connect(
                f"{self._link.client_id}-journal", keep_alive_s=KEEP_ALIVE_S, clean_session=False,
                user=self._link.user, password=self._link.password,
            )
        )  # fmt: skip
        self._heard_at_s = self._loop.time()
        self._schedule_ping()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._heard_at_s = self._loop.time()
        try:
            for packet in self._packets.feed(data):
                match packet:
                    case Message():
                        self._take(packet)
                    case Connack(code=0):
                        self._write(subscribe(1, self._filters))
                    case Connack(code=code):
                        self._give_up(f"the broker refused the connection with code {code}: check user and password")
                    case Suback(codes=codes) if any(code >= _REFUSED for code in codes):
                        self._give_up("the broker refused the subscription to the journals: check its topic rights")
                    case Suback():
                        if not self.subscribed.done():
                            self.subscribed.set_result(None)
                    case _:
                        pass
        except BadPacket as error:
            self._give_up(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """The end."""
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        self.problem = self.problem or (str(error) if error is not None else "the broker closed the connection")
        if not self.closed.done():
            self.closed.set_result(None)
        if not self.subscribed.done():
            self.subscribed.cancel()

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """The worker has taken these, in the order of delivery; read on if there is room."""
        self._write(b"".join(puback(packet_id) for packet_id in packet_ids if packet_id))
        if self._transport is not None and not self._transport.is_closing() and self._may_read():
            self._transport.resume_reading()

    def pause(self) -> None:
        """Read nothing more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def stop_reading(self) -> None:
        """Read nothing more, whatever room there will be; what was read can still be acknowledged."""
        self._stopped = True
        self.pause()

    def _may_read(self) -> bool:
        return not self._stopped and self._inbox.has_room()

    def close(self) -> None:
        """Say goodbye; the broker keeps the session."""
        self._write(DISCONNECT_BYTES)
        if self._transport is not None:
            self._transport.close()

    def _take(self, message: Message) -> None:
        if message.payload is None:
            self._on_oversized(message.topic)
            # Let it go in its turn: an empty payload is refused by the session, counted and acknowledged in order.
            message = message._replace(payload=b"")
        assert message.payload is not None
        delivery = Delivery(message.topic, message.payload, message.packet_id, self._number)
        if not self._inbox.put(delivery):
            self.pause()

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _give_up(self, problem: str) -> None:
        self.problem = problem
        if self._transport is not None:
            self._transport.abort()

    def _schedule_ping(self) -> None:
        self._keep_alive = self._loop.call_later(KEEP_ALIVE_S / 3, self._ping)

    def _ping(self) -> None:
        # While reading is paused we hear nothing, and that is our own doing.
        paused = self._transport is not None and not self._transport.is_reading()
        if paused:
            self._heard_at_s = self._loop.time()
        if self._loop.time() - self._heard_at_s > KEEP_ALIVE_S:
            self._give_up(f"the broker has been silent for {KEEP_ALIVE_S} s")
            return
        self._write(PINGREQ_BYTES)
        self._schedule_ping()


class JournalReader:
    """Keeps a connection to the broker and feeds the inbox. All methods belong to the event loop."""

    def __init__(self, link: BrokerLink, filters: Sequence[str], inbox: Inbox) -> None:
        self._link = link
        self._filters = tuple(filters)
        self._inbox = inbox
        self._connection: MqttConnection | None = None
        self._number = 0
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.oversized = 0
        self.reconnects = 0
        self.problem = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether journals are being heard."""
        connection = self._connection
        return connection is not None and connection.subscribed.done() and not connection.closed.done()

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._task = asyncio.create_task(self._run(), name="journal-reader")

    def taken(self, deliveries: Sequence[Delivery]) -> None:
        """The worker has taken these: acknowledge those of the present connection (a former one's come again)."""
        if self._connection is not None:
            ids = [delivery.packet_id for delivery in deliveries if delivery.connection == self._number]
            self._connection.acknowledge(ids)

    def stop_reading(self) -> None:
        """Take nothing more; what is in the inbox can still be acknowledged."""
        self._stopping = True
        if self._connection is not None:
            self._connection.stop_reading()

    async def stop(self) -> None:
        """Disconnect."""
        self._stopping = True
        if self._connection is not None:
            self._connection.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        context = self._link.tls_context()
        while not self._stopping:
            self._number += 1
            connection = MqttConnection(self._link, self._filters, self._inbox, self._number, self._count_oversized)
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    await loop.create_connection(lambda: connection, self._link.host, self._link.port, ssl=context)  # noqa: B023 - called at once
                    self._connection = connection
                    await connection.subscribed
            except (OSError, TimeoutError, asyncio.CancelledError) as error:
                connection.close()
                current = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and current is not None and current.cancelling():
                    raise
                self._note(connection.problem or str(error) or "no answer")
                await asyncio.sleep(backoff.wait_s())
                continue
            backoff.reset()
            if self.problem:
                _log.info("the journals are heard again", extra={"action": "reader_connected"})
            self.problem = ""
            await connection.closed
            self.reconnects += 1
            self._note(connection.problem)
            if not self._stopping:
                await asyncio.sleep(backoff.wait_s())

    def _count_oversized(self, topic: str) -> None:
        self.oversized += 1
        _log.warning("a message was too large to take", extra={"action": "oversized", "topic": topic[:256]})

    def _note(self, problem: str) -> None:
        if not self.problem and not self._stopping:
            _log.warning("the broker is away", extra={"action": "reader_disconnected", "problem": problem})
        self.problem = problem or "the connection was lost"
