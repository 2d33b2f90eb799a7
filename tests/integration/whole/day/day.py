"""The day's cashier at the first till: paying, and writing down what the screen says then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from playwright.async_api import expect

from tests.demo.line_cutter import LineCutter
from tests.demo.stage import Stage, Till
from tests.integration.whole.day.album import Album
from tests.integration.whole.day.hands import WAIT_MS, Hands
from tests.integration.whole.day.notebook import PIECE, Notebook, Receipt
from tests.integration.whole.day.papers import PRICES, SETTINGS

CASH_STEP: int = SETTINGS["cash_step"]


@dataclass(frozen=True)
class Basket:
    """Goods by SKU (thousandths), and what they cost together by the price tags."""

    goods: dict[str, int]
    total: int


def basket(*skus: str) -> Basket:
    """One of each, or several."""
    return Basket({sku: count * PIECE for sku, count in Counter(skus).items()}, sum(PRICES[sku] for sku in skus))


def in_cash(total: int) -> int:
    """What coins can pay of it."""
    sign = -1 if total < 0 else 1
    return sign * ((abs(total) + CASH_STEP // 2) // CASH_STEP * CASH_STEP)


@dataclass
class Day:
    """One cashier, her till, her notebook."""

    stage: Stage
    till: Till
    line: LineCutter
    hands: Hands
    album: Album
    book: Notebook = field(default_factory=Notebook)

    async def cash(self, total: int, goods: dict[str, int], *, given: int = 0, refund: int = 0) -> str:
        """F8, the amount that was handed over (nothing: exactly), Enter. Returns the receipt's number."""
        hands = self.hands
        await self.shows(total)
        self.till.drawer.close()
        await hands.key("F8")
        await expect(hands.page.locator("body")).to_have_attribute("data-panel", "cash", timeout=WAIT_MS)
        if given:
            await hands.page.locator("#given").fill(str(given))
        await hands.key("Enter", "sale_done")
        back = given - in_cash(total) if given else 0
        return await self.paid(total, {"cash": in_cash(total)}, goods, change=back, refund=refund)

    async def sell(self, *skus: str, given: int = 0) -> str:
        """A plain sale: scan, cash."""
        await self.hands.scan(*skus)
        bought = basket(*skus)
        return await self.cash(bought.total, bought.goods, given=given)

    async def shows(self, total: int) -> None:
        """The big figure is what the cashier reckoned herself."""
        shown = await self.hands.amount("#total output")
        assert shown == abs(total), f"the page asks for {shown}, the price tags say {total}"

    async def paid(
        self, total: int, tenders: dict[str, int], goods: dict[str, int], *, change: int = 0, refund: int = 0
    ) -> str:
        """Read number, total and change off the screen, hold them against what was reckoned, and write them down."""
        hands = self.hands
        await hands.in_stage("done")
        number = (await hands.page.locator("#sum .receipt b.code").inner_text()).strip()
        assert number not in {each.number for each in self.book.receipts}, f"receipt number {number} came twice"
        written = Receipt(number, total, tenders, goods, refund)
        assert await hands.amount("#total output") == abs(sum(tenders.values())), number
        if total >= 0:
            large = change if change or "cash" in tenders or not tenders else total  # without cash there is no change
            assert await hands.amount("#floor .change output") == large, number
        self.book.receipts.append(written)
        return number
