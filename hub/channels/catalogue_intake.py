"""What a channel sells, taken into the hub's catalogue by whoever owns each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.channels.links import Links
from hub.channels.owners import Owner, merged
from hub.channels.ports import CatalogueSource, ChannelItem, Page
from hub.matters.channel_catalogue import SaidItem
from hub.storage.channel_catalogue import CatalogueRules, SqlChannelCatalogue
from hub.storage.channel_pages import PageEnd


class CatalogueIntake:
    """See `incoming.Intake`."""

    def __init__(self, store: SqlChannelCatalogue, source: CatalogueSource, owners: Mapping[str, Owner]) -> None:
        self._store = store
        self._source = source
        self._rules = CatalogueRules(lambda ours, theirs: merged(ours, theirs, owners), owners["name"] == "channel")

    def page(self, cursor: str) -> Page[ChannelItem]:
        """What changed."""
        return self._source.changed(cursor)

    def begin(self, since: datetime) -> str:
        """A catalogue has a beginning."""
        del since
        return ""

    def one(self, key: str) -> Sequence[ChannelItem] | None:
        """No channel is asked for one thing."""
        del key
        return None

    def take(self, found: Sequence[ChannelItem], end: PageEnd, links: Links, now: datetime) -> None:
        """Take in a page."""
        del links  # read under the catalogue's lock
        said = [SaidItem(one.key, one.item, one.place, one.deleted) for one in found]
        self._store.take(said, end, self._rules, now)
