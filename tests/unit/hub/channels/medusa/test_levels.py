"""The arithmetic of levels under every interleaving: customers, parcels and tills act between any two steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.channels.medusa.answers import Level, Reservation
from hub.channels.medusa.levels import Read, Spot, is_untouched, kept_for_counted, reads, wanted
from hub.channels.ports import CountedOrders, StockTarget
from hub.matters.counted import CountedLine

SPOT, SKU = Spot("item", "place"), "sku"
OPENING = 100
PUSHES_MAX = 40


@dataclass
class World:
    """One item: what Medusa has and keeps, what the hub has to give, and what it has counted of each line.

    `kept` is what Medusa keeps for a line, `left` what left of it by Medusa's word; `unheard` are lines that changed.
    """

    stocked: int = OPENING
    available: int = OPENING
    kept: dict[str, int] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    unheard: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    news: bool = False
    orders: int = 0

    def buy(self) -> None:
        """A customer buys what is offered; the hub has not heard of it."""
        if self.offered > 0:
            self.orders += 1
            line = f"line-{self.orders}"
            self.kept[line] = 1 + self.orders % 2
            self.unheard.add(line)

    def hear(self) -> None:
        """The hub hears how the line is of which it has not heard for longest."""
        for line in sorted(self.unheard)[:1]:
            self.available -= self.unknown(line)
            self.counted[line] += self.unknown(line)
            self.unheard.discard(line)
            self.news = True

    def grow(self) -> None:
        """The customer wants more of what she has bought."""
        for line in self._editable()[:1]:
            if self.offered > 0:
                self.kept[line] += 1
                self.unheard.add(line)

    def shrink(self) -> None:
        """She wants less of it."""
        for line in self._editable()[:1]:
            self._keep_less(line)

    def ship(self) -> None:
        """Medusa's own people send a piece."""
        for line in self._editable()[-1:]:
            self.stocked -= 1
            self.left[line] += 1
            self._keep_less(line)

    def ship_part(self) -> None:
        """They send a piece of an order that the hub has heard of, and something of it stays."""
        if [line for line in self._editable()[-1:] if self.counted[line] and self.kept[line] > 1]:
            self.ship()

    def send(self) -> None:
        """A parcel of a known order leaves, from a till; what was kept for it is given up later."""
        for line in sorted(set(self.kept) - self.taken - self.unheard)[:1]:
            self.stocked -= self.kept[line]
            self.taken.add(line)

    def release(self) -> None:
        """What was kept for a parcel that left is given up."""
        for line in sorted(self.taken & set(self.kept))[:1]:
            self.left[line] += self.kept.pop(line)
            self.unheard.add(line)

    def cancel(self) -> None:
        """What has not left of an order is cancelled."""
        for line in self._editable()[-1:]:
            del self.kept[line]
            self.unheard.add(line)

    def sell(self) -> None:
        """A till sells one."""
        self.available -= 1

    def unknown(self, line: str) -> int:
        """By how much a line is more than the hub has counted."""
        return self.kept.get(line, 0) + self.left[line] - self.counted[line]

    def _editable(self) -> list[str]:
        return sorted(set(self.kept) - self.taken)

    def _keep_less(self, line: str) -> None:
        self.kept[line] -= 1
        self.kept = {name: many for name, many in self.kept.items() if many}
        self.unheard.add(line)

    @property
    def offered(self) -> int:
        """What the web may buy."""
        return self.stocked - sum(self.kept.values())

    @property
    def right(self) -> int:
        """What it should: what the hub has to give, less what it has not heard of."""
        return self.available - sum(self.unknown(line) for line in self.unheard)

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
    "buy": World.buy, "hear": World.hear, "grow": World.grow, "shrink": World.shrink, "ship": World.ship,
    "ship_part": World.ship_part, "send": World.send, "release": World.release, "cancel": World.cancel,
    "sell": World.sell,
}  # fmt: skip
GAPS = st.lists(st.lists(st.sampled_from(sorted(EVENTS)), max_size=3), min_size=6, max_size=6)


def push(world: World, gaps: list[list[str]], *, delta: bool) -> bool:
    """A push as the connector does it, with what happens in the gaps between its steps; whether it is content."""

    def happens(number: int) -> None:
        for name in gaps[number] if gaps else ():
            EVENTS[name](world)

    def read(levels: dict[Spot, Level], gap: int | None = None) -> Read:
        reservations = world.reservations()
        if gap is not None:
            happens(gap)
        left = {line: 1_000 * world.left[line] for line in counted.lines}
        return reads([SPOT], levels, kept_for_counted(reservations, counted, {SPOT.item: SKU}, left), {})[SPOT]

    world.news = False
    target = StockTarget(SKU, SPOT.location, max(0, world.available) * 1_000)
    counted = CountedOrders(
        {line: CountedLine("order", 1_000 * many, {SKU: 1_000}) for line, many in world.counted.items()}
    )
    happens(0)
    levels = {SPOT: world.level()}
    if not delta:  # the companion reads both as of one moment
        happens(1)
    before = read(levels, gap=2)
    happens(3)
    want = int(wanted(target, before))
    world.stocked = world.stocked + want - int(before.stocked or 0) if delta else want
    set_to = world.stocked
    if delta:
        return int(before.reserved) == sum(world.kept.values())
    happens(4)
    levels = {SPOT: world.level()}
    happens(5)
    after = read(levels)
    return is_untouched(before, after) and after.stocked == set_to


@given(st.lists(GAPS, min_size=1, max_size=4), st.booleans())
def test_whatever_happens_meanwhile_the_level_is_right_in_the_end(rounds: list[list[list[str]]], delta: bool) -> None:
    """Pushed until it is content and all is heard: what the hub has is offered. A parcel is two steps in Medusa.

    The hub pushes again when what it has to give changed, or it heard of a change of an order.
    """
    world = World()
    for gaps in rounds:
        told = world.available
        content = push(world, gaps, delta=delta)
        for _ in range(PUSHES_MAX):
            if content and told == world.available and not world.news:
                if not world.unheard and not world.taken & set(world.kept):
                    break
                world.release()
                world.hear()
            told = world.available
            content = push(world, [], delta=delta)
        else:
            raise AssertionError("it is never content")
    assert world.offered == world.right == world.available


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=8), GAPS)
def test_what_happens_while_it_reads_never_offers_too_much(before: list[str], gaps: list[list[str]]) -> None:
    """Levels, then reservations, then what has left: whatever happens in between makes the level too low at most.

    Only a sale or a cancel changes what the hub itself has to give; those are told with the next push. So is a parcel
    that Medusa has not finished with, and what was both ordered and sent unheard of: nothing is kept for it.
    """
    early, late = {"buy", "grow", "shrink", "ship_part", "send"}, {"buy", "grow", "shrink", "send"}
    allowed = [early, early, late, set(), set(), set()]
    gaps = [[name for name in gap if name in some] for gap, some in zip(gaps, allowed, strict=True)]
    world = World()
    for name in before:
        if name not in {"ship", "release"}:
            EVENTS[name](world)
    push(world, gaps, delta=False)
    assert world.offered <= world.right
