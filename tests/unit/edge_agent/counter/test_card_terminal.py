"""What a card payment over a terminal promises: one charge for each attempt, whatever falls over, and no guess."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.devices.terminal.attending import Attendant, Pace
from edge_agent.devices.terminal.driver import LineTerminal, TerminalSettings
from edge_agent.till.view import AttemptView
from hardware_sim.terminal import SimulatedTerminal
from protocol.events import PaymentResolved, SaleCompleted
from tests.unit.edge_agent.counter.shop import Shop, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
PACE = Pace(ask_every_s=0.02, ask_seldom_s=0.05, silent_tries_max=3)


@dataclass
class Attended:
    """A shop whose card terminal is attended."""

    shop: Shop
    attendant: Attendant

    async def charge(self, **fields: str) -> None:
        """Scan water and send it to the terminal."""
        await self.shop.scan(WATER)
        await self.shop.do("start_card", take=self.shop.counter.view().take, **fields)
        self.attendant.wake()

    def attempt(self) -> AttemptView | None:
        """What is under way."""
        return self.shop.counter.view().attempt

    def state(self) -> str:
        """Of what is under way."""
        attempt = self.attempt()
        return attempt.state if attempt is not None else ""

    async def sales(self) -> list[SaleCompleted]:
        """The sales in the journal."""
        return [fact for fact in await self.shop.facts() if isinstance(fact, SaleCompleted)]

    async def ends(self) -> list[str]:
        """What the journal says became of attempts."""
        return [fact.state for fact in await self.shop.facts() if isinstance(fact, PaymentResolved)]


@asynccontextmanager
async def attended(folder: Path, terminal: SimulatedTerminal, *, is_killed: bool = False) -> AsyncIterator[Attended]:
    """A till and its attendant. `is_killed`: the attendant never gets to do anything more."""
    driver = LineTerminal(TerminalSettings(terminal.host, terminal.port, connect_s=1.0, answer_s=0.2))
    async with shop_in(folder, has_terminal=True) as shop:
        attendant = Attendant(driver, shop.counter.open_card_attempts, shop.counter.hear_terminal, pace=PACE)
        task = None if is_killed else asyncio.create_task(attendant.run())
        try:
            yield Attended(shop, attendant)
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(300):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to be")


async def test_an_approved_card_ends_the_sale(tmp_path: Path) -> None:
    """The amount goes to the terminal, the approval comes back into the receipt; a double click charges once."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        await till.charge()
        attempt = till.attempt()
        assert attempt is not None
        await till.shop.do("start_card", take=attempt.id)
        await until(lambda: till.state() == "in_progress")
        assert await till.shop.do("pay_cash") == "payment_open"
        terminal.decide("approve")
        await until(lambda: till.shop.counter.view().last_sale is not None)
        [sale] = await till.sales()
        assert [(each.kind, each.amount, each.reference) for each in sale.tenders] == [("card", 5_000, "100001")]
        assert [amount for _, amount in terminal.charges] == [5_000]
        assert await till.ends() == ["approved"]


@pytest.mark.parametrize(("decision", "notice"), [("decline", "card_declined"), ("cancel", "payment_dropped")])
async def test_a_card_that_is_not_charged_leaves_the_cart_free(tmp_path: Path, decision: str, notice: str) -> None:
    """Declined or cancelled at the terminal: the customer pays in another way."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        terminal.next_decision = decision  # type: ignore[assignment]  # a Decision
        await till.charge()
        await until(lambda: till.attempt() is None)
        assert (await till.shop.notice())[0] == notice
        assert await till.shop.scan(WATER) == "line_added"
        assert terminal.charges == []


async def test_the_terminal_approves_while_the_line_drops(tmp_path: Path) -> None:
    """The answer to the start is lost; asking again finds the approval, and nothing is started twice."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        terminal.next_decision = "approve"
        terminal.drop_answers = 2
        await till.charge()
        await until(lambda: till.shop.counter.view().last_sale is not None)
        assert len(terminal.charges) == 1
        assert sum(line.startswith("START") for line in terminal.heard) == 1


