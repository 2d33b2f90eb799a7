"""What channels are to offer, and what they were told last.

What changed is known by the numbers of `availability`; what it is now is reckoned when it is sent, in one moment of the
database together with the channel's own open orders that it has been lessened by.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from hub.storage import schema, schema_channels
from hub.storage.changed_skus import counter_now
from hub.storage.channel_links import links_version
from hub.storage.channel_parts import part_state
from hub.storage.channel_records import Offered, OfferRow, OfferState, Want
from hub.storage.database import Database
from hub.storage.moments import maybe_from_us, maybe_us, to_us
from hub.storage.shelves import parts_by_sku, web_levels, wholes_of
from hub.storage.upserts import upsert

PUSH_PART = "push"
"""The part whose cursor counts how often everything was asked to be told anew."""
WORDS_CHARS_MAX = 2_000
LATELY, LATELY_MAX = timedelta(hours=1), 100_000
_OFFER = schema_channels.channel_offer.c
_LINK = schema_channels.channel_link.c
_NOT_DONE: sa.ColumnElement[bool] = _OFFER.state != sa.text("'done'")


class Head(NamedTuple):
    """What a channel's stock may be behind of: the newest change, the mapping's version, how often all was asked."""

    revision: int
    links: int
    asked: int


class Changed(NamedTuple):
    """The next SKUs that changed and are linked, and the number up to which that is all."""

    skus: Sequence[str]
    upto: int


@dataclass(frozen=True)
class Wanted:
    """Levels as of one moment, and the channel's own order lines, by SKU, that they have been lessened by.

    `closed` are lines of orders that were taken in lately and are not open any more; see `ports.CountedOrders`.
    """

    levels: Sequence[Want]
    lines: Mapping[str, frozenset[str]]
    closed: frozenset[str] | None = None


class SqlChannelStock:
    """See `schema_channels.channel_offer`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self, channel: str) -> Head:
        """What there is to be told, as numbers."""
        with self._database.read() as connection:
            asked = int(part_state(connection, channel, PUSH_PART).cursor or 0)
            return Head(counter_now(connection), links_version(connection, channel), asked)

    def changed(self, channel: str, after: int, limit: int) -> Changed:
        """The next SKUs whose availability changed, `limit` at most; those that are not linked are passed over."""
        numbered = schema.availability.c
        linked = sa.exists().where(_LINK.channel == channel, _LINK.kind == "item", _LINK.ours == numbered.sku)
        query = sa.select(numbered.sku, numbered.revision, linked.label("linked")).where(numbered.revision > after)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(numbered.revision).limit(limit)).all()
        return Changed([row.sku for row in rows if row.linked], rows[-1].revision if rows else after)

    def linked(self, channel: str, after: str, limit: int) -> Sequence[str]:
        """Linked SKUs in order, beyond `after`."""
        query = sa.select(_LINK.ours).where(_LINK.channel == channel, _LINK.kind == "item", _LINK.ours > after)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(_LINK.ours).limit(limit)).scalars())

    def due(self, channel: str, now: datetime, limit: int) -> Sequence[str]:
        """SKUs that are to be told again by now, the longest due first."""
        query = (
            sa.select(_OFFER.sku)
            .where(_OFFER.channel == channel, _NOT_DONE, _OFFER.state == "due", _OFFER.due_us <= to_us(now), _linked())
            .order_by(_OFFER.due_us, _OFFER.sku)
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(dict.fromkeys(connection.execute(query).scalars()))

    def next_due(self, channel: str) -> datetime | None:
        """When the next SKU is to be told again; None if none is."""
        mine = sa.and_(_OFFER.channel == channel, _NOT_DONE, _OFFER.state == "due", _linked())
        with self._database.read() as connection:
            return maybe_from_us(connection.execute(sa.select(sa.func.min(_OFFER.due_us)).where(mine)).scalar())

    def wanted(self, channel: str, skus: Collection[str], now: datetime | None = None) -> Wanted:
        """What the channel is to offer of these SKUs at each of its locations: the sum over the stores behind it.

        SKUs that are not linked any more are left out. With `now` it tells lately closed lines, too.
        """
        asked = sorted(set(skus))
        with self._database.read() as connection:
            places = _places(connection, channel)
            mine = sa.and_(_LINK.channel == channel, _LINK.kind == "item", _LINK.ours.in_(asked))
            linked = sorted(connection.execute(sa.select(_LINK.ours).where(mine)).scalars())
            levels = web_levels(connection, linked)
            lines = _open_lines(connection, channel, linked)
            known = _offers(connection, channel, linked)
            closed = None if now is None else _lately_closed(connection, channel, now)
        wants = []
        for sku in linked:
            counted = _digest(lines.get(sku, ()))
            for location, stores in places.items():
                available = sum(max(0, levels.get(sku, {}).get(store, 0)) for store in stores)
                offer = known.get((location, sku))
                if offer is None:
                    wants.append(Want(sku, location, available, counted, None, "", None, 0, None))
                    continue
                due = maybe_from_us(offer.due_us)
                wants.append(
                    Want(sku, location, available, counted, offer.sent, offer.counted, offer.state, offer.attempts, due)
                )
        names = {sku: frozenset(line.split("\n")[0] for line in found) for sku, found in lines.items()}
        return Wanted(wants, names, closed)

    def record(self, channel: str, offered: Iterable[Offered], now: datetime) -> None:
        """Write down what the channel was told, and what is to be told again."""
        rows: list[dict[str, object]] = []
        for one in offered:
            told = one.state == "done"
            rows.append(
                {
                    "channel": channel, "location": one.want.location, "sku": one.want.sku,
                    "sent": one.want.available if told else one.want.sent,
                    "counted": one.want.counted if told else one.want.sent_counted,
                    "sent_us": to_us(now), "state": one.state, "attempts": 0 if told else one.want.attempts + 1,
                    "due_us": maybe_us(one.due_at), "words": one.words[:WORDS_CHARS_MAX],
                }
            )  # fmt: skip
        replaced = ["sent", "counted", "sent_us", "state", "attempts", "due_us", "words"]
        with self._database.write() as connection:
            upsert(connection, schema_channels.channel_offer, rows, replace=replaced)

    def forget_unlinked(self, channel: str) -> None:
        """Forget what the channel was told of SKUs and locations that are not linked any more."""
        gone = sa.and_(_OFFER.channel == channel, sa.not_(_linked()))
        with self._database.read() as connection:
            if connection.execute(sa.select(_OFFER.sku).where(gone).limit(1)).first() is None:
                return
        with self._database.write() as connection:
            connection.execute(sa.delete(schema_channels.channel_offer).where(gone))

    def replay(self, channel: str, now: datetime, *, state: OfferState = "parked") -> int:
        """Let what is parked (or due later) be told again now; returns how many."""
        mine = sa.and_(_OFFER.channel == channel, _NOT_DONE, _OFFER.state == state)
        with self._database.write() as connection:
            change = sa.update(schema_channels.channel_offer).where(mine).values(state="due", due_us=to_us(now))
            return connection.execute(change).rowcount

    def offers(self, channel: str, *, state: OfferState | None = None, limit: int = 100) -> Sequence[OfferRow]:
        """What the channel was last told, by SKU and location."""
        query = sa.select(schema_channels.channel_offer).where(_OFFER.channel == channel)
        if state is not None:
            query = query.where(_OFFER.state == state)
            query = query if state == "done" else query.where(_NOT_DONE)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_OFFER.sku, _OFFER.location).limit(limit)).all()
        return [
            OfferRow(
                row.location, row.sku, row.sent, maybe_from_us(row.sent_us), row.state, row.attempts,
                maybe_from_us(row.due_us), row.words,
            )
            for row in rows
        ]  # fmt: skip

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many offers are due and parked, by channel."""
        number = sa.func.count().label("number")
        query = sa.select(_OFFER.channel, _OFFER.state, number).where(_NOT_DONE).group_by(_OFFER.channel, _OFFER.state)
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        with self._database.read() as connection:
            for row in connection.execute(query):
                found[row.channel][row.state] = row.number
        return dict(found)


def _linked() -> sa.ColumnElement[bool]:
    """Whether an offer's SKU and location still are."""
    link = schema_channels.channel_link
    mine = _LINK.channel == _OFFER.channel
    item = sa.exists().where(mine, _LINK.kind == "item", _LINK.ours == _OFFER.sku)
    place = sa.exists().where(mine, _LINK.kind == "location", _LINK.theirs == _OFFER.location)
    return sa.and_(item.correlate_except(link), place.correlate_except(link))


