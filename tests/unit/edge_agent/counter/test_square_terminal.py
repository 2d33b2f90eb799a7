"""What a card payment at a Square Terminal promises: one charge for each attempt, whatever falls over, and no guess.

The simulated Square is spoken to over HTTP; what is said to it is held to its own description in the contract tests.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.devices.terminal.attending import Attendant, Pace
from edge_agent.devices.terminal.health import WatchedTerminal
from edge_agent.devices.terminal.port import TerminalLost, TerminalRefused, TerminalUnreachable
from edge_agent.devices.terminal.square_driver import SquareSettings, SquareTerminal
from hardware_sim.vendors.square import People, SquareService, World, terminals
from hardware_sim.vendors.square.serving import SquareServer
from hardware_sim.vendors.square.words import Json
from hardware_sim.vendors.square.world import Fault
from protocol.events import PaymentResolved, SaleCompleted
from tests.unit.edge_agent.counter.shop import Shop, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
PACE = Pace(ask_every_s=0.02, ask_seldom_s=0.05, silent_tries_max=3)
START = "POST /v2/terminals/checkouts"


class Clock:
    """A clock that can be put forward."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        """The time at Square."""
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - the till of these tests has the PC's clock, too


@dataclass
class Till:
    """A shop whose card terminal is Square's."""

    shop: Shop
    attendant: Attendant
    world: World
    server: SquareServer

    async def charge(self, **fields: str) -> None:
        """Scan water and send it to the terminal."""
        await self.shop.scan(WATER)
        await self.shop.do("start_card", take=self.shop.counter.view().take, **fields)
        self.attendant.wake()

    def state(self) -> str:
        """Of what is under way."""
        attempt = self.shop.counter.view().attempt
        return attempt.state if attempt is not None else ""

    async def is_sold(self) -> None:
        """Wait for the sale."""
        await until(lambda: self.shop.counter.view().last_sale is not None)

    async def sales(self) -> list[SaleCompleted]:
        """The sales in the journal."""
        return [fact for fact in await self.shop.facts() if isinstance(fact, SaleCompleted)]

    def paid(self) -> list[int]:
        """What Square has taken."""
        return [
            each["amount_money"]["amount"] for each in self.world.payments.values() if each["status"] == "COMPLETED"
        ]


@dataclass
class Square:
    """Square, and where a till finds it."""

    world: World
    clock: Clock
    service: SquareService
    server: SquareServer
    settings: SquareSettings

    def terminal(self) -> SquareTerminal:
        """A till's driver."""
        return SquareTerminal(self.settings, self.clock)

    def starts(self) -> int:
        """How many checkouts were asked for."""
        return sum(f"{each.method} {each.path}" == START for each in self.service.heard)


@asynccontextmanager
async def square_in(folder: Path) -> AsyncIterator[Square]:
    """Square with a location, on a port of this machine; the token in a file."""
    clock = Clock()
    world = World(clock, currency="VND")
    People(world).open_location("Chợ Bến Thành")
    service = SquareService(world)
    token = folder / "square-token"
    token.write_text("token-of-a-seller\n")
    async with SquareServer(service) as server:
        settings = SquareSettings("DEVICE-1", token, server.url, connect_s=1.0, answer_s=1.0)
        yield Square(world, clock, service, server, settings)


@asynccontextmanager
async def till_at(folder: Path, square: Square, *, is_killed: bool = False) -> AsyncIterator[Till]:
    """A till and its attendant. `is_killed`: the attendant never gets to do anything more."""
    terminal = square.terminal()
    async with shop_in(folder, has_terminal=True) as shop:
        attendant = Attendant(terminal, shop.counter.open_card_attempts, shop.counter.hear_terminal, pace=PACE)
        task = None if is_killed else asyncio.create_task(attendant.run())
        try:
            yield Till(shop, attendant, square.world, square.server)
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await terminal.close()


async def until(holds: Callable[[], object]) -> None:
    """Wait for it."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to be")


def _checkout(world: World) -> Json:
    (checkout,) = world.checkouts.values()
    return checkout


async def test_a_card_that_is_paid_ends_the_sale(tmp_path: Path) -> None:
    """The amount goes to the terminal, Square's payment is the receipt's reference; a double click charges once."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        await till.shop.do("start_card", take=_checkout(square.world)["reference_id"])
        terminals.decide(square.world, _checkout(square.world)["id"], "pay")
        await till.is_sold()
        [sale] = await till.sales()
        (payment,) = square.world.payments
        assert [(each.kind, each.amount, each.reference) for each in sale.tenders] == [("card", 5_000, payment)]
        assert (till.paid(), square.starts()) == ([5_000], 1)


