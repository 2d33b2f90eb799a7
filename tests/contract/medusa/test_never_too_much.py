"""The web never gets more than there is: orders come, grow, shrink, leave in parts, are cancelled, and are heard late.

What holds at every moment: Medusa offers no more than what stands on the shelf less all that its customers are owed,
unless a till has sold since the hub told it last. What holds when all is heard and told: it offers exactly that.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.channels.ports import HandedOver
from hub.errors import ChannelRefused
from hub.storage.database import open_database, parse_url
from protocol.events import OrderHandedOver
from protocol.ids import Sku
from tests.contract.medusa.stage import CHANNEL, DEPOT, ELSEWHERE, FAR, NEAR, Stage
from tests.unit.hub.journals import sale
from tests.unit.hub.matter_facts import goods

OPENING = 9


@dataclass
class Play:
    """Goods that are sold on the web and at tills. `there` is what truly stands on the shelves."""

    stage: Stage
    sku: Sku
    there: int
    orders: list[str] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)
    heard: dict[str, tuple[int, int]] = field(default_factory=dict)
    parcels: dict[str, HandedOver] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    sold_since: bool = False

    # looking

    def row(self, order: str) -> dict[str, Any]:
        """An order, as Medusa has it."""
        return self.stage.shop.orders[order]

    def line(self, order: str) -> dict[str, Any]:
        """Its line."""
        found: dict[str, Any] = self.row(order)["items"][0]
        return found

    def rest(self, order: str) -> int:
        """What has not left of it by Medusa's word."""
        line = self.line(order)
        return 0 if self.row(order)["status"] == "canceled" else int(line["quantity"] - self.left(order))

    def left(self, order: str) -> int:
        """What has."""
        return int(self.line(order)["detail"]["fulfilled_quantity"])

    def kept(self, order: str) -> int:
        """What Medusa keeps for it."""
        line = self.line(order)["id"]
        rows = self.stage.shop.reservations.values()
        return int(sum((row["quantity"] for row in rows if row["line_item_id"] == line), Decimal(0)))

    def offered(self, place: str = DEPOT) -> int:
        """What Medusa offers there."""
        items = {row["id"] for row in self.stage.shop.items.values() if row["sku"] == self.sku}
        levels = self.stage.shop.levels.items()
        found = [level for spot, level in levels if spot[0] in items and spot[1] == self.stage.place(place)]
        return int(sum(level.stocked - level.reserved for level in found))

    @property
    def truth(self) -> int:
        """What may be offered: what is there, less what is owed. What a till handed over is owed no more."""
        return self.there - sum(max(0, self.rest(order) - self.untold[order]) for order in self.orders)

    @property
    def phantoms(self) -> int:
        """What Medusa keeps though it has left: an edit keeps all of a line anew (seen in 2.21.2)."""
        return sum(self.kept(order) - self.rest(order) for order in self.orders)

    def state(self, order: str) -> tuple[int, int]:
        """What there is to be heard of an order."""
        return self.left(order), self.rest(order)

    @property
    def all_is_heard(self) -> bool:
        """Whether the hub knows how each order is."""
        return all(self.heard.get(order) == self.state(order) for order in self.orders)

    # what customers and Medusa's people do

    def buy(self, many: int) -> None:
        """A customer buys, if so many are offered."""
        if self.offered() < many:
            return
        variant = next(row["id"] for row in self.stage.shop.variants.values() if row["sku"] == self.sku)
        body = {
            "region_id": next(iter(self.stage.shop.regions)), "email": "a@example.test",
            "items": [{"variant_id": variant, "quantity": many}],
        }  # fmt: skip
        cart = self.stage.call("POST", "/store/carts", body)["cart"]["id"]
        self.stage.call("POST", "/store/payment-collections", {"cart_id": cart})
        self.orders.append(self.stage.call("POST", f"/store/carts/{cart}/complete")["order"]["id"])

    def edit(self, order: str, many: int) -> None:
        """She wants more, or less."""
        free = self.offered() + self.kept(order)
        if self.row(order)["status"] == "canceled" or not self.left(order) <= many <= free:
            return
        self.stage.call("POST", "/admin/order-edits", {"order_id": order})
        path = f"/admin/order-edits/{order}"
        self.stage.call("POST", f"{path}/items/item/{self.line(order)['id']}", {"quantity": many})
        self.stage.call("POST", f"{path}/confirm")

    def cancel(self, order: str, _: int = 0) -> None:
        """She wants nothing of it, and nothing has left."""
        parcels = [one for one in self.row(order)["fulfillments"] if one["canceled_at"] is None]
        if self.row(order)["status"] != "canceled" and not parcels:
            self.stage.call("POST", f"/admin/orders/{order}/cancel")

    def ship(self, order: str, many: int) -> None:
        """Medusa's people send a part.

        Not what the hub does not know of to the last piece: nothing would be left in Medusa by which it could be told.
        """
        counted = self.stage.counted(self.sku, self.line(order)["id"])
        if counted is None or not 0 < many <= self.rest(order):
            return
        if many == self.kept(order) and self.left(order) + many > counted:
            return
        body = {"location_id": self.stage.place(DEPOT), "items": [{"id": self.line(order)["id"], "quantity": many}]}
        self.stage.call("POST", f"/admin/orders/{order}/fulfillments", body)
        self.there -= many

    def take_back(self, order: str, _: int = 0) -> None:
        """They had not sent it after all."""
        own = [one for one in self.row(order)["fulfillments"] if one["canceled_at"] is None and not one["metadata"]]
        if own and self.offered() >= 0:
            self.stage.call("POST", f"/admin/orders/{order}/fulfillments/{own[-1]['id']}/cancel")
            self.there += int(own[-1]["items"][0]["quantity"])

    # what the hub and its stores do

    def hear(self, order: str, _: int = 0) -> None:
        """The hub hears how an order is."""
        self.stage.hear(order)
        self.heard[order] = self.state(order)

    def hand_over(self, order: str, many: int) -> None:
        """A till hands over what it was asked for, or a part of it; its customer leaves the rest."""
        facts = self.stage.orders.facts(f"{CHANNEL}:{order}")
        for parcel in facts.outcome.parcels if facts is not None else ():
            quantity = min(many, parcel.reserved.get(self.sku, 0) // 1_000)
            if quantity and order not in self.parcels:
                before = self.truth
                left = OrderHandedOver(order=f"{CHANNEL}:{order}", lines=goods((self.sku, quantity * 1_000)), by="an")
                self.stage.happens(NEAR if parcel.store == NEAR else FAR, left)
                self.there -= quantity
                self.untold[order] += quantity
                self.sold_since |= self.truth < before
                amount: dict[str, int] = {self.sku: quantity * 1_000}
                self.parcels[order] = HandedOver(f"parcel-{order}", order, parcel.store, amount, self.stage.now)

    def tell(self, order: str, _: int = 0) -> None:
        """The hub tells what left, and what its office has given up; Medusa may refuse."""
        source = self.stage.channel.orders
        assert source is not None
        try:
            if order in self.parcels and self.untold[order]:
                source.hand_over(self.parcels[order], may_be_known=False)
                self.untold[order] = 0
            if order in self.given_up:
                source.cancel(order, may_be_known=False)
        except ChannelRefused:
            return

    def give_up(self, order: str, _: int = 0) -> None:
        """The hub's office cancels it."""
        if self.stage.orders.facts(f"{CHANNEL}:{order}") is not None and order not in self.given_up:
            self.stage.orders.cancel(f"{CHANNEL}:{order}", self.stage.tick())
            self.given_up.add(order)

    def sell(self, many: int) -> None:
        """A till sells what the hub says is free; a negative number comes in."""
        (want, *_) = [
            want
            for want in self.stage.stock.wanted(CHANNEL, [self.sku]).levels
            if want.location == self.stage.place(DEPOT)
        ]
        if many * 1_000 <= want.available:
            self.stage.happens(NEAR, sale(next(self.stage.numbers), (self.sku, many * 1_000)))
            self.there -= many
            self.sold_since |= many > 0

    def push(self, came_in: int = 0) -> None:
        """The hub tells what Medusa does not know; goods that came in make it tell though nothing else is new."""
        if came_in:
            self.sell(-came_in)
        self.stage.push()
        self.sold_since = False


OF_ORDERS: dict[str, Callable[[Play, str, int], None]] = {
    "edit": Play.edit, "cancel": Play.cancel, "ship": Play.ship, "take back": Play.take_back, "hear": Play.hear,
    "hand over": Play.hand_over, "tell": Play.tell, "give up": Play.give_up,
}  # fmt: skip
ACTS = st.one_of(
    st.tuples(st.sampled_from(["edit", "ship", "hear"]), st.integers(0, 1), st.integers(1, 6)),
    st.tuples(st.just("push"), st.just(0), st.integers(0, 1)),
    st.tuples(st.sampled_from(sorted(OF_ORDERS)), st.integers(0, 1), st.integers(0, 6)),
    st.tuples(st.just("sell"), st.just(0), st.integers(-2, 3)),
    st.tuples(st.just("buy"), st.just(0), st.integers(1, 4)),
)


def act(play: Play, name: str, which: int, many: int) -> None:
    """One of the acts; those of an order are of the `which`-th."""
    if name == "buy":
        play.buy(many)
    elif name == "sell":
        play.sell(many)
    elif name == "push":
        play.push(many)
    elif play.orders:
        OF_ORDERS[name](play, play.orders[which % len(play.orders)], many)


@pytest.fixture(scope="module", params=[False, True], ids=["stock", "companion"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A Medusa without and one with our companion; examples differ in their goods."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(parse_url(f"sqlite:///{Path(folder) / 'hub.db'}"))
        yield Stage(database, request.param)
        database.close()


def seen(which: int, many: int, *acts: tuple[str, int]) -> list[tuple[str, int, int]]:
    """An order of `many` that the hub has heard of and told, and what happens then to the `which`-th order."""
    return [("buy", 0, many), ("hear", 0, 0), ("push", 0, 0), *((name, which, number) for name, number in acts)]


@settings(max_examples=60)
@given(acts=st.lists(ACTS, max_size=12).map(lambda acts: [("buy", 0, 3), *acts]))
@example(acts=seen(0, 2, ("edit", 5), ("push", 1)))
@example(acts=seen(0, 5, ("edit", 2), ("push", 1)))
@example(acts=seen(0, 4, ("edit", 6), ("ship", 2), ("push", 1)))
@example(acts=seen(0, 2, ("edit", 6), ("ship", 3), ("push", 1)))
@example(acts=seen(0, 4, ("hand over", 3), ("push", 1), ("edit", 6), ("push", 1), ("tell", 0), ("push", 1)))
@example(acts=seen(0, 4, ("give up", 0), ("push", 1), ("tell", 0)))
@example(acts=[("buy", 0, 3), *seen(0, 3, ("sell", 6), ("hear", 0), ("push", 1))])
def test_the_web_is_never_offered_more_than_there_is_and_exactly_that_in_the_end(
    stage: Stage, acts: list[tuple[str, int, int]]
) -> None:
    """Whatever comes in whatever order. What Medusa keeps of what has left is not offered there, whoever asks."""
    play = Play(stage, stage.sell_something(OPENING), OPENING)
    assert play.offered() == OPENING
    for name, which, many in acts:
        act(play, name, which, many)
        assert play.sold_since or play.offered() <= max(0, play.truth), (name, which, many)
        if name == "push" and play.all_is_heard:
            assert play.offered() == play.truth - play.phantoms
    for _ in range(2):
        for order in play.orders:
            play.tell(order)
            play.hear(order)
    play.push()
    assert play.offered() == play.truth - play.phantoms


def test_what_another_place_of_ours_holds_is_given_back_where_medusa_keeps_it(stage: Stage) -> None:
    """A till sells what a web customer has bought, and the hub asks another store for it: together they offer the rest.

    Two more that she orders meanwhile are subtracted where Medusa keeps them.
    """
    play = Play(stage, stage.sell_something(3, far=5), 8)
    play.buy(3)
    (order,) = play.orders
    play.sell(2)
    play.hear(order)
    play.push()
    facts = stage.orders.facts(f"{CHANNEL}:{order}")
    assert facts is not None
    assert [dict(parcel.reserved) for parcel in facts.outcome.parcels] == [{play.sku: 2_000}, {play.sku: 1_000}]
    assert (play.offered(), play.offered(ELSEWHERE)) == (0, 3)
    play.push(came_in=2)
    assert play.offered() == 2
    play.edit(order, 5)
    play.push(came_in=1)
    assert (play.offered(), play.offered(ELSEWHERE)) == (1, 3)
    assert play.offered() + play.offered(ELSEWHERE) == play.truth
