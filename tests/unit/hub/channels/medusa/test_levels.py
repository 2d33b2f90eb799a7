"""The arithmetic of levels under every interleaving: customers, parcels and tills act between any two steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.channels.medusa.answers import Level, Reservation
from hub.channels.medusa.levels import Read, Spot, is_untouched, reads, wanted
from hub.channels.ports import CountedOrders, StockTarget

SPOT = Spot("item", "place")
OPENING = 100
PUSHES_MAX = 12


@dataclass
class World:
    """One item: what Medusa has and keeps, what the hub has to give, and which orders it has counted."""

    stocked: int = OPENING
    available: int = OPENING
    kept: dict[str, int] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    news: bool = False
    orders: int = 0

    def buy(self) -> None:
        """A customer buys what is offered; the hub has not heard of it."""
        if self.stocked - sum(self.kept.values()) > 0:
            self.orders += 1
            self.kept[f"line-{self.orders}"] = 1 + self.orders % 2

    def hear(self) -> None:
        """The hub hears of the oldest order that it has not counted."""
        for line in sorted(set(self.kept) - self.counted)[:1]:
            self.counted.add(line)
            self.available -= self.kept[line]

    def send(self) -> None:
        """A parcel of a counted order leaves; what was kept for it is given up later."""
        for line in sorted(self.counted & set(self.kept) - self.taken)[:1]:
            self.stocked -= self.kept[line]
            self.taken.add(line)

    def release(self) -> None:
        """What was kept for a parcel that left is given up, and the hub hears of it: its order is counted no more."""
        for line in sorted(self.taken & set(self.kept))[:1]:
            del self.kept[line]
            self.counted.discard(line)
            self.news = True

    def cancel(self) -> None:
        """A counted order is cancelled, and the hub hears of it."""
        for line in sorted(self.counted & set(self.kept) - self.taken)[-1:]:
            self.available += self.kept.pop(line)
            self.counted.discard(line)
            self.news = True

    def sell(self) -> None:
        """A till sells one."""
        self.available -= 1

    @property
    def offered(self) -> int:
        """What the web may buy."""
        return self.stocked - sum(self.kept.values())

    @property
    def right(self) -> int:
        """What it should: what the hub has to give, less what it has not heard of."""
        return self.available - sum(many for line, many in self.kept.items() if line not in self.counted)

    def level(self) -> Level:
        """As it is read."""
        return Level(
            location_id=SPOT.location, stocked_quantity=Decimal(self.stocked),
            reserved_quantity=Decimal(sum(self.kept.values())),
        )  # fmt: skip

    def reservations(self) -> list[Reservation]:
        """As they are read."""
        return [
            Reservation(
                id=line, inventory_item_id=SPOT.item, location_id=SPOT.location, quantity=Decimal(many),
                line_item_id=line,
            )
            for line, many in self.kept.items()
        ]  # fmt: skip


EVENTS: dict[str, Callable[[World], None]] = {
    "buy": World.buy, "hear": World.hear, "send": World.send, "release": World.release, "cancel": World.cancel,
    "sell": World.sell,
}  # fmt: skip
GAPS = st.lists(st.lists(st.sampled_from(sorted(EVENTS)), max_size=3), min_size=5, max_size=5)


def push(world: World, gaps: list[list[str]], *, delta: bool) -> bool:
    """A push as the connector does it, with what happens in the gaps between its steps; whether it is content."""

    def happens(number: int) -> None:
        for name in gaps[number] if gaps else ():
            EVENTS[name](world)

    def read(counted: CountedOrders, levels: dict[Spot, Level]) -> Read:
        return reads([SPOT], levels, world.reservations(), counted, {})[SPOT]

    world.news = False
    target = StockTarget("sku", SPOT.location, max(0, world.available) * 1000)
    counted = CountedOrders(frozenset(world.counted))
    happens(0)
    levels = {SPOT: world.level()}
    if not delta:  # the companion reads both as of one moment
        happens(1)
    before = read(counted, levels)
    happens(2)
    want = int(wanted(target, before))
    world.stocked = world.stocked + want - int(before.stocked or 0) if delta else want
    set_to = world.stocked
    if delta:
        return int(before.reserved) == sum(world.kept.values())
    happens(3)
    levels = {SPOT: world.level()}
    happens(4)
    after = read(counted, levels)
    return is_untouched(before, after) and after.stocked == set_to


@given(st.lists(GAPS, min_size=1, max_size=4), st.booleans())
def test_whatever_happens_meanwhile_the_level_is_right_in_the_end(rounds: list[list[list[str]]], delta: bool) -> None:
    """Pushed until it is content, and nothing more happens: what the hub has is offered, less what it has not heard of.

    The hub pushes again when what it has to give or which orders it counts changed. A parcel is two steps in Medusa.
    """
    world = World()
    for gaps in rounds:
        told = world.available
        content = push(world, gaps, delta=delta)
        for _ in range(PUSHES_MAX):
            if content and told == world.available and not world.news:
                if not world.taken & set(world.kept):
                    break
                world.release()
            told = world.available
            content = push(world, [], delta=delta)
        else:
            raise AssertionError("it is never content")
    assert world.offered == world.right


@given(GAPS.map(lambda gaps: [gaps[0], gaps[1], [], [], []]))
def test_what_happens_while_it_reads_never_offers_too_much(gaps: list[list[str]]) -> None:
    """Levels are read before reservations: between the two a parcel makes the level too low, not too high.

    Only a sale or a cancel changes what the hub itself has to give; those are told with the next push.
    """
    gaps = [[name for name in gap if name in {"buy", "send"}] for gap in gaps]
    world = World()
    for name in ("buy", "buy", "hear", "hear"):
        EVENTS[name](world)
    push(world, gaps, delta=False)
    assert world.offered <= world.right
