"""Channels on the dashboard, over the open database; see `hub.api.channel_desk.ChannelDesk`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from hub.api.channel_desk import Again
from hub.errors import MappingRefused
from hub.storage import schema
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.queries_channels import SqlChannelQueries
from hub.storage.reading_channels import MAPPED

WORD_CHARS_MAX = 200


class SqlChannelDesk(SqlChannelQueries):
    """See ChannelDesk. `wake` makes a part of a channel run at once, where it runs in this process."""

    def __init__(self, database: Database, wake: Callable[[str, str], None]) -> None:
        super().__init__(database)
        self._wake = wake
        self._links = SqlChannelLinks(database)
        self._heard = SqlHeardStore(database)

    def link(self, name: str, kind: str, ours: str, theirs: str, now: datetime) -> None:
        """See ChannelDesk."""
        self._setups.get(name)
        ours, theirs = ours.strip(), theirs.strip()
        if kind not in MAPPED:
            raise MappingRefused(f"{kind!r} is nothing that is mapped by hand; there are {', '.join(MAPPED)}")
        for whose, word in (("our", ours), ("the channel's", theirs)):
            if not word or len(word) > WORD_CHARS_MAX or not word.isprintable():
                raise MappingRefused(f"{whose} {kind}: write a word of 1 to {WORD_CHARS_MAX} characters")
        self._must_be_ours(kind, ours)
        # What else the channel needs to name it, the connector has found already.
        more = next((link.more for link in self._links.find(name, kind, theirs=theirs)), {})
        self._links.put(name, [LinkRow(kind, ours, theirs, more, by_hand=True)], now)
        for part in ("orders", "stock"):
            self._wake(name, part)

    def unlink(self, name: str, kind: str, ours: str) -> bool:
        """See ChannelDesk."""
        return self._links.delete(name, kind, [ours]) > 0

    def again(self, name: str, what: Again, key: str, now: datetime) -> int:
        """See ChannelDesk."""
        self._setups.get(name)
        done = 0
        match what:
            case "out":
                positions = [int(key)] if key.isdecimal() else None if not key else []
                done = self._outbox.replay(name, now, positions)
            case "stock":
                done = self._stock.replay(name, now)
            case "in":
                kind, _, which = key.partition(" ")
                done = self._heard.replay_aside(name, now, kind=kind, key=which)
        for part in self._parts.states(name):
            self._parts.forgive(*part)
            self._wake(*part)
        return done

    def _must_be_ours(self, kind: str, ours: str) -> None:
        item, store = schema.item.c, schema.store.c
        with self._database.read() as connection:
            if kind == "item":
                known = sa.select(item.sku).where(item.sku == ours, item.deleted.is_(False))
                if connection.execute(known).first() is None:
                    raise MappingRefused(f"SKU {ours!r} is not in the hub's catalogue; import the item first")
            if kind == "location" and connection.execute(sa.select(store.id).where(store.id == ours)).first() is None:
                raise MappingRefused(
                    f"store {ours!r}: there is none of this name; `tillwire-hub store list` shows them"
                )
