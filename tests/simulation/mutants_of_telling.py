"""What tells a channel of sales, broken on purpose: what a careless change would do, and the simulation must see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hub.channels.manifest import Connecting
from hub.channels.ports import Channel, SaleSink, TillReceipt
from hub.storage.channel_journals import News, SqlChannelJournals, ToTell
from tests.channels.pretend.manifest import MANIFEST
from tests.simulation.telling_world import TellingParts


class NeverWaits(SqlChannelJournals):
    """A refund does not wait for its sale."""

    def write(self, channel: str, holder: str, news: News, told: ToTell, now: datetime) -> None:
        """As SqlChannelJournals."""
        super().write(channel, holder, news, replace(told, now=[*told.now, *told.later], later=()), now)


class CursorFirst(SqlChannelJournals):
    """Says how far it has gone before it writes what it found."""

    def write(self, channel: str, holder: str, news: News, told: ToTell, now: datetime) -> None:
        """As SqlChannelJournals, in two transactions."""
        super().write(channel, holder, news, ToTell(), now)
        super().write(channel, holder, News((), {}, more=False), told, now)


class TearsLanes(SqlChannelJournals):
    """Each receipt is a lane of its own."""

    def write(self, channel: str, holder: str, news: News, told: ToTell, now: datetime) -> None:
        """As SqlChannelJournals."""
        torn = [one._replace(lane=f"receipt:{one.key}") for one in (*told.now, *told.later)]
        super().write(channel, holder, news, ToTell(now=torn), now)


class InSilence(SqlChannelJournals):
    """What was parked and is replayed is news for nobody."""

    def news(self, channel: str, types: Collection[str], limit: int) -> News:
        """As SqlChannelJournals."""
        news = super().news(channel, types, limit)
        return replace(news, events=()) if news.again else news


@dataclass(frozen=True)
class NeverLooks:
    """Believes that what it sends is never there yet."""

    sink: SaleSink

    def record(self, receipt: TillReceipt, *, may_be_known: bool) -> str:
        """See SaleSink."""
        del may_be_known
        return self.sink.record(receipt, may_be_known=False)


def _never_looks(connecting: Connecting) -> Channel:
    channel = MANIFEST.open(connecting)
    assert channel.sales is not None
    return replace(channel, sales=NeverLooks(channel.sales))


TELLING_MUTANTS: Mapping[str, TellingParts] = {
    "refund_does_not_wait": TellingParts(journals=NeverWaits),
    "replayed_in_silence": TellingParts(journals=InSilence),
    "journal_cursor_first": TellingParts(journals=CursorFirst),
    "lanes_torn": TellingParts(journals=TearsLanes),
    "sent_again_unlooked": TellingParts(manifest=replace(MANIFEST, open=_never_looks)),
}
