"""Orders reach the counter as they were meant; changes reach every tab, drawn once, and slow tabs hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import datetime

import httpx
import pytest

from edge_agent.pages.app import FIELDS_MAX, TEXT_MAX, build_pages
from edge_agent.pages.settings import PageSettings
from edge_agent.pages.stream import Broadcast, event
from tests.unit.edge_agent.pages.fake_counter import NOW, FakeCounter

TOKEN = "a-secret-of-this-installation-0123456789"  # noqa: S105 - of the test
BASE = "http://127.0.0.1:8740"
WAIT_S = 5


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The time of now."""
        return self.now


def settings(clock: Callable[[], datetime] = lambda: NOW, heartbeat_s: float = 60, tabs_max: int = 16) -> PageSettings:
    """Settings of a page for tests."""
    return PageSettings(TOKEN, "1", clock, heartbeat_s=heartbeat_s, tabs_max=tabs_max)


def with_client(counter: FakeCounter, work: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Run something with a client that has the cookie and our origin."""

    async def run() -> None:
        transport = httpx.ASGITransport(build_pages(counter, settings()), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"origin": BASE}) as client:
            await client.get("/", params={"token": TOKEN})
            await work(client)

    asyncio.run(run())


def told(counter: FakeCounter) -> str:
    """The code of the last notice."""
    notice = counter.view().notice
    return notice.code if notice else ""


def test_a_sale_by_orders() -> None:
    """Scan, change, pay with an amount as a cashier types it, dismiss: each order reaches the counter."""
    counter = FakeCounter()

    async def work(client: httpx.AsyncClient) -> None:
        script = {"hx-request": "true"}
        for code in ("8934673573399", " 3*8934588063053 "):
            assert (await client.post("/order/scan", data={"code": code}, headers=script)).status_code == 204
        sale = counter.view().sale_id
        line = {"sale_id": sale, "number": 1, "quantity": "2"}
        assert (await client.post("/order/set_quantity", data=line, headers=script)).status_code == 204
        assert (
            await client.post("/order/void_line", data={"sale_id": sale, "number": 2}, headers=script)
        ).status_code == 204
        assert counter.view().total == 73_000
        await client.post(
            "/order/pay_cash", data={"sale_id": sale, "given_money": "100.000", "exact_money": "73000"}, headers=script
        )
        assert counter.paid == [(sale, 73_000, 100_000)]
        await client.post("/order/new_sale", headers=script)
        assert counter.view().last_sale is None

    with_client(counter, work)


def test_an_empty_amount_pays_what_the_cashier_saw() -> None:
    """Enter without an amount pays the total on the screen, and never quietly one that a scan has raised."""
    counter = FakeCounter()

    async def work(client: httpx.AsyncClient) -> None:
        await counter.scan("8934673573399", source="scanner")
        seen = {"sale_id": counter.view().sale_id, "given_money": "", "exact_money": "36500"}
        await counter.scan("8934588063053", source="scanner")
        await client.post("/order/pay_cash", data=seen)
        assert counter.paid == []
        assert told(counter) == "not_enough_cash"
        await client.post("/order/pay_cash", data={**seen, "exact_money": "43500"})
        assert counter.paid == [(seen["sale_id"], 43_500, 43_500)]

    with_client(counter, work)


def test_paying_twice_pays_once() -> None:
    """A double click sends the same cart twice; the second is told that its page was old."""
    counter = FakeCounter()

    async def work(client: httpx.AsyncClient) -> None:
        await counter.scan("8934673573399", source="scanner")
        order = {"sale_id": counter.view().sale_id, "given": "50000"}
        await asyncio.gather(client.post("/order/pay_cash", data=order), client.post("/order/pay_cash", data=order))
        assert len(counter.paid) == 1
        assert told(counter) == "stale_page"

    with_client(counter, work)


def test_without_our_script_orders_lead_back_to_the_page() -> None:
    """A plain form works too."""

    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/order/scan", data={"code": "8934673573399"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "Sữa tươi" in (await client.get("/")).text

    with_client(FakeCounter(), work)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/order/scan", {"code": "x" * (TEXT_MAX + 1)}),
        ("/order/pay_cash", {"x" * (TEXT_MAX + 1): "1"}),
        ("/order/pay_cash", {f"f{number}": "1" for number in range(FIELDS_MAX + 1)}),
    ],
)
def test_orders_past_all_bounds_are_refused(path: str, fields: dict[str, str]) -> None:
    """What our page never sends is refused, and the counter hears nothing."""
    counter = FakeCounter()
    before = counter.view()

    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.post(path, data=fields)).status_code in {400, 422}

    with_client(counter, work)
    assert counter.view() == before
    assert counter.orders == []


def test_amounts_are_read_in_the_cashiers_way() -> None:
    """A field that ends in `_money` goes on as `protocol.money` reads it, without its ending; others go as they are."""
    counter = FakeCounter()

    async def work(client: httpx.AsyncClient) -> None:
        await client.post("/order/cash_in", data={"amount_money": "500.000 ₫", "reason": "1.000"})

    with_client(counter, work)
    assert counter.orders == [("cash_in", {"amount": "500000", "reason": "1.000"})]


def test_answers_and_language() -> None:
    """A receipt's question is answered, the language switched, and the page follows."""
    counter = FakeCounter()

    async def work(client: httpx.AsyncClient) -> None:
        await client.post("/order/answer_print", data={"job_id": "j1", "printed": "no"})
        await client.post("/order/set_language", data={"language": "en"})
        assert '<html lang="en">' in (await client.get("/")).text

    with_client(counter, work)
    assert counter.answers == [("j1", False)]


async def view_event(stream: AsyncIterator[bytes]) -> str:
    """The next event that carries a view."""
    async with asyncio.timeout(WAIT_S):
        async for sent in stream:
            if sent.startswith(b"event: view"):
                return sent.decode()
    raise AssertionError("the stream ended")


def with_broadcast(work: Callable[[FakeCounter, Broadcast, Clock], Awaitable[None]], **facts: float) -> None:
    """Run something with a broadcast that is drawing."""

    async def run() -> None:
        counter, clock = FakeCounter(), Clock()
        given = {name: int(value) if name == "tabs_max" else value for name, value in facts.items()}
        broadcast = Broadcast(counter, settings(clock, **given))  # type: ignore[arg-type]  # numbers by name
        drawing = asyncio.create_task(broadcast.run())
        try:
            await work(counter, broadcast, clock)
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)

    asyncio.run(run())


