"""Who stands at the till, and what somebody else allows: offline, without delay for a sale, and never by guessing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.till.pins import store_pin
from protocol.documents import Settings, Staff
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import (
    ApprovalGiven,
    CashMoved,
    DrawerOpened,
    EventData,
    StaffRefused,
    StaffSignedIn,
    StaffSignedOut,
)
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
F = TypeVar("F")
LAN = Staff(staff="lan", name="Nguyễn Thị Lan", pin=store_pin("1111", b"l" * 16, log2n=4))
MAI = Staff(staff="mai", name="Trần Mai", pin=store_pin("2222", b"m" * 16, log2n=4))
HOA = Staff(staff="hoa", name="Phạm Hoa", role="supervisor", pin=store_pin("7777", b"h" * 16, log2n=4))
BOSS = Staff(staff="boss", name="Lê Boss", role="manager", pin=store_pin("8888", b"b" * 16, log2n=4))
GONE = Staff(staff="gone", name="Gone", role="manager", pin=store_pin("9999", b"g" * 16, log2n=4), active=False)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
        self.elapsed_s = 0.0

    def __call__(self) -> datetime:
        """The wall."""
        return self.now

    def monotonic(self) -> float:
        """Seconds that nobody can set."""
        return self.elapsed_s

    def go(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self.elapsed_s += seconds


async def hire(shop: Shop, *people: Staff, settings: Settings | None = None) -> None:
    """What the hub sends about people."""
    await load(shop.database, store_feed(STORE), "staff", {staff.staff: staff for staff in people})
    if settings is not None:
        await load(shop.database, store_feed(STORE), "settings", {"store": settings})
    shop.counter.refresh()
    await asyncio.sleep(0.05)


async def told(shop: Shop) -> list[tuple[EventData, datetime]]:
    """All facts in the journal, with their times."""
    events = [read_event(raw) for raw in await shop.database.run(lambda c: list(SqliteJournal(c).all_kept()))]
    found = [(read_data(event), event.time) for event in events if isinstance(event, Event)]
    known = [(data, at) for data, at in found if not isinstance(data, Unreadable)]
    assert len(known) == len(events)
    return known


async def facts(shop: Shop, kind: type[F]) -> list[F]:
    """All facts of a kind in the journal."""
    return [data for data, _time in await told(shop) if isinstance(data, kind)]


async def said(shop: Shop) -> str:
    """The code of the notice of now."""
    return (await shop.notice())[0]


async def sign_in(shop: Shop, staff: Staff, pin: str) -> str:
    """Sign in and tell what was answered."""
    await shop.counter.order("sign_in", {"staff": staff.staff, "pin": pin})
    return await said(shop)


async def test_a_store_without_staff_sells_at_once(tmp_path: Path) -> None:
    """The first day needs no hub: who the configuration names is there, and may everything."""
    async with shop_in(tmp_path) as shop:
        person = shop.counter.view().person
        assert person is not None
        assert (person.id, person.role, shop.counter.view().has_staff) == ("lan", "manager", False)
        await shop.counter.lock("command")
        await hire(shop, Staff(staff="new", name="No PIN yet"), GONE)
        assert shop.counter.view().person is not None


async def test_nobody_sells_before_signing_in(tmp_path: Path) -> None:
    """A scan at a locked till is refused with the bad beep and not kept; a panel tells nothing."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN)
        await shop.counter.scan(WATER, source="scanner")
        assert await shop.notice() == ("sign_in_first", False, "")
        assert shop.counter.view().lines == ()
        assert await shop.counter.ask("x_report", {}) is None
        assert await sign_in(shop, LAN, "1111") == "signed_in"
        await shop.counter.scan(WATER, source="scanner")
        assert len(shop.counter.view().lines) == 1
        assert await facts(shop, StaffSignedIn) == [StaffSignedIn(staff="lan", role="cashier")]
        assert shop.woken[0] == "link"


