"""What takes in a channel's orders, broken on purpose: what a careless change would do, and the simulation must see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.channels.incoming import IncomingPart
from hub.channels.links import Links
from hub.channels.order_intake import OrderIntake
from hub.channels.ports import ChannelOrder
from hub.matters.channel_orders import SaidOrder
from hub.storage.channel_orders import SqlChannelOrderStore, TakenIn
from hub.storage.channel_pages import PageEnd
from hub.storage.new_orders import NewOrders
from hub.storage.settling_orders import facts_of
from protocol.frame import Key
from tests.simulation.channel_world import ChannelParts
from tests.simulation.sql_hub import Rewrite, SqlHub

_KEY = Key(b"g" * 32)


class CursorFirst(OrderIntake):
    """Says how far it is before it has taken in what it says."""

    def take(self, found: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> None:
        """As OrderIntake, the other way round."""
        super().take((), end, links, now)
        super().take(found, replace(end, cursor=None), links, now)


class TakesOldForNew(SqlChannelOrderStore):
    """Does not look which of two states is the newer one."""

    def take(self, said: SaidOrder, now: datetime) -> TakenIn:
        """As SqlChannelOrderStore."""
        return super().take(replace(said, updated_at=now), now)

    def take_new(self, said: Sequence[SaidOrder], plan: NewOrders, now: datetime) -> frozenset[str]:
        """As SqlChannelOrderStore."""
        return super().take_new([replace(one, updated_at=now) for one in said], plan, now)


class CountsTwice(SqlChannelOrderStore):
    """Takes what left and came back a second time, under another name."""

    def take(self, said: SaidOrder, now: datetime) -> TakenIn:
        """As SqlChannelOrderStore."""
        again = [replace(one, key=f"{one.key}/again", ours="") for one in said.goods]
        return super().take(replace(said, goods=[*said.goods, *again]), now)


class NeverChanges(SqlChannelOrderStore):
    """An order stays as it was placed."""

    def take(self, said: SaidOrder, now: datetime) -> TakenIn:
        """As SqlChannelOrderStore."""
        with self._database.read() as connection:
            facts = facts_of(connection, said.head.order)
        placed = {line.sku: line.quantity for line in facts.order.lines} if facts is not None else {}
        lines = [line._replace(quantity=placed.get(line.sku, line.quantity)) for line in said.lines]
        return super().take(replace(said, lines=lines), now)


class TakesOwnEchoes(SqlChannelOrderStore):
    """Does not know what the hub itself wrote there."""

    def new_of(self, said: Sequence[SaidOrder], now: datetime) -> NewOrders:
        """As SqlChannelOrderStore."""
        return super().new_of([replace(one, own=False) for one in said], now)

    def take_new(self, said: Sequence[SaidOrder], plan: NewOrders, now: datetime) -> frozenset[str]:
        """As SqlChannelOrderStore."""
        return super().take_new([replace(one, own=False) for one in said], plan, now)

    def take(self, said: SaidOrder, now: datetime) -> TakenIn:
        """As SqlChannelOrderStore."""
        return super().take(replace(said, own=False), now)


class LeavesParked(IncomingPart[Any]):
    """Never tries again what it has put aside."""

    def _try_parked(self, now: datetime) -> None:
        del now


class StopsAtTheFirst(OrderIntake):
    """Leaves the rest of a page when one order cannot be taken in, and goes on behind it."""

    def take(self, found: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> None:
        """As OrderIntake."""
        known = [order for order in found if not any(line.sku == "X" for line in order.lines)]
        super().take(found if len(known) == len(found) else known[:1], end, links, now)


def _rewriting(rewrite: Rewrite) -> SqlHub:
    return SqlHub("hub", _KEY, rewrite)


def keeps_lines_open() -> SqlHub:
    """A line that the channel has shipped is still counted as held back."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        if statement.startswith("UPDATE channel_line"):
            return f"{statement} AND 0", parameters
        return statement.replace("open = excluded.open", "open = channel_line.open"), parameters

    return _rewriting(rewrite)


def moves_without_levels() -> SqlHub:
    """The ledger says that goods left, their level does not."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        forgets = statement.startswith("UPDATE level SET on_hand") and "counted_us IS NULL" in statement
        return (f"{statement} AND 0" if forgets else statement), parameters

    return _rewriting(rewrite)


def promises_more_than_is_wanted() -> SqlHub:
    """What stores are asked to give back is not written down."""

    def rewrite(statement: str, parameters: object) -> tuple[str, object]:
        if statement.startswith("INSERT INTO allotment"):
            return statement.replace("VALUES (?, ?, ?, ?, ?, ?)", "SELECT ?, ?, ?, ?, max(0, ?), ?"), parameters
        return statement, parameters

    return _rewriting(rewrite)


CHANNEL_MUTANTS: Mapping[str, ChannelParts] = {
    "cursor_before_the_effect": ChannelParts(intake=CursorFirst),
    "left_goods_counted_twice": ChannelParts(order_store=CountsTwice),
    "old_states_for_new": ChannelParts(order_store=TakesOldForNew),
    "changes_forgotten": ChannelParts(order_store=NeverChanges),
    "own_echoes_taken_in": ChannelParts(order_store=TakesOwnEchoes),
    "parked_for_ever": ChannelParts(part=LeavesParked),
    "rest_of_page_left": ChannelParts(intake=StopsAtTheFirst),
    "lines_never_closed": ChannelParts(hub=keeps_lines_open),
    "level_not_moved": ChannelParts(hub=moves_without_levels),
    "nothing_taken_back": ChannelParts(hub=promises_more_than_is_wanted),
}