def test_a_new_tab_gets_everything_then_changes() -> None:
    """The first event is the whole page's state; the next has only what is new."""

    async def work(counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            first = await view_event(tab)
            assert 'id="lines"' in first
            assert 'id="pills"' in first
            await counter.scan("8934673573399", source="scanner")
            second = await view_event(tab)
            assert "Sữa tươi" in second
            assert 'id="pills"' not in second

    with_broadcast(work)


def test_a_slow_tab_skips_pictures_and_holds_up_nobody() -> None:
    """Fifty scans while a tab sleeps are one event for it, with the newest state."""

    async def work(counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as slow, aclosing(broadcast.events()) as quick:
            await view_event(slow)
            await view_event(quick)
            for _ in range(50):
                await counter.scan("8934588063053", source="scanner")
                await view_event(quick)
            assert "50 chai" in await view_event(slow)

    with_broadcast(work)


def test_silence_is_filled_with_signs_of_life() -> None:
    """A tab hears from the till even when nothing happens, so that it knows a till that hangs."""

    async def work(_counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            await view_event(tab)
            async with asyncio.timeout(WAIT_S):
                assert (await anext(tab)).startswith(b"event: alive")

    with_broadcast(work, heartbeat_s=0.02)


def test_the_clock_is_drawn_once_a_minute() -> None:
    """Without any change of the counter the page's clock goes on."""

    async def work(_counter: FakeCounter, broadcast: Broadcast, clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            await view_event(tab)
            clock.now = clock.now.replace(minute=5)
            assert "11:05" in await view_event(tab)

    with_broadcast(work)


def test_closing_ends_all_streams() -> None:
    """A server that stops does not wait for open tabs."""

    async def work(_counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            await view_event(tab)
            await broadcast.close()
            async with asyncio.timeout(WAIT_S):
                assert [sent async for sent in tab if b"view" in sent] == []

    with_broadcast(work)


def test_tabs_are_counted_and_bounded() -> None:
    """More tabs than the limit are told so; one that goes makes room."""

    async def work(_counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            await view_event(tab)
            assert broadcast.full
        assert not broadcast.full

    with_broadcast(work, tabs_max=1)


def test_open_tabs_leave_the_browser_connections_for_orders() -> None:
    """A browser opens six connections to one host; streams may not take them all, or no order would leave it."""
    assert PageSettings(TOKEN, "1", lambda: NOW).tabs_max <= 6 - 2


def test_a_picture_that_cannot_be_drawn_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A currency that is none breaks one picture, is logged, and the next change is drawn again."""

    async def work(counter: FakeCounter, broadcast: Broadcast, _clock: Clock) -> None:
        async with aclosing(broadcast.events()) as tab:
            await view_event(tab)
            await counter.change(currency="dong")
            await asyncio.sleep(0.05)
            await counter.change(currency="VND", store_name="Cửa hàng khác")
            assert "Cửa hàng khác" in await view_event(tab)

    with_broadcast(work)
    assert [record for record in caplog.records if record.message == "the page could not draw a change"]


def test_events_are_framed_line_by_line() -> None:
    """Line breaks in the data stay inside the event."""
    assert event("view", "a\nb\r\nc") == b"event: view\ndata: a\ndata: b\ndata: c\n\n"


def test_the_newest_window_takes_over() -> None:
    """An older window is told so and its stream ends; who looks on without a name goes on; a window may return."""

    async def run() -> None:
        stream = Broadcast(FakeCounter(), settings())
        looker, first = stream.events(), stream.events("one")
        async with asyncio.timeout(WAIT_S), aclosing(looker), aclosing(first):
            for each in (looker, first):
                assert (await anext(each)).startswith(b"retry")
                assert (await anext(each)).startswith(b"event: view")
            again = stream.events("one")
            async with aclosing(again):
                assert (await anext(again)).startswith(b"retry")
            second = stream.events("two")
            async with aclosing(second):
                assert (await anext(second)).startswith(b"retry")
                assert (await anext(first)).startswith(b"event: elsewhere")
                with pytest.raises(StopAsyncIteration):
                    await anext(first)
                assert (await anext(second)).startswith(b"event: view")

    asyncio.run(run())


def test_the_display_hears_only_what_it_shows() -> None:
    """A notice for the cashier sends the customer's window nothing; a line does."""

    async def run() -> None:
        counter = FakeCounter()
        stream = Broadcast(counter, settings())
        drawing = asyncio.create_task(stream.run())
        shown = stream.display_events()
        async with asyncio.timeout(WAIT_S), aclosing(shown):
            assert (await anext(shown)).startswith(b"retry")
            assert b"welcome" in await anext(shown)
            await counter.scan("8930000000000", source="typed")
            await counter.scan("8934673573399", source="scanner")
            assert b"36.500" in await anext(shown)
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing

    asyncio.run(run())
