"""The neighbour: a second till of the same store, worked without a browser, by the addresses that a page uses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.demo.stage import Stage, Till
from tests.demo.till_page import TillPage
from tests.integration.whole.day.day import basket
from tests.integration.whole.day.notebook import PIECE, Notebook, Receipt
from tests.integration.whole.day.papers import BREAD, CODES, COFFEE, HOA, MILK, PINS, PRICES, WATER

FLOAT = 300_000
WAIT_S = 60.0
BASKETS = ((MILK, BREAD), (WATER,), (COFFEE,))


@dataclass
class SecondDay:
    """Its page, its till, what its cashier wrote down."""

    page: TillPage
    till: Till
    book: Notebook = field(default_factory=Notebook)


async def open_up(page: TillPage, stage: Stage) -> SecondDay:
    """A supervisor stands in, with a float."""
    day = SecondDay(page, stage.tills[1])
    await _order(page, "sign_in", "signed_in", staff=HOA, pin=PINS[HOA])
    await _order(page, "open_shift", "shift_opened", number="1", amount_money=str(FLOAT))
    day.book.float_amount = FLOAT
    return day


async def sell(day: SecondDay) -> None:
    """A few plain receipts."""
    for skus in BASKETS:
        for sku in skus:
            await _order(day.page, "scan", "line_added", code=CODES[sku])
        bought, sale_id = basket(*skus), day.page.shown.sale_id
        await _order(day.page, "pay_cash", "sale_done", sale_id=sale_id)
        shown = await day.page.wait(lambda shown: shown.stage == "done" and bool(shown.receipt), "a receipt number")
        day.book.receipts.append(Receipt(shown.receipt, bought.total, {"cash": bought.total}, bought.goods))
        day.till.drawer.close()


async def take_back(day: SecondDay, receipt: str, line: int, sku: str) -> None:
    """Goods that the first till has sold come back here: the hub knows the receipt."""
    async with asyncio.timeout(WAIT_S):
        # Its link comes back in its own time after the cut; until then the hub cannot be asked.
        while f"@return?number={receipt}" not in await day.page.get_text(f"/panel/receipt_elsewhere?number={receipt}"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    sale_id, lines = day.page.shown.sale_id, {f"lines.{line}": "1"}
    await _order(day.page, "return_lines", "return_added", sale_id=sale_id, receipt=receipt, reason="Hỏng", **lines)
    await _order(day.page, "pay_cash", "sale_done", sale_id=sale_id)
    shown = await day.page.wait(lambda shown: shown.stage == "done" and bool(shown.receipt), "a receipt number")
    day.book.receipts.append(Receipt(shown.receipt, -PRICES[sku], {"cash": -PRICES[sku]}, {sku: -PIECE}))
    day.till.drawer.close()


async def close_up(day: SecondDay) -> None:
    """Count, and close."""
    shift = await day.page.get_text("/panel/shift_close")
    found = shift.split('name="shift" value="')[1].split('"')[0]
    expected = str(day.book.expected_cash)
    await _order(day.page, "close_shift", "shift_closed", shift=found, amount_money=expected)
    day.book.slips += 1


async def _order(page: TillPage, name: str, notice: str, **fields: str) -> None:
    before = page.shown.serial
    await page.post(f"/order/{name}", **fields)
    shown = await page.wait(lambda shown: shown.serial > before, f"an answer to {name}", 20)
    assert shown.notice == notice, f"{name} was answered {shown.notice}"