@pytest.mark.parametrize(("decision", "notice"), [("decline", "card_declined"), ("cancel", "payment_dropped")])
async def test_a_card_that_is_not_paid_leaves_the_cart_free(tmp_path: Path, decision: str, notice: str) -> None:
    """Declined, or cancelled by the buyer: the customer pays in another way."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        square.world.each_checkout = decision  # type: ignore[assignment]  # one of its words
        await till.charge()
        await until(lambda: till.shop.counter.view().attempt is None)
        assert (await till.shop.notice())[0] == notice
        assert await till.shop.do("pay_cash") == "sale_done"
        assert till.paid() == []


async def test_a_checkout_that_nobody_looked_at_ends_after_five_minutes(tmp_path: Path) -> None:
    """The terminal was off: Square cancels what stayed pending, and the cart is free."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        square.world.terminal_is_on = False
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        square.clock.ahead = timedelta(minutes=5)
        await until(lambda: till.shop.counter.view().attempt is None)
        assert _checkout(square.world)["cancel_reason"] == "TIMED_OUT"


async def test_a_start_whose_answer_is_lost_is_looked_for_and_not_sent_again(tmp_path: Path) -> None:
    """Square made the checkout and nobody heard: it is found by its reference, among others."""
    async with square_in(tmp_path) as square:
        other = {"amount_money": {"amount": 1, "currency": "VND"}, "device_options": {"device_id": "DEVICE-1"}}
        for number in range(150):
            terminals.create(square.world, (), {"idempotency_key": f"k{number}", "checkout": other})
        square.world.faults.append(Fault(START, "lost", exactly=True))
        async with till_at(tmp_path, square) as till:
            await till.charge()
            await until(lambda: till.state() == "in_progress")
            square.world.each_checkout = "pay"
            await till.is_sold()
            assert square.starts() == 1
            assert [each for each in till.paid() if each == 5_000] == [5_000]


async def test_a_start_that_never_arrived_is_for_a_person_to_answer(tmp_path: Path) -> None:
    """The line broke while it was sent: Square has no such checkout, but it may still come. Nothing is sent again."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        square.world.faults.append(Fault(START, "gone", exactly=True))
        await till.charge()
        await until(lambda: till.state() == "unknown")
        attempt = till.shop.counter.view().attempt
        assert attempt is not None
        said = await till.shop.do("answer_card", attempt=attempt.id, charged="no", approval="", about="card")
        assert said == "payment_dropped"
        assert (square.starts(), till.paid()) == (1, [])


async def test_without_a_network_nothing_is_charged_and_other_money_is_taken(tmp_path: Path) -> None:
    """The till says so at once."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        await square.server.unplug()
        await till.charge()
        await until(lambda: till.shop.counter.view().attempt is None)
        assert (await till.shop.notice())[0] == "card_not_ready"
        assert await till.shop.do("pay_cash") == "sale_done"


async def test_a_network_that_goes_meanwhile_makes_it_unknown_until_it_is_back(tmp_path: Path) -> None:
    """The buyer pays while the till is cut off; Square's own word settles it."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        await square.server.unplug()
        terminals.decide(square.world, _checkout(square.world)["id"], "pay")
        await until(lambda: till.state() == "unknown")
        assert await till.shop.do("pay_cash") == "payment_open"
        await square.server.plug()
        await till.is_sold()
        assert (till.paid(), square.starts()) == ([5_000], 1)


async def test_less_than_was_asked_for_leaves_a_rest(tmp_path: Path) -> None:
    """Square says what it charged, and that is what counts."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        square.world.each_checkout = "pay_less"
        await till.charge()
        await until(lambda: till.shop.counter.view().left == 1)
        assert (await till.shop.notice())[0] == "card_charged_less"
        assert await till.shop.do("pay_cash") == "sale_done"
        [sale] = await till.sales()
        assert [(each.kind, each.amount) for each in sale.tenders] == [("card", 4_999), ("cash", 1)]
        resolved = [fact for fact in await till.shop.facts() if isinstance(fact, PaymentResolved)]
        assert [(fact.state, fact.amount) for fact in resolved] == [("approved", 4_999)]


