"""A till process with a Square Terminal, killed with -9 in each state of a payment: one charge, one sale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware_sim.vendors.square import People, Request, SquareService, World
from hardware_sim.vendors.square.serving import SquareServer
from hardware_sim.vendors.square.world import Fault
from tests.integration.edge.till_process import SLOW_TEST_S, WATER_CODE, TillProcess, has_ptys, till_in, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
]

_START = "POST /v2/terminals/checkouts"


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


@dataclass
class Shop:
    """A till process and the Square that it charges cards with."""

    till: TillProcess
    world: World
    service: SquareService
    server: SquareServer

    async def charge(self) -> None:
        """Scan a bottle and send it to the terminal."""
        await self.till.scanner.scan(WATER_CODE)
        await until(lambda: self.till.cart().get("lines"))
        cart = self.till.cart()
        take = f"{cart['sale_id']}-{cart.get('takes', 0) + 1}"
        await self.till.order("/order/start_card", sale_id=cart["sale_id"], take=take)

    def state(self) -> str:
        """Of the attempt, on disk."""
        return str(self.till.one("SELECT state FROM payment_attempt"))

    def starts(self) -> int:
        """How many checkouts the till asked for."""
        return sum(f"{each.method} {each.path}" == _START for each in self.service.heard)


@asynccontextmanager
async def shop_in(folder: Path) -> AsyncIterator[Shop]:
    """Both, the till not yet started."""
    world = World(lambda: datetime.now(UTC), currency="VND")  # noqa: TID251 - the till's process has the PC's clock
    People(world).open_location("Chợ Bến Thành")
    service = SquareService(world)
    async with SquareServer(service) as server, till_in(folder) as till:
        token = folder / "square-token"
        token.write_text("token-of-a-seller")
        token.chmod(0o600)
        with till.config.open("a", encoding="utf-8") as file:
            file.write(
                f'[terminal_device]\nprotocol = "square"\ndevice_id = "DEVICE-1"\ntoken_file = "square-token"\n'
                f'base_url = "{server.url}"\n'
            )
        yield Shop(till, world, service, server)


@pytest.mark.parametrize("state", ["pending", "in_progress", "unknown"])
async def test_a_kill_in_each_state_charges_once_and_sells_once(tmp_path: Path, state: str) -> None:
    """The buyer pays while the till is dead; the till comes back, asks, and finishes the sale."""
    async with shop_in(tmp_path) as shop:
        held = asyncio.Event()

        async def hold(request: Request) -> None:
            if state == "pending" and f"{request.method} {request.path}" == _START:
                await held.wait()

        shop.server.app.before_answer = hold
        await shop.till.start()
        await shop.charge()
        await until(lambda: shop.world.checkouts)
        if state != "pending":
            await until(lambda: shop.state() == "in_progress")
        if state == "unknown":
            shop.world.faults.append(Fault("", "lost", times=10_000))
            await until(lambda: shop.state() == "unknown")
        assert shop.state() == state
        await shop.till.kill()
        held.set()
        shop.world.faults.clear()
        shop.world.each_checkout = "pay"
        await shop.till.start()
        await until(lambda: shop.till.one("SELECT count(*) FROM sale"))
        (payment,) = shop.world.payments.values()
        assert (payment["amount_money"]["amount"], shop.starts()) == (5_000, 1)
        assert shop.till.one("SELECT count(*) FROM sale") == 1
        assert shop.state() == "approved"
        assert shop.till.cart().get("lines", []) == []
        assert b"token-of-a-seller" not in shop.till.output


async def test_kills_at_random_moments_never_charge_twice(tmp_path: Path) -> None:
    """Five kills around the moment of charging, wherever they fall: as many payments as sales."""
    async with shop_in(tmp_path) as shop:
        shop.world.each_checkout = "pay"
        for round_number in range(5):
            await shop.till.start()
            if not shop.till.cart().get("lines"):
                paying = asyncio.create_task(shop.charge())
                await asyncio.sleep(0.15 + 0.05 * round_number)
                await shop.till.kill()
                await asyncio.gather(paying, return_exceptions=True)
            else:
                await shop.till.kill()
        await shop.till.start()
        under_way = "SELECT count(*) FROM payment_attempt WHERE state IN ('created', 'pending', 'in_progress')"
        await until(lambda: not shop.till.one(under_way))
        sales = shop.till.one("SELECT count(*) FROM sale")
        assert len(shop.world.payments) == sales
        assert shop.starts() == len(shop.world.checkouts)
        # One that was killed between its row and its request is for a person to answer: Square never had it.
        unknown = str(shop.till.one("SELECT group_concat(attempt) FROM payment_attempt WHERE state = 'unknown'") or "")
        assert not any(each["reference_id"] in unknown for each in shop.world.checkouts.values())
