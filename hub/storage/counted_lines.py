"""How much of each line of a channel's order availability has been lessened by, kept with the line.

It is written where an order's reservations are, in the same transaction, so that whoever reads levels and lines in one
moment reads what belongs together. Reading it costs a push one look at the open lines of its SKUs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from hub.matters.channel_goods import Moves
from hub.matters.counted import CountedLine, HeardLine, counted_of
from hub.matters.orders import OrderOutcome
from hub.matters.outcome import Told
from hub.storage.changed_skus import counter_locked, number_changes
from hub.storage.schema_channels import channel_line, channel_order
from hub.storage.shelves import parts_by_sku, wholes_of
from protocol.quantity import SCALE

_LINE, _ORDER = channel_line.c, channel_order.c
_OPEN = sa.text("channel_line.open")
"""As the index over open lines says it: SQLAlchemy would write "= 1", and SQLite not know it again."""
_JOINED = channel_line.outerjoin(
    channel_order, sa.and_(_ORDER.channel == _LINE.channel, _ORDER.key == _LINE.key)
)  # fmt: skip


class OpenLine(NamedTuple):
    """An open line: what of it is counted, how much was ordered, and the version of its order that says so."""

    counted: CountedLine
    ordered: int
    version: str


def count_lines(
    connection: sa.Connection, order: str, outcome: OrderOutcome, told: Sequence[Told], moves: Moves
) -> None:
    """Write down what of an order's open lines is counted now. An order that no channel told of has no lines."""
    columns = (_LINE.channel, _LINE.line, _LINE.sku, _LINE.quantity, _LINE.fulfilled, _LINE.counted, _LINE.open)
    found = sa.select(*columns).select_from(
        channel_order.join(channel_line, sa.and_(_ORDER.channel == _LINE.channel, _ORDER.key == _LINE.key))
    )
    rows = connection.execute(found.where(_ORDER.order_id == order)).all()
    if not any(row.open for row in rows):
        return
    made_of = parts_by_sku(connection, {row.sku for row in rows})
    heard = [HeardLine(row.line, row.sku, row.quantity if row.open else row.fulfilled, row.fulfilled) for row in rows]
    counted = counted_of(heard, made_of, outcome, told, moves)
    for row in rows:
        if row.open and row.counted != counted[row.line]:
            mine = sa.and_(_LINE.channel == row.channel, _LINE.line == row.line)
            connection.execute(sa.update(channel_line).where(mine).values(counted=counted[row.line]))


def count_new_lines(connection: sa.Connection, channel: str, placed: Mapping[str, OrderOutcome]) -> None:
    """As `count_lines`, for orders (by the channel's id) that are new: nothing has left, no till has said a word."""
    columns = (_LINE.key, _LINE.line, _LINE.sku, _LINE.quantity, _LINE.fulfilled)
    query = sa.select(*columns).where(_LINE.channel == channel, _LINE.key.in_(placed), _LINE.open)
    heard: defaultdict[str, list[HeardLine]] = defaultdict(list)
    for row in connection.execute(query):
        heard[row.key].append(HeardLine(row.line, row.sku, row.quantity, row.fulfilled))
    made_of = parts_by_sku(connection, {line.sku for lines in heard.values() for line in lines})
    counted = [
        {"the_line": line, "now": number}
        for key, lines in heard.items()
        for line, number in counted_of(lines, made_of, placed[key], (), {}).items()
    ]
    if counted:
        mine = sa.and_(_LINE.channel == channel, _LINE.line == sa.bindparam("the_line"))
        connection.execute(sa.update(channel_line).where(mine).values(counted=sa.bindparam("now")), counted)


def open_lines(connection: sa.Connection, channel: str, skus: Sequence[str]) -> Mapping[str, OpenLine]:
    """The open lines that sell these SKUs, or packs and bundles of them; `each` names those of `skus` in it."""
    wholes = wholes_of(connection, skus)
    columns = (_LINE.line, _LINE.key, _LINE.sku, _LINE.quantity, _LINE.counted)
    query = (
        sa.select(*columns, sa.func.coalesce(_ORDER.version, "").label("version"))
        .select_from(_JOINED)
        .where(_LINE.channel == channel, _OPEN, _LINE.sku.in_(sorted({*skus, *wholes})))
    )
    rows = connection.execute(query).all()
    asked = frozenset(skus)
    each: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for sku, parts in parts_by_sku(connection, wholes).items():
        each[sku] = {part.sku: part.quantity for part in parts if part.sku in asked}
    for sku in skus:
        each[sku][sku] = SCALE
    return {
        row.line: OpenLine(CountedLine(row.key, row.counted, each[row.sku]), row.quantity, row.version) for row in rows
    }


def open_skus(connection: sa.Connection, channel: str, keys: Collection[str]) -> frozenset[str]:
    """What the open lines of a channel's orders sell."""
    query = sa.select(_LINE.sku).where(_LINE.channel == channel, _LINE.key.in_(keys), _LINE.open)
    return frozenset(connection.execute(query).scalars())


def number_lines(connection: sa.Connection, skus: Collection[str]) -> None:
    """Let channels look anew at what lines sell, and at what is in it: what is counted may have changed, and no level.

    So it is when the channel says back what a till handed over, or that an order was paid. Takes the counter's lock,
    which nobody holds who waits for a store's: it comes last in a transaction.
    """
    if skus:
        pieces = {part.sku for parts in parts_by_sku(connection, skus).values() for part in parts}
        number_changes(connection, pieces.union(skus), counter_locked(connection))