async def test_the_cart_belongs_to_whoever_pays(tmp_path: Path) -> None:
    """Another cashier takes over in the middle of a receipt; it stays, and is hers."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, MAI)
        await sign_in(shop, LAN, "1111")
        await shop.counter.scan(WATER, source="scanner")
        assert await sign_in(shop, MAI, "2222") == "signed_in"
        view = shop.counter.view()
        assert view.person is not None
        assert (view.person.id, len(view.lines)) == ("mai", 1)
        await shop.counter.order("sign_out", {})
        assert shop.counter.view().person is None
        assert [(out.staff, out.why) for out in await facts(shop, StaffSignedOut)] == [
            ("lan", "other"),
            ("mai", "self"),
        ]
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().person is None
        assert len(shop.counter.view().lines) == 1


@pytest.mark.parametrize(
    ("staff", "pin"), [("lan", "1112"), ("lan", ""), ("gone", "9999"), ("nobody", "1111"), ("mai", "1111")]
)
async def test_a_wrong_name_or_pin_is_the_same_wrong_pin(tmp_path: Path, staff: str, pin: str) -> None:
    """No answer tells whether it was the name or the PIN; who has left does not come in."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, MAI, GONE)
        await shop.counter.order("sign_in", {"staff": staff, "pin": pin})
        assert await said(shop) == "wrong_pin"
        assert shop.counter.view().person is None


@pytest.mark.parametrize("jump", [-700, -1, 0, 1, 365])
async def test_five_wrong_pins_wait_even_after_a_restart(tmp_path: Path, jump: int) -> None:
    """The fifth is told, the right PIN waits too, others come in meanwhile; setting the clock shortens nothing."""
    clock = Clock()
    async with shop_in(tmp_path, wall=clock, elapsed_s=clock.monotonic) as shop:
        await hire(shop, LAN, MAI)
        assert [await sign_in(shop, LAN, "0000") for _ in range(5)] == ["wrong_pin"] * 4 + ["pin_locked"]
        assert await sign_in(shop, LAN, "1111") == "pin_locked"
        refused = await facts(shop, StaffRefused)
        assert refused == [
            StaffRefused(attempts=5, purpose="sign_in", locked_until=clock.now + timedelta(seconds=30), staff="lan")
        ]
        clock.now += timedelta(days=365)
        assert await sign_in(shop, LAN, "1111") == "pin_locked", "setting the clock ends no wait"
    clock.now += timedelta(days=jump)
    async with shop_in(tmp_path, wall=clock, elapsed_s=clock.monotonic) as shop:
        assert await sign_in(shop, LAN, "1111") == "pin_locked"
        assert await sign_in(shop, MAI, "2222") == "signed_in"
        clock.go(29)
        assert await sign_in(shop, LAN, "1111") == "pin_locked"
        clock.go(1)
        assert await sign_in(shop, LAN, "0000") == "pin_locked"
        clock.go(59)
        assert await sign_in(shop, LAN, "1111") == "pin_locked"
        clock.go(1)
        assert await sign_in(shop, LAN, "1111") == "signed_in"
        assert [await sign_in(shop, LAN, "0000") for _ in range(2)] == ["wrong_pin"] * 2


async def test_guesses_at_the_same_time_are_counted_one_by_one(tmp_path: Path) -> None:
    """A page that fires PINs gets no more tries than a hand; a scan is shown meanwhile."""
    async with shop_in(tmp_path, wall=Clock()) as shop:
        await hire(shop, LAN)
        await sign_in(shop, LAN, "1111")
        guesses = [shop.counter.order("sign_in", {"staff": "lan", "pin": f"{n:04}"}) for n in range(50)]
        await asyncio.gather(*guesses, shop.counter.scan(WATER, source="scanner"))
        assert len(shop.counter.view().lines) == 1
        assert await shop.one("SELECT count FROM pin_failure WHERE who = 'lan'") == 5
        assert await sign_in(shop, LAN, "1111") == "pin_locked"


async def test_guessing_at_everybody_locks_the_till(tmp_path: Path) -> None:
    """Three wrong ones each at four people are twelve at this till: it waits for all, and for names that nobody has."""
    people = [Staff(staff=f"p{n}", name=f"P{n}", pin=LAN.pin) for n in range(4)]
    async with shop_in(tmp_path, wall=Clock()) as shop:
        await hire(shop, *people)
        answers = [await sign_in(shop, person, "0000") for person in people for _ in range(3)]
        assert answers == ["wrong_pin"] * 9 + ["pin_locked"] * 3
        assert await sign_in(shop, people[3], "1111") == "pin_locked"
        for n in range(30):
            await shop.counter.order("sign_in", {"staff": f"made-up-{n}", "pin": "1"})
        assert await shop.one("SELECT count(*) FROM pin_failure") < 10


