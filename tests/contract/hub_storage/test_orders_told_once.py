"""For channels that tell each return once, and whose own staff sell: what stays, what was heard of closed lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.matters.counted import CountedLine
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_records import LinkRow
from hub.storage.channel_stock import LATELY, SqlChannelStock
from hub.storage.database import Database
from tests.contract.hub_storage.test_channel_orders_contract import ChannelShop
from tests.contract.hub_storage.test_orders_contract import HANOI, TEA
from tests.unit.hub.channel_facts import CHANNEL, left, returned, said_order
from tests.unit.hub.journals import at

NOW = at(3000)
"""When `ChannelShop.take` takes an order in."""


def test_a_return_that_is_told_once_stays(database: Database) -> None:
    """A later state of the order that says nothing of it does not take it back; for other channels it does."""
    shop = ChannelShop(database)
    gone: dict[str, int] = {TEA: 2_000}
    told = said_order(2, gone, goods=[left("l1", HANOI, tea=2_000), returned("r1", HANOI, tea=1_000)], fulfilled=gone)
    later = said_order(3, gone, goods=[left("l1", HANOI, tea=2_000)], fulfilled=gone)
    shop.take(replace(told, returned_once=True))
    assert shop.hub_moves() == {(HANOI, TEA): -1_000}
    shop.take(replace(later, returned_once=True))
    assert shop.hub_moves() == {(HANOI, TEA): -1_000}
    shop.take(replace(later, version="4", returned_once=False))
    assert shop.hub_moves() == {(HANOI, TEA): -2_000}
    shop.must_balance()


def test_what_was_ordered_of_lines_that_closed_within_the_hour_is_told(database: Database) -> None:
    """A sale that left at once is closed and counted; an hour later nobody asks. Open lines are always told."""
    shop = ChannelShop(database)
    SqlChannelLinks(database).put(CHANNEL, [LinkRow("item", TEA, "theirs-tea", {}, by_hand=True)], NOW)
    gone: dict[str, int] = {TEA: 1_000}
    shop.take(said_order(1, gone, key="sale", goods=[left("pos", HANOI, tea=1_000)], fulfilled=gone))
    shop.take(said_order(1, {TEA: 3_000}, key="order"))
    stock = SqlChannelStock(database)
    wanted = stock.wanted(CHANNEL, [TEA], NOW)
    assert wanted.lines == {"order-tea": CountedLine("order", 3_000, {TEA: 1_000})}
    assert wanted.heard == {"order-tea": 3_000, "sale-tea": 1_000}
    later = stock.wanted(CHANNEL, [TEA], NOW + LATELY + timedelta(seconds=1))
    assert (later.lines, later.heard) == (wanted.lines, {"order-tea": 3_000})
    assert stock.wanted(CHANNEL, [TEA]).heard is None
