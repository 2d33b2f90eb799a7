"""Reads of channels for people, on a real database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from hub.errors import UnknownChannel
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_links import LINKS_PART
from hub.storage.channel_outbox import SqlOutbox
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import ChannelSetup, LinkRow, OutboxCount, PartState
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database
from hub.storage.moments import from_us
from hub.storage.reading_channels import OWN_WORDS, ChannelDetail, ChannelRow, LinkPage, LinkQuery
from hub.storage.schema_channels import channel_aside, channel_link

SHOWN = 50
_LINK = channel_link.c
_ITEM, _STORE = schema.item.c, schema.store.c
_OURS = {"item": schema.item, "location": schema.store}


class SqlChannelQueries:
    """See `hub.api.channel_desk.ChannelDesk`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._setups = SqlChannelSetups(database)
        self._parts = SqlChannelParts(database)
        self._outbox = SqlOutbox(database)
        self._stock = SqlChannelStock(database)
        self._asides = SqlAsideStore(database)

    def channels(self) -> Sequence[ChannelRow]:
        """All channels, by name."""
        states, out, offers = self._parts.states(), self._outbox.counts(), self._stock.counts()
        with self._database.read() as connection:
            aside = _asides(connection)
        return [
            _row(
                setup,
                {part: state for (channel, part), state in states.items() if channel == setup.name},
                out.get(setup.name, OutboxCount()),
                offers.get(setup.name, {}),
                aside.get(setup.name, 0),
            )
            for setup in self._setups.all()
        ]

    def channel(self, name: str) -> ChannelDetail | None:
        """One channel; None if there is none of this name."""
        try:
            setup = self._setups.get(name)
        except UnknownChannel:
            return None
        states = {part: state for (_, part), state in self._parts.states(name).items()}
        out, offers = self._outbox.counts().get(name, OutboxCount()), self._stock.counts().get(name, {})
        with self._database.read() as connection:
            row = _row(setup, states, out, offers, _asides(connection).get(name, 0), _unmapped(connection, name))
        return ChannelDetail(
            row,
            out=self._outbox.rows(name, state="parked", limit=SHOWN),
            offers=self._stock.offers(name, state="parked", limit=SHOWN),
            asides=self._asides.waiting(name, limit=SHOWN),
            out_parked=out.parked,
            offers_parked=offers.get("parked", 0),
        )

    def links(self, name: str, query: LinkQuery) -> LinkPage:
        """A page of links by our word, or of our words that have none."""
        with self._database.read() as connection:
            return _missing(connection, name, query) if query.missing else _linked(connection, name, query)


def _row(  # noqa: PLR0913, PLR0917 - each is read by another store
    setup: ChannelSetup,
    states: Mapping[str, PartState],
    out: OutboxCount,
    offers: Mapping[str, int],
    aside: int,
    unmapped: Mapping[str, int] | None = None,
) -> ChannelRow:
    # A part that only counts, and one that never ran, have nothing to say.
    parts = {
        name: state
        for name, state in states.items()
        if name != LINKS_PART and (state.asked_at or state.problem or state.holder)
    }
    return ChannelRow(
        name=setup.name, kind=setup.kind, enabled=setup.enabled, parts=parts,
        waiting=out.waiting + offers.get("due", 0), oldest_at=out.oldest_at,
        parked=out.parked + offers.get("parked", 0), aside=aside, unmapped=unmapped or {},
    )  # fmt: skip


def _asides(connection: sa.Connection) -> dict[str, int]:
    aside = channel_aside.c
    query = sa.select(aside.channel, sa.func.count()).where(aside.resolved_us.is_(None)).group_by(aside.channel)
    return {row[0]: row[1] for row in connection.execute(query)}


def _unmapped(connection: sa.Connection, name: str) -> dict[str, int]:
    """How many of our stores and SKUs have no counterpart."""
    found = {}
    for kind in OWN_WORDS:
        query = sa.select(sa.func.count()).select_from(_OURS[kind]).where(_without_link(name, kind))
        found[kind] = int(connection.execute(query).scalar_one())
    return found


def _without_link(name: str, kind: str) -> sa.ColumnElement[bool]:
    word = _ITEM.sku if kind == "item" else _STORE.id
    linked = sa.exists().where(_LINK.channel == name, _LINK.kind == kind, _LINK.ours == word)
    return sa.and_(_ITEM.deleted.is_(False), ~linked) if kind == "item" else ~linked


def _missing(connection: sa.Connection, name: str, query: LinkQuery) -> LinkPage:
    if query.kind not in OWN_WORDS:
        return LinkPage((), 0)
    word, text = (_ITEM.sku, _ITEM.name) if query.kind == "item" else (_STORE.id, _STORE.name)
    condition = _without_link(name, query.kind)
    if query.search:
        condition = sa.and_(condition, _begins(word, query.search))
    count = sa.select(sa.func.count()).select_from(_OURS[query.kind]).where(condition)
    total = int(connection.execute(count).scalar_one())
    page = sa.select(word, text).where(condition).order_by(word).limit(query.limit).offset(query.offset)
    rows = connection.execute(page).all()
    return LinkPage([LinkRow(query.kind, row[0], "") for row in rows], total, {row[0]: row[1] for row in rows})


def _linked(connection: sa.Connection, name: str, query: LinkQuery) -> LinkPage:
    condition = sa.and_(_LINK.channel == name, _LINK.kind == query.kind)
    if query.search:
        condition = sa.and_(condition, sa.or_(_begins(_LINK.ours, query.search), _begins(_LINK.theirs, query.search)))
    count = sa.select(sa.func.count()).select_from(channel_link).where(condition)
    total = int(connection.execute(count).scalar_one())
    page = sa.select(channel_link).where(condition).order_by(_LINK.ours).limit(query.limit).offset(query.offset)
    rows = [
        LinkRow(row.kind, row.ours, row.theirs, {}, row.by_hand, from_us(row.at_us)) for row in connection.execute(page)
    ]
    return LinkPage(rows, total, _names(connection, query.kind, [row.ours for row in rows]))


def _begins(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(column).startswith(text.lower(), autoescape=True)


def _names(connection: sa.Connection, kind: str, words: Sequence[str]) -> dict[str, str]:
    match kind:
        case "item":
            query = sa.select(_ITEM.sku, _ITEM.name).where(_ITEM.sku.in_(words), _ITEM.deleted.is_(False))
        case "location":
            query = sa.select(_STORE.id, _STORE.name).where(_STORE.id.in_(words))
        case _:
            return {}
    return {row[0]: row[1] for row in connection.execute(query)}
