"""The lean connections to the journal topics, used by one ingest thread: they are read no faster than it commits.

A general client costs 20 to 100 us a message, and an event loop beside the ingest thread half as much as the ingest
itself: this one reads a socket, cuts packets and answers, in the thread that needs them. While that thread commits,
the socket and the broker keep the rest. The session is persistent, and the subscription is made again on every
connection, because a broker may have forgotten everything. None of this is what makes sales safe: terminals send again
until the hub's own ack.

One thread may have several: a broker like rumqttd hands out a hundred messages on a connection until they are
acknowledged, and four hundred sales in one transaction cost far less than a hundred in each of four.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import ssl
from collections.abc import Callable, Sequence

from hub.broker.link import KEEP_ALIVE_S, Backoff, BrokerLink
from hub.errors import BadPacket, BrokerUnavailable
from hub.ingest.mqtt_packets import (
    DISCONNECT_BYTES,
    PINGREQ_BYTES,
    Connack,
    Message,
    Packet,
    PacketReader,
    Suback,
    connect,
    puback,
    subscribe,
)
from protocol.frame import FRAME_BYTES_MAX

PACKET_BYTES_MAX = FRAME_BYTES_MAX + 1024
CONNECT_TIMEOUT_S = 5.0
_READ_BYTES = 256 * 1024
_REFUSED = 0x80
_log = logging.getLogger(__name__)


class JournalLine:
    """One connection at a time, made again whenever it is lost. All methods belong to one thread, properties to any.

    `name` is the client id, `filters` are subscribed with QoS 1. While connected it stands in `ready`, with itself as
    the data.
    """

    def __init__(
        self,
        link: BrokerLink,
        name: str,
        filters: Sequence[str],
        *,
        ready: selectors.BaseSelector,
        clock_s: Callable[[], float],
    ) -> None:
        self._link = link
        self._name = name
        self._filters = tuple(filters)
        self._clock_s = clock_s
        self._context = link.tls_context()
        self._backoff = Backoff()
        self._not_before_s = 0.0
        self._socket: socket.socket | None = None
        self._ready = ready
        self._packets = PacketReader(PACKET_BYTES_MAX)
        self._early: list[Message] = []
        self._taken: list[int] = []
        self._heard_at_s = 0.0
        self._said_at_s = 0.0
        self._said_why = False
        self.oversized = 0
        self.reconnects = 0
        self.problem = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether journals are being heard."""
        return self._socket is not None

    def connect_if_due(self) -> bool:
        """Whether the line is there, after trying to connect if it is time to; takes up to CONNECT_TIMEOUT_S."""
        if self._socket is None and self._clock_s() >= self._not_before_s:
            try:
                self._open()
            except (OSError, BrokerUnavailable, BadPacket) as error:
                self._lose(str(error) or "no answer")
        return self._socket is not None

    @property
    def has_more(self) -> bool:
        """Whether there is something to read that the socket does not tell: already here, or in TLS's own buffer."""
        return bool(self._early) or (isinstance(self._socket, ssl.SSLSocket) and bool(self._socket.pending()))

    def read(self) -> Sequence[Message]:
        """What is there: to be called when the socket is readable or `has_more`. Nothing when the line is lost.

        A message that was too large comes with an empty payload, so that it is refused and acknowledged in its turn.
        """
        found, self._early = self._early, []
        if not found and self._socket is not None:
            try:
                found = [packet for packet in self._receive(self._socket) if isinstance(packet, Message)]
            except (OSError, BrokerUnavailable, BadPacket) as error:
                self._lose(str(error))
                return []
        self._taken += [message.packet_id for message in found]
        return [message if message.payload is not None else self._emptied(message) for message in found]

    def acknowledge(self) -> None:
        """What was read has been taken: tell the broker, in the order of delivery."""
        taken, self._taken = self._taken, []
        try:
            self._send(b"".join([puback(packet_id) for packet_id in taken if packet_id]))
        except OSError as error:
            self._lose(str(error))

    def keep_alive(self, *, reading: bool) -> None:
        """Say that we live, if it is time to; without `reading`, hearing nothing is our own doing."""
        now_s = self._clock_s()
        if not reading:
            self._heard_at_s = now_s
        if self._socket is None or now_s - self._said_at_s < KEEP_ALIVE_S / 3:
            return
        if now_s - self._heard_at_s > KEEP_ALIVE_S:
            self._lose(f"the broker has been silent for {KEEP_ALIVE_S} s")
            return
        try:
            self._send(PINGREQ_BYTES)
        except OSError as error:
            self._lose(str(error))

    def close(self) -> None:
        """Say goodbye; the broker keeps the session."""
        with contextlib.suppress(OSError):
            self._send(DISCONNECT_BYTES)
        self._drop()

    def _open(self) -> None:
        self._packets = PacketReader(PACKET_BYTES_MAX)
        raw = socket.create_connection((self._link.host, self._link.port), CONNECT_TIMEOUT_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Where TLS is not agreed on, this closes it; only a line that is there may become ours.
        self._socket = raw if self._context is None else self._context.wrap_socket(raw, server_hostname=self._link.host)
        deadline_s = self._clock_s() + CONNECT_TIMEOUT_S
        link = self._link
        self._send(
            connect(self._name, keep_alive_s=KEEP_ALIVE_S, clean_session=False, user=link.user, password=link.password)
        )
        subscribed = False
        while not subscribed:
            if self._clock_s() > deadline_s:
                raise BrokerUnavailable(f"the broker does not answer within {CONNECT_TIMEOUT_S:.0f} s")
            for packet in self._receive(self._socket):
                match packet:
                    case Connack(code=0):
                        self._send(subscribe(1, self._filters))
                    case Connack(code=code):
                        text = f"the broker refused the connection with code {code}: check user and password"
                        raise BrokerUnavailable(text)
                    case Suback(codes=codes) if any(code >= _REFUSED for code in codes):
                        text = "the broker refused the subscription to the journals: check its topic rights"
                        raise BrokerUnavailable(text)
                    case Suback():
                        subscribed = True
                    case Message():
                        self._early.append(packet)
                    case _:
                        pass
        self._socket.settimeout(KEEP_ALIVE_S)
        self._ready.register(self._socket, selectors.EVENT_READ, self)
        self._backoff.reset()
        _log.info("the journals are heard", extra={"action": "journals_heard", "client": self._name})
        self.problem, self._said_why = "", False

    def _receive(self, wire: socket.socket) -> list[Packet]:
        data = wire.recv(_READ_BYTES)
        if not data:
            raise BrokerUnavailable("the broker closed the connection")
        self._heard_at_s = self._clock_s()
        return list(self._packets.feed(data))

    def _send(self, data: bytes) -> None:
        if data and self._socket is not None:
            # A broker that takes nothing for so long (sends are tiny) is as good as gone: TimeoutError is an OSError.
            self._socket.sendall(data)
            self._said_at_s = self._clock_s()

    def _emptied(self, message: Message) -> Message:
        self.oversized += 1
        topic = message.topic[:256]
        _log.warning("a message was too large to take", extra={"action": "oversized", "topic": topic})
        return message._replace(payload=b"")

    def _lose(self, problem: str) -> None:
        self.reconnects += not self.problem
        if not self._said_why:  # once for as long as it lasts, also for a broker that was never there
            extra = {"action": "journals_lost", "client": self._name, "problem": problem}
            _log.warning("the broker is away", extra=extra)
        self._said_why = True
        self.problem = problem or "the connection was lost"
        self._drop()
        self._not_before_s = self._clock_s() + self._backoff.wait_s()

    def _drop(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(KeyError):  # lost before it was subscribed
                self._ready.unregister(self._socket)
            self._socket.close()
            self._socket = None
        self._early.clear()
        self._taken.clear()


class JournalLines:
    """The lines of one ingest thread, read as one; see `Line` in `worker.py`.

    `make` gets the selector that all lines stand in, and makes them.
    """

    def __init__(self, make: Callable[[selectors.BaseSelector], Sequence[JournalLine]]) -> None:
        self._ready = selectors.DefaultSelector()
        self.lines = tuple(make(self._ready))

    @property
    def connected(self) -> bool:
        """Whether any line is there."""
        return any(line.connected for line in self.lines)

    def connect_if_due(self) -> None:
        """Make the lines that are lost again, as far as it is time to; each takes up to CONNECT_TIMEOUT_S."""
        for line in self.lines:
            line.connect_if_due()

    def receive(self, timeout_s: float) -> Sequence[Message]:
        """What the broker has for us now, waiting up to `timeout_s` for the first; nothing when a line is lost."""
        more = [line for line in self.lines if line.has_more]
        ready = [key.data for key, _ in self._ready.select(0.0 if more else timeout_s)]
        found = [message for line in {*more, *ready} for message in line.read()]
        for line in self.lines:
            line.keep_alive(reading=True)
        return found

    def acknowledge(self) -> None:
        """What was received has been taken."""
        for line in self.lines:
            line.acknowledge()

    def keep_alive(self) -> None:
        """Say that we live, while nothing is read because there is no room."""
        for line in self.lines:
            line.keep_alive(reading=False)

    def close(self) -> None:
        """Say goodbye; the broker keeps the sessions."""
        for line in self.lines:
            line.close()
        self._ready.close()


def forget_session(link: BrokerLink, name: str) -> None:
    """Let the broker forget a session that nobody will take up again; it would keep journals for it for ever.

    Raises OSError; whoever calls it may go on without.
    """
    context = link.tls_context()
    with socket.create_connection((link.host, link.port), CONNECT_TIMEOUT_S) as raw:
        line = raw if context is None else context.wrap_socket(raw, server_hostname=link.host)
        hello = connect(name, keep_alive_s=KEEP_ALIVE_S, clean_session=True, user=link.user, password=link.password)
        line.sendall(hello)
        line.recv(4)
        line.sendall(DISCONNECT_BYTES)
