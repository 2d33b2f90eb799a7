"""The printer's driver against every fault of the simulated printer: never two, never half and called done."""

from __future__ import annotations

import asyncio

from edge_agent.devices.drawer.framing import kick
from hardware_sim.printer import Drawer
from tests.integration.devices.shop import Shop, in_a_shop

MID_RECEIPT_ROWS = 300
MID_RECEIPT_BYTES = 20_000
"""Inside the picture of a receipt of three lines (576 dots wide), well behind its head and before its cut."""


@in_a_shop()
async def test_a_sale_becomes_one_receipt(shop: Shop) -> None:
    """Each job is printed once, in the order of the sales, and is called printed after it is on paper."""
    jobs = [shop.sell(f"R{index}") for index in range(3)]
    for job in jobs:
        await shop.until_job(job, "printed")
    assert [shop.copies(f"R{index}") for index in range(3)] == [1, 1, 1]
    assert shop.printer.receipt_count == 3
    assert shop.driver is not None
    assert shop.driver.view.state == "ready"
    assert shop.driver.view.paper == "ok"


@in_a_shop(rows_per_second=20_000)
async def test_printed_means_on_paper(shop: Shop) -> None:
    """A job is not called printed while the printer still works on it."""
    job = shop.sell("R1", lines=20)
    await shop.until_job(job, "await_fence", "printed")
    assert shop.spool.state(job) == "await_fence"
    assert shop.copies("R1", lines=20) == 0
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=20) == 1


@in_a_shop()
async def test_paper_out_before_holds_the_receipt(shop: Shop) -> None:
    """Without paper nothing is sent; after the refill the receipt comes once, by itself."""
    shop.printer.faults.paper_out()
    job = shop.sell("R1")
    await shop.until_job(job, "held")
    await shop.until_problem("paper_out")
    assert shop.driver is not None
    assert shop.driver.view.waiting == 1
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop(patience_s=0.4)
async def test_paper_out_during_a_receipt_is_waited_for(shop: Shop) -> None:
    """The roll ends in a receipt: the till waits longer than its patience, says why, and after the refill it is one."""
    shop.printer.faults.paper_out(after_rows=MID_RECEIPT_ROWS)
    job = shop.sell("R1")
    await shop.until_problem("paper_out")
    await asyncio.sleep(0.8)
    assert shop.spool.state(job) in {"sending", "await_fence"}
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1
    await shop.until_problem("")


@in_a_shop(patience_s=0.4)
async def test_paper_out_in_a_long_receipt_is_known_though_the_printer_takes_nothing(shop: Shop) -> None:
    """With all buffers full of picture the reason still arrives (automatic status), so the job is not given up."""
    shop.printer.faults.paper_out(after_rows=MID_RECEIPT_ROWS)
    job = shop.sell("R1", lines=150)
    await shop.until_problem("paper_out")
    await asyncio.sleep(0.8)
    assert shop.spool.state(job) == "sending"
    shop.printer.faults.refill()
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=150) == shop.printer.receipt_count == 1


@in_a_shop()
async def test_paper_out_after_a_receipt_does_not_make_it_unprinted(shop: Shop) -> None:
    """What was finished stays printed, and the empty roll is seen before the next sale."""
    job = shop.sell("R1")
    await shop.until_job(job, "printed")
    shop.printer.faults.paper_out()
    await shop.until_problem("paper_out")
    assert shop.spool.state(job) == "printed"
    assert shop.copies("R1") == 1


@in_a_shop()
async def test_a_low_roll_is_told_and_prints(shop: Shop) -> None:
    """Near end of paper is a hint, not an obstacle."""
    shop.printer.faults.near_end()
    await shop.until_problem("paper_low")
    job = shop.sell("R1")
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == 1
    assert shop.driver is not None
    assert (shop.driver.view.state, shop.driver.view.paper) == ("degraded", "low")


@in_a_shop()
async def test_an_open_cover_holds_the_receipt(shop: Shop) -> None:
    """Nothing is sent into an open printer."""
    shop.printer.faults.open_cover()
    job = shop.sell("R1")
    await shop.until_job(job, "held")
    await shop.until_problem("cover_open")
    shop.printer.faults.close_cover()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop(rows_per_second=4_000)
async def test_a_cover_opened_during_a_receipt_is_waited_for(shop: Shop) -> None:
    """Opened and closed in the middle: the receipt goes on and is one."""
    job = shop.sell("R1", lines=10)
    await shop.until(lambda: shop.printer.hanging is not None)
    shop.printer.faults.open_cover()
    await shop.until_problem("cover_open")
    await asyncio.sleep(1.0)
    assert shop.spool.state(job) in {"sending", "await_fence"}
    shop.printer.faults.close_cover()
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=10) == shop.printer.receipt_count == 1