async def test_more_than_was_asked_for_is_listed(tmp_path: Path) -> None:
    """The receipt is paid; what is over is the customer's, and somebody has to deal with it."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        _checkout(square.world)["amount_money"]["amount"] = 5_200
        terminals.decide(square.world, _checkout(square.world)["id"], "pay")
        await till.is_sold()
        [sale] = await till.sales()
        assert [(each.kind, each.amount) for each in sale.tenders] == [("card", 5_000)]
        resolved = [fact for fact in await till.shop.facts() if isinstance(fact, PaymentResolved)]
        assert [(fact.amount, fact.note) for fact in resolved] == [(5_000, ""), (200, "wrong_amount")]


async def test_stopping_asks_square_and_what_was_paid_already_counts(tmp_path: Path) -> None:
    """Stop before the card: cancelled. Stop after it: the payment counts."""
    async with square_in(tmp_path) as square, till_at(tmp_path, square) as till:
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        attempt = till.shop.counter.view().attempt
        assert attempt is not None
        await till.shop.do("cancel_card", attempt=attempt.id, about="card")
        await until(lambda: till.shop.counter.view().attempt is None)
        assert _checkout(square.world)["cancel_reason"] == "SELLER_CANCELED"
        await till.charge()
        await until(lambda: till.state() == "in_progress")
        attempt = till.shop.counter.view().attempt
        assert attempt is not None
        second = list(square.world.checkouts.values())[1]
        terminals.decide(square.world, second["id"], "pay")
        await till.shop.do("cancel_card", attempt=attempt.id, about="card")
        await till.is_sold()
        assert len(till.paid()) == 1


@pytest.mark.parametrize("state", ["created", "pending", "in_progress", "unknown"])
async def test_a_till_that_was_killed_goes_on_asking_and_never_charges_twice(tmp_path: Path, state: str) -> None:
    """In each state the agent dies, comes back over the same disk, and the one charge becomes the one sale."""
    async with square_in(tmp_path) as square:
        async with till_at(tmp_path, square, is_killed=True) as till:
            await till.charge()
            [attempt] = await till.shop.counter.open_card_attempts()
            if state != "created":
                await till.shop.counter.hear_terminal(attempt, "sending", "")
                driver = square.terminal()
                await driver.start(attempt.id, attempt.amount, attempt.currency)
                await driver.close()
            if state in {"in_progress", "unknown"}:
                await till.shop.counter.hear_terminal(attempt, "in_progress", "")
            if state == "unknown":
                await till.shop.counter.hear_terminal(attempt, "unknown", "")
            assert till.state() == state
        square.world.each_checkout = "pay"
        async with till_at(tmp_path, square) as till:
            await till.is_sold()
            assert (till.paid(), square.starts(), len(await till.sales())) == ([5_000], 1, 1)


async def test_who_is_not_let_in_is_told_what_to_mend(tmp_path: Path) -> None:
    """A token that is wrong, missing or ended: nothing is charged, the file is named, the token is not."""
    async with square_in(tmp_path) as square:
        terminal = square.terminal()
        square.world.tokens = set()
        with pytest.raises(TerminalRefused, match=r"UNAUTHORIZED.*square-token") as caught:
            await terminal.start("a-1", 5_000, "VND")
        assert "token-of-a-seller" not in str(caught.value)
        square.settings.token_file.unlink()
        with pytest.raises(TerminalRefused, match="no token can be read"):
            await terminal.ask("a-1")
        square.settings.token_file.write_text("two words")
        with pytest.raises(TerminalRefused, match="one access token and nothing else"):
            await terminal.ask("a-1")
        await terminal.close()


async def test_a_new_token_needs_no_restart(tmp_path: Path) -> None:
    """The file is read at each call."""
    async with square_in(tmp_path) as square:
        terminal = square.terminal()
        square.world.tokens = {"another"}
        square.settings.token_file.write_text("another")
        assert (await terminal.start("a-1", 5_000, "VND")).outcome == "in_progress"
        await terminal.close()


@pytest.mark.parametrize(
    ("kind", "error"), [("busy", TerminalUnreachable), ("down", TerminalLost), ("expired", TerminalRefused)]
)
async def test_each_refusal_of_a_start_has_its_meaning(tmp_path: Path, kind: str, error: type[Exception]) -> None:
    """Too busy and refused are "nothing was sent"; a fault of Square's own is "nobody knows"."""
    async with square_in(tmp_path) as square:
        square.world.faults.append(Fault(START, kind, exactly=True))  # type: ignore[arg-type]  # one of its words
        terminal = square.terminal()
        with pytest.raises(error) as caught:
            await terminal.start("a-1", 5_000, "VND")
        assert type(caught.value) is error
        await terminal.close()


async def test_its_health_is_known_and_costs_no_charge(tmp_path: Path) -> None:
    """Fine, not let in, away: each is told when it changes."""
    told: asyncio.Queue[str] = asyncio.Queue()
    async with square_in(tmp_path) as square:
        terminal = square.terminal()
        watched = WatchedTerminal(terminal, told.put_nowait, look_every_s=0.01)
        task = asyncio.create_task(watched.watch())
        async with asyncio.timeout(20):
            assert await told.get() == ""
            tokens, square.world.tokens = square.world.tokens, set()
            assert await told.get() == "no_permission"
            square.world.tokens = tokens
            assert await told.get() == ""
            await square.server.unplug()
            assert await told.get() == "unreachable"
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await terminal.close()
        assert square.starts() == 0
