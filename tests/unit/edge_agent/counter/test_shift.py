"""The drawer's cash from the opening count to the Z report: sums that agree, once each, with or without a hub."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.counter.shift_views import CloseView, OpenView, ReportView
from edge_agent.devices.printer import slip
from edge_agent.journal import shift_state
from edge_agent.till.shift import tally_of
from protocol.documents import Settings
from protocol.events import CashMoved, DrawerOpened, ShiftClosed, ShiftOpened
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in
from tests.unit.edge_agent.counter.test_people import HOA, LAN, MAI, Clock, facts, hire, said, sign_in, told

pytestmark = pytest.mark.anyio

WATER = "8934602100016"


async def sell(shop: Shop, count: int = 1) -> None:
    """Sell water for cash, 5.000 dong each."""
    await shop.counter.scan(f"{count}*{WATER}", source="scanner")
    await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})


async def open_with(shop: Shop, amount: str = "500000") -> None:
    """Open the next shift."""
    view = await shop.counter.ask("shift_open", {})
    assert isinstance(view, OpenView)
    await shop.counter.order("open_shift", {"number": str(view.number), "amount": amount})
    assert await said(shop) == "shift_opened"


async def close_with(shop: Shop, amount: str, **more: str) -> str:
    """Close the open shift and tell what was answered."""
    shift = shop.counter.view().shift
    assert shift is not None
    await shop.counter.order("close_shift", {"shift": shift.id, "amount": amount, **more})
    return await said(shop)


async def recomputed(shop: Shop) -> bool:
    """Whether the running sums are what the journal adds up to."""
    running, anew = await shop.database.run(shift_state.load_tally), tally_of(await told(shop))
    return (anew.shift, anew.sums, anew.first_receipt, anew.last_receipt) == (
        running.shift, running.sums, running.first_receipt, running.last_receipt
    )  # fmt: skip


async def test_a_shift_from_float_to_z_report(tmp_path: Path) -> None:
    """Open, sell, take cash out, count by notes, close: one event that says it all, and paper."""
    async with shop_in(tmp_path) as shop:
        await open_with(shop)
        await sell(shop, 3)
        await sell(shop)
        await shop.counter.order("move_cash", {"deed": "d1", "way": "out", "amount": "100000", "reason": "Đá lạnh"})
        await shop.counter.order("no_sale", {"reason": "Đổi tiền lẻ"})
        shift = shop.counter.view().shift
        assert shift is not None
        await shop.counter.order(
            "close_shift",
            {"shift": shift.id, "notes.200000": "2", "notes.10000": "1", "notes.5000": "", "remark": " thiếu "},
        )
        assert await shop.notice() == ("shift_closed", True, "1")
        assert await facts(shop, DrawerOpened) == [DrawerOpened(by="lan", why="no_sale", reason="Đổi tiền lẻ")]
        [report] = await facts(shop, ShiftClosed)
        assert (report.float_amount, report.expected, report.counted, report.over) == (
            500_000,
            420_000,
            410_000,
            -10_000,
        )
        assert (report.sums.sales, report.sums.sold, report.sums.cash_out, report.sums.drawer_openings) == (
            2,
            20_000,
            100_000,
            1,
        )
        assert [(note.value, note.count) for note in report.notes] == [(200_000, 2), (10_000, 1)]
        assert (report.first_receipt, report.last_receipt) == ("hn01-t1-1-000001", "hn01-t1-1-000002")
        assert (report.remark, report.blind, report.by, report.number) == ("thiếu", False, "lan", 1)
        slips = await shop.database.run(
            lambda c: [slip.decode(row[0]) for row in c.execute("SELECT payload FROM print_job WHERE kind = 'slip'")]
        )
        assert [paper.number for paper in slips] == ["", "Z 1"]
        assert shop.counter.view().shift is None
        assert await recomputed(shop)


async def test_opening_and_closing_happen_once(tmp_path: Path) -> None:
    """Double clicks and second tabs: one shift, one report; the second answer says that nothing happened."""
    async with shop_in(tmp_path) as shop:
        opening = {"number": "1", "amount": "0"}
        await asyncio.gather(*(shop.counter.order("open_shift", opening) for _ in range(5)))
        shift = shop.counter.view().shift
        assert shift is not None
        closing = {"shift": shift.id, "amount": "0"}
        await asyncio.gather(*(shop.counter.order("close_shift", closing) for _ in range(5)))
        assert await said(shop) == "shift_not_open"
        assert len(await facts(shop, ShiftOpened)) == len(await facts(shop, ShiftClosed)) == 1
        await open_with(shop)
        await shop.counter.order("close_shift", closing)
        assert await said(shop) == "stale_page"
        assert shop.counter.view().shift is not None


async def test_a_crash_leaves_the_shift_as_the_journal_has_it(tmp_path: Path) -> None:
    """After a restart the sums go on where the journal stands; numbers go on as well."""
    async with shop_in(tmp_path) as shop:
        await open_with(shop, "100000")
        await sell(shop, 2)
    async with shop_in(tmp_path) as shop:
        assert await recomputed(shop)
        await sell(shop)
        assert await close_with(shop, "115000") == "shift_closed"
        assert [(one.over, one.sums.sales) for one in await facts(shop, ShiftClosed)] == [(0, 2)]
    async with shop_in(tmp_path) as shop:
        await open_with(shop)
        assert [one.number for one in await facts(shop, ShiftOpened)] == [1, 2]


async def test_a_close_that_fails_half_way_did_not_happen(tmp_path: Path) -> None:
    """The last of its writes fails: no event, no report, the shift is open and closes when the disk works again."""
    async with shop_in(tmp_path) as shop:
        await open_with(shop)
        await sell(shop)
        await shop.database.run(lambda c: c.execute("ALTER TABLE print_job RENAME TO away"))
        assert await close_with(shop, "505000") == "journal_broken"
        await shop.database.run(lambda c: c.execute("ALTER TABLE away RENAME TO print_job"))
        assert await facts(shop, ShiftClosed) == []
        assert await recomputed(shop)
        assert await close_with(shop, "505000") == "shift_closed"
        assert [one.over for one in await facts(shop, ShiftClosed)] == [0]


async def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_was_opened(tmp_path: Path) -> None:
    """In the store's own time zone, although it is another day in London; a clock set back changes no sum."""
    clock = Clock()
    clock.now = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # 23:30 in Hanoi
    async with shop_in(tmp_path, wall=clock) as shop:
        await open_with(shop)
        clock.now += timedelta(hours=1)
        await sell(shop)
        clock.now -= timedelta(days=40)
        await sell(shop)
        assert await close_with(shop, "510000") == "shift_closed"
        [report] = await facts(shop, ShiftClosed)
        assert (report.business_day, report.over, report.sums.sales) == (date(2026, 11, 23), 0, 2)


