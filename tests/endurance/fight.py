"""One round: sell, pay, kill at the planned moment, start again, pay the same again, and look whether all is whole."""

from __future__ import annotations

import asyncio
import contextlib
from statistics import median
from time import monotonic
from typing import Literal

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from edge_agent.devices.printer import spool
from edge_agent.till.cart import Cart
from protocol.events import SaleCompleted, SaleRefunded
from tests.endurance.books import Books, Problem, paper_problems, read_books
from tests.endurance.cashier import Cashier
from tests.endurance.chromium import KillableChromium
from tests.endurance.papers import digest_of
from tests.endurance.plan import Round
from tests.endurance.till import FLOAT, KillableTill

AFTER_SEEN_S = 0.12
"""The window goes on so long after the receipt number is on the screen."""
FIRST_WINDOW_S = 0.15
"""From the press to the screen, before it was measured; and the longest that is believed."""
WINDOW_MAX_S = 1.0
MEASURED_MIN = 5
PRINT_S_MAX = 60.0
SCREEN_S_MAX = 30.0
_MEASURES_KEPT = 200


Seen = Literal["page", "browser", "paper"]


class Windows:
    """How long it takes from the press to the number on the screen, with and without a browser, and to the paper."""

    def __init__(self) -> None:
        self._took_s: dict[Seen, list[float]] = {"page": [], "browser": [], "paper": []}

    def took(self, seen: Seen, seconds: float) -> None:
        """A payment that nobody disturbed before it came so far."""
        kept = self._took_s[seen]
        kept.append(seconds)
        del kept[:-_MEASURES_KEPT]

    def usual_s(self, seen: Seen) -> float:
        """The median; a guess until enough was measured."""
        kept = self._took_s[seen]
        return min(median(kept), WINDOW_MAX_S) if len(kept) >= MEASURED_MIN else FIRST_WINDOW_S

    def length_s(self, seen: Seen, *, until_paper: bool) -> float:
        """From the press to somewhat after the number is seen, or to the paper if that is later."""
        until_seen = self.usual_s(seen) + AFTER_SEEN_S
        return max(until_seen, self.usual_s("paper")) if until_paper else until_seen


