"""The day's sales: every way in which goods come onto a receipt, and every way in which it is paid."""

from __future__ import annotations

import asyncio
import json

from playwright.async_api import expect

from tests.integration.whole.day.day import Day, basket
from tests.integration.whole.day.hands import ADDED, WAIT_MS
from tests.integration.whole.day.notebook import PIECE
from tests.integration.whole.day.papers import (
    BANANAS,
    BEER,
    BREAD,
    CODES,
    COFFEE,
    COLA,
    COUPON,
    CUSTOMER,
    EGGS,
    HOA,
    LIGHTER,
    LYCHEE,
    MILK,
    NOODLES,
    OIL,
    PEN,
    PINS,
    PORK,
    PRICES,
    RADIO,
    RICE,
    SALT,
    SAUCE,
    STORE,
    SUGAR,
    TEA,
    WATER,
    price_label,
    weight_label,
)


async def ways_in(day: Day) -> None:
    """Scanned, typed, counted, weighed, touched, searched, with a promotion: nine receipts."""
    hands = day.hands
    await day.sell(MILK)
    # 0, 5, 8 and 10 percent of tax on one receipt, and change.
    await day.sell(EGGS, RICE, MILK, COLA, given=300_000)
    await hands.type_code(CODES[COFFEE])
    await day.cash(56_000, basket(COFFEE).goods)
    await hands.times(3)
    await hands.scan(NOODLES)
    await day.album.take("promotion")
    await day.cash(9_000, {NOODLES: 3 * PIECE})
    await hands.type_code(f"12*{CODES[WATER]}")
    await day.cash(72_000, {WATER: 12 * PIECE})
    await hands.scan_code(weight_label(BANANAS, 650))
    await hands.scan_code(weight_label(BANANAS, 1_200))
    await day.cash(55_500, {BANANAS: 1_850})
    await hands.scan_code(price_label(PORK, 45_600))
    await day.cash(45_600, {PORK: 326})
    await asyncio.sleep(0.6)  # sooner, a press is taken for the one that paid, bouncing
    await day.hands.key("Enter")
    await hands.in_stage("empty")
    await day.album.take("quick-keys")
    await hands.quick(BREAD)
    await day.cash(26_000, basket(BREAD).goods)
    await hands.search("tra thai nguyen", TEA)
    await day.cash(45_000, basket(TEA).goods)


async def asked(day: Day) -> None:
    """Goods that make the till ask: an age, a serial number, a weight from the scale. Three receipts."""
    hands = day.hands
    await hands.scan_code(CODES[BEER], "asks_first")
    await day.album.take("age")
    await hands.submit(await hands.panel("answer_ask"), "answered")
    await hands.scan_code(CODES[BEER])
    await day.cash(26_000, {BEER: 2 * PIECE})

    await hands.scan_code(CODES[RADIO], "asks_first")
    form = await hands.panel("answer_ask", answer="SN-20261123-7")
    await hands.submit(form, "answered")
    await day.cash(250_000, basket(RADIO).goods, given=500_000)

    assert day.till.scale is not None
    day.till.scale.put(1_250, moving=True)
    await hands.search("vai thieu", LYCHEE, *("weight_missing", "weight_moving", "weight_stale", "asks_first"))
    await day.album.take("scale")
    day.till.scale.settle()
    form = await hands.panel("answer_ask")
    await expect(hands.page.locator(".ask .huge span")).to_contain_text("1", timeout=WAIT_MS)
    await hands.submit(form, "answered")
    await day.cash(75_000, {LYCHEE: 1_250})
    day.till.scale.put(0)


async def cheaper(day: Day) -> None:
    """Discounts within the cashier's limit, beyond it with a PIN, another price, a coupon: five receipts."""
    hands = day.hands
    await hands.scan(MILK)
    await hands.key("F6")
    form = await hands.panel("cut_line", percent="5", reason="Hộp móp")
    await hands.submit(form, "cut_set")
    await day.cash(36_500 - 1_825, basket(MILK).goods)

    await hands.scan(SAUCE)
    await hands.key("F6")
    form = await hands.panel("cut_line", percent="20")
    await hands.submit(form, "approval_needed")
    await hands.panel("approve")
    await day.album.take("approval")
    await hands.allow(PINS[HOA], "cut_set")
    await day.album.take("discount")
    await day.cash(43_000 - 8_600, basket(SAUCE).goods)

    await hands.scan(RICE, SALT)
    await hands.key("F6")
    await hands.choose("target=receipt")
    form = await hands.panel("cut_receipt", amount_money="5000")
    await hands.submit(form, "cut_set")
    await day.cash(189_000 + 5_500 - 5_000, basket(RICE, SALT).goods)

    await hands.scan(PEN)
    await hands.key("F6")
    await hands.choose("target=price")
    form = await hands.panel("set_price", price_money="4000")
    await hands.submit(form, "approval_needed")
    await hands.allow(PINS[HOA], "price_set")
    await day.cash(4_000, basket(PEN).goods)

    await hands.scan(COFFEE)
    form = await hands.open("coupon", "add_coupon", code=COUPON)
    await hands.submit(form, "coupon_taken")
    await hands.key("Escape")
    await day.cash(56_000 - 5_000, basket(COFFEE).goods)


