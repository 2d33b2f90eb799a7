"""Any interleaving of taking, taking back, completing, crashing and stray transfers keeps money exact.

The orders run on a real database file, in transactions of their own; a crash is a new connection over the same file,
also in the middle of an order, whose transaction is then rolled back.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlite_utils.db import Database as MigratedDatabase

from edge_agent.counter.attempts import take_payment
from edge_agent.counter.books import Books, Outcome, Till, open_cart
from edge_agent.counter.desk import fill
from edge_agent.counter.desks import ORDERS
from edge_agent.counter.orders import carry_out
from edge_agent.counter.pricing import priced
from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal import payments
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import connect
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.sqlite import found_journal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.payment import next_take
from protocol.documents import BankAccount, Document, DocumentBody, Item, Payment, Settings, Voucher
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted, SaleRefunded, VoucherIssued
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
STEP = 500
AMOUNTS = st.sampled_from(["", "500", "1000", "3700", "20000"])
VOUCHER = 30_000


class Crash(BaseException):
    """The power goes."""


class PayingMachine(RuleBasedStateMachine):
    """One till; `paid_in` is what customers and banks have really handed over, `paid_out` what they got."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "till.db"
        self.connection = connect(self.path)
        seconds = itertools.count()
        numbers = itertools.count(1)
        self.till = Till(
            store=STORE, terminal=TERMINAL, cashier="lan",
            clock=TillClock(lambda: datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=next(seconds)), lambda: 0.0),
            new_id=lambda: f"id-{next(numbers)}", kick=b"kick",
        )  # fmt: skip
        self.transfers: list[Payment] = []
        self.forms: list[tuple[str, dict[str, str]]] = []

    @initialize()
    def open(self) -> None:
        """A store with rounding, a bank account, a voucher."""
        till_migrations(SCHEMA).apply(MigratedDatabase(self.connection, execute_plugins=False))
        self.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
        bank = BankAccount(bin="970436", account="0123456789")
        feed = store_feed(STORE)
        self.load(feed, "settings", "store", Settings(store_name="x", cash_step=STEP, bank=bank), 1)
        self.load(GLOBAL_FEED, "item", "A", Item(sku="A", name="A", price=3_700, currency="VND", tax_rate_bp=800), 1)
        self.load(GLOBAL_FEED, "voucher", "V", Voucher(code="V", amount=VOUCHER, currency="VND"), 2)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.connection.close()
        self.folder.cleanup()

    # --- what people do

    @rule(quantity=st.integers(1, 4))
    def scan(self, quantity: int) -> None:
        """Goods into the cart; refused while money is in it."""
        self.give("scan", {"code": f"{quantity}*A"})

    @rule(amount=AMOUNTS, part=st.booleans())
    def cash(self, amount: str, part: bool) -> None:
        """Cash, exact, as a part, or with change."""
        self.pay("pay_cash", given=amount, part="true" if part else "false")

    @rule(amount=AMOUNTS)
    def card(self, amount: str) -> None:
        """A card by hand."""
        self.pay("pay_card", approval="A1", amount=amount)

    @rule(amount=AMOUNTS, code=st.sampled_from(["V", "W"]))
    def voucher(self, amount: str, code: str) -> None:
        """A voucher that is known, or not."""
        self.pay("pay_voucher", code=code, amount=amount)

    @rule(amount=AMOUNTS)
    def qr(self, amount: str) -> None:
        """A code is shown."""
        self.pay("start_qr", amount=amount)

    @rule(amount=AMOUNTS)
    def new_voucher(self, amount: str) -> None:
        """A voucher for money that goes back."""
        self.pay("issue_voucher", amount=amount)

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """A form that was sent before is sent once more: a double click, or a page that was left open."""
        if self.forms:
            name, fields = data.draw(st.sampled_from(self.forms[-8:]))
            self.give(name, fields)

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Money is taken back."""
        cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
        if cart.taken:
            taken = data.draw(st.sampled_from(cart.taken))
            self.give("drop_payment", {"sale_id": cart.sale_id, "payment": taken.id})

    @rule(data=st.data(), name=st.sampled_from(["confirm_qr", "cancel_qr", "print_qr"]))
    def answer_qr(self, data: st.DataObject, name: str) -> None:
        """The cashier says that a code was paid, or gives it up; also one that has ended long ago."""
        attempts = self.attempts()
        if attempts:
            self.give(name, {"attempt": data.draw(st.sampled_from(attempts)).id})

    @rule(data=st.data(), off=st.sampled_from([0, 0, 0, 100]), twice=st.booleans())
    def transfer(self, data: st.DataObject, off: int, twice: bool) -> None:
        """A transfer for some code comes in: in time, late, again, with another amount."""
        attempts = self.attempts()
        if attempts:
            attempt = data.draw(st.sampled_from(attempts))
            name = f"b{len(self.transfers)}"
            payment = Payment(
                payment=name, kind="vietqr", amount=attempt.amount + off, currency="VND", memo=f"x {attempt.memo} y"
            )
            self.transfers.append(payment)
            for _ in range(1 + twice):
                self.run(lambda c: self.hear(c, payment))

    @rule(data=st.data(), restock=st.sampled_from(["yes", "no"]))
    def give_back(self, data: st.DataObject, restock: str) -> None:
        """Some of an old receipt comes back."""
        sales = [fact for fact in self.facts() if isinstance(fact, SaleCompleted)]
        if sales:
            sale = data.draw(st.sampled_from(sales))
            cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
            number = data.draw(st.integers(1, len(sale.lines)))
            fields = {"sale_id": cart.sale_id, "receipt": sale.receipt_number, "restock": restock}
            self.give("return_lines", {**fields, f"lines.{number}": data.draw(st.sampled_from(["1", "2", "0.5"]))})

    @rule()
    def restart(self) -> None:
        """The agent starts again over the same disk."""
        self.connection.close()
        self.connection = connect(self.path)

    @rule(amount=AMOUNTS)
    def power_cut(self, amount: str) -> None:
        """In the middle of a payment: nothing of it has happened, and the form can be sent again."""
        cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
        fields = {"sale_id": cart.sale_id, "take": next_take(cart), "given": amount}
        before = self.connection.execute("SELECT count(*) FROM event").fetchone()

        def work(connection: sqlite3.Connection) -> None:
            self.order(connection, "pay_cash", fields)
            raise Crash

        with suppress(Crash):
            self.run(work)
        self.restart()
        assert self.connection.execute("SELECT count(*) FROM event").fetchone() == before

    # --- what must hold

    @invariant()
    def every_fact_balances(self) -> None:
        """Tenders are total and rounding; rounding is less than a step; an exchange is even on both sides."""
        exchanged: dict[str, int] = {}
        for fact in self.facts():
            if isinstance(fact, SaleCompleted | SaleRefunded):
                assert sum(tender.amount for tender in fact.tenders) == fact.total + fact.rounding
                assert abs(fact.rounding) < STEP
                sign = 1 if isinstance(fact, SaleCompleted) else -1
                swapped = sign * sum(tender.amount for tender in fact.tenders if tender.kind == "exchange")
                exchanged[fact.exchange] = exchanged.get(fact.exchange, 0) + swapped
        assert not any(exchanged.values())

    @invariant()
    def a_cart_knows_what_is_left(self) -> None:
        """Taken and left are the total; while money is in, the total stands still."""
        cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
        open_attempts = [attempt for attempt in self.attempts() if attempt.is_open]
        assert cart.is_paying == bool(cart.taken or open_attempts)
        assert all(attempt.sale_id == cart.sale_id for attempt in open_attempts)
        assert len(open_attempts) <= 1
        if cart.promised is not None:
            sums = self.run(
                lambda c: priced(Books.of(c, self.till), self.till, msgspec.structs.replace(cart, promised=None))
            )
            assert sums.total == cart.promised.total
            assert abs(sum(taken.amount for taken in cart.taken)) <= abs(sums.total)

    @invariant()
    def every_transfer_is_somewhere(self) -> None:
        """Each transfer that came in pays exactly one attempt or is listed; each approved attempt is one tender."""
        paid = [attempt.payment for attempt in self.attempts() if attempt.payment not in {"", payments.TAKEN_BACK}]
        listed = (
            [row[0] for row in self.connection.execute("SELECT payment FROM payment_late")] if self.transfers else []
        )
        assert sorted(paid + listed) == sorted(payment.payment for payment in self.transfers)
        cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
        tenders = [
            tender.reference for fact in self.facts() if isinstance(fact, SaleCompleted)
            for tender in fact.tenders if tender.kind == "vietqr"
        ] + [taken.reference for taken in cart.taken if taken.kind == "vietqr"]  # fmt: skip
        assert len(tenders) == len(set(tenders))
        assert set(tenders) <= {attempt.memo for attempt in self.attempts() if attempt.state == "approved"}

    @invariant()
    def nothing_comes_back_twice(self) -> None:
        """Of each line at most what was sold, for at most what was paid; whole lines for exactly that."""
        sold: dict[tuple[str, int], tuple[int, int]] = {}
        back: dict[tuple[str, int], tuple[int, int]] = {}
        for fact in self.facts():
            if isinstance(fact, SaleCompleted):
                for number, line in enumerate(fact.lines, 1):
                    sold[fact.receipt_number, number] = (line.quantity, line.amount)
            elif isinstance(fact, SaleRefunded):
                for line in fact.lines:
                    place = (fact.original_receipt or "", line.original_line or 0)
                    quantity, amount = back.get(place, (0, 0))
                    back[place] = (quantity + line.quantity, amount + line.amount)
        for place, (quantity, amount) in back.items():
            assert quantity <= sold[place][0]
            assert (amount == sold[place][1]) if quantity == sold[place][0] else (amount <= sold[place][1])

    @invariant()
    def vouchers_are_spent_once(self) -> None:
        """The known voucher never pays more than it holds; receipts' numbers are each used once."""
        spent = sum(
            tender.amount if isinstance(fact, SaleCompleted) else -tender.amount
            for fact in self.facts() if isinstance(fact, SaleCompleted | SaleRefunded)
            for tender in fact.tenders if (tender.kind, tender.reference) == ("voucher", "V")
        )  # fmt: skip
        assert spent <= VOUCHER
        numbers = [fact.receipt_number for fact in self.facts() if isinstance(fact, SaleCompleted | SaleRefunded)]
        assert len(numbers) == len(set(numbers))
        issued = {fact.code: fact.amount for fact in self.facts() if isinstance(fact, VoucherIssued)}
        for fact in self.facts():
            if isinstance(fact, SaleRefunded):
                for tender in fact.tenders:
                    assert tender.kind != "voucher" or tender.reference in {"V", "W"} or tender.reference in issued

    # --- inside

    def run(self, work: Any) -> Any:  # noqa: ANN401 - whatever it returns
        """One transaction, as the agent's database does it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.connection)
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        return result

    def order(self, connection: sqlite3.Connection, name: str, fields: dict[str, str]) -> Outcome:
        """Carry an order out."""
        kind = ORDERS[name]
        return carry_out(Books.of(connection, self.till), self.till, kind, fill(kind.fields, fields))

    def give(self, name: str, fields: dict[str, str]) -> None:
        """Give an order, and remember its form."""
        self.forms.append((name, fields))
        self.run(lambda c: self.order(c, name, fields))

    def pay(self, name: str, **fields: str) -> None:
        """Give an order about the cart with the form of now; an empty one gets something to pay first."""
        cart = self.run(lambda c: open_cart(Books.of(c, self.till), self.till))
        if not cart.lines:
            self.give("scan", {"code": "3*A"})
        self.give(name, {"sale_id": cart.sale_id, "take": next_take(cart), **fields})

    def hear(self, connection: sqlite3.Connection, payment: Payment) -> None:
        """The hub tells of a transfer."""
        if payments.is_new(connection, payment.payment, self.till.clock.now()):
            take_payment(Books.of(connection, self.till), self.till, payment)

    def attempts(self) -> list[payments.Attempt]:
        """All attempts there ever were."""
        ids = self.connection.execute("SELECT attempt FROM payment_attempt ORDER BY position").fetchall()
        found = [payments.find_attempt(self.connection, name) for (name,) in ids]
        return [attempt for attempt in found if attempt is not None]

    def facts(self) -> list[object]:
        """What the journal says."""
        rows = self.connection.execute("SELECT raw FROM event ORDER BY epoch, sequence").fetchall()
        events = [read_event(raw) for (raw,) in rows]
        return [read_data(event) for event in events if isinstance(event, Event)]

    def load(self, feed: FeedName, kind: str, key: str, body: DocumentBody, revision: int) -> None:
        """What the hub would have sent."""
        document = Document(kind=kind, key=key, revision=revision, body=msgspec.Raw(msgspec.json.encode(body)))
        change = Apply((document,), (), "db", revision)
        self.run(lambda c: SqliteReplica(c, STORE, TERMINAL).apply(feed, change))


TestPaying = PayingMachine.TestCase
TestPaying.settings = hypothesis_settings(max_examples=40, stateful_step_count=25, deadline=None)
