"""What a channel's order is to the hub: what it says now, and what follows from what the hub already has of it. Pure.

An order comes as a state, any number of times and in any order. Its version is compared for equality only; a state
that is older than the one that is known is left alone. So whoever has seen the newest state has seen all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from hub.matters.channel_goods import GoodsKind
from hub.matters.orders import Goods, OrderedLine, OrderHead, PlacedOrder


class SaidLine(NamedTuple):
    """A line as the channel says it is: 0 ordered when it was taken off, `fulfilled` what it says has left."""

    line: str
    sku: str
    quantity: int
    fulfilled: int


@dataclass(frozen=True)
class SaidGoods:
    """Goods that left, or came back to, `store` or one of those that share its place at the channel (`pool`)."""

    kind: GoodsKind
    key: str
    store: str
    at: datetime
    goods: Goods
    ours: str = ""
    pool: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SaidOrder:
    """An order of a channel as it is now. `body` is all that was translated, for people; `raw` the channel's bytes.

    `returned_once`: goods that it said came back stay so, though it does not say so again.
    """

    channel: str
    key: str
    version: str
    updated_at: datetime
    head: OrderHead
    lines: Sequence[SaidLine]
    cancelled: bool
    goods: Sequence[SaidGoods] = ()
    own: bool = False
    returned_once: bool = False
    body: str = "{}"
    raw: bytes = b""

    @property
    def ordered(self) -> tuple[OrderedLine, ...]:
        """What is wanted of it now."""
        return tuple(OrderedLine(sku=line.sku, quantity=line.quantity) for line in self.lines if line.quantity > 0)

    @property
    def given_up(self) -> bool:
        """Whether nothing of it is wanted any more."""
        return self.cancelled or not self.ordered

    def is_open(self, line: SaidLine) -> bool:
        """Whether the channel itself may still hold goods back for a line."""
        return not (self.own or self.cancelled) and line.quantity > line.fulfilled

    @property
    def state(self) -> Literal["placed", "done", "cancelled"]:
        """How far it is at the channel."""
        if self.given_up:
            return "cancelled"
        return "placed" if any(self.is_open(line) for line in self.lines) else "done"


@dataclass(frozen=True)
class KnownOrder:
    """What the hub has of it: the version that it took in last ("": none), and the order that it placed for it.

    `cancelled` says that the order is off at the hub, `by_channel` that the channel had given it up.
    """

    version: str = ""
    updated_at: datetime | None = None
    order: PlacedOrder | None = None
    cancelled: bool = False
    by_channel: bool = False


class Intake(NamedTuple):
    """What to do with an order. All False: it is written down, and nothing else follows.

    `revive`: the channel had given it up and wants it again, such as one whose lines had all been taken off.
    """

    place: bool = False
    change: bool = False
    cancel: bool = False
    revive: bool = False


def intake_of(said: SaidOrder, known: KnownOrder) -> Intake | None:
    """What follows from a state of an order; None if it is known, or older than what is known."""
    if known.version == said.version or (known.updated_at is not None and said.updated_at < known.updated_at):
        return None
    if said.own:
        return Intake()
    if known.order is None:
        # What was cancelled before it was ever heard of is no order, unless goods of it have moved.
        wanted = bool(said.ordered) and (not said.cancelled or bool(said.goods))
        return Intake(place=wanted, cancel=wanted and said.cancelled)
    # What the hub's own office has given up stays so, whatever the channel says before it has heard of that.
    revive = known.cancelled and known.by_channel and not said.given_up
    change = (revive or not known.cancelled) and not said.given_up and not _same(said, known.order)
    return Intake(change=change, cancel=said.given_up and not known.cancelled, revive=revive)


def placed_of(said: SaidOrder) -> PlacedOrder:
    """The order as it is to be placed, without the pieces that it takes.

    Raises msgspec.ValidationError for one that could not be read again: a field too long, too many lines.
    """
    head = {name: getattr(said.head, name) for name in said.head.__struct_fields__}
    order = PlacedOrder(**head, lines=said.ordered)
    return msgspec.convert(msgspec.to_builtins(order, builtin_types=(datetime,)), PlacedOrder)


def _same(said: SaidOrder, order: PlacedOrder) -> bool:
    new = placed_of(said)
    return msgspec.structs.replace(new, pieces=order.pieces, placed_at=new.placed_at or order.placed_at) == order