async def known_customer(day: Day) -> None:
    """A customer found by the end of her number, a note, the account; then she pays what she owes. Two receipts."""
    hands = day.hands
    await hands.scan(OIL)
    await choose_customer(day)
    form = await hands.open("note", "note_receipt", note="Giao buổi chiều")
    await hands.submit(form, "note_set")
    await day.album.take("customer")
    form = await hands.open("account", "pay_account")
    await hands.submit(form, "sale_done")
    await day.paid(52_000, {"account": 52_000}, basket(OIL).goods)

    await hands.scan(SUGAR)
    await choose_customer(day)
    form = await hands.open("note", "note_line", note="Túi riêng")
    await hands.submit(form, "note_set")
    await day.cash(28_500, basket(SUGAR).goods)

    await choose_customer(day)
    form = await hands.open("pay_in", "pay_in")
    day.till.drawer.close()
    await hands.submit(form, "account_paid", press="button[name=kind][value=cash]")
    await day.album.take("account-paid")
    day.book.paid_into_account += 52_000
    day.book.slips += 1


async def choose_customer(day: Day) -> None:
    """F4, the last digits, her row."""
    hands = day.hands
    await hands.key("F4")
    field = hands.page.locator("#customer-text")
    await expect(field).to_be_visible(timeout=WAIT_MS)
    await field.fill("4567")
    row = hands.page.locator(f'#customers button[name=customer][value="{CUSTOMER["customer"]}"]')
    await expect(row).to_be_visible(timeout=WAIT_MS)
    async with hands.answer("customer_set"):
        await row.click()


async def held(day: Day) -> None:
    """A receipt waits under a name while somebody else is served: two receipts."""
    hands = day.hands
    await hands.scan(RICE, OIL)
    await hands.key("F9")
    form = await hands.panel("hold", name="Bà Tư")
    await hands.submit(form, "held")
    await day.sell(BREAD, WATER)
    await hands.key("F9")
    await hands.panel("recall")
    await day.album.take("held")
    await hands.submit(await hands.panel("recall"), "recalled")
    await day.cash(241_000, basket(RICE, OIL).goods)


async def ways_to_pay(day: Day) -> None:
    """Cash and card for one; VietQR that the cashier sees, VietQR that the bank tells of; the card: four receipts."""
    hands = day.hands
    await hands.scan(RICE, COFFEE)
    await day.shows(245_000)
    await hands.key("F8")
    await hands.page.locator("#given").fill("100000")
    async with hands.answer("paid_part"):
        await hands.page.locator("#part").click()
    form = await hands.open("card", "pay_card", approval="A83K21")
    await day.album.take("split")
    await hands.submit(form, "sale_done")
    await day.paid(245_000, {"cash": 100_000, "card": 145_000}, basket(RICE, COFFEE).goods)

    await hands.scan(OIL, MILK)
    await day.shows(88_500)
    await hands.submit(await hands.open("qr", "start_qr"), "qr_waiting")
    form = await hands.panel("confirm_qr")
    await day.album.take("vietqr")
    await hands.submit(form, "sale_done")
    await day.paid(88_500, {"vietqr": 88_500}, basket(OIL, MILK).goods)

    await paid_by_bank(day)

    await hands.scan(COFFEE)
    await hands.key("F11")
    form = await hands.panel("pay_card", approval="B11207")
    await hands.submit(form, "sale_done")
    await day.paid(56_000, {"card": 56_000}, basket(COFFEE).goods)


async def paid_by_bank(day: Day) -> None:
    """The bank's word comes over the hub, and ends the sale by itself."""
    hands = day.hands
    await hands.scan(TEA, COLA)
    await hands.submit(await hands.open("qr", "start_qr"), "qr_waiting")
    await hands.panel("confirm_qr")
    memo = (await hands.page.locator(".panel.open .qr dl .strong dd").inner_text()).strip()
    told = {"payment": "FT26327000017", "kind": "vietqr", "amount": 55_500, "currency": "VND", "memo": memo}
    paper = day.stage.folder / "payment.json"
    paper.write_text(json.dumps(told), "utf-8")
    async with hands.answer("sale_done"):
        await day.stage.hub_command("document", "put", STORE, "payment", str(paper))
    await day.paid(55_500, {"vietqr": 55_500}, basket(TEA, COLA).goods)


