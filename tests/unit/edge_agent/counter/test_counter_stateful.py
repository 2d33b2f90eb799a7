"""Any sequence of orders, with restarts: nothing is lost, nothing counts twice, every sum is the pricing core's."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter as Tally
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.journal import held_carts, till_state
from edge_agent.till.charging import basket_of
from edge_agent.till.moments import at_store
from edge_agent.till.pricing import compile_rules, price
from edge_agent.till.view import CounterView
from protocol.documents import Customer, Item, Settings
from protocol.events import CartVoided, LineVoided, SaleCompleted
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.promotions import BuyPay, GroupPrice, Off, Promotion, Selection, Spend
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 3, 30, 20, tzinfo=UTC)
LONG = "Bia\u0323 " + "dài " * 60
"""A name that is long, and whose accents stand apart (NFD)."""

ITEMS = (
    Item(sku="NUOC", name="Nước", barcodes=("8934602100016",), price=5_000, currency="VND", prices={"si": 4_500}),
    Item(sku="BIA", name=LONG, barcodes=("8934602100023",), price=15_333, currency="VND", min_age=18, tax_rate_bp=800),
    Item(sku="DT", name="Điện thoại", barcodes=("8934602100047",), price=999_999, currency="VND", asks_serial=True),
    Item(sku="CAM", name="Cam", barcodes=("CAM",), price=30_000, currency="VND", unit="kg", weighed=True),
    Item(sku="KHAC", name="Khác", barcodes=("KHAC",), price=0, currency="VND", open_price=True),
)  # fmt: skip
CODES = {item.barcodes[0]: item.sku for item in ITEMS}
NO_GOODS = ("8934602100999", "4111111111111111", "BIA10", "a\x01b")
PROMOTIONS = (
    Promotion(promotion="a", name="3 trả 2", buy_pay=BuyPay(goods=Selection(skus=("NUOC",)), buy=3, pay=2)),
    Promotion(promotion="b", name="Bia", coupons=("BIA10",), off=Off(goods=Selection(skus=("BIA",)), percent_bp=1_250)),
    Promotion(promotion="c", name="Nhiều", spend=Spend(from_amount=100_000, percent_bp=300)),
    Promotion(
        promotion="d", name="Sỉ", customer_groups=("vip",),
        group_price=GroupPrice(goods=Selection(skus=("NUOC", "BIA")), count=2, price=9_000, mixed=True),
    ),
)  # fmt: skip
numbers = st.integers(1, 8)


class CounterMachine(RuleBasedStateMachine):
    """A till, and what was put into it by SKU."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: AbstractAsyncContextManager[Shop] | None = None
        self.came: Tally[str] = Tally()
        self.serial = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the till's loop."""
        return self.loop.run_until_complete(work)

    def open(self) -> None:
        """Start the till."""
        self.opened = shop_in(self.folder, items=ITEMS, wall=lambda: NOW)
        self.shop = self.run(self.opened.__aenter__())

    def close(self) -> None:
        """Stop the till."""
        if self.opened is not None:
            self.run(self.opened.__aexit__(None, None, None))
            self.opened = None

    @property
    def view(self) -> CounterView:
        """The picture of now."""
        return self.shop.counter.view()

    @initialize()
    def begin(self) -> None:
        """A store with promotions, a customer and coarse cash."""
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.open()
        database = self.shop.database
        self.run(load(database, GLOBAL_FEED, "promotion", {each.promotion: each for each in PROMOTIONS}))
        who = Customer(customer="k", name="Khách", group="vip", price_list="si")
        self.run(load(database, GLOBAL_FEED, "customer", {"k": who}))
        self.run(load(database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ", cash_step=500)}))

    def do(self, order: str, *, about: str = "cart", **fields: str) -> str:
        """Give an order."""
        return self.run(self.shop.do(order, about=about, **fields))

    @rule(code=st.sampled_from([*CODES, *NO_GOODS]), times=st.integers(1, 4))
    def scan(self, code: str, times: int) -> None:
        """A scan is sold, or answered."""
        said = self.run(self.shop.scan(f"{times}*{code}" if times > 1 else code))
        if code in CODES and said in {"line_added", "asks_first", "stock_negative", "weight_missing"}:
            waits = CODES[code] == "CAM" and times == 1
            self.came[CODES[code]] += 0 if waits else times * 1_000

    @rule(number=numbers, quantity=st.sampled_from(["0", "1", "3", "0,5", "-1", "x", "99999999999999"]))
    def set_quantity(self, number: int, quantity: str) -> None:
        """More and less of a line."""
        before = {line.number: line for line in self.view.lines}
        said = self.do("set_quantity", number=str(number), quantity=quantity)
        after = {line.number: line.quantity for line in self.view.lines}
        if number in before and said in {"line_added", "line_voided"}:
            more = after.get(number, 0) - before[number].quantity
            self.came[before[number].sku] += max(0, more)

    @rule(number=numbers)
    def void_line(self, number: int) -> None:
        """A line off."""
        self.do("void_line", number=str(number))

    @rule(
        number=numbers, percent=st.sampled_from(["0", "7,5", "100"]), amount=st.sampled_from(["", "1", "700"]),
        whole=st.booleans(),
    )  # fmt: skip
    def cut(self, number: int, percent: str, amount: str, *, whole: bool) -> None:
        """A discount by hand."""
        fields = {"amount": amount} if amount else {"percent": percent}
        if whole:
            self.do("cut_receipt", **fields)
        else:
            self.do("cut_line", number=str(number), **fields)

    @rule(number=numbers, amount=st.sampled_from(["0", "4321", "-1"]))
    def set_price(self, number: int, amount: str) -> None:
        """A price by hand."""
        self.do("set_price", number=str(number), price=amount)

    @rule(code=st.sampled_from(["bia10", "BIA10", "x"]), drops=st.booleans())
    def coupon(self, code: str, *, drops: bool) -> None:
        """A coupon."""
        self.do("drop_coupon" if drops else "add_coupon", code=code)

    @rule(drops=st.booleans())
    def customer(self, *, drops: bool) -> None:
        """A customer comes or goes."""
        if drops:
            self.do("drop_customer")
        else:
            self.do("set_customer", customer="k")

    @rule()
    def hold(self) -> None:
        """The receipt waits."""
        self.do("hold")

    @rule(which=st.integers(0, 5))
    def recall(self, which: int) -> None:
        """One comes back; asked twice it comes once."""
        held = self.run(self.shop.database.run(held_carts.listed))
        if held:
            sale_id = held[which % len(held)].cart.sale_id
            assert self.do("recall", about="", sale_id=sale_id) == "recalled"
            assert self.do("recall", about="", sale_id=sale_id) == "nothing_held"

    @precondition(lambda self: self.view.asking is not None)
    @rule(refuses=st.booleans())
    def answer(self, *, refuses: bool) -> None:
        """What is asked is answered, or the goods go."""
        asking = self.view.asking
        assert asking is not None
        which = {"number": str(asking.number), "kind": asking.kind}
        if refuses:
            assert self.do("decline_ask", **which) in {"age_refused", "line_voided"}
            return
        self.serial += 1
        said = {"age": "", "weight": "0,25", "price": "12000", "lot": "L", "serial": f"SN{self.serial}"}[asking.kind]
        assert self.do("answer_ask", answer=said, **which) == "answered"
        if asking.kind == "weight":
            self.came["CAM"] += 250

    @rule()
    def pay(self) -> None:
        """Cash, exactly; twice is once."""
        view = self.view
        for _ in range(2):
            self.run(self.shop.counter.order("pay_cash", {"sale_id": view.sale_id}))
        if view.lines and view.asking is None:
            assert self.view.lines == ()
        else:
            assert self.view.lines == view.lines

    @rule(reason=st.sampled_from(["", "Đổi ý"]))
    def void_receipt(self, reason: str) -> None:
        """The receipt is given up."""
        self.do("void_receipt", reason=reason)

    @rule()
    def restart(self) -> None:
        """The power goes; the till opens where it was."""
        before = self.view
        self.close()
        self.open()
        after = self.view
        for what in ("sale_id", "lines", "total", "cash_total", "asking", "held_count", "customer", "coupons", "cuts"):
            assert getattr(after, what) == getattr(before, what), what

    @invariant()
    def sums_are_the_cores(self) -> None:
        """The picture's sums are those of the cart on the disk, priced by the core."""
        if self.opened is None:
            return
        cart = self.run(self.shop.database.run(till_state.load_cart))
        view = self.view
        if cart is None:
            assert view.lines == ()
            return
        rules = compile_rules(PROMOTIONS, cash_step=500)
        is_known = cart.customer == "k"
        now = at_store(NOW, "Asia/Ho_Chi_Minh")
        sums = price(
            basket_of(cart, now, price_list="si" if is_known else "", customer_group="vip" if is_known else ""), rules
        )
        assert [line.amount for line in view.lines] == [line.amount for line in sums.lines]
        assert (view.total, view.cash_total, view.tax_total) == (sums.total, sums.cash_total, sums.tax_total)
        assert view.total == sum(line.amount for line in view.lines) >= 0

    @invariant()
    def nothing_is_lost_and_nothing_counts_twice(self) -> None:
        """By SKU: what came is on a receipt, waits, was sold, or its leaving was written down."""
        if self.opened is None:
            return
        found: Tally[str] = Tally()
        cart = self.run(self.shop.database.run(till_state.load_cart))
        held = self.run(self.shop.database.run(held_carts.listed))
        for each in (*(one.cart for one in held), *((cart,) if cart is not None else ())):
            for line in each.lines:
                found[line.sku] += line.quantity
        for fact in self.run(self.shop.facts()):
            if isinstance(fact, SaleCompleted | CartVoided):
                for sold in fact.lines:
                    found[sold.sku] += sold.quantity
            elif isinstance(fact, LineVoided):
                found[fact.line.sku] += fact.line.quantity
        assert +found == +self.came

    def teardown(self) -> None:
        """Clean up."""
        if self.opened is not None:
            self.close()
            self.loop.close()
            shutil.rmtree(self.folder)


TestCounter = CounterMachine.TestCase
TestCounter.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
