"""A till in memory that behaves as the page expects: a small catalogue, a cart, cash, printing, questions.

For the tests of the page alone. What a real counter does about journals, disks and devices is not here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from edge_agent.pages.port import CodeSource, Language
from edge_agent.till.view import (
    CounterView,
    DeviceView,
    LineView,
    LinkView,
    NoticeCode,
    NoticeView,
    PrintQuestionView,
    PrintState,
    SaleDoneView,
)
from protocol.errors import InvalidMoney, InvalidQuantity
from protocol.money import included_tax, line_amount, parse_amount
from protocol.quantity import SCALE, format_quantity, parse_quantity, stepped

NOW = datetime(2026, 11, 22, 11, 4, tzinfo=UTC)
TAX_RATE_BP = 800
_PREFIX = re.compile(r"(-?\d{1,6}(?:[.,]\d{1,3})?)\*(.*)")


@dataclass(frozen=True)
class Goods:
    """One item of the catalogue; `stock` in thousandths."""

    sku: str
    name: str
    price: int
    unit: str = "piece"
    stock: int | None = 20 * SCALE


CATALOGUE: Mapping[str, Goods] = {
    "8934673573399": Goods("MILK-1L", "Sữa tươi tiệt trùng không đường 1 L", 36_500, "box"),
    "8934563138165": Goods("NOODLE", "Mì ăn liền tôm chua cay", 4_500, "pack", 120 * SCALE),
    "2100000000642": Goods("PORK", "Thịt ba chỉ heo", 148_000, "kg", 18_420),
    "8936017360115": Goods("FISH-SAUCE", "Nước mắm cá cơm 40 độ đạm 750 ml", 43_000, "bottle"),
    "8935024120019": Goods("COFFEE", "Cà phê hòa tan 3 trong 1, hộp 21 gói", 56_000, "box", 15 * SCALE),
    "8934588063053": Goods("WATER", "Nước khoáng có ga 500 ml", 7_000, "bottle", None),
}

FINE = (
    DeviceView("scanner", "scanner", "ready"),
    DeviceView("printer", "printer", "ready", paper="ok"),
)


class FakeCounter:
    """One till. Tests set `link`, `devices` and the like by `change`, and read `paid`, one entry a payment.

    `merge`: an item that is scanned again joins its line, which becomes the last; else it gets a line of its own.
    """

    def __init__(
        self, catalogue: Mapping[str, Goods] = CATALOGUE, *, currency: str = "VND", merge: bool = True
    ) -> None:
        self.catalogue = dict(catalogue)
        self.paid: list[tuple[str, int, int]] = []
        self.answers: list[tuple[str, bool]] = []
        self.orders: list[tuple[str, dict[str, str]]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.told: dict[str, object] = {}
        self.scans: list[tuple[str, CodeSource]] = []
        self._ids = count(1)
        self._serials = count(1)
        self._quantity = SCALE
        self._merge = merge
        self._changed = asyncio.Condition()
        self._view = CounterView(
            revision=1, store="HB", store_name="Cửa hàng Hàng Bài", terminal="Quầy 2", cashier="Nguyễn Thị Lan",
            language="vi", currency=currency, sale_id=f"sale-{next(self._ids)}", lines=(), item_count=0, total=0,
            tax_total=0, link=LinkView(online=True, backlog=0), devices=FINE, items_known=len(catalogue),
        )  # fmt: skip

    def view(self) -> CounterView:
        """The picture of now."""
        return self._view

    async def changes(self) -> AsyncIterator[CounterView]:
        """The picture of now, then later ones, coalesced."""
        shown: CounterView | None = None
        while True:
            async with self._changed:
                while self._view is shown:
                    await self._changed.wait()
            shown = self._view
            yield shown

    async def change(self, **facts: object) -> None:
        """Set parts of the view."""
        changes: dict[str, object] = {**facts, "revision": self._view.revision + 1}
        self._view = replace(self._view, **changes)  # type: ignore[arg-type]  # a test names the fields
        async with self._changed:
            self._changed.notify_all()

    async def scan(self, raw_code: str, *, source: CodeSource) -> None:
        """Add a line for a known code."""
        self.scans.append((raw_code, source))
        match = _PREFIX.fullmatch(raw_code)
        if match is not None:
            self._quantity = parse_quantity(match.group(1))
            raw_code = match.group(2)
            if not raw_code:
                await self.change(pending_quantity=self._quantity)
                return
        goods = self.catalogue.get(raw_code)
        if goods is None:
            await self._tell("unknown_code", raw_code)
            return
        same = next((line for line in self._view.lines if line.sku == goods.sku and self._merge), None)
        number = same.number if same else max((line.number for line in self._view.lines), default=0) + 1
        quantity = self._quantity + (same.quantity if same else 0)
        left = None if goods.stock is None else goods.stock - quantity
        amount = line_amount(goods.price, quantity)
        line = LineView(number, goods.sku, goods.name, raw_code, goods.unit, quantity, goods.price, amount, left)
        self._quantity = SCALE
        others = tuple(other for other in self._view.lines if other is not same)
        await self._cart((*others, line), "line_added", goods.name)

    async def order(self, name: str, fields: Mapping[str, str]) -> None:
        """Give an order by its name."""
        self.orders.append((name, dict(fields)))
        match name:
            case "set_quantity":
                await self.set_quantity(fields["sale_id"], int(fields["number"]), self._wanted(fields))
            case "void_line":
                await self.void_line(fields["sale_id"], int(fields["number"]))
            case "pay_cash":
                await self.pay_cash(fields["sale_id"], fields.get("given") or fields.get("exact") or None)
            case "new_sale":
                await self.new_sale()
            case "answer_print":
                await self.answer_print(fields["job_id"], fields["printed"] == "yes")
            case "set_language":
                await self.set_language("en" if fields["language"] == "en" else "vi")
            case _:
                pass

    async def ask(self, name: str, fields: Mapping[str, str]) -> object | None:
        """Answer what the test has put into `told`."""
        self.asked.append((name, dict(fields)))
        return self.told.get(name)

    def _wanted(self, fields: Mapping[str, str]) -> str:
        """What was typed, or what a step leads to."""
        if "quantity" in fields:
            return fields["quantity"]
        line = next(line for line in self._view.lines if str(line.number) == fields["number"])
        return format_quantity(stepped(line.quantity, int(fields["step"])))

    async def set_quantity(self, sale_id: str, line_number: int, text: str) -> None:
        """Change a line."""
        if not await self._is_current(sale_id):
            return
        try:
            quantity = parse_quantity(text)
        except InvalidQuantity:
            await self._tell("bad_quantity", text)
            return
        lines = tuple(
            replace(line, quantity=quantity, amount=line_amount(line.unit_price, quantity))
            if line.number == line_number
            else line
            for line in self._view.lines
        )
        await self._cart(lines, "line_added", next((line.name for line in lines if line.number == line_number), ""))

    async def void_line(self, sale_id: str, line_number: int) -> None:
        """Take a line off."""
        if not await self._is_current(sale_id):
            return
        gone = next((line for line in self._view.lines if line.number == line_number), None)
        if gone is not None:
            kept = tuple(line for line in self._view.lines if line is not gone)
            await self._cart(kept, "line_voided", gone.name)

    async def pay_cash(self, sale_id: str, given_text: str | None) -> None:
        """Pay the cart, once."""
        if not await self._is_current(sale_id):
            return
        view = self._view
        if not view.lines:
            await self._tell("nothing_to_pay")
            return
        try:
            given = view.total if given_text is None else parse_amount(given_text, view.currency)
        except InvalidMoney:
            await self._tell("bad_amount", given_text or "")
            return
        if given < view.total:
            await self._tell("not_enough_cash")
            return
        self.paid.append((sale_id, view.total, given))
        number = f"HB-2-{len(self.paid):06d}"
        done = SaleDoneView(number, view.total, given, given - view.total, "sending")
        await self.change(
            sale_id=f"sale-{next(self._ids)}", lines=(), item_count=0, total=0, tax_total=0, left=0,
            cash_total=0, cash_left=0, gross_total=0, last_sale=done,
            notice=NoticeView(next(self._serials), "sale_done", good=True, detail=number),
        )  # fmt: skip

    async def print_progress(self, state: PrintState) -> None:
        """Let the printer get on with the last receipt."""
        assert self._view.last_sale is not None
        await self.change(last_sale=replace(self._view.last_sale, print_state=state))

    async def new_sale(self) -> None:
        """Dismiss the last sale."""
        await self.change(last_sale=None, notice=None)

    async def ask_about(self, *questions: PrintQuestionView) -> None:
        """Ask about receipts."""
        await self.change(questions=questions)

    async def answer_print(self, job_id: str, printed: bool) -> None:
        """Take an answer."""
        self.answers.append((job_id, printed))
        await self.change(questions=tuple(open_ for open_ in self._view.questions if open_.job_id != job_id))

    async def set_language(self, language: Language) -> None:
        """Switch the language."""
        await self.change(language=language)

    async def _cart(self, lines: tuple[LineView, ...], code: NoticeCode, detail: str) -> None:
        total = sum(line.amount for line in lines)
        await self.change(
            lines=lines, total=total, left=total, cash_total=total, cash_left=total, gross_total=total,
            tax_total=included_tax(total, TAX_RATE_BP), last_sale=None,
            item_count=len(lines), pending_quantity=None,
            notice=NoticeView(next(self._serials), code, good=True, detail=detail),
        )  # fmt: skip

    async def _is_current(self, sale_id: str) -> bool:
        if sale_id != self._view.sale_id:
            await self._tell("stale_page")
        return sale_id == self._view.sale_id

    async def _tell(self, code: NoticeCode, detail: str = "") -> None:
        await self.change(notice=NoticeView(next(self._serials), code, good=False, detail=detail))