async def by_voucher(day: Day, receipt: str) -> None:
    """Goods come back onto a new voucher; it pays a part of the next receipt.

    `receipt` still has a COLA as its line 4. Two receipts, and the voucher itself.
    """
    hands = day.hands
    await return_line(day, receipt, line=4)
    await hands.submit(await hands.open("refund", "issue_voucher"), "sale_done")
    code = (await hands.page.locator("#sum .receipt small.code").inner_text()).strip()
    await day.paid(-10_500, {"voucher": -10_500}, {COLA: -PIECE})
    day.book.slips += 1

    await hands.scan(BREAD)
    await hands.scan_code(code, "voucher_scanned")
    form = await hands.panel("pay_voucher")
    await day.album.take("voucher")
    await hands.submit(form, "paid_part")
    day.till.drawer.close()
    await hands.key("F8")
    await hands.key("Enter", "sale_done")
    await day.paid(26_000, {"voucher": 10_500, "cash": 15_500}, basket(BREAD).goods)


async def trained(day: Day) -> None:
    """A new cashier plays a sale: a marked receipt comes out, and nothing else of it is ever found again."""
    hands = day.hands
    await hands.submit(await hands.open("training", "switch_training"), "approval_needed")
    await hands.allow(PINS[HOA], "training_on")
    await hands.scan(RICE)
    await day.album.take("training")
    await hands.key("F8")
    await hands.key("Enter", "sale_done")
    await hands.in_stage("done")
    number = await hands.page.locator("#sum .receipt b.code").inner_text()
    assert number.strip().startswith("TRAIN-")
    day.book.slips += 1
    await hands.submit(await hands.open("training", "switch_training"), "approval_needed")
    await hands.allow(PINS[HOA], "training_off")


async def price_asked(day: Day) -> None:
    """What does it cost? The till tells, and nothing is sold."""
    hands = day.hands
    await hands.page.evaluate("() => window.tillwire.panel('@price_check')")
    code = hands.page.locator(".panel.open .item input[name=code]")
    await expect(code).to_be_visible(timeout=WAIT_MS)
    await code.fill(CODES[TEA])
    await hands.key("Enter")
    price = hands.page.locator(".panel.open .item .huge")
    await expect(price).to_be_visible(timeout=WAIT_MS)
    assert await hands.amount(".panel.open .item .huge") == PRICES[TEA]
    await expect(hands.page.locator("#lines > .line")).to_have_count(0, timeout=WAIT_MS)
    await hands.key("Escape")


async def given_back(day: Day, receipt: str) -> None:
    """One line of an earlier receipt comes back for cash; another is exchanged for something dearer. Two receipts.

    `receipt` has sold one EGGS, RICE, MILK and COLA each, in this order, for cash.
    """
    hands = day.hands
    await return_line(day, receipt, line=3)
    await day.shows(-36_500)
    await day.album.take("return")
    await hands.submit(await hands.open("refund", "pay_cash"), "sale_done")
    await day.paid(-36_500, {"cash": -36_500}, {MILK: -PIECE})

    await return_line(day, receipt, line=1)
    await hands.scan(SAUCE)
    await day.album.take("exchange")
    await day.cash(43_000 - 34_000, {EGGS: -PIECE, SAUCE: PIECE}, refund=34_000)


async def return_line(day: Day, receipt: str, *, line: int) -> None:
    """Open an earlier receipt by its number and take one piece of a line back."""
    fields = {f"lines.{line}": "1", "reason": "Không vừa ý"}
    form = await day.hands.open(f"return?number={receipt}", "return_lines", **fields)
    await day.album.take("goods-come-back")
    await day.hands.submit(form, "return_added", press="button.strong")


async def taken_off(day: Day) -> None:
    """A line is taken off, the last goods are repeated, a whole receipt is given up with a reason. One receipt."""
    hands = day.hands
    await hands.scan(LIGHTER, WATER)
    await hands.key("Delete", "line_voided")
    day.book.voided_lines += 1
    await hands.by_order("repeat_line", *ADDED, sale_id="this")
    await day.cash(2 * PRICES[LIGHTER], {LIGHTER: 2 * PIECE})

    await hands.scan(RICE, TEA)
    form = await hands.open("void", "void_receipt")
    await hands.submit(form, "approval_needed")
    await hands.allow(PINS[HOA], "cart_voided")
    day.book.voided_receipts += 1
    await hands.in_stage("empty")


async def on_paper(day: Day, receipt: str) -> None:
    """An earlier receipt again, marked as a copy; and one for a present."""
    hands = day.hands
    form = await hands.open(f"reprint?number={receipt}", "reprint")
    await day.album.take("reprint")
    await hands.submit(form, "reprinted")
    form = await hands.open(f"reprint?number={receipt}", "print_gift")
    await hands.submit(form, "gift_printed")
    day.book.reprints += 1
    day.book.slips += 2
