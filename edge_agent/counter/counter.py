"""The counter: orders in, one frozen picture out. Every order is answered by the next picture, never by an exception.

All methods run on the event loop; the books are changed in the database's thread, one order after the other. The
page's own `CounterLike` is what this class offers it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from edge_agent.counter.attempts import take_incoming
from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import BadFields, Fields, HubQuestionKind, OrderKind, fill
from edge_agent.counter.desks import ORDERS, QUESTIONS
from edge_agent.counter.desks.card_terminal import Heard, hear_terminal
from edge_agent.counter.desks.people import SignedOutWhy, leave
from edge_agent.counter.drawing import Drawing
from edge_agent.counter.facts import Facts, ItemsKnown, read_facts
from edge_agent.counter.health import Writer, may_not_begin, problem_of
from edge_agent.counter.orders import carry_out, carry_out_waiting
from edge_agent.counter.permission import ApprovalNeeded, NobodySignedIn, Waiting, keep_waiting
from edge_agent.counter.proving import Prover, TooManyGuesses
from edge_agent.errors import JournalClosed, JournalError, JournalFull
from edge_agent.journal.database import Database
from edge_agent.journal.payments import Attempt, open_attempts
from edge_agent.replica.port import FeedState
from edge_agent.till.health import HealthView
from edge_agent.till.payment import CARD
from edge_agent.till.view import CounterView, DeviceView, NoticeCode
from protocol.messages import Answer, Loading

_log = logging.getLogger(__name__)

REFRESH_EVERY_S = 0.03
"""Pictures that nobody asked for (acks, stock, printer) are drawn at most this often: a frame or two."""

IDLE_LOOK_S = 1.0
"""How often the till looks whether somebody has gone away."""

_TIMINGS_MAX = 1000


@dataclass(frozen=True)
class ScanTiming:
    """Monotonic seconds: when the code was there, when the picture with its line was."""

    arrived_s: float
    shown_s: float


@dataclass(frozen=True)
class SoldAt:
    """A sale's place in the journal, and this PC's clock after its commit."""

    epoch: int
    sequence: int
    at: datetime


class Counter:
    """One till's counter. `start` before anything else."""

    def __init__(  # noqa: PLR0913 - ports and clocks, all by keyword
        self,
        database: Database,
        till: Till,
        *,
        wake_link: Callable[[], None],
        wake_printer: Callable[[], None],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
        ask_hub: Callable[[str, str], Awaitable[Answer | None]] | None = None,
        make_room: Callable[[], bool] = lambda: False,
        on_damage: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_room` frees what is held for a full disk, once; `on_damage` hears that the books cannot be read."""
        self._database = database
        self._till = till
        self._wake_link = wake_link
        self._wake_printer = wake_printer
        self._monotonic = monotonic
        self._wall = wall
        self._ask_hub = ask_hub
        self._writer = Writer(database, make_room, on_damage)
        self._drawing = Drawing(till)
        self._refreshing: asyncio.Task[None] | None = None
        self._stale = False
        self._prover = Prover(database, till)
        self._watching: asyncio.Task[None] | None = None
        self._last_deed_s = monotonic()
        self._refusing: NoticeCode | None = None
        self._seen = FeedState()
        self.scan_timings: deque[ScanTiming] = deque(maxlen=_TIMINGS_MAX)
        self.sold: deque[SoldAt] = deque(maxlen=_TIMINGS_MAX)

    async def start(self) -> None:
        """Open where the till was: the cart, the last sale, the questions. Raises JournalError."""
        self._drawing.online_since = self._wall()
        self._drawing.facts = await self._database.run(self._read)
        self._last_deed_s = self._monotonic()
        self._watching = asyncio.create_task(self._watch_idle(), name="counter-idle")
        self._drawing.draw()

    async def stop(self) -> None:
        """End what runs behind the page."""
        for task in (self._watching, self._refreshing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    # --- what the page asks for

    def view(self) -> CounterView:
        """The picture of now."""
        return self._drawing.view()

    def changes(self) -> AsyncIterator[CounterView]:
        """The picture of now, then each later one; what nobody fetched in time is left out."""
        return self._drawing.changes()

    async def scan(self, raw_code: str, *, source: Literal["scanner", "typed"], arrived_s: float | None = None) -> None:
        """Take a code. `arrived_s`: the monotonic time at which the driver had it."""
        arrived_s = self._monotonic() if arrived_s is None else arrived_s
        _log.debug("code", extra={"source": source})
        await self.order("scan", {"code": raw_code})
        self.scan_timings.append(ScanTiming(arrived_s, self._monotonic()))

    async def order(self, name: str, fields: Mapping[str, str]) -> None:
        """Give an order by its name; what came of it is in the next picture. See `desks/` for the names."""
        kind = ORDERS.get(name)
        if kind is None:
            _log.warning("an order that nobody takes", extra={"order": name[:64]})
            self.say("bad_input", detail=name[:64])
            return
        try:
            order = fill(kind.fields, fields)
        except BadFields as error:
            _log.warning("an order did not fit", extra={"order": name, "problem": str(error)})
            self.say("bad_input", detail=str(error)[:120])
            return
        self._last_deed_s = self._monotonic()
        if may_not_begin(name, self.view()):
            self.say("disk_full")
            return
        await self._give(kind, order, fields)

    async def ask(self, name: str, fields: Mapping[str, str]) -> object | None:
        """Answer a question for a panel, beside the writer. None for what cannot be answered, or not while locked."""
        kind = QUESTIONS.get(name)
        if kind is None or (self.view().person is None and not kind.by_anybody):
            return None
        self._last_deed_s = self._monotonic()
        try:
            question = fill(kind.fields, fields)
            if isinstance(kind, HubQuestionKind):
                return await self._answer_with_hub(kind, question)
            return await self._database.look(lambda c: kind.answer(Books.of(c, self._till), self._till, question))
        except BadFields as error:
            _log.warning("a question did not fit", extra={"question": name, "problem": str(error)})
        except JournalError as error:
            _log.warning("a question was not answered", extra={"question": name, "problem": str(error)})
        except Exception:  # noqa: BLE001 - our own mistake; an empty panel beside a till that sells
            _log.exception("a question failed", extra={"question": name})
        return None

    async def lock(self, why: SignedOutWhy) -> None:
        """Sign out whoever is signed in; the cart stays. At a store without staff this does nothing."""

        def transaction(connection: sqlite3.Connection) -> tuple[Outcome, Facts]:
            books = Books.of(connection, self._till)
            outcome = leave(books, self._till, why)
            return outcome, self._read_after(books.now(self._till))

        await self._transact("lock", transaction)

    async def obey(self, verb: str) -> bool:
        """Carry out a command of the hub's; False for one that was not, such as "lock" where nobody signs in."""
        if verb != "lock":
            return False
        await self.lock("command")
        return self.view().person is None

    async def lock_if_idle(self) -> None:
        """Lock when nobody has ordered, scanned or asked anything for as long as the store's settings say."""
        facts, now_s = self._drawing.facts, self._monotonic()
        if facts is None or facts.person is None or not facts.has_staff or facts.settings.lock_after_s <= 0:
            return
        if now_s - self._last_deed_s >= facts.settings.lock_after_s:
            self._last_deed_s = now_s  # a lock that fails is tried again only after as long
            await self.lock("idle")

    # --- what the devices and the link tell

    def set_device(self, device: DeviceView) -> None:
        """A device's state has changed."""
        self._drawing.set_device(device)

    def devices(self) -> tuple[DeviceView, ...]:
        """The devices as they were last told, scanner first."""
        return self._drawing.devices()

    @property
    def time_zone(self) -> str:
        """The store's time zone."""
        return self._drawing.facts.settings.time_zone if self._drawing.facts is not None else "UTC"

    @property
    def problem(self) -> str:
        """What somebody has to look at in this till; "" is nothing. A code, for the hub."""
        return problem_of(self._drawing.facts, self._drawing.health)

    @property
    def last_time(self) -> datetime | None:
        """The time of the newest event; None before the books were read."""
        return self._drawing.facts.last_time if self._drawing.facts is not None else None

    def set_health(self, health: HealthView) -> None:
        """How this PC's disk and clock are; what the books say is added to it."""
        if health != self._drawing.health:
            self._drawing.health = health
            self._drawing.draw()

    def set_loading(self, loading: Loading | None) -> None:
        """How far a first load is."""
        self._drawing.loading = loading
        self._drawing.draw()

    async def open_card_attempts(self) -> list[Attempt]:
        """Card payments that are under way, for the terminal's attendant. Raises JournalError."""
        return await self._database.look(lambda c: open_attempts(c, CARD))

    async def hear_terminal(self, attempt: Attempt, told: str, approval: str, charged: int | None = None) -> bool:
        """Write down what a terminal says of an attempt, and what it charged (None: as asked); see the desk."""

        def transaction(connection: sqlite3.Connection) -> tuple[bool, Outcome, Facts]:
            books = Books.of(connection, self._till)
            goes_on, outcome = hear_terminal(books, self._till, attempt.id, Heard(told, approval, charged))
            return goes_on, outcome, self._read_after(books.now(self._till))

        goes_on, outcome, facts = await self._writer.run(transaction)
        self._told(outcome, facts)
        return goes_on

    def set_online(self, online: bool, since: datetime) -> None:
        """The link has come or gone."""
        if online != self._drawing.online:
            self._drawing.online, self._drawing.online_since = online, since
            self._drawing.draw()

    def refresh(self) -> None:
        """The books have changed behind the counter: acks, documents, print jobs. Coalesced."""
        self._stale = True
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="counter-refresh")

    def say(self, code: NoticeCode, *, good: bool = False, detail: str = "") -> None:
        """Tell the cashier something that no order of hers caused."""
        self._drawing.note(code, good=good, detail=detail)
        self._drawing.draw()

    # --- inside

    async def _give(self, kind: OrderKind[Any], order: Fields, fields: Mapping[str, str]) -> None:
        proof = await self._prove(kind, order)
        if proof is None:
            return

        def transaction(connection: sqlite3.Connection) -> tuple[Outcome, Facts]:
            books = Books.of(connection, self._till, proof=proof)
            outcome = carry_out(books, self._till, kind, order)
            if outcome.approver is not None:
                outcome = carry_out_waiting(books, self._till, ORDERS, outcome.approver)
            return outcome, self._read_after(books.now(self._till))

        def waiting(need: ApprovalNeeded) -> Callable[[sqlite3.Connection], tuple[Outcome, Facts]]:
            def transaction(connection: sqlite3.Connection) -> tuple[Outcome, Facts]:
                books = Books.of(connection, self._till)
                asked_by = books.by
                waits = Waiting(
                    id=self._till.new_id(), name=kind.name, fields=dict(fields), right=need.right, asked_by=asked_by,
                    detail=need.detail, amount=need.amount,
                )  # fmt: skip
                keep_waiting(connection, waits)
                return Outcome("approval_needed", detail=need.detail), self._read_after(books)

            return transaction

        try:
            await self._transact(kind.name, transaction)
        except ApprovalNeeded as need:
            await self._transact(kind.name, waiting(need))
        except NobodySignedIn:
            self.say("sign_in_first")

    async def _prove(self, kind: OrderKind[Any], order: Fields) -> str | None:
        try:
            return await self._prover.prove(kind, order)
        except TooManyGuesses:
            self.say("order_failed")
        except JournalClosed:
            pass
        except JournalError as error:
            self._refused(kind.name, error)
        except Exception:  # noqa: BLE001 - as in _transact
            _log.exception("a PIN could not be compared", extra={"order": kind.name})
            self.say("order_failed")
        return None

    async def _transact(self, name: str, transaction: Callable[[sqlite3.Connection], tuple[Outcome, Facts]]) -> None:
        try:
            outcome, facts = await self._writer.run(transaction)
        except (ApprovalNeeded, NobodySignedIn):
            raise
        except JournalClosed:
            return
        except JournalError as error:
            self._refused(name, error)
            return
        except Exception:  # noqa: BLE001 - our own mistake; nothing was written, and scanning and selling must go on
            _log.exception("an order failed", extra={"order": name})
            self.say("order_failed")
            return
        self._told(outcome, facts)

    def _told(self, outcome: Outcome, facts: Facts) -> None:
        self._works_again()
        self._drawing.facts = facts
        self._drawing.note_outcome(outcome)
        if outcome.sold is not None:
            self.sold.append(SoldAt(*outcome.sold, self._wall()))
        if outcome.sold is not None or outcome.journalled:
            self._wake_link()
        if outcome.print_changed:
            self._wake_printer()
        self._drawing.draw()

    def _refused(self, order: str, error: JournalError) -> None:
        code: NoticeCode = "disk_full" if isinstance(error, JournalFull) else "journal_broken"
        if self._refusing != code:
            self._refusing = code
            _log.error("orders are refused", extra={"why": code, "order": order, "problem": str(error)})
        self.say(code)

    def _works_again(self) -> None:
        if self._refusing is not None:
            _log.info("orders are taken again", extra={"was": self._refusing})
            self._refusing = None

    async def _refresh(self) -> None:
        while self._stale:
            self._stale = False
            try:
                self._seen, outcome, facts = await self._database.run(self._look_around)
            except JournalClosed:
                return
            except JournalError as error:
                _log.debug("picture not refreshed", extra={"problem": str(error)})
            else:
                self._drawing.facts = facts
                self._drawing.draw() if outcome is None else self._told(outcome, facts)
            await asyncio.sleep(REFRESH_EVERY_S)

    def _look_around(self, connection: sqlite3.Connection) -> tuple[FeedState, Outcome | None, Facts]:
        """Read the books; let transfers that the hub tells of pay what they are for, if its documents have moved."""
        books = Books.of(connection, self._till)
        seen = books.replica.feed_state(self._till.store_feed)
        outcome = take_incoming(books, self._till) if seen != self._seen else None
        return seen, outcome, self._read_after(books.now(self._till))

    async def _watch_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_LOOK_S)
            await self.lock_if_idle()

    def _read(self, connection: sqlite3.Connection) -> Facts:
        return self._read_after(Books.of(connection, self._till))

    def _read_after(self, books: Books) -> Facts:
        return read_facts(books, self._till, self._items())

    def _items(self) -> ItemsKnown:
        return self._drawing.facts.items if self._drawing.facts is not None else ItemsKnown()

    async def _answer_with_hub(self, kind: HubQuestionKind[Any], question: Fields) -> object:
        wanted = await self._database.look(lambda c: kind.ask(Books.of(c, self._till), self._till, question))
        heard = await self._ask_hub(*wanted) if wanted is not None and self._ask_hub is not None else None
        if (keep := kind.keep) is not None and heard is not None:
            await self._database.run(lambda c: keep(Books.of(c, self._till), self._till, question, heard))
        return await self._database.look(lambda c: kind.answer(Books.of(c, self._till), self._till, question, heard))