async def test_the_till_locks_itself_when_nobody_is_there(tmp_path: Path) -> None:
    """So many seconds without order, scan or question, and the next person signs in; the cart stays."""
    clock = Clock()
    async with shop_in(tmp_path, wall=clock, monotonic=clock.monotonic) as shop:
        await hire(shop, LAN, settings=Settings(store_name="HN", lock_after_s=60))
        await sign_in(shop, LAN, "1111")
        clock.go(59)
        await shop.counter.scan(WATER, source="scanner")
        clock.go(59)
        await shop.counter.ask("shift", {})
        clock.go(59)
        await shop.counter.lock_if_idle()
        assert shop.counter.view().person is not None
        clock.go(1)
        await shop.counter.lock_if_idle()
        assert shop.counter.view().person is None
        assert len(shop.counter.view().lines) == 1
        assert [out.why for out in await facts(shop, StaffSignedOut)] == ["idle"]


async def test_a_hub_can_lock_the_till(tmp_path: Path) -> None:
    """`lock` signs out whoever is there, once; a second one changes nothing."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN)
        await sign_in(shop, LAN, "1111")
        await shop.counter.lock("command")
        await shop.counter.lock("command")
        assert shop.counter.view().person is None
        assert [out.why for out in await facts(shop, StaffSignedOut)] == ["command"]


async def test_somebody_who_is_dismissed_is_out_at_once(tmp_path: Path) -> None:
    """The hub's word counts for who is signed in as well."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, MAI)
        await sign_in(shop, LAN, "1111")
        await hire(shop, Staff(staff="lan", name=LAN.name, pin=LAN.pin, active=False))
        await shop.counter.scan(WATER, source="scanner")
        assert await said(shop) == "sign_in_first"
        assert shop.counter.view().person is None


async def ask_for_the_drawer(shop: Shop) -> None:
    """A cashier wants the drawer open, which only a supervisor may allow."""
    await hire(shop, LAN, MAI, HOA)
    await sign_in(shop, LAN, "1111")
    await shop.counter.order("no_sale", {"reason": "x"})
    assert await said(shop) == "approval_needed"


async def test_a_supervisor_allows_one_thing_on_the_spot(tmp_path: Path) -> None:
    """Her PIN carries the waiting order out, the journal says who allowed what, and the next one asks again."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        waiting = shop.counter.view().waiting
        assert waiting is not None
        assert (waiting.right, waiting.asked_by) == ("no_sale", "Nguyễn Thị Lan")
        await shop.counter.order("approve", {"staff": "hoa", "pin": "7777", "waiting": waiting.id})
        assert await said(shop) == "drawer_opened"
        assert await facts(shop, ApprovalGiven) == [
            ApprovalGiven(right="no_sale", by="hoa", asked_by="lan", detail="x")
        ]
        assert await facts(shop, DrawerOpened) == [DrawerOpened(by="lan", why="no_sale", reason="x")]
        assert shop.counter.view().waiting is None
        await shop.counter.order("no_sale", {"reason": "x"})
        assert await said(shop) == "approval_needed"


async def test_a_pin_without_a_name_is_enough_of_who_may(tmp_path: Path) -> None:
    """The supervisor in a hurry types four digits; a cashier's four digits are only wrong."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        await shop.counter.order("approve", {"pin": "2222"})
        assert await said(shop) == "wrong_pin"
        await shop.counter.order("approve", {"pin": "7777"})
        assert await said(shop) == "drawer_opened"


async def test_who_may_not_herself_allows_nothing(tmp_path: Path) -> None:
    """Neither the cashier who asks nor another one; the order goes on waiting, and her PIN is kept nowhere."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        for staff, pin in (("lan", "1111"), ("mai", "2222")):
            await shop.counter.order("approve", {"staff": staff, "pin": pin})
            assert await said(shop) == "may_not"
        assert shop.counter.view().waiting is not None
        assert await facts(shop, DrawerOpened) == []
        kept = await shop.database.run(lambda c: [str(row) for row in c.execute("SELECT * FROM preference")])
        assert not any("1111" in row or "2222" in row for row in kept)


async def test_an_approver_has_her_own_limit(tmp_path: Path) -> None:
    """Half of the price is beyond a supervisor: it goes on waiting, untouched, until a manager allows it."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA, BOSS)
        await sign_in(shop, LAN, "1111")
        await shop.counter.scan(WATER, source="scanner")
        sale = {"sale_id": shop.counter.view().sale_id}
        await shop.counter.order("cut_receipt", {**sale, "percent": "50", "reason": "x"})
        assert await said(shop) == "approval_needed"
        await shop.counter.order("approve", {"pin": "7777"})
        assert await shop.notice() == ("may_not", False, "Phạm Hoa")
        assert shop.counter.view().total == 5_000
        assert await facts(shop, ApprovalGiven) == []
        await shop.counter.order("approve", {"pin": "8888"})
        assert await said(shop) == "cut_set"
        assert shop.counter.view().total == 2_500
        assert [(given.right, given.by) for given in await facts(shop, ApprovalGiven)] == [("cut", "boss")]


