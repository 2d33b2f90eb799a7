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

from hub.matters.counted import CountedLine
from hub.storage import schema, schema_channels
from hub.storage.changed_skus import counter_now
from hub.storage.channel_links import links_version
from hub.storage.channel_parts import part_state
from hub.storage.channel_records import Offered, OfferRow, OfferState, Want
from hub.storage.counted_lines import OpenLine, open_lines
from hub.storage.database import Database
from hub.storage.moments import maybe_from_us, maybe_us, to_us
from hub.storage.shelves import web_levels
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
    """Levels as of one moment, and the channel's own order lines that they have been lessened by.

    `heard` is what was ordered of lines, open ones and those of orders that were taken in lately; for both see
    `ports.CountedOrders`.
    """

    levels: Sequence[Want]
    lines: Mapping[str, CountedLine]
    heard: Mapping[str, int] | None = None


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

        SKUs that are not linked any more are left out. With `now` it tells what was ordered of lines.
        """
        asked = sorted(set(skus))
        with self._database.read() as connection:
            places = _places(connection, channel)
            mine = sa.and_(_LINK.channel == channel, _LINK.kind == "item", _LINK.ours.in_(asked))
            linked = sorted(connection.execute(sa.select(_LINK.ours).where(mine)).scalars())
            levels = web_levels(connection, linked)
            lines = open_lines(connection, channel, linked)
            known = _offers(connection, channel, linked)
            heard = None if now is None else _heard_lately(connection, channel, now)
        if heard is not None:
            heard |= {line: found.ordered for line, found in lines.items()}
        digests = _digests(lines)
        wants = []
        for sku in linked:
            counted = digests.get(sku, "")
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
        return Wanted(wants, {line: found.counted for line, found in lines.items()}, heard)

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


def _heard_lately(connection: sa.Connection, channel: str, now: datetime) -> dict[str, int]:
    """What was ordered of each line of orders that were taken in within the last hour."""
    line, order = schema_channels.channel_line.c, schema_channels.channel_order.c
    query = (
        sa.select(line.line, line.quantity)
        .select_from(schema_channels.channel_order)
        .join(schema_channels.channel_line, sa.and_(line.channel == order.channel, line.key == order.key))
        .where(order.channel == channel, order.taken_us >= to_us(now - LATELY))
        .limit(LATELY_MAX)
    )
    return {row.line: row.quantity for row in connection.execute(query)}


def _offers(
    connection: sa.Connection, channel: str, skus: Sequence[str]
) -> Mapping[tuple[str, str], sa.Row[tuple[object, ...]]]:
    query = sa.select(schema_channels.channel_offer).where(_OFFER.channel == channel, _OFFER.sku.in_(skus))
    return {(row.location, row.sku): row for row in connection.execute(query)}


def _digests(lines: Mapping[str, OpenLine]) -> Mapping[str, str]:
    """By SKU: a word that is another one whenever what is counted of its lines is, or one of their orders changed.

    A changed order is told though nothing else is new: what the channel did itself may have crossed the last push.
    """
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for line, found in sorted(lines.items()):
        for sku, each in found.counted.each.items():
            texts[sku].append(f"{line}\n{found.version}\n{found.counted.quantity}\n{each}")
    return {sku: hashlib.blake2b("\x1f".join(text).encode(), digest_size=8).hexdigest() for sku, text in texts.items()}
