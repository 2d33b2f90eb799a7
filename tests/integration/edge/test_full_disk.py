"""A disk that is full, for real: a small one is filled up under the running till."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.journal.room import BALLAST
from tests.integration.edge.till_process import SLOW_TEST_S, WAIT_S, WATER_CODE, TillProcess, has_ptys, till_in, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
]
SIZE = "8m"


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose `data` is a disk of a few megabytes."""
    data = tmp_path / "data"
    data.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or _run(mount, "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(data)):
        pytest.skip("needs to be root and allowed to mount a small disk")
    try:
        yield tmp_path
    finally:
        assert _run(umount, "-l", str(data)) == 0


async def test_a_full_disk_stops_selling_with_words_and_nothing_is_half_done(small_disk: Path) -> None:
    """Refused in words, no receipt, no drawer, nothing half; as soon as there is room it sells again."""
    async with till_in(small_disk) as till:
        await till.start()
        await _sell(till)
        await till.printer.wait_receipts(1)
        await until(lambda: till.one("SELECT state FROM print_job WHERE kind = 'receipt'") == "printed")
        await till.order("/order/scan", code=WATER_CODE)
        await until(lambda: till.cart().get("lines"))
        await _fill_to_the_last(till)
        await _until_refused(till)
        await till.pay()
        assert "disk_full" in await _page(till)
        assert till.one("SELECT count(*) FROM event") == till.printer.receipt_count == 1
        assert till.printer.drawer is not None
        assert till.printer.drawer.kicks == 1
        _make_room(till)
        cart = till.cart()
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event") == 2)
        await till.printer.wait_receipts(2)
        assert till.one("SELECT sale_id FROM sale ORDER BY position DESC") == cart["sale_id"]
        assert till.one("PRAGMA integrity_check") == "ok"
        assert await till.stop() == 0


async def test_the_reserve_lets_the_last_receipt_through_and_refuses_the_next_before_it_begins(
    small_disk: Path,
) -> None:
    """A warning long before; the receipt on the screen is paid and printed from the reserve; no other one is begun.

    With room it sells again by itself, and the reserve is there for the next time.
    """
    async with till_in(small_disk) as till:
        await till.start()
        assert "Ổ đĩa gần đầy" in await _page(till)
        await till.order("/order/scan", code=WATER_CODE)
        await until(lambda: till.cart().get("lines"))
        _fill(till.data / "filler")
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event") == 1)
        await till.printer.wait_receipts(1)
        await until(lambda: not (till.data / BALLAST).exists())
        await _until_page(till, "Ổ đĩa đầy")
        await till.order("/order/scan", code=WATER_CODE)
        assert "disk_full" in await _page(till)
        assert not till.cart().get("lines")
        _make_room(till)
        await until((till.data / BALLAST).exists)
        await _until_page(till, "Ổ đĩa gần đầy")
        await _sell(till)
        await till.printer.wait_receipts(2)
        assert await till.stop() == 0


async def test_a_till_that_dies_on_a_full_disk_comes_back(small_disk: Path) -> None:
    """Killed while nothing could be written: it starts and says so; with room the cart is there and can be paid."""
    async with till_in(small_disk) as till:
        await till.start()
        await _sell(till)
        await until(lambda: till.one("SELECT state FROM print_job WHERE kind = 'receipt'") == "printed")
        await till.order("/order/scan", code=WATER_CODE)
        await until(lambda: till.cart().get("lines"))
        await _fill_to_the_last(till)
        await _until_refused(till)
        cart = till.cart()
        await till.kill()
        await till.start()
        await _until_refused(till)
        _make_room(till)
        assert till.cart() == cart
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event") == 2)
        await till.printer.wait_receipts(2)


async def _sell(till: TillProcess) -> None:
    await till.order("/order/scan", code=WATER_CODE)
    await until(lambda: till.cart().get("lines"))
    before = till.one("SELECT count(*) FROM event")
    await till.pay()
    await until(lambda: till.one("SELECT count(*) FROM event") == before + 1)


async def _fill_to_the_last(till: TillProcess) -> None:
    """Fill the disk, and what the till's reserve gives back as well."""
    _fill(till.data / "filler")
    await until(lambda: not (till.data / BALLAST).exists())
    _fill(till.data / "filler-2")


def _make_room(till: TillProcess) -> None:
    for filler in till.data.glob("filler*"):
        filler.unlink()


async def _until_page(till: TillProcess, words: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while words not in await _page(till):  # noqa: ASYNC110 - another process cannot set our event
            await asyncio.sleep(0.05)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


async def _until_refused(till: TillProcess) -> None:
    """Scan until what room the open files still had is used up; what the till gives way meanwhile is filled again."""
    for scans in range(2_000):
        if scans % 100 == 0:
            _fill(till.data / f"filler-again-{scans}")
        await till.order("/order/scan", code=WATER_CODE)
        if "disk_full" in await _page(till):
            return
    pytest.fail("the till goes on selling on a full disk")


async def _page(till: TillProcess) -> str:
    assert till.client is not None
    return (await till.client.get("/")).text


def _run(*command: str) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - mount and umount