async def test_a_blind_close_tells_nothing_before_the_count(tmp_path: Path) -> None:
    """Neither the closing panel nor an X report shows a cashier what should be there; a supervisor may look."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA, settings=Settings(store_name="HN", blind_close=True))
        await sign_in(shop, LAN, "1111")
        await open_with(shop)
        await sell(shop)
        closing = await shop.counter.ask("shift_close", {})
        assert isinstance(closing, CloseView)
        assert closing.expected is None
        assert await shop.counter.ask("x_report", {}) is None
        glance = await shop.counter.ask("shift", {})
        assert isinstance(glance, ReportView)
        assert (glance.expected, glance.sums.sold) == (None, 0)
        await shop.counter.order("print_x", {})
        assert await said(shop) == "approval_needed"
        await sign_in(shop, HOA, "7777")
        report = await shop.counter.ask("x_report", {})
        assert isinstance(report, ReportView)
        assert report.expected == 505_000
        await sign_in(shop, LAN, "1111")
        assert await close_with(shop, "505000") == "shift_closed"
        assert [one.blind for one in await facts(shop, ShiftClosed)] == [True]
        opening = await shop.counter.ask("shift_open", {})
        assert isinstance(opening, OpenView)
        assert opening.left_in is None


async def test_a_closed_shift_is_shown_to_who_closed_it_and_to_supervisors(tmp_path: Path) -> None:
    """A cashier learns what was over in her own shift, not in others'."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, MAI, HOA)
        await sign_in(shop, LAN, "1111")
        await open_with(shop)
        await close_with(shop, "499000")
        report = await shop.counter.ask("z_report", {})
        assert isinstance(report, ReportView)
        assert (report.over, report.by) == (-1_000, "Nguyễn Thị Lan")
        await sign_in(shop, MAI, "2222")
        assert await shop.counter.ask("z_report", {}) is None
        assert await shop.counter.ask("shifts", {}) == ()
        await shop.counter.order("print_z", {"shift": report.shift})
        assert await said(shop) == "approval_needed"
        await sign_in(shop, HOA, "7777")
        assert await shop.counter.ask("z_report", {"shift": report.shift}) == report
        await shop.counter.order("print_z", {"shift": report.shift})
        assert await shop.notice() == ("report_printed", True, "Z 1")


