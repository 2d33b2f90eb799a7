"""What a channel sells, taken into the hub's catalogue: items, links, and the channel's cursor in one transaction.

A transaction takes a part of a page at most, since it holds the catalogue's lock. A thing that was deleted there loses
its link; its item goes only if the channel is who names things, no store has any of it, and nothing else needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.matters.channel_catalogue import ItemLink, Linking, SaidItem, linking
from hub.storage import schema
from hub.storage.catalogue import delete_items, kept_items, lock_catalogue, put_items
from hub.storage.channel_links import LINKS_PART, put_links
from hub.storage.channel_pages import NotTaken, PageEnd, end_page
from hub.storage.channel_parts import count_up
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.schema_channels import channel_link
from protocol.documents import Item
from protocol.ids import Sku

AT_ONCE = 250
ITEM = "item"
_LINK = channel_link.c


@dataclass(frozen=True)
class CatalogueRules:
    """`merge` makes of our item (None: we have none) and theirs the one that is to be.

    `names_items`: the channel is who names things, so it may add items to the hub's catalogue and take them away.
    """

    merge: Callable[[Item | None, Item], Item]
    names_items: bool = True


class SqlChannelCatalogue:
    """Takes in a channel's catalogue. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, found: Sequence[SaidItem], end: PageEnd, rules: CatalogueRules, now: datetime) -> None:
        """Take in a page; its end is written with its last part. Raises StorageUnavailable, LeaseLost."""
        for start in range(0, max(len(found), 1), AT_ONCE):
            part = found[start : start + AT_ONCE]
            with self._database.write() as connection:
                lock_catalogue(connection)
                not_taken = _take(connection, end.channel, part, rules, now)
                refused = {one.key for one in not_taken}
                taken = {one.key for one in part} - refused
                last = start + AT_ONCE >= len(found)
                end_page(connection, end if last else replace(end, cursor=None, unread=()), taken, not_taken, now)


def _take(
    connection: sa.Connection, channel: str, found: Sequence[SaidItem], rules: CatalogueRules, now: datetime
) -> list[NotTaken]:
    plan = linking(found, _links(connection, channel, found))
    _end(connection, channel, plan, rules)
    said = {one.key: one for one in found}
    ours = kept_items(connection, [Sku(sku) for sku in plan.items.values()])
    why = dict(plan.unclear)
    items: list[Item] = []
    links: list[LinkRow] = []
    for key, sku in plan.items.items():
        known = ours.get(Sku(sku))
        if known is None and not rules.names_items:
            why[key] = f"SKU {sku} is not in the hub's catalogue, which is the one that names things: add it, or map it"
            continue
        items.append(rules.merge(known, msgspec.structs.replace(said[key].item, sku=sku)))
        links.append(LinkRow(ITEM, sku, key, said[key].more))
    put_items(connection, items)
    put_links(connection, channel, links, now)
    return [NotTaken(key, words, msgspec.json.encode(said[key])) for key, words in why.items()]


def _links(connection: sa.Connection, channel: str, found: Sequence[SaidItem]) -> list[ItemLink]:
    keys, skus = [one.key for one in found], [one.item.sku for one in found]
    mine = sa.and_(_LINK.channel == channel, _LINK.kind == ITEM)
    query = sa.select(channel_link).where(mine, sa.or_(_LINK.theirs.in_(keys), _LINK.ours.in_(skus)))
    return [ItemLink(row.ours, row.theirs, row.by_hand) for row in connection.execute(query.order_by(_LINK.ours))]


def _end(connection: sa.Connection, channel: str, plan: Linking, rules: CatalogueRules) -> None:
    """End links, and take away items that nobody needs any more."""
    skus = sorted({link.sku for link in plan.ended})
    if not skus:
        return
    mine = sa.and_(_LINK.channel == channel, _LINK.kind == ITEM, _LINK.ours.in_(skus))
    connection.execute(sa.delete(channel_link).where(mine))
    count_up(connection, channel, LINKS_PART)
    if rules.names_items:
        delete_items(connection, [Sku(sku) for sku in skus if sku not in _needed(connection, skus)])


def _needed(connection: sa.Connection, skus: Sequence[str]) -> frozenset[str]:
    """Those that a store has or expects, that are promised, that something consists of, or that a channel sells."""
    level, promised, part = schema.level.c, schema.reservation.c, schema.made_of.c
    there = sa.or_(level.on_hand != 0, level.reserved != 0)
    union = sa.union(
        sa.select(level.sku).where(level.sku.in_(skus), there),
        sa.select(promised.sku).where(promised.sku.in_(skus)),
        sa.select(part.part).where(part.part.in_(skus)),
        sa.select(_LINK.ours).where(_LINK.kind == ITEM, _LINK.ours.in_(skus)),
    )
    return frozenset(connection.execute(union).scalars())
