"""What is parked of a list that begins at "now" is read again from before it was parked, and nothing else is missed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hub.channels.incoming import IncomingPart
from hub.channels.incoming_parts import Incoming
from hub.channels.links import Links
from hub.channels.manifest import Connecting
from hub.channels.part import Opened
from hub.channels.ports import Channel, ChannelPayment, Page
from hub.channels.settings import complete
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.database import Database
from hub.storage.settling_orders import AllotmentPolicy
from tests.channel_stage import START, manifest_of
from tests.incoming_stage import HOLDER, Taker


@dataclass
class Provider:
    """Its list has no beginning: the empty cursor is of the present moment, as at Square."""

    now: datetime = START
    payments: list[ChannelPayment] = field(default_factory=list)

    def cursor_at(self, since: datetime) -> str:
        """See Rewindable."""
        return since.isoformat()

    def changed(self, cursor: str) -> Page[ChannelPayment]:
        """See PaymentSource."""
        since = datetime.fromisoformat(cursor) if cursor else self.now
        return Page([one for one in self.payments if one.at >= since], self.now.isoformat())

    def between(self, start: datetime, end: datetime, locations: Collection[str]) -> Sequence[ChannelPayment]:
        """Nobody reconciles here."""
        raise NotImplementedError

    def pay(self, key: str) -> None:
        """Somebody pays."""
        self.payments.append(ChannelPayment(key, "1", self.now, "L1", "card", "completed", 500, "VND"))


def part_of(database: Database, provider: Provider, taker: Taker) -> IncomingPart[object]:
    """The part that takes in its payments."""
    manifest = manifest_of(lambda _: Channel(payments=provider), ports=frozenset({"payments"}))
    opened = Opened(
        "web", manifest, complete("web", manifest, {}),
        manifest.open(Connecting("web", {}, {}, lambda: Links("web", ()), lambda: provider.now)),
        lambda: Links("web", ()), lambda _: None, HOLDER, START,
    )  # fmt: skip
    incoming = Incoming(database, AllotmentPolicy(), None, taker)
    part = next(kind for kind in incoming.kinds() if kind.name == "payments").make(opened)
    assert isinstance(part, IncomingPart)
    SqlChannelParts(database).take("web", "payments", HOLDER, START, START + timedelta(days=9))
    return part


def test_a_replayed_payment_is_read_again_and_what_came_since_the_last_poll_is_there(database: Database) -> None:
    """A day after it was parked its cause is mended; another was paid just before the replay."""
    provider, taker = Provider(), Taker(poisoned={"p1"})
    part = part_of(database, provider, taker)

    def step(hours: float) -> None:
        provider.now += timedelta(hours=hours)
        part.step(provider.now)

    step(0)
    provider.pay("p1")
    step(1)
    asides = SqlAsideStore(database)
    assert [one.key for one in asides.waiting("web")] == ["p1"]
    step(24)
    taker.poisoned.clear()
    provider.pay("p2")
    provider.now += timedelta(seconds=1)
    assert SqlHeardStore(database).replay_aside("web", provider.now) == 1
    step(0.01)
    assert sorted(key for key, _ in taker.found) == ["p1", "p2"]
    assert asides.waiting("web") == []
    provider.payments = [replace(one, version="2") for one in provider.payments]
    step(1)
    assert len(taker.found) == 2, "the cursor went on from the present"
