"""A page of orders is taken in a few transactions, and still what cannot be taken is parked alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.channels.links import Links
from hub.channels.order_intake import OrderIntake, OrderStores
from hub.channels.ports import ChannelCustomer
from hub.matters.channel_orders import SaidOrder
from hub.matters.orders import OrderHead
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_pages import PageEnd
from hub.storage.database import Database
from hub.storage.new_orders import NewOrders
from hub.storage.settling_orders import AllotmentPolicy
from tests.contract.hub_storage.test_orders_contract import HANOI, TEA
from tests.incoming_stage import HOLDER, Orders
from tests.unit.hub.channels.test_incoming import Stage, stage

__all__ = ["stage"]


class Counted:
    """The transactions that write, and the statements of all."""

    def __init__(self, database: Database) -> None:
        self.written = self.statements = 0
        sa.event.listen(database.writing, "begin", self._begun)
        for engine in (database.writing, database.reading):
            sa.event.listen(engine, "before_cursor_execute", self._said)

    def _begun(self, connection: sa.Connection) -> None:
        del connection
        self.written += 1

    def _said(self, *_: object) -> None:
        self.statements += 1


def many(stage: Stage, count: int) -> None:
    """New orders, each of somebody else."""
    stage.vendor.page_size = 100
    for number in range(count):
        person = ChannelCustomer(f"c{number}", "1", f"Person {number}")
        stage.vendor.put_order(f"o{number:02}", {TEA: 100}, customer=person)


def test_forty_new_orders_cost_little_more_than_four(stage: Stage) -> None:
    """In transactions as in statements; their customers are handed on once, together."""
    many(stage, 4)
    counted = Counted(stage.shop.database)
    stage.step()
    few = (counted.written, counted.statements)
    for number in range(10, 50):
        stage.vendor.put_order(f"o{number}", {TEA: 100}, customer=ChannelCustomer(f"c{number}", "1", "Somebody"))
    counted.written = counted.statements = 0
    stage.step(60)
    assert len(stage.taken()) == 44
    assert counted.written <= few[0]
    assert counted.statements <= few[1] + 10
    assert len(stage.taker.found) == 44
    assert stage.shop.promised() == {(HANOI, TEA): 4_400}


def test_one_that_cannot_be_taken_is_parked_and_costs_the_others_nothing(stage: Stage) -> None:
    """It goes by itself; those before and behind it still go together."""
    many(stage, 30)
    stage.vendor.put_order("o10", {"gold": 1_000})
    counted = Counted(stage.shop.database)
    stage.step()
    assert stage.taken() == {f"o{number:02}" for number in range(30)} - {"o10"}
    assert [aside.key for aside in stage.asides.waiting("web", "orders")] == ["o10"]
    assert counted.written < 10


def test_somebody_who_cannot_be_taken_in_parks_her_own_order_only(stage: Stage) -> None:
    """Handed on together, one customer is refused: then each is handed on by herself."""
    many(stage, 5)
    stage.taker.poisoned.add("c3")
    stage.step()
    assert stage.taken() == {"o00", "o01", "o02", "o04"}
    assert [aside.key for aside in stage.asides.waiting("web", "orders")] == ["o03"]


def test_what_cannot_even_be_written_down_is_parked_alone(stage: Stage) -> None:
    """Half a character in a note."""
    many(stage, 5)
    head = OrderHead(order="web:o02", channel="web", note="\ud800")
    stage.vendor.put_order("o02", {TEA: 100}, head=head)
    stage.step()
    assert stage.taken() == {"o00", "o01", "o03", "o04"}
    assert [aside.key for aside in stage.asides.waiting("web", "orders")] == ["o02"]


class Mistaken(SqlChannelOrderStore):
    """Has a mistake that shows only where several are taken together."""

    def take_new(self, said: Sequence[SaidOrder], plan: NewOrders, now: datetime) -> frozenset[str]:
        """See SqlChannelOrderStore."""
        raise ValueError(f"{len(said)} {len(plan.keys)} {now}")


def test_a_mistake_in_taking_them_together_costs_speed_and_no_order(stage: Stage) -> None:
    """They are taken one by one."""
    many(stage, 5)
    orders = Mistaken(stage.shop.database, AllotmentPolicy())
    intake = OrderIntake(OrderStores(orders, stage.asides, stage.parts), Orders(stage.vendor), stage.taker)
    intake.take(intake.page("").found, PageEnd("web", "orders", HOLDER, "5"), Links("web", ()), stage.now)
    assert len(stage.taken()) == 5
    assert stage.parts.state("web", "orders").cursor == "5"