def _places(connection: sa.Connection, channel: str) -> Mapping[str, Sequence[str]]:
    query = sa.select(_LINK.theirs, _LINK.ours).where(_LINK.channel == channel, _LINK.kind == "location")
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query.order_by(_LINK.theirs, _LINK.ours)):
        found[row.theirs].append(row.ours)
    return dict(found)


def _open_lines(connection: sa.Connection, channel: str, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The open lines that these SKUs' levels have been lessened by, by SKU, each with its order's version.

    An order of a bundle lessens its pieces, and one of a piece the bundles that it is in.
    """
    made_of = parts_by_sku(connection, skus)
    pieces = {part.sku for parts in made_of.values() for part in parts}
    wholes = wholes_of(connection, pieces.union(skus))
    parts_of = parts_by_sku(connection, wholes)
    line, order = schema_channels.channel_line.c, schema_channels.channel_order.c
    joined = schema_channels.channel_line.outerjoin(
        schema_channels.channel_order, sa.and_(order.channel == line.channel, order.key == line.key)
    )
    query = (
        sa.select(line.line, line.sku, sa.func.coalesce(order.version, "").label("version"))
        .select_from(joined)
        .where(line.channel == channel, line.open, line.sku.in_(sorted({*skus, *pieces, *wholes})))
    )
    by_piece: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        taken = [part.sku for part in parts_of[row.sku]] if row.sku in parts_of else [row.sku]
        for piece in taken:
            by_piece[piece].append(f"{row.line}\n{row.version}")
    found = {}
    for sku in skus:
        mine = [part.sku for part in made_of[sku]] if sku in made_of else [sku]
        if lines := sorted({line for piece in mine for line in by_piece.get(piece, ())}):
            found[sku] = lines
    return found


def _lately_closed(connection: sa.Connection, channel: str, now: datetime) -> frozenset[str]:
    """The lines that are closed of orders that were taken in within the last hour."""
    line, order = schema_channels.channel_line.c, schema_channels.channel_order.c
    query = (
        sa.select(line.line)
        .select_from(schema_channels.channel_order)
        .join(schema_channels.channel_line, sa.and_(line.channel == order.channel, line.key == order.key))
        .where(order.channel == channel, order.taken_us >= to_us(now - LATELY), sa.not_(line.open))
        .limit(LATELY_MAX)
    )
    return frozenset(connection.execute(query).scalars())


def _offers(
    connection: sa.Connection, channel: str, skus: Sequence[str]
) -> Mapping[tuple[str, str], sa.Row[tuple[object, ...]]]:
    query = sa.select(schema_channels.channel_offer).where(_OFFER.channel == channel, _OFFER.sku.in_(skus))
    return {(row.location, row.sku): row for row in connection.execute(query)}


def _digest(lines: Iterable[str]) -> str:
    text = "\x1f".join(sorted(lines))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if text else ""