async def test_what_is_on_the_screen_is_finished_before_a_close(tmp_path: Path) -> None:
    """A cart with lines, or with money that was taken for it, keeps the shift open; the count can be sent again."""
    async with shop_in(tmp_path) as shop:
        await open_with(shop)
        await shop.counter.scan(WATER, source="scanner")
        assert await close_with(shop, "500000") == "shift_has_cart"
        sale_id = shop.counter.view().sale_id
        part = {"sale_id": sale_id, "given": "1000", "part": "true"}
        await shop.counter.order("pay_cash", part)
        assert await close_with(shop, "500000") == "payment_open"
        await shop.counter.order("pay_cash", {"sale_id": sale_id})
        assert await close_with(shop, "505000") == "shift_closed"
        assert [one.over for one in await facts(shop, ShiftClosed)] == [0]


@pytest.mark.parametrize(
    "count",
    [
        {}, {"amount": ""}, {"amount": "-1"}, {"amount": "x"}, {"amount": "9" * 15 + "9"}, {"notes.x": "1"},
        {"notes.500000": "-1"}, {"notes.500000": "500000"}, {"notes.0": "1"}, {"amount": "1", "notes.500": "1"},
    ],
)  # fmt: skip
async def test_a_count_that_cannot_be_is_refused(tmp_path: Path, count: dict[str, str]) -> None:
    """Nothing, nonsense, or notes that say something else than the amount: the shift is not opened."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.order("open_shift", {"number": "1", **count})
        assert await said(shop) == "bad_amount"
        await shop.counter.order("open_shift", {"number": "1", "notes.many": "a"})
        assert await said(shop) == "bad_input"
        assert shop.counter.view().shift is None


async def test_cash_is_moved_once_with_a_reason_and_a_right(tmp_path: Path) -> None:
    """A cashier asks, the slip and the event say what for, and the same form twice moves it once."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        await sign_in(shop, LAN, "1111")
        await open_with(shop)
        form = {"deed": "d1", "way": "in", "amount": "200000", "reason": "Tiền lẻ"}
        await shop.counter.order("move_cash", form)
        waiting = shop.counter.view().waiting
        assert waiting is not None
        assert (waiting.right, waiting.detail, waiting.amount) == ("cash_move", "Tiền lẻ", 200_000)
        await shop.counter.order("approve", {"pin": "7777"})
        assert await shop.notice() == ("cash_moved", True, "Tiền lẻ")
        await shop.counter.order("move_cash", form)
        assert await said(shop) == "stale_page"
        [moved] = await facts(shop, CashMoved)
        shift = shop.counter.view().shift
        assert shift is not None
        assert (moved.amount, moved.by, moved.shift) == (200_000, "lan", shift.id)
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'drawer'") == 1