class Fight:
    """The rounds of one till. `problems` is what was ever found, each once; `asked` counts questions about paper."""

    def __init__(self, till: KillableTill, browser: KillableChromium | None, windows: Windows) -> None:
        self.till = till
        self.browser = browser
        self.windows = windows
        self.problems: set[Problem] = set()
        self.asked = 0
        self.agent_kills = 0
        self.browser_kills = 0
        self._cashier = Cashier(till, browser)

    # --- between rounds

    async def open_shop(self) -> None:
        """Start the till, and open the shift if none is open; end what an interrupted run has left."""
        await self.till.start()
        await self.till.give("open_shift", number="1", amount=str(FLOAT))
        await self.clear()

    async def clear(self) -> None:
        """Pay what stands in the cart, and wait until every receipt is on paper."""
        cart = self.till.cart()
        if cart.lines:
            await self.till.give("pay_cash", sale_id=cart.sale_id, exact="", take=_take(cart))
        await self.till.until(lambda: not self.till.cart().lines, "an empty cart")
        await self.print_out()

    def found(self, kind_and_words: Problem) -> None:
        """Something is wrong."""
        self.problems.add(kind_and_words)

    # --- the round

    async def round(self, plan: Round) -> list[Problem]:
        """Play one round; returns what is newly wrong."""
        before = set(self.problems)
        self.till.printer.machine.after_disconnect = "keep" if plan.printer_keeps else "forget"
        self.till.printer.rows_per_second = plan.rows_per_second
        self.till.drawer.close()
        terminal = self.till.card_terminal
        charges = len(terminal.charges)
        terminal.next_decision, terminal.answer_after_s = "approve", plan.terminal_takes_s
        terminal.drop_answers = int(plan.terminal_drops)
        books = self.look()
        plan, cart = await self._cashier.fill_cart(plan, books)
        await self._pay_and_kill(plan, cart)
        kicks = await self._kicks_at_rest()
        await self._rise(plan)
        was_sold = await self._nothing_is_lost(plan, cart)
        await self._cashier.press_all(plan, cart)
        by_terminal = plan.steps[-1].asks_terminal
        if by_terminal:
            await self._cashier.finish_card(cart)
            if len(terminal.charges) != charges + 1:
                self.found(("doubled", f"round {plan.number}: the card was charged {terminal.charges[charges:]}"))
        elif was_sold and plan.strikes_agent and self.till.drawer.kicks != kicks:
            self.found(("drawer", f"round {plan.number}: the drawer opened again after the restart"))
        await self._cashier.press_all(plan, cart)
        await self.print_out()
        await self._compare(plan, cart, books)
        return sorted(self.problems - before)

    async def _pay_and_kill(self, plan: Round, cart: Cart) -> None:
        for number in range(plan.struck_step):
            await self._cashier.press(plan, cart, number)
        in_browser = plan.in_browser and self.browser is not None
        if in_browser:
            await self._browser_shows(cart)
        is_measured = plan.struck_step == len(plan.steps) - 1 and not plan.steps[-1].asks_terminal
        screen: Seen = "browser" if in_browser else "page"
        window = self.windows.length_s(screen, until_paper=plan.until_paper)
        pressed = asyncio.Event()
        watching = asyncio.create_task(self._measure(screen)) if is_measured else None
        pressing = asyncio.create_task(self._cashier.press_there(plan, cart, pressed, in_browser=in_browser))
        await pressed.wait()
        await asyncio.sleep(plan.moment * window)
        await self._strike(plan)
        [outcome] = await asyncio.gather(pressing, return_exceptions=True)
        if not self._cashier.pressed_s:
            self.found(("screen", f"round {plan.number}: the browser could not be told to pay: {outcome}"))
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _strike(self, plan: Round) -> None:
        killing = []
        if plan.strikes_agent:
            self.agent_kills += 1
            killing.append(self.till.kill())
        if plan.strikes_browser and self.browser is not None and self.browser.running:
            self.browser_kills += 1
            killing.append(self.browser.kill())
        await asyncio.gather(*killing)

    async def _measure(self, screen: Seen) -> None:
        witness, cashier = self.till.witness, self._cashier
        numbers, papers = len(witness.seen), witness.whole.total()
        while len(witness.seen) == numbers:  # noqa: ASYNC110 - two screens tell it
            await asyncio.sleep(0.002)
        self.windows.took(screen, monotonic() - cashier.pressed_s)
        while witness.whole.total() == papers:  # noqa: ASYNC110 - the printer tells it
            await asyncio.sleep(0.002)
        self.windows.took("paper", monotonic() - cashier.pressed_s)

    async def _browser_shows(self, cart: Cart) -> None:
        assert self.browser is not None
        if not self.browser.running:
            await self.browser.start(self.till.url, self.till.pattern)
        try:
            await self.browser.page.wait_for_selector(
                f"body[data-wire=up]:has(#stage[data-sale='{cart.sale_id}'][data-stage=cart])",
                timeout=SCREEN_S_MAX * 1000,
            )
        except PlaywrightError as error:
            self.found(("screen", f"the browser does not show the cart that is open: {error}"))

    # --- afterwards

    async def _kicks_at_rest(self) -> int:
        """How often the drawer was kicked before the agent is there again."""
        with contextlib.suppress(Exception):
            await self.till.printer.wait_idle(timeout_s=2)
        return self.till.drawer.kicks

    async def _rise(self, plan: Round) -> None:
        if plan.strikes_agent:
            await self.till.start()
        if plan.struck_again:
            self.agent_kills += 1
            await asyncio.sleep(plan.moment * FIRST_WINDOW_S)
            await self.till.kill()
            await self.till.start()
        if self.browser is not None and self.browser.running and plan.in_browser:
            await self._browser_finds_back(plan, self.browser.page)

    async def _browser_finds_back(self, plan: Round, page: Page) -> None:
        """The browser shows what the books have; a card terminal's answer may change that at any moment."""
        deadline = monotonic() + SCREEN_S_MAX
        while monotonic() < deadline:
            with contextlib.suppress(PlaywrightError):
                shown = await page.evaluate(
                    "[document.body.dataset.wire, document.getElementById('stage').dataset.sale]"
                )
                if shown == ["up", self.till.cart().sale_id]:
                    return
            await asyncio.sleep(0.02)
        self.found(("screen", f"round {plan.number}: the browser did not find back to the till"))

    async def _nothing_is_lost(self, plan: Round, cart: Cart) -> bool:
        """What was answered before the kill is there: the sale, or the cart with its money. True: it was sold."""
        if plan.strikes_agent and cart.sale_id in self.look().sales:
            return True
        now = self.till.cart()
        if now.sale_id != cart.sale_id:
            if cart.sale_id not in self.look().sales:
                self.found(("lost", f"round {plan.number}: cart {cart.sale_id} is gone and was not sold"))
            return True
        with self.till.books() as connection:
            known = {name for (name,) in connection.execute("SELECT attempt FROM payment_attempt").fetchall()}
        if unknown := set(self._cashier.attempted) - known:
            self.found(("parts", f"round {plan.number}: the terminal was asked for {unknown}, and nobody knows"))
        if now.lines != cart.lines:
            self.found(("parts", f"round {plan.number}: the cart's lines have changed"))
        missing = set(self._cashier.answered) - {taken.id for taken in now.taken}
        if missing:
            self.found(("parts", f"round {plan.number}: money that was taken is not there: {sorted(missing)}"))
        return False

    async def print_out(self) -> None:
        """Answer, truthfully, what the till asks about paper, until all of it is printed."""
        deadline = monotonic() + PRINT_S_MAX
        while monotonic() < deadline:
            with self.till.books() as connection:
                questions = spool.open_questions(connection)
                waiting = spool.waiting_count(connection)
            if not questions and not waiting:
                break
            for job in questions:
                await self.till.printer.wait_idle(timeout_s=PRINT_S_MAX)
                self.asked += 1
                is_there = bool(self.till.witness.whole[await self.look_of(job)])
                await self.till.give("answer_print", job_id=job.job_id, printed="yes" if is_there else "no")
            await asyncio.sleep(0.03)

    async def look_of(self, job: spool.Job) -> str:
        """What this job looks like on paper."""
        looks = self.till.witness.looks
        if job.copy_number not in looks.get(job.receipt_number, {}):
            digest = await asyncio.to_thread(digest_of, job)
            self.till.witness.means(job.receipt_number, job.copy_number, digest)
        return looks[job.receipt_number][job.copy_number]

    def look(self) -> Books:
        """Read the books."""
        with self.till.books() as connection:
            return read_books(connection, self.till.terminal, self.till.witness.seen)

    async def _compare(self, plan: Round, cart: Cart, before: Books) -> None:
        books = self.look()
        for job in books.jobs:
            await self.look_of(job)
        for problem in (*books.problems, *paper_problems(books, self.till.witness)):
            self.found(problem)
        new = [fact for number, fact in books.receipts.items() if number not in before.receipts]
        if len(new) != 1 or cart.sale_id not in books.sales:
            became = f"round {plan.number}: one cart became {len(new)} receipts"
            self.found(("doubled", became) if new else ("lost", became))
            return
        [fact] = new
        told = [(tender.kind, tender.amount) for tender in fact.tenders]
        wanted = [(step.kind, step.amount) for step in plan.steps]
        kind = SaleRefunded if plan.gives_back else SaleCompleted
        if not isinstance(fact, kind) or fact.total != plan.total or told != wanted:
            self.found(("parts", f"round {plan.number}: {wanted} were paid, the receipt says {told}"))


def _take(cart: Cart) -> str:
    return f"{cart.sale_id}-{cart.takes + 1}"
