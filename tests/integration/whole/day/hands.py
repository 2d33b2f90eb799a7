"""A cashier's eyes and hands on a real page: keys, clicks, the scanner. She waits for what the page says, never longer.

Selectors are ids and the addresses of forms, not words: the day is the same in every language. What no panel offers
yet goes by `by_order`, from the page's own session.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Locator, Page, expect

from hardware_sim.scanner import SimulatedScanner
from tests.integration.whole.day.papers import CODES

WAIT_MS = 15_000
"""A busy machine takes its time; a till that does not answer at all is found all the same."""

KEY_MS = 90
"""Between two keys of a person: faster ones, and an Enter after four of them, are a scanner's."""

ADDED = ("line_added", "stock_negative")
_POST = """async ([name, fields]) => {
  const answer = await fetch(`/order/${name}`, {
    method: "POST", body: new URLSearchParams(fields), headers: {"HX-Request": "true"}});
  return answer.status;
}"""


class Hands:
    """One person at one page."""

    def __init__(self, page: Page, scanner: SimulatedScanner) -> None:
        self.page = page
        self._scanner = scanner
        self._stage = page.locator("#stage")

    # --- eyes

    async def fact(self, name: str) -> str:
        """A fact that the page carries about its picture: sale, serial, notice, stage ..."""
        return await self._stage.get_attribute(f"data-{name}") or ""

    async def amount(self, selector: str) -> int:
        """An amount as the page writes it, in dong."""
        return read_amount(await self.page.locator(selector).first.inner_text())

    @asynccontextmanager
    async def answer(self, *notices: str) -> AsyncIterator[None]:
        """Whatever is done inside is answered by one of these notices."""
        before = await self.fact("serial")
        yield
        await expect(self._stage).not_to_have_attribute("data-serial", before, timeout=WAIT_MS)
        said = await self.fact("notice")
        if said not in notices:
            text = await self.page.locator("#notice").inner_text()
            raise AssertionError(f"the till answered {said!r} ({text!r}) where one of {notices} was due")

    async def in_stage(self, stage: str) -> None:
        """Wait for a stage of the page: empty, cart, done, work."""
        await expect(self.page.locator("body")).to_have_attribute("data-stage", stage, timeout=WAIT_MS)

    async def panel(self, form: str, **fields: str) -> Locator:
        """Wait until the open panel has a form that orders this, fill its fields in, and return it."""
        found = self.page.locator(f'.panel.open form[hx-post="/order/{form}"]')
        for name in fields:
            found = found.filter(has=self.page.locator(field(name)))
        await expect(found.first).to_be_visible(timeout=WAIT_MS)
        for name, text in fields.items():
            await found.first.locator(field(name)).fill(text)
        return found.first

    # --- hands

    async def scan(self, *skus: str) -> None:
        """Scan one after the other; each line stands there before the next."""
        for sku in skus:
            await self.scan_code(CODES[sku])

    async def scan_code(self, code: str, *notices: str) -> None:
        """Scan whatever is printed on something."""
        async with self.answer(*(notices or ADDED)):
            await self._scanner.scan(code)

    async def type_code(self, text: str, *notices: str) -> None:
        """Type a code into the find field, with Enter."""
        async with self.answer(*(notices or ADDED)):
            await self.page.locator("#code").fill(text)
            await self.page.keyboard.press("Enter")

    async def times(self, count: int) -> None:
        """Type `N*`: so many of what comes next."""
        await self.page.locator("#code").focus()
        await self.page.keyboard.type(f"{count}*", delay=KEY_MS)
        await expect(self.page.locator("#pending")).to_contain_text(str(count), timeout=WAIT_MS)

    async def search(self, text: str, sku: str, *notices: str) -> None:
        """Type a name as customers say it; what is meant is among the rows."""
        await self.page.locator("#code").fill(text)
        row = self.page.locator(f'#panel-side [data-sell="{sku}"]').first
        await expect(row).to_be_visible(timeout=WAIT_MS)
        async with self.answer(*ADDED, *notices):
            await row.click()

    async def quick(self, sku: str) -> None:
        """Touch a quick key."""
        async with self.answer(*ADDED):
            await self.page.locator(f'#floor [data-sell="{sku}"]').click()

    async def key(self, name: str, *notices: str) -> None:
        """Press a key, and wait for its answer if it has one."""
        if not notices:
            await self.page.keyboard.press(name)
            return
        async with self.answer(*notices):
            await self.page.keyboard.press(name)

    async def open(self, panel: str, form: str, **fields: str) -> Locator:
        """Open a panel by its name, as its button does, and return the form in it, filled in."""
        await self.page.evaluate("name => window.tillwire.panel(name)", f"@{panel}")
        return await self.panel(form, **fields)

    async def choose(self, part: str) -> None:
        """Press the button of the open panel that leads to this part of it."""
        button = self.page.locator(f'.panel.open [data-panel-open*="{part}"]').first
        await expect(button).to_be_visible(timeout=WAIT_MS)
        await button.click()

    async def submit(self, form: Locator, *notices: str, press: str = "button:not([type=button])") -> None:
        """Press a form's own button."""
        async with self.answer(*notices):
            await form.locator(press).first.click()

    async def by_order(self, name: str, *notices: str, **fields: str) -> None:
        """Order what no panel of the page offers yet, about the receipt on the screen, from the page's session."""
        known = {"sale_id": await self.fact("sale"), "take": await self.take()}
        about = {field: known[field] for field in ("sale_id", "take") if fields.pop(field, "") == "this"}
        async with self.answer(*notices):
            status = await self.page.evaluate(_POST, [name, {**about, **fields}])
            assert status == 204, (name, status)

    async def take(self) -> str:
        """The name of the next money."""
        return await self.page.locator("#fields input[name=take]").get_attribute("value") or ""

    async def sign_in(self, number: str, pin: str) -> None:
        """Number, Enter, PIN, Enter."""
        await self.page.evaluate("() => window.tillwire.panel('@sign_in')")
        staff = self.page.locator("#staff")
        await expect(staff).to_be_visible(timeout=WAIT_MS)
        await staff.focus()
        await self.page.keyboard.type(number, delay=KEY_MS)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#staff-pin")).to_be_focused(timeout=WAIT_MS)
        await self.page.keyboard.type(pin, delay=KEY_MS)
        await self.key("Enter", "signed_in")
        await expect(self.page.locator(".sign-in")).to_have_count(0, timeout=WAIT_MS)

    async def allow(self, pin: str, *notices: str) -> None:
        """A supervisor types her PIN beside the receipt; `notices` answer what had waited."""
        field = self.page.locator(".approve #pin")
        await expect(field).to_be_visible(timeout=WAIT_MS)
        await field.focus()
        await self.page.keyboard.type(pin, delay=KEY_MS)
        await self.key("Enter", *notices)
        await expect(self.page.locator(".approve")).to_have_count(0, timeout=WAIT_MS)


def field(name: str) -> str:
    """Where a field of this name is typed; amounts of money are called `..._money` on the page."""
    return f'input[name="{name}"]:not([type=hidden])'


def read_amount(text: str) -> int:
    """Dong as a page or a person writes them: 36.500, 1,200, 36.500 ₫; with either minus."""
    digits = re.sub(r"\D", "", text)
    sign = -1 if re.match(r"\s*[-\N{MINUS SIGN}]", text) else 1
    return sign * int(digits or "0")
