"""The shift: who is there, the float, cash in and out, the X report, the count, the Z report."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.integration.whole.day.day import Day
from tests.integration.whole.day.hands import WAIT_MS
from tests.integration.whole.day.papers import HOA, LAN, MAI, PINS

NOTES = (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500)
FLOAT = {100_000: 5, 50_000: 5, 20_000: 10, 10_000: 20, 5_000: 10}


async def open_up(day: Day) -> None:
    """Somebody types a wrong PIN, then Lan signs in; she counts the float and opens the shift."""
    hands = day.hands
    await expect(hands.page.locator("#staff")).to_be_visible(timeout=WAIT_MS)
    await day.album.take("locked")
    await hands.sign_in(LAN, PINS[LAN])
    await hands.scan_code("4006381333931", "unknown_code")
    await hands.key("Enter")
    form = await hands.panel("open_shift")
    await count(form, FLOAT)
    await day.album.take("float")
    await hands.submit(form, "shift_opened", press="button.strong")
    day.book.float_amount = sum(value * number for value, number in FLOAT.items())


async def change_hands(day: Day, who: str) -> None:
    """Somebody else takes over; the shift goes on."""
    await day.hands.sign_in(who, PINS[who])
    await day.album.take("another-cashier")


async def move_cash(day: Day, way: str, amount: int, reason: str) -> None:
    """Cash goes in or out; a supervisor allows it."""
    hands = day.hands
    day.till.drawer.close()
    form = await hands.open("cash_move", "move_cash", amount_money=str(amount), reason=reason)
    await hands.submit(form, "approval_needed", press=f"button[name=way][value={way}]")
    await hands.allow(PINS[HOA], "cash_moved")
    if way == "in":
        day.book.cash_in += amount
    else:
        day.book.cash_out += amount
    day.book.slips += 1


async def open_drawer(day: Day) -> None:
    """The drawer without a sale."""
    day.till.drawer.close()
    before = day.till.drawer.openings
    form = await day.hands.open("no_sale", "no_sale", reason="Đổi tiền lẻ")
    await day.hands.submit(form, "approval_needed")
    await day.hands.allow(PINS[HOA], "drawer_opened")
    await day.till.printer.wait_idle()
    await expect_opened(day, before + 1)
    day.book.drawer_openings += 1


async def expect_opened(day: Day, openings: int) -> None:
    """The printer kicks a moment later than the page speaks."""
    pill = day.hands.page.locator("#pills")
    for _ in range(100):
        if day.till.drawer.openings >= openings:
            return
        await pill.page.wait_for_timeout(50)
    raise AssertionError(f"the drawer opened {day.till.drawer.openings} times, not {openings}")


async def x_report(day: Day) -> None:
    """The sums so far, on paper."""
    form = await day.hands.open("x_report", "print_x")
    await day.hands.submit(form, "approval_needed")
    await day.hands.allow(PINS[HOA], "report_printed")
    await day.album.take("x-report")
    await day.hands.key("Escape")
    day.book.slips += 1


async def close_up(day: Day) -> int:
    """Count the drawer by value, close, read the Z report. Returns the turnover that it shows."""
    hands = day.hands
    form = await hands.open("shift_close", "close_shift")
    await count(form, in_notes(day.book.expected_cash))
    assert await hands.amount("[data-sum]") == day.book.expected_cash
    await expect(hands.page.locator("[data-over]")).to_have_text("0", timeout=WAIT_MS)
    await day.album.take("count")
    await hands.submit(form, "shift_closed", press="button.strong")
    day.book.slips += 1
    report = hands.page.locator(".panel.open .report")
    await expect(report).to_be_visible(timeout=WAIT_MS)
    await day.album.take("z-report")
    return await hands.amount(".panel.open .report dl.sum.strong dd")


async def count(form: Locator, notes: dict[int, int]) -> None:
    """How many of each value."""
    for value, number in notes.items():
        await form.locator(f'[name="notes.{value}"]').fill(str(number))


def in_notes(amount: int) -> dict[int, int]:
    """A drawer that holds so much, in as few notes as can be."""
    notes: dict[int, int] = {}
    for value in NOTES:
        notes[value], amount = divmod(amount, value)
    assert amount == 0
    return {value: number for value, number in notes.items() if number}


__all__ = ["MAI", "change_hands", "close_up", "move_cash", "open_drawer", "open_up", "x_report"]
