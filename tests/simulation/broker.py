"""A model of an MQTT broker and of the network around it: QoS 1 as brokers really do it.

At least once while all goes well; at a restart anything from everything to nothing survives, or what the last autosave
had. A PUBACK says that the broker took a message, which proves nothing. Clients' names are their sessions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocol.link import Publish
from tests.simulation.dice import HOP_S, Dice
from tests.simulation.schedule import Schedule

QUEUE_MAX = 60
"""Messages kept for a client that is away; the oldest go first, as embedded brokers do it."""

_UP_LEAVES = ("/journal", "/status", "/pull", "/epoch", "/answer")


@dataclass(eq=False)
class Client:
    """One client as the broker sees it. `cut_up`, `cut_down`: a partition that neither side has noticed yet.

    `remembered`: whether the broker knows its subscriptions. One that `believes_remembered` does not subscribe again.
    """

    name: str
    deliver: Callable[[str, bytes, bool], None]
    lost_link: Callable[[], None]
    topics: tuple[str, ...] = ()
    persistent: bool = False
    remembered: bool = False
    believes_remembered: bool = False
    connected: bool = False
    cut_up: bool = False
    cut_down: bool = False
    connection: int = 0
    queue: deque[Publish] = field(default_factory=lambda: deque(maxlen=QUEUE_MAX))


class Broker:
    """Takes, keeps, forwards, loses. Hub workers hear all upward topics; each message goes to one or several."""

    def __init__(self, schedule: Schedule, dice: Dice, note: Callable[[str, str], None]) -> None:
        self._schedule = schedule
        self._dice = dice
        self._note = note
        self._tills: dict[str, list[Client]] = {}
        self._workers: list[Client] = []
        self._retained: dict[str, Publish] = {}
        self._saved: tuple[dict[str, Publish], dict[Client, tuple[Publish, ...]]] = ({}, {})
        self.up = True

    @property
    def clients(self) -> Sequence[Client]:
        """Everybody who was ever connected."""
        tills = {id(client): client for clients in self._tills.values() for client in clients}
        return [*tills.values(), *self._workers]

    def add_till(self, client: Client) -> None:
        """Introduce a till with its subscriptions."""
        for topic in client.topics:
            self._tills.setdefault(topic, []).append(client)

    def add_worker(self, client: Client) -> None:
        """Introduce a hub worker."""
        self._workers.append(client)

    def connect(self, client: Client) -> bool:
        """A client connects and subscribes; what is retained, or waited for it, is on its way. False: no broker."""
        if not self.up:
            return False
        client.connected = True
        client.connection += 1
        client.cut_up = client.cut_down = False
        if not client.persistent:
            client.queue.clear()
            client.remembered = False
        if not (client.believes_remembered and client.persistent and client.connection > 1):
            client.remembered = True
        for topic in client.topics if client.remembered else ():
            if topic in self._retained:
                self._dice.count("retained delivered")
                self._forward(client, self._retained[topic], retained=True)
        while client.queue:
            self._dice.count("queued delivered")
            self._forward(client, client.queue.popleft(), retained=False)
        return True

    def disconnect(self, client: Client) -> None:
        """The link of a client is gone, whoever ended it."""
        client.connected = False
        client.connection += 1

    def send(self, client: Client, publish: Publish, on_puback: Callable[[Publish], None] | None = None) -> None:
        """A client publishes."""
        if not client.connected:
            return
        if client.cut_up:
            self._dice.count("sent into a partition")
            return
        for delay_s in self._dice.hops():
            self._schedule.after(delay_s, self._arrive, client, client.connection, publish, on_puback)

    def save(self) -> None:
        """Autosave: what a restart may fall back to."""
        self._saved = (dict(self._retained), {client: tuple(client.queue) for client in self.clients})

    def stop(self) -> None:
        """The broker dies, and every link with it."""
        self.up = False
        fate = self._dice.random.choice(["keeps all", "loses all", "falls back"])
        self._dice.count(f"broker {fate}")
        self._note("broker", f"dies, {fate}")
        if fate != "keeps all":
            retained, queues = self._saved if fate == "falls back" else ({}, {})
            self._retained = dict(retained)
            for client in self.clients:
                if client.persistent and fate == "loses all":
                    self._dice.count("session forgotten by the broker")
                    client.remembered = False
                client.queue.clear()
                client.queue.extend(queues.get(client, ()))
        for client in self.clients:
            if client.connected:
                self.disconnect(client)
                client.lost_link()

    def start(self) -> None:
        """It is back; clients reconnect by themselves."""
        self.up = True
        self._note("broker", "is back")

    def _arrive(
        self, client: Client, connection: int, publish: Publish, on_puback: Callable[[Publish], None] | None
    ) -> None:
        if not self.up or (client.connection != connection and self._dice.random.random() < 0.5):
            self._dice.count("lost with its connection")
            return
        if publish.retain:
            self._retained[publish.topic] = publish
        if on_puback is not None and client.connection == connection:
            self._schedule.after(HOP_S, on_puback, publish)
        for receiver in self._receivers(publish.topic):
            self._forward(receiver, publish, retained=False)

    def _receivers(self, topic: str) -> Sequence[Client]:
        if not topic.endswith(_UP_LEAVES):
            return [client for client in self._tills.get(topic, ()) if client.remembered]
        first = self._dice.random.choice(self._workers)
        if len(self._workers) > 1 and self._dice.random.random() < 0.15:
            self._dice.count("message to two workers")
            return [first, self._dice.random.choice([worker for worker in self._workers if worker is not first])]
        return [first]

    def _forward(self, client: Client, publish: Publish, *, retained: bool) -> None:
        if not client.connected or client.cut_down:
            self._keep_or_lose(client, publish)
            return
        for delay_s in self._dice.hops():
            self._schedule.after(delay_s, self._deliver, client, client.connection, publish, retained)

    def _deliver(self, client: Client, connection: int, publish: Publish, retained: bool) -> None:
        if client.connection != connection or client.cut_down:
            self._keep_or_lose(client, publish)
            return
        client.deliver(publish.topic, publish.payload, retained)

    def _keep_or_lose(self, client: Client, publish: Publish) -> None:
        if not client.persistent:
            self._dice.count("missed while away")
            return
        if len(client.queue) == QUEUE_MAX:
            self._dice.count("queue overflow")
        client.queue.append(publish)
        if client.connected and not client.cut_down:
            self._forward(client, client.queue.pop(), retained=False)
