"""Whatever is typed into whatever field: each fact that a till writes can be read by the hub."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.counter.desk import Fields
from edge_agent.counter.desks import ORDERS
from protocol.documents import Customer, Item, Pick, Purchase, Settings, Transfer, Voucher
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import StaffRefused, StockLine
from protocol.ids import GLOBAL_FEED, store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in
from tests.unit.edge_agent.counter.test_people import HOA, LAN, facts

LONG = "Ạ" * 2_000
NFD = "Ti\u00ea\u0301ng Vi\u00ea\u0323t"
WORDS = (
    "", " ", "0", "1", "-1", "5000", "999999999999999999", "1e9", "٣", "²", "yes", "in", "out", "x", LONG, NFD, "\x00",
    "a\x00b", "\u202e", "😀" * 300, "' OR 1=1 --", "<b>", "NUOC", "\ud800", "cash", "9" * 5_000, "0.0001", "NaN",
    "hn02", "PO", "T", "W", "KH1", "V1", "count", "receive", "send", "take_in", "write_off", "pick", "percent",
)  # fmt: skip
LIKELY = {
    "given": ("999999999999999", "5000"), "exact": ("",), "amount": ("", "5000", "10"), "quantity": ("2", "0", "0.5"),
    "reason": (LONG, NFD), "note": (LONG, NFD), "name": (LONG, NFD), "remark": (LONG,), "text": (LONG, NFD),
    "partner": ("hn02",), "document": (LONG, NFD), "to": (LONG,), "key": ("PO", "T", "W", "", LONG, "paper"),
    "order": ("W",), "customer": ("KH1",), "code": ("V1", "LONG", LONG, "8934602100016"), "sku": ("NUOC", "ữ" * 64),
    "approval": ("A" * 40, LONG, NFD), "serial": (LONG, NFD), "lot": (LONG, NFD), "phone": ("0901234567",),
    "email": (f"{LONG}@x", "a@b"), "price": ("5000",), "receipt": ("", "hn01-t1-1-000001", LONG), "answer": (LONG, "1"),
    "line": ("1",), "value": ("10", "5000"), "part": ("true",), "consent": ("true",), "restock": ("true",),
}  # fmt: skip
MAX_NAME = "Ữ" * 512
MAX_WORD = "ữ" * 64
CODES = ("8934602100016", "LONG", "3*LONG", "1000000*LONG")


async def fill_shop(shop: Shop) -> str:
    """Documents whose texts are as long as the protocol lets them be, and somebody who is signed in."""
    feed = store_feed(STORE)
    boss = msgspec.structs.replace(LAN, staff=MAX_WORD, name=MAX_NAME, role="manager")
    goods = Item(
        sku=MAX_WORD, name=MAX_NAME, barcodes=("LONG",), price=10**15, currency="VND", unit=MAX_WORD, category=MAX_NAME
    )
    lines = (StockLine(sku=MAX_WORD, quantity=1_000), StockLine(sku="NUOC", quantity=2_000))
    await load(shop.database, GLOBAL_FEED, "item", {MAX_WORD: goods})
    known = Customer(customer="KH1", name=MAX_NAME, credit_limit=10**9)
    await load(shop.database, GLOBAL_FEED, "customer", {"KH1": known})
    await load(shop.database, GLOBAL_FEED, "voucher", {"V1": Voucher(code="V1", amount=10**9, currency="VND")})
    await load(shop.database, feed, "settings", {"store": Settings(store_name=MAX_NAME)})
    await load(shop.database, feed, "staff", {MAX_WORD: boss, "hoa": HOA})
    await load(shop.database, feed, "purchase", {"PO": Purchase(purchase="PO", supplier=MAX_NAME, lines=lines)})
    coming = Transfer(transfer="T", from_store="hn02", to_store="hn01", lines=lines)
    await load(shop.database, feed, "transfer", {"T": coming})
    await load(shop.database, feed, "pick", {"W": Pick(order="W", customer=MAX_NAME, lines=lines)})
    shop.counter.refresh()
    await asyncio.sleep(0.05)
    await shop.counter.order("sign_in", {"staff": MAX_WORD, "pin": "1111"})
    return MAX_WORD


def filled(draw: st.DrawFn, fields: type[Fields]) -> dict[str, str]:
    """A form: each field with some word, now and then one that the page would have sent; ids are put in later."""
    form = {}
    for field in msgspec.structs.fields(fields):
        literals = [word for word in get_args(field.type) if isinstance(word, str)]
        likely = (*literals, *LIKELY.get(field.encode_name, ()))
        form[field.encode_name] = draw(st.sampled_from((*WORDS, *likely * (1 + 300 // (1 + len(likely))))))
    return form


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[str, dict[str, str]]]:
    """Some orders of any desk, most of them about what is on the screen."""
    names = draw(st.lists(st.sampled_from(sorted(ORDERS)), min_size=4, max_size=14))
    return [(name, filled(draw, ORDERS[name].fields)) for name in names]


def about_the_screen(shop: Shop, form: dict[str, str], turn: int) -> dict[str, str]:
    """The form with the ids that the page would have put into it."""
    view = shop.counter.view()
    known = {
        "sale_id": view.sale_id, "take": view.take, "number": "1", "deed": f"d{turn}", "pin": "1111",
        "shift": view.shift.id if view.shift is not None else "",
        "work_id": view.work.id if view.work is not None else "",
    }  # fmt: skip
    return {name: known.get(name, text) if turn % 4 else text for name, text in form.items()}


async def play(folder: Path, script: list[tuple[str, dict[str, str]]]) -> None:
    """Give the orders, and read what was written down as the hub does."""
    async with shop_in(folder) as shop:
        await fill_shop(shop)
        for turn, (name, form) in enumerate(script, 1):
            await shop.scan(CODES[turn % len(CODES)])
            if name not in {"sign_out", "sign_in"}:
                await shop.counter.order(name, about_the_screen(shop, form, turn))
            notice = shop.counter.view().notice
            assert notice is not None
            assert notice.code != "order_failed", (name, form)
        raws = await shop.database.run(lambda c: c.execute("SELECT raw FROM event").fetchall())
        for (raw,) in raws:
            event = read_event(raw)
            assert isinstance(event, Event), raw[:300]
            data = read_data(event)
            assert not isinstance(data, Unreadable), data
            assert b"\\u0000" not in raw  # no database of a hub keeps that
        shown = shop.counter.view()
        msgspec.json.encode(shown.notice)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts())
def test_every_fact_that_any_order_writes_can_be_read(script: list[tuple[str, dict[str, str]]]) -> None:
    """Hostile texts in all fields of all orders, over documents that are as long as they may be."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), script))


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_pin_in_the_wrong_field_is_not_told_to_the_hub(tmp_path: Path) -> None:
    """Who types her PIN where her name belongs, five times, has not written it into the journal."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "staff", {"lan": LAN})
        shop.counter.refresh()
        await asyncio.sleep(0.05)
        for _ in range(6):
            await shop.counter.order("sign_in", {"staff": "246810", "pin": "246810"})
        refused = await facts(shop, StaffRefused)
        assert refused
        assert {fact.staff for fact in refused} == {""}