@in_a_shop()
async def test_an_offline_printer_holds_the_receipt(shop: Shop) -> None:
    """Paused by its own button: held, and printed when it is back."""
    shop.printer.faults.go_offline()
    job = shop.sell("R1")
    await shop.until_job(job, "held")
    await shop.until_problem("offline")
    shop.printer.faults.go_online()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop()
async def test_a_jammed_cutter_holds_the_receipt(shop: Shop) -> None:
    """An error of the printer is told as one."""
    shop.printer.faults.cutter_error()
    job = shop.sell("R1")
    await shop.until_job(job, "held")
    await shop.until_problem("printer_error")
    shop.printer.faults.restore()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop()
async def test_a_mute_printer_gets_nothing(shop: Shop) -> None:
    """A printer that should answer and does not is not trusted with a receipt; once it answers it gets it."""
    shop.printer.faults.mute()
    job = shop.sell("R1")
    await shop.until_problem("no_answer")
    assert shop.spool.state(job) == "queued"
    assert shop.printer.receipt_count == 0
    shop.printer.faults.mute(on=False)
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop(rows_per_second=4_000)
async def test_a_printer_gone_mute_during_a_receipt_leaves_a_question(shop: Shop) -> None:
    """It prints and does not say so: nobody can know, so nobody guesses, and nothing is sent again."""
    job = shop.sell("R1", lines=10)
    await shop.until(lambda: shop.printer.hanging is not None)
    shop.printer.faults.mute()
    await shop.until_job(job, "unknown")
    shop.printer.faults.mute(on=False)
    other = shop.sell("R2")
    await shop.until_job(other, "printed")
    assert shop.spool.state(job) == "unknown"
    assert shop.copies("R1", lines=10) == 1
    assert shop.copies("R2") == 1


@in_a_shop(answers=False)
async def test_a_model_that_never_answers_prints_with_its_status_unknown(shop: Shop) -> None:
    """With `answers = false` the bytes that were taken count, and the paper is "unknown", never "ok"."""
    shop.printer.faults.mute()
    jobs = [shop.sell("R1"), shop.sell("R2")]
    for job in jobs:
        await shop.until_job(job, "printed")
    await shop.printer.wait_receipts(2)
    assert [shop.copies("R1"), shop.copies("R2")] == [1, 1]
    assert shop.driver is not None
    assert (shop.driver.view.state, shop.driver.view.paper) == ("ready", "unknown")


@in_a_shop()
async def test_a_short_stall_is_sat_out(shop: Shop) -> None:
    """A printer that stands still for less than the patience and goes on prints one receipt."""
    shop.printer.faults.stall(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1", lines=10)
    await shop.until_problem("stalled")
    assert shop.spool.state(job) in {"sending", "await_fence"}
    shop.printer.faults.resume()
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=10) == shop.printer.receipt_count == 1


@in_a_shop()
async def test_a_stall_without_end_leaves_a_question(shop: Shop) -> None:
    """Past the patience the job is UNKNOWN; "not printed" prints it again, marked; the torn half is no receipt."""
    shop.printer.faults.stall(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1", lines=10)
    await shop.until_job(job, "unknown")
    shop.printer.faults.restore()
    await shop.until_problem("")
    assert shop.spool.state(job) == "unknown"
    assert shop.copies("R1", lines=10) == 0
    shop.answer(job, printed=False)
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=10) == 0
    assert shop.copies("R1", lines=10, reprint=1) == 1


