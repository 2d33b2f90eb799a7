"""The cashier: scans goods or takes them back, and presses: a real Chromium's keys, or the forms that a page sends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic

from playwright.async_api import Page

from edge_agent.till.cart import Cart
from protocol.events import SaleCompleted, SaleRefunded
from tests.endurance.books import Books
from tests.endurance.chromium import KillableChromium
from tests.endurance.plan import Round, Step, refund_steps
from tests.endurance.till import STOCK, KillableTill


class Cashier:
    """One till's cashier.

    `answered` are payments of this round that the till has answered for, `attempted` those that it has asked the card
    terminal for; `pressed_s` is when she pressed, or 0.
    """

    def __init__(self, till: KillableTill, browser: KillableChromium | None) -> None:
        self._till = till
        self._browser = browser
        self.answered: list[str] = []
        self.attempted: list[str] = []
        self.pressed_s = 0.0

    async def fill_cart(self, plan: Round, books: Books) -> tuple[Round, Cart]:
        """Scan, or take goods of an older receipt back; returns the plan with what that costs, and the cart."""
        self.answered.clear()
        self.attempted.clear()
        self.pressed_s = 0.0
        if plan.gives_back and (old := _returnable(books)) is not None:
            return await self._bring_back(plan, old)
        wanted = {}
        for index, pieces in plan.goods:
            good = STOCK[index]
            for _ in range(pieces):
                await self._till.scanner.scan(good.code)
            wanted[good.item.sku] = pieces * 1000
        return replace(plan, gives_back=False), await self._cart_with(wanted)

    async def press(self, plan: Round, cart: Cart, number: int) -> None:
        """Send the form of a payment step, once."""
        fields = _form(plan.steps[number], cart, number)
        if await self._till.give(plan.steps[number].order, **fields):
            (self.attempted if plan.steps[number].asks_terminal else self.answered).append(fields["take"])

    async def press_all(self, plan: Round, cart: Cart) -> None:
        """Send all payment forms of this cart, in their order."""
        for number in range(len(plan.steps)):
            await self.press(plan, cart, number)

    async def press_there(self, plan: Round, cart: Cart, pressed: asyncio.Event, *, in_browser: bool) -> None:
        """Press where this round's cashier presses; `pressed` is set with the press itself."""
        step = plan.steps[plan.struck_step]
        try:
            if not in_browser:
                self._note(pressed)
                await asyncio.gather(*(self.press(plan, cart, plan.struck_step) for _ in range(1 + plan.twice)))
            elif plan.gives_back or step.is_part or step.asks_terminal:
                await self._press_form(step, cart, plan.struck_step, pressed)
            else:
                await self._press_keys(step, pressed, twice=plan.twice)
        finally:
            pressed.set()

    async def finish_card(self, cart: Cart) -> None:
        """Wait for what the card terminal says; answer from its own books what the till cannot know."""

        def answered() -> str:
            with self._till.books() as connection:
                if connection.execute("SELECT 1 FROM sale WHERE sale_id = ?", (cart.sale_id,)).fetchone():
                    return "sold"
                row = connection.execute(
                    "SELECT attempt, state FROM payment_attempt WHERE sale_id = ? ORDER BY position DESC LIMIT 1",
                    (cart.sale_id,),
                ).fetchone()
            return str(row[0]) if row is not None and row[1] == "unknown" else ""

        while (attempt := await self._till.until(answered, "word of the card terminal")) != "sold":
            charged = {name for name, _ in self._till.card_terminal.charges}
            said = "yes" if attempt in charged else "no"
            await self._till.give("answer_card", attempt=attempt, charged=said, approval="424242")
            if said == "no":
                now = self._till.cart()
                self._till.card_terminal.next_decision = "approve"
                await self._till.give("start_card", sale_id=now.sale_id, take=f"{now.sale_id}-{now.takes + 1}")

    def _note(self, pressed: asyncio.Event) -> None:
        self.pressed_s = monotonic()
        pressed.set()

    async def _cart_with(self, wanted: dict[str, int]) -> Cart:
        def held() -> Cart | None:
            cart = self._till.cart()
            return cart if {line.sku: line.quantity for line in cart.lines} == wanted else None

        cart: Cart = await self._till.until(held, "cart with all that was brought")
        return cart

    async def _bring_back(self, plan: Round, old: SaleCompleted) -> tuple[Round, Cart]:
        line = old.lines[0]
        sale_id = self._till.cart().sale_id
        await self._till.give("return_lines", sale_id=sale_id, receipt=old.receipt_number, **{"lines.1": "1"})
        cart = await self._cart_with({line.sku: -1000})
        steps = refund_steps(plan.steps, line.unit_price)
        return replace(plan, steps=steps, struck_step=plan.struck_step % len(steps)), cart

    async def _press_keys(self, step: Step, pressed: asyncio.Event, *, twice: bool) -> None:
        page = self._page
        fields = dict(step.fields)
        if step.order == "pay_card":
            await page.keyboard.press("F11")
            await page.locator("#panel-side input[name=approval]").fill(fields["approval"])
        else:
            await page.keyboard.press("F8")
            await page.wait_for_selector("body[data-panel=cash]")
            await page.keyboard.type(fields.get("given", ""))
        self._note(pressed)
        for _ in range(1 + twice):
            await page.keyboard.press("Enter")

    async def _press_form(self, step: Step, cart: Cart, number: int, pressed: asyncio.Event) -> None:
        """A form of one of the page's panels, sent from within the page."""
        self._note(pressed)
        await self._page.evaluate(
            "([path, fields]) => fetch(path, {method: 'POST', body: new URLSearchParams(fields)}).then(() => true)",
            [f"/order/{step.order}", _form(step, cart, number)],
        )

    @property
    def _page(self) -> Page:
        assert self._browser is not None
        return self._browser.page


def _form(step: Step, cart: Cart, number: int) -> dict[str, str]:
    return {"sale_id": cart.sale_id, "take": f"{cart.sale_id}-{number + 1}", **dict(step.fields)}


def _returnable(books: Books) -> SaleCompleted | None:
    """The newest sale of which nothing has come back."""
    receipts = list(books.receipts.values())
    back = {fact.original_receipt for fact in receipts if isinstance(fact, SaleRefunded)}
    sales = (fact for fact in reversed(receipts) if isinstance(fact, SaleCompleted))
    return next((sale for sale in sales if sale.receipt_number not in back), None)