async def test_a_terminal_that_cannot_be_reached_charges_nothing(tmp_path: Path) -> None:
    """The till says so at once, and the cart is free."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        await terminal.unplug()
        await till.charge()
        await until(lambda: till.attempt() is None)
        assert (await till.shop.notice())[0] == "card_not_ready"
        assert await till.shop.do("pay_cash") == "sale_done"


async def test_what_nobody_knows_is_asked_of_the_cashier(tmp_path: Path) -> None:
    """The line goes after the start: unknown. It comes back, and the terminal itself settles it."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        await terminal.unplug()
        terminal.decide("approve")
        await until(lambda: till.state() == "unknown")
        assert await till.shop.do("pay_cash") == "payment_open"
        assert len(await till.sales()) == 0
        await terminal.plug()
        await until(lambda: till.shop.counter.view().last_sale is not None)
        assert len(terminal.charges) == 1


@pytest.mark.parametrize("charged", ["yes", "no"])
async def test_a_terminal_that_forgets_leaves_the_answer_to_a_person(tmp_path: Path, charged: str) -> None:
    """It died with the charge in its memory: nobody but the customer's bank knows, so nothing is charged again."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        terminal.die()
        await until(lambda: till.state() == "unknown")
        attempt = till.attempt()
        assert attempt is not None
        bad = {"attempt": attempt.id, "charged": "yes", "approval": "4111111111111111", "about": "card"}
        assert await till.shop.do("answer_card", **bad) == "card_number_refused"
        said = await till.shop.do("answer_card", attempt=attempt.id, charged=charged, approval="A7", about="card")
        assert said == ("sale_done" if charged == "yes" else "payment_dropped")
        await till.shop.do("answer_card", attempt=attempt.id, charged="yes", approval="A7", about="card")
        assert len(await till.sales()) == (charged == "yes")
        assert sum(line.startswith("START") for line in terminal.heard) == 1


async def test_stopping_a_payment_that_was_charged_already_counts_the_charge(tmp_path: Path) -> None:
    """The cashier presses stop as the card goes through: what the terminal says is what holds."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        attempt = till.attempt()
        assert attempt is not None
        terminal.decide("approve")
        await till.shop.do("cancel_card", attempt=attempt.id, about="card")
        await until(lambda: till.shop.counter.view().last_sale is not None)
        assert len(await till.sales()) == 1
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        attempt = till.attempt()
        assert attempt is not None
        await till.shop.do("cancel_card", attempt=attempt.id, about="card")
        await until(lambda: till.attempt() is None)
        assert len(terminal.charges) == 1


@pytest.mark.parametrize("state", ["created", "pending", "in_progress", "unknown"])
async def test_a_till_that_was_killed_goes_on_asking_and_never_charges_twice(tmp_path: Path, state: str) -> None:
    """In each state the agent dies, comes back over the same disk, and the one charge becomes the one sale."""
    async with SimulatedTerminal() as terminal:
        async with attended(tmp_path, terminal, is_killed=True) as till:
            await till.charge()
            [attempt] = await till.shop.counter.open_card_attempts()
            if state != "created":
                await till.shop.counter.hear_terminal(attempt, "sending", "")
                driver = LineTerminal(TerminalSettings(terminal.host, terminal.port))
                await driver.start(attempt.id, attempt.amount, attempt.currency)
            if state in {"in_progress", "unknown"}:
                await till.shop.counter.hear_terminal(attempt, "in_progress", "")
            if state == "unknown":
                await till.shop.counter.hear_terminal(attempt, "unknown", "")
            assert till.state() == state
        terminal.decide("approve")
        terminal.next_decision = "approve"
        async with attended(tmp_path, terminal) as till:
            await until(lambda: till.shop.counter.view().last_sale is not None)
            assert [amount for _, amount in terminal.charges] == [5_000]
            assert sum(line.startswith("START") for line in terminal.heard) == 1
            assert len(await till.sales()) == 1


async def test_a_part_by_card_leaves_the_rest(tmp_path: Path) -> None:
    """The terminal charges a part, cash pays the rest."""
    async with SimulatedTerminal() as terminal, attended(tmp_path, terminal) as till:
        terminal.next_decision = "approve"
        await till.charge(amount="2000")
        await until(lambda: till.shop.counter.view().left == 3_000)
        assert await till.shop.do("pay_cash") == "sale_done"
        [sale] = await till.sales()
        assert [(each.kind, each.amount) for each in sale.tenders] == [("card", 2_000), ("cash", 3_000)]