async def test_what_waits_for_another_receipt_is_not_shown(tmp_path: Path) -> None:
    """The customer paid without the discount: its question leaves the screen with her."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        await sign_in(shop, LAN, "1111")
        await shop.counter.scan(WATER, source="scanner")
        sale = {"sale_id": shop.counter.view().sale_id}
        await shop.counter.order("cut_receipt", {**sale, "percent": "20", "reason": "x"})
        assert shop.counter.view().waiting is not None
        await shop.counter.order("pay_cash", sale)
        assert shop.counter.view().waiting is None
        await shop.counter.order("approve", {"pin": "7777"})
        assert await said(shop) == "stale_page"


async def test_wrong_pins_for_an_approval_lock_it_and_say_what_for(tmp_path: Path) -> None:
    """Five guesses at a supervisor's PIN, then she waits too; signing in is another matter."""
    async with shop_in(tmp_path, wall=Clock()) as shop:
        await ask_for_the_drawer(shop)
        for _ in range(5):
            await shop.counter.order("approve", {"pin": "0000"})
        assert await said(shop) == "pin_locked"
        await shop.counter.order("approve", {"pin": "7777"})
        assert await said(shop) == "pin_locked"
        assert [(one.purpose, one.staff) for one in await facts(shop, StaffRefused)] == [("no_sale", "")]
        assert await sign_in(shop, HOA, "7777") == "signed_in"


async def test_two_approvals_at_once_allow_it_once(tmp_path: Path) -> None:
    """Two tabs, two supervisors, one order: the second finds nothing that waits."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        await asyncio.gather(*(shop.counter.order("approve", {"pin": "7777"}) for _ in range(4)))
        assert len(await facts(shop, DrawerOpened)) == len(await facts(shop, ApprovalGiven)) == 1
        assert await said(shop) == "stale_page"


async def test_what_waits_is_still_allowed_after_a_restart(tmp_path: Path) -> None:
    """A crash between the question and the PIN costs nothing."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().waiting is not None
        await shop.counter.order("approve", {"staff": "hoa", "pin": "7777"})
        assert await said(shop) == "drawer_opened"


async def test_a_supervisor_signed_in_needs_nobody(tmp_path: Path) -> None:
    """She opens the drawer, and nothing says that she allowed it to herself."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        await sign_in(shop, HOA, "7777")
        await shop.counter.order("no_sale", {"reason": "x"})
        assert await said(shop) == "drawer_opened"
        assert await facts(shop, ApprovalGiven) == []


async def test_a_pin_allows_what_its_owner_saw(tmp_path: Path) -> None:
    """While she types, another tab asks for something else: that is not allowed by accident."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        seen = shop.counter.view().waiting
        assert seen is not None
        move = {"deed": "d", "way": "out", "amount": "900000", "reason": "x"}
        await shop.counter.order("move_cash", move)
        await shop.counter.order("approve", {"pin": "7777", "waiting": seen.id})
        assert await said(shop) == "stale_page"
        assert await facts(shop, CashMoved) == []


async def test_what_waits_ends_with_who_asked(tmp_path: Path) -> None:
    """Dropped by hand, or with the cashier who leaves: the next one is asked for nothing of hers."""
    async with shop_in(tmp_path) as shop:
        await ask_for_the_drawer(shop)
        await shop.counter.order("drop_approval", {})
        assert await said(shop) == "approval_dropped"
        assert shop.counter.view().waiting is None
        await shop.counter.order("no_sale", {"reason": "x"})
        await sign_in(shop, MAI, "2222")
        assert shop.counter.view().waiting is None
        await shop.counter.order("approve", {"pin": "7777"})
        assert await said(shop) == "stale_page"
