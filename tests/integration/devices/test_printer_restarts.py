"""A printer between two starts of the agent: what an earlier life left in it does not spoil the next receipt."""

from __future__ import annotations

from tests.integration.devices.shop import Shop, in_a_shop

MID_RECEIPT_BYTES = 20_000


@in_a_shop(swallowing=True)
async def test_a_broken_off_receipt_is_settled_after_any_number_of_restarts(shop: Shop) -> None:
    """The agent was started and ended once more before anything was printed: the next receipt is whole and alone."""
    shop.printer.faults.drop(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1", lines=10)
    await shop.until_job(job, "unknown")
    assert shop.driver is not None
    await shop.driver.stop()
    for _ in range(2):
        async with shop.open():
            await shop.until_problem("")
    async with shop.open():
        shop.answer(job, printed=True)
    async with shop.open():
        other = shop.sell("R2")
        await shop.until_job(other, "printed")
        assert shop.copies("R2") == 1


@in_a_shop()
async def test_a_settled_printer_is_not_settled_again(shop: Shop) -> None:
    """Once the torn receipt is cut off, later starts waste no paper on it."""
    shop.printer.faults.drop(after_bytes=MID_RECEIPT_BYTES)
    job = shop.sell("R1", lines=10)
    await shop.until_job(job, "unknown")
    await shop.until_job(shop.sell("R2"), "printed")
    assert shop.driver is not None
    await shop.driver.stop()
    papers = shop.printer.receipt_count
    async with shop.open():
        await shop.until_job(shop.sell("R3"), "printed")
    assert shop.printer.receipt_count == papers + 1
