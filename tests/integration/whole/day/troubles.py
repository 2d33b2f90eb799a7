"""What a real day does to a till: the line goes, the paper ends, the scanner is pulled, the page is loaded anew."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.integration.whole.day.day import Day, basket
from tests.integration.whole.day.hands import WAIT_MS
from tests.integration.whole.day.papers import (
    BREAD,
    CODES,
    COFFEE,
    COLA,
    MILK,
    OIL,
    RICE,
    SALT,
    SAUCE,
    SUGAR,
    TEA,
    WATER,
)

WAIT_S = 30.0
FINE = re.compile(r"\bgood\b")
OFFLINE = ((MILK, BREAD), (WATER,), (COLA, COLA), (TEA, SUGAR), (OIL,), (SALT, SAUCE))
NO_PAPER = ((COLA,), (BREAD, WATER), (SUGAR,))
NO_SCANNER = (TEA, MILK)


async def no_network(day: Day) -> list[str]:
    """The store's line is dead; selling goes on. Returns the receipts that only this till knows until it is back."""
    day.line.cut()
    await expect(day.hands.page.locator("#pill-0")).not_to_have_class(FINE, timeout=WAIT_MS)
    alone = [await day.sell(*skus) for skus in OFFLINE]
    await day.album.take("offline")
    return alone


async def network_back(day: Day) -> None:
    """The line is back: all that waited goes to the hub, while the next customer is served."""
    day.line.mend()
    await day.sell(COFFEE, SALT)
    await expect(day.hands.page.locator("#pill-0")).to_have_class(FINE, timeout=WAIT_S * 1000)
    await day.album.take("online-again")


async def no_paper(day: Day) -> None:
    """The roll ends: sales go on, their receipts wait, and come out once each when there is paper again."""
    printer = day.till.printer
    await printer.wait_idle()
    printed = printer.receipt_count
    printer.faults.paper_out()
    for skus in NO_PAPER:
        await day.sell(*skus)
    await expect(day.hands.page.locator(".pill.act, .pill.look").first).to_be_visible(timeout=WAIT_MS)
    await day.hands.key("F2")
    await day.album.take("no-paper")
    await day.hands.key("Escape")
    assert printer.receipt_count == printed, "paper came out of an empty printer"
    printer.faults.refill()
    await printer.wait_receipts(printed + len(NO_PAPER), timeout_s=WAIT_S)


async def no_scanner(day: Day) -> None:
    """The scanner is pulled: codes are typed; plugged in again, under another number, it scans at once."""
    scanner = day.till.scanner
    scanner.unplug()
    await expect(day.hands.page.locator(".pill.act, .pill.look").first).to_be_visible(timeout=WAIT_MS)
    for sku in NO_SCANNER:
        await day.hands.type_code(CODES[sku])
    await day.album.take("no-scanner")
    bought = basket(*NO_SCANNER)
    await day.cash(bought.total, bought.goods)
    scanner.replug()
    await scanner.wait_attached(timeout_s=WAIT_S)
    await day.sell(RICE)


async def loaded_anew(day: Day) -> None:
    """The page is reloaded in the middle of a receipt: nothing is lost."""
    hands = day.hands
    await hands.scan(COFFEE, BREAD)
    await hands.page.reload()
    await expect(hands.page.locator("body")).to_have_attribute("data-wire", "up", timeout=WAIT_MS)
    await expect(hands.page.locator("#lines > .line")).to_have_count(2, timeout=WAIT_MS)
    await hands.scan(BREAD)
    bought = basket(COFFEE, BREAD, BREAD)
    await day.cash(bought.total, bought.goods)