@pytest.mark.parametrize(
    ("amount", "reason", "answer"),
    [("0", "x", "bad_amount"), ("-5", "x", "bad_amount"), ("", "x", "bad_amount"), ("5", "  ", "bad_input")],
)
async def test_cash_is_not_moved_for_nothing(tmp_path: Path, amount: str, reason: str, answer: str) -> None:
    """No amount or no reason: no event, no slip."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.order("move_cash", {"deed": "d", "way": "out", "amount": amount, "reason": reason})
        assert await said(shop) == answer
        assert await facts(shop, CashMoved) == []


async def test_a_store_that_wants_shifts_moves_no_cash_without_one(tmp_path: Path) -> None:
    """`require_shift` holds for the drawer as well; the page knows it."""
    async with shop_in(tmp_path) as shop:
        await load(
            shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="HN", require_shift=True)}
        )
        await shop.counter.order("move_cash", {"deed": "d", "way": "out", "amount": "5", "reason": "x"})
        assert await said(shop) == "shift_open_first"
        assert shop.counter.view().requires_shift


async def test_what_is_sold_outside_of_shifts_is_not_in_the_next_one(tmp_path: Path) -> None:
    """Its money is in the drawer that is counted at the opening; an X report still shows it, as shift 0."""
    async with shop_in(tmp_path) as shop:
        await sell(shop)
        report = await shop.counter.ask("x_report", {})
        assert isinstance(report, ReportView)
        assert (report.number, report.sums.sold) == (0, 5_000)
        await open_with(shop)
        report = await shop.counter.ask("x_report", {})
        assert isinstance(report, ReportView)
        assert (report.number, report.sums.sold, report.expected) == (1, 0, 500_000)
        await shop.counter.order("print_x", {})
        assert await shop.notice() == ("report_printed", True, "X 1")


async def test_a_drawer_is_not_opened_without_a_reason(tmp_path: Path) -> None:
    """The panel that asks for one opens; blanks are none; nothing is counted."""
    async with shop_in(tmp_path) as shop:
        for reason in ({}, {"reason": "  "}):
            await shop.counter.order("no_sale", reason)
            notice = shop.counter.view().notice
            assert notice is not None
            assert (notice.code, notice.panel) == ("reason_missing", "no_sale")
        assert await facts(shop, DrawerOpened) == []


async def test_without_a_printer_the_books_are_kept_all_the_same(tmp_path: Path) -> None:
    """Shifts and cash need no paper; a drawer that cannot open is not said to have been opened."""
    async with shop_in(tmp_path, has_printer=False) as shop:
        await open_with(shop)
        await shop.counter.order("move_cash", {"deed": "d", "way": "out", "amount": "5000", "reason": "x"})
        assert await said(shop) == "cash_moved"
        for order, fields in (("no_sale", {"reason": "x"}), ("print_x", {})):
            await shop.counter.order(order, fields)
            assert await said(shop) == "no_printer"
        assert await close_with(shop, "495000") == "shift_closed"


DEEDS = st.lists(
    st.sampled_from(
        ["sell", "sell 4", "card", "in", "out", "drawer", "shift", "restart", "give back", "void line", "void receipt",
         "reprint", "train"]
    ), max_size=14,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEEDS)
def test_running_sums_are_what_the_journal_adds_up_to(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    """Whatever happens in which order, with restarts in between: sums kept are sums recomputed."""
    asyncio.run(_play(tmp_path_factory.mktemp("till"), deeds))


async def _play(folder: Path, deeds: list[str]) -> None:
    remaining = list(enumerate(deeds))
    while True:
        async with shop_in(folder) as shop:
            while remaining:
                number, deed = remaining.pop(0)
                if deed == "restart":
                    break
                await _do(shop, number, deed)
            assert await recomputed(shop)
        if not remaining:
            return


async def _do(shop: Shop, number: int, deed: str) -> None:
    order, sale = shop.counter.order, shop.counter.view().sale_id
    last = await shop.one("SELECT receipt_number FROM sale ORDER BY position DESC LIMIT 1")
    if deed.startswith("sell"):
        await sell(shop, int(deed.partition(" ")[2] or 1))
    elif deed in {"in", "out"}:
        await order("move_cash", {"deed": f"d{number}", "way": deed, "amount": "7000", "reason": "x"})
    elif deed == "drawer":
        await order("no_sale", {"reason": "Đổi tiền lẻ"})
    elif deed == "reprint":
        await order("reprint", {"receipt": last or "none"})
    elif deed == "train":
        await order("switch_training", {"on": "yes"})
        await sell(shop)
        await order("new_sale", {})
        await order("switch_training", {"on": "no"})
    elif deed == "shift":
        await (open_with(shop) if shop.counter.view().shift is None else close_with(shop, "1000"))
    elif deed == "give back":
        await order("return_lines", {"sale_id": sale, "receipt": last or "none", "whole": "true"})
        await order("pay_cash", {"sale_id": sale})
    else:
        await shop.counter.scan(f"2*{WATER}", source="scanner")
        lines = shop.counter.view().lines
        if deed == "card":
            await order("pay_card", {"sale_id": sale, "take": f"{sale}-1", "approval": "123456"})
        elif deed == "void line":
            await order("void_line", {"sale_id": sale, "number": str(lines[-1].number)})
        await order("void_receipt", {"sale_id": shop.counter.view().sale_id, "reason": "x"})


async def test_two_tabs_count_cash_once_each(tmp_path: Path) -> None:
    """A form that is sent again after another tab's form was sent is still the same money."""
    async with shop_in(tmp_path) as shop:
        for deed in ("a", "b", "a", "b"):
            fields = {"deed": deed, "way": "out", "amount": "5000", "reason": "ice"}
            await shop.counter.order("move_cash", fields)
        assert len([fact for fact in await shop.facts() if isinstance(fact, CashMoved)]) == 2
