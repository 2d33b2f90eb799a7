"""What a printer lives through in a shop: every way, long backlogs, odd models, moves, a second printer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.devices.drawer.framing import kick
from edge_agent.devices.printer import spool
from edge_agent.devices.printer.settings import Paper, TcpReach
from edge_agent.devices.printer.slip import Slip, Words, encode
from hardware_sim.drawer import Drawer
from hardware_sim.printer import SimulatedPrinter
from tests.integration.devices.shop import AT, Shop, a_receipt, in_a_shop
from tests.integration.devices.test_printer_faults import MID_RECEIPT_ROWS
from tests.integration.devices.ways import WITH_A_PRINTER, Way, WayName, way_to_a_printer
from tests.unit.edge_agent.devices.paper_examples import EXAMPLES

BACKLOG = 200
PATIENCE_S = 60.0


def on(
    names: tuple[WayName, ...], *, answers: bool = True, **printing: float
) -> Callable[[Callable[[Shop, Way], Awaitable[None]]], Callable[..., None]]:
    """A test for each of these ways, of a shop with a running driver."""

    def test_of(scenario: Callable[[Shop, Way], Awaitable[None]]) -> Callable[..., None]:
        @pytest.mark.parametrize("name", names)
        def test(name: WayName, tmp_path: Path) -> None:
            async def play() -> None:
                async with way_to_a_printer(name, tmp_path, **printing) as way:
                    assert way.printer is not None
                    shop = Shop(way.printer, replace(way.settings, answers=answers), open_line=way.line)
                    async with shop.open():
                        await scenario(shop, way)

            asyncio.run(play())

        test.__doc__ = scenario.__doc__
        return test

    return test_of


@on(WITH_A_PRINTER)
async def test_sales_are_printed_once_in_order(shop: Shop, way: Way) -> None:
    """Three sales, three papers; nothing is asked of anybody."""
    jobs = [shop.sell(f"R{number}") for number in range(3)]
    for job in jobs:
        await shop.until_job(job, "printed")
    await shop.printer.wait_receipts(3)
    assert [shop.copies(f"R{number}") for number in range(3)] == [1, 1, 1]
    assert shop.driver is not None
    assert shop.driver.view.paper == ("ok" if way.hears else "unknown")


@on(WITH_A_PRINTER)
async def test_no_paper_holds_and_a_refill_prints(shop: Shop, way: Way) -> None:  # noqa: ARG001  the decorator's shape
    """Held with its reason on every way that can know it; after the refill one paper."""
    shop.printer.faults.paper_out()
    job = shop.sell("R1")
    await shop.until_job(job, "held")
    await shop.until_problem("paper_out")
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    await shop.printer.wait_receipts(1)
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@on(WITH_A_PRINTER)
async def test_away_and_back(shop: Shop, way: Way) -> None:
    """Unplugged before the sale: queued, told, and printed once when it is back."""
    await shop.until(lambda: shop.driver is not None and shop.driver.view.state == "ready")
    way.pull()
    await shop.until(lambda: shop.driver is not None and shop.driver.view.state == "backoff")
    job = shop.sell("R1")
    await asyncio.sleep(0.1)
    assert shop.spool.state(job) == "queued"
    way.put()
    await shop.until_job(job, "printed")
    await shop.printer.wait_receipts(1)
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@on(("serial", "usb"), answers=False)
async def test_a_silent_model_that_is_pulled_is_noticed(shop: Shop, way: Way) -> None:
    """Though nothing is asked of it: gone when it goes, and what was sold meanwhile comes when it is back."""
    await shop.until(lambda: shop.driver is not None and shop.driver.view.state == "ready")
    way.pull()
    await shop.until(lambda: shop.driver is not None and shop.driver.view.state == "backoff")
    job = shop.sell("R1")
    way.put()
    await shop.until_job(job, "printed")
    await shop.printer.wait_receipts(1)
    assert shop.copies("R1") == 1


@on(("tcp", "serial", "usb"), rows_per_second=4_000)
async def test_pulled_in_a_receipt(shop: Shop, way: Way) -> None:
    """Nobody knows what was printed: a person is asked, and her "no" prints one marked copy."""
    job = shop.sell("R1", lines=20)
    await shop.until(lambda: shop.printer.hanging is not None)
    way.pull()
    await shop.until_job(job, "unknown")
    way.put()
    await shop.until_problem("")
    assert shop.spool.state(job) == "unknown"
    shop.answer(job, printed=False)
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=20) == 0
    assert shop.copies("R1", lines=20, reprint=1) == 1


@on(("tcp", "serial", "usb"), answers=False, rows_per_second=4_000)
async def test_a_silent_model_goes_on_after_it_was_pulled_in_a_receipt(shop: Shop, way: Way) -> None:
    """Its job is a question, and the next sale comes on a paper of its own."""
    job = shop.sell("R1", lines=200)
    await shop.until(lambda: shop.printer.hanging is not None)
    way.pull()
    await shop.until_job(job, "unknown")
    way.put()
    other = shop.sell("R2")
    await shop.until_job(other, "printed")
    await shop.until(lambda: shop.copies("R2") == 1)
    assert shop.spool.state(job) == "unknown"
    assert shop.copies("R1", lines=200) == 0


@in_a_shop(patience_s=0.6, automatic_status=False, buffer_bytes=8_192)
async def test_a_printer_that_tells_nothing_unasked_is_asked_in_a_long_receipt(shop: Shop) -> None:
    """Without GS a and with a small buffer: parts wait for their fences, so the question why still arrives."""
    shop.printer.faults.paper_out(after_rows=MID_RECEIPT_ROWS)
    job = shop.sell("R1", lines=60)
    await shop.until_problem("paper_out")
    await asyncio.sleep(1.2)
    assert shop.spool.state(job) == "sending"
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=60) == shop.printer.receipt_count == 1


@in_a_shop(patience_s=0.6, automatic_status=False)
async def test_its_last_part_is_waited_for_as_well(shop: Shop) -> None:
    """Paper that ends in the last rows, when all was sent: the fence stands out, and the reason is asked for."""
    shop.printer.faults.paper_out(after_rows=a_height(3) - 8)
    job = shop.sell("R1")
    await shop.until_problem("paper_out")
    await asyncio.sleep(1.2)
    assert shop.spool.state(job) in {"sending", "await_fence"}
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


def a_height(lines: int) -> int:
    """Dot rows of a receipt."""
    from edge_agent.devices.printer.layout import picture_of  # noqa: PLC0415  of one test only

    return picture_of(a_receipt("R1", lines), 576).height


@in_a_shop()
async def test_a_night_of_receipts_comes_in_order_after_the_refill(shop: Shop) -> None:
    """Two hundred sales without paper: all are held, all come after the refill, in their order, none twice."""
    shop.printer.faults.paper_out()
    await shop.until_problem("paper_out")
    jobs = [shop.sell(f"R{number:03d}", lines=1) for number in range(BACKLOG)]
    await shop.until(lambda: shop.driver is not None and shop.driver.view.waiting == BACKLOG)
    shop.printer.faults.refill()
    await shop.until(lambda: shop.spool.state(jobs[-1]) == "printed", PATIENCE_S)
    assert [shop.spool.state(job) for job in jobs] == ["printed"] * BACKLOG
    assert shop.printer.receipt_count == BACKLOG
    printed = [found.raster_sha256 for found in shop.printer.receipts]
    assert len(set(printed)) == BACKLOG
    assert [shop.copies("R000", lines=1), shop.copies(f"R{BACKLOG - 1:03d}", lines=1)] == [1, 1]
    done = [job.receipt_number for job in shop.jobs if job.state == "printed"]
    assert done == [f"R{number:03d}" for number in range(BACKLOG)]


@in_a_shop()
async def test_a_printer_that_moved_prints_what_waited(shop: Shop) -> None:
    """Another address in the settings, the agent started again: what waited for the old one comes from the new one."""
    shop.printer.faults.refuse()
    job = shop.sell("R1")
    await shop.until_problem("unreachable")
    async with SimulatedPrinter() as moved:
        assert shop.driver is not None
        await shop.driver.stop()
        shop.settings = replace(shop.settings, reach=TcpReach(host="127.0.0.1", port=moved.port))
        shop.printer = moved
        async with shop.open():
            await shop.until_job(job, "printed")
            assert shop.copies("R1") == moved.receipt_count == 1


@in_a_shop()
async def test_another_client_may_have_the_printer_in_between(shop: Shop) -> None:
    """The line ends with the work: a second till at the same printer is not locked out by our looking."""
    job = shop.sell("R1")
    await shop.until_job(job, "printed")
    await shop.until(lambda: not shop.printer.connected)
    reader, writer = await asyncio.open_connection(shop.printer.host, shop.printer.port)
    writer.write(b"\x10\x04\x01")
    assert len(await reader.read(1)) == 1
    writer.close()


@in_a_shop(drawer=Drawer)
async def test_a_jammed_drawer_is_told_and_forgotten_when_it_moves(shop: Shop) -> None:
    """The kick was carried out and the wire stays: told with its remedy; opened with the key it is well again."""
    assert shop.printer.drawer is not None
    await shop.until(lambda: shop.drawer.view.state == "ready")
    shop.printer.drawer.jam()
    job = shop.kick(kick(2))
    receipt = shop.sell("R1")
    await shop.until_job(job, "printed")
    await shop.until(lambda: shop.drawer.view.problem == "drawer_jammed")
    await shop.until_job(receipt, "printed")
    shop.printer.drawer.open_with_key()
    await shop.until(lambda: shop.drawer.view.problem == "drawer_open")
    shop.printer.drawer.close()
    await shop.until(lambda: (shop.drawer.view.state, shop.drawer.view.problem) == ("ready", ""))


@in_a_shop(drawer=Drawer)
async def test_a_drawer_that_was_left_open_is_told_and_not_called_stuck(shop: Shop) -> None:
    """It stays open through the next sale: "drawer open" the whole time, and the sale goes on."""
    assert shop.printer.drawer is not None
    shop.printer.drawer.open_with_key()
    await shop.until(lambda: shop.drawer.view.problem == "drawer_open")
    jobs = [shop.kick(kick(2)), shop.sell("R1")]
    for job in jobs:
        await shop.until_job(job, "printed")
    await asyncio.sleep(0.3)
    assert {view.problem for view in shop.drawer_views} == {"drawer_open"}
    assert shop.printer.drawer.openings == 0


@in_a_shop(paper=Paper(mode="text"))  # type: ignore[arg-type]  # a setting
async def test_text_mode_prints_vietnamese_in_the_printers_own_letters(shop: Shop) -> None:
    """TCVN-3 with its page of capitals: what is on the paper is what the receipt says, and no command is unknown."""
    job = shop.sell("R1")
    await shop.until_job(job, "printed")
    (paper,) = shop.printer.receipts
    text = "\n".join(paper.lines)
    assert "Phố Huế" in text
    assert "HÓA ĐƠN BÁN LẺ" in text
    assert "Cà phê sữa đá 0" in text
    assert "37.500 đ" in text
    assert [code.data for code in paper.codes] == [b"{BR1"]
    assert shop.printer.unknown_commands == ()


@in_a_shop()
async def test_the_pick_printer_prints_while_the_other_has_no_paper(shop: Shop) -> None:
    """Two printers, two queues, one database: neither waits for the other, and each prints its own."""
    async with SimulatedPrinter() as second:
        settings = replace(
            shop.settings, reach=TcpReach(host="127.0.0.1", port=second.port), queue="pick_printer", name="back room"
        )
        store_room = Shop(second, settings, spool=shop.spool)
        async with store_room.open():
            shop.printer.faults.paper_out()
            receipt = shop.sell("R1")
            ticket = store_room.slip("W-1", encode(Slip(title="PICK", at=AT, language="en", pieces=(Words(text="x"),))))
            await store_room.until_job(ticket, "printed")
            await shop.until_job(receipt, "held")
            assert (second.receipt_count, shop.printer.receipt_count) == (1, 0)
            assert store_room.driver is not None
            assert store_room.driver.view.kind == "pick_printer"
            shop.printer.faults.refill()
            await shop.until_job(receipt, "printed")
            assert (second.receipt_count, shop.printer.receipt_count) == (1, 1)


@in_a_shop()
async def test_every_slip_reaches_the_paper(shop: Shop) -> None:
    """All kinds of slips go through spool, drawing and printer; each is one piece of paper."""
    slips = [made for name in EXAMPLES if isinstance(made := EXAMPLES[name]("vi"), Slip)]
    jobs = [shop.slip(f"S{number}", encode(each)) for number, each in enumerate(slips)]
    for job in jobs:
        await shop.until_job(job, "printed")
    assert shop.printer.receipt_count == len(slips) >= 5
    assert all(paper.complete for paper in shop.printer.receipts)
    assert spool.open_questions(shop.spool.connection) == []