@in_a_shop()
async def test_a_connection_dropped_at_once_loses_nothing(shop: Shop) -> None:
    """Dropped before the first byte of the job: it stays queued and is printed once, unmarked."""
    shop.printer.faults.drop(after_bytes=2)
    job = shop.sell("R1")
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop()
async def test_a_connection_dropped_in_a_receipt_leaves_a_question(shop: Shop) -> None:
    """Never sent again by itself; the answer "it was printed" ends it."""
    shop.printer.faults.drop(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1")
    await shop.until_job(job, "unknown")
    await shop.until_problem("")
    assert shop.spool.state(job) == "unknown"
    shop.answer(job, printed=True)
    other = shop.sell("R2")
    await shop.until_job(other, "printed")
    assert shop.spool.state(job) == "printed"
    assert shop.copies("R1") == 0
    assert shop.copies("R2") == 1


@in_a_shop(swallowing=True)
async def test_a_printer_that_waits_for_the_rest_does_not_swallow_the_next_receipt(shop: Shop) -> None:
    """The broken-off picture is completed with white and cut off, so that the next receipt is whole and alone."""
    shop.printer.faults.drop(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1", lines=10)
    await shop.until_job(job, "unknown")
    other = shop.sell("R2")
    await shop.until_job(other, "printed")
    assert shop.copies("R1", lines=10) == 0
    assert shop.copies("R2") == 1
    torn, whole = shop.printer.receipts
    assert "INTERRUPTED" in "".join(torn.lines)
    assert whole.lines == ()


@in_a_shop()
async def test_a_refused_connection_waits(shop: Shop) -> None:
    """Unreachable: the job stays queued, the till says so, and later the receipt is one."""
    shop.printer.faults.refuse()
    job = shop.sell("R1")
    await shop.until_problem("unreachable")
    assert shop.spool.state(job) == "queued"
    shop.printer.faults.listen()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1


@in_a_shop(rows_per_second=4_000)
async def test_a_power_cycle_in_a_receipt_leaves_a_question(shop: Shop) -> None:
    """The strip is torn, the rest is lost: UNKNOWN, and "not printed" brings one marked receipt."""
    job = shop.sell("R1", lines=10)
    await shop.until(lambda: shop.printer.hanging is not None)
    await shop.printer.faults.power_cycle(off_s=0.1)
    await shop.until_job(job, "unknown")
    shop.answer(job, printed=False)
    await shop.until_job(job, "printed")
    assert shop.copies("R1", lines=10) == 0
    assert shop.copies("R1", lines=10, reprint=1) == 1


@in_a_shop(rows_per_second=4_000)
async def test_a_restart_in_a_receipt_leaves_a_question(shop: Shop) -> None:
    """Killed while the printer prints: the new agent asks, and prints the next sale."""
    job = shop.sell("R1", lines=20)
    await shop.until(lambda: shop.printer.hanging is not None)
    assert shop.driver is not None
    await shop.driver.stop()
    async with shop.open():
        assert shop.spool.state(job) == "unknown"
        other = shop.sell("R2")
        await shop.until_job(other, "printed")
        assert shop.spool.state(job) == "unknown"
        assert shop.copies("R2") == 1
        assert shop.copies("R1", lines=20) <= 1


@in_a_shop(drawer=Drawer)
async def test_a_sale_kicks_the_drawer_once(shop: Shop) -> None:
    """The kick goes before the receipt, once, and the sensor's wire is told."""
    job = shop.kick(kick(2))
    receipt = shop.sell("R1")
    await shop.until_job(receipt, "printed")
    assert shop.spool.state(job) == "printed"
    assert shop.printer.drawer is not None
    assert shop.printer.drawer.openings == shop.printer.machine.pulses == 1
    assert shop.wires[0] is False
    await shop.until(lambda: shop.wires[-1] is True)


@in_a_shop(drawer=Drawer, kick_valid_s=5.0)
async def test_a_kick_that_came_too_late_is_never_sent(shop: Shop) -> None:
    """The printer was away when the cashier paid: minutes later the drawer stays shut."""
    shop.printer.faults.refuse()
    job = shop.kick(kick(2))
    await shop.until_problem("unreachable")
    shop.spool.now = shop.spool.now.replace(minute=shop.spool.now.minute + 1)
    shop.printer.faults.listen()
    await shop.until_job(job, "cancelled")
    receipt = shop.sell("R1")
    await shop.until_job(receipt, "printed")
    assert shop.printer.machine.pulses == 0


@in_a_shop(drawer=Drawer)
async def test_a_kick_that_got_lost_is_not_replayed(shop: Shop) -> None:
    """Dropped in the middle of the kick: over, no question, no second pulse."""
    shop.printer.faults.paper_out()
    job = shop.kick(kick(2))
    await shop.until_problem("paper_out")
    shop.printer.faults.drop(after_bytes=12)
    shop.printer.faults.refill()
    await shop.until_job(job, "cancelled", "printed")
    receipt = shop.sell("R1")
    await shop.until_job(receipt, "printed")
    assert shop.printer.machine.pulses <= 1


@in_a_shop()
async def test_a_receipt_that_cannot_be_read_does_not_stop_the_others(shop: Shop) -> None:
    """One bad job waits for a person; the next one is printed."""
    bad = shop.spool_raw("R1", b"no receipt")
    job = shop.sell("R2")
    await shop.until_job(job, "printed")
    assert shop.spool.state(bad) == "held"
    assert shop.copies("R2") == shop.printer.receipt_count == 1


@in_a_shop()
async def test_a_full_disk_sends_nothing(shop: Shop) -> None:
    """A job that cannot be marked is not sent; when there is room again it is printed, once."""
    shop.spool.full = True
    job = shop.sell("R1")
    await asyncio.sleep(0.2)
    assert shop.printer.receipt_count == 0
    shop.spool.full = False
    shop.wake()
    await shop.until_job(job, "printed")
    assert shop.copies("R1") == shop.printer.receipt_count == 1
