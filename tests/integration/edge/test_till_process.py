"""The till with real processes and byte-level devices, offline all the while: what a shop must be able to rely on."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from protocol.frame import Key
from tests.integration.edge.small_hub import SmallHub, start_broker
from tests.integration.edge.till_process import SLOW_TEST_S, WAIT_S, WATER_CODE, TillProcess, has_ptys, till_in, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
]


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


async def scan_water(till: TillProcess, times: int) -> None:
    """Scan until the cart has that many."""
    for _ in range(times):
        await till.scanner.scan(WATER_CODE)
    await until(lambda: [line["quantity"] for line in till.cart().get("lines", [])] == [times * 1000])


async def sell_one(till: TillProcess) -> None:
    """One bottle, exact cash."""
    before = till.one("SELECT count(*) FROM event")
    await scan_water(till, 1)
    await till.pay()
    await until(lambda: till.one("SELECT count(*) FROM event") == before + 1)


async def test_scan_line_pay_receipt_drawer(tmp_path: Path) -> None:
    """The main job without a network: scans become lines, a payment a fact, a receipt and an open drawer."""
    async with till_in(tmp_path) as till:
        await till.start()
        await scan_water(till, 3)
        await till.pay("20000")
        receipts = await till.printer.wait_receipts(1)
        assert receipts[0].complete
        assert till.printer.drawer is not None
        await until(lambda: till.printer.drawer is not None and till.printer.drawer.openings == 1)
        event = read_event(till.one("SELECT raw FROM event"))
        assert isinstance(event, Event)
        sale = read_data(event)
        assert isinstance(sale, SaleCompleted)
        assert (sale.total, sale.tenders[0].change, sale.cashier) == (15_000, 5_000, "Lan")
        await until(lambda: till.one("SELECT state FROM print_job WHERE kind = 'receipt'") == "printed")
        told = await till.diagnostics()
        assert (told["online"], told["backlog"], told["epoch"], len(told["scan_ms"])) == (False, 1, 1, 3)
        assert told["devices"]["scanner"]["state"] == told["devices"]["printer"]["state"] == "ready"
        assert max(told["scan_ms"]) < 1000
        assert await till.stop() == 0
        assert not (till.data / "page-address").exists()


async def test_a_kill_between_payment_and_print_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The paper was out when the till died: after the restart the one receipt of the one sale is printed."""
    async with till_in(tmp_path) as till:
        await till.start()
        till.printer.faults.paper_out()
        await scan_water(till, 2)
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event"))
        await till.kill()
        assert till.printer.receipt_count == 0
        states = till.one("SELECT group_concat(state) FROM print_job WHERE kind = 'receipt'")
        till.printer.faults.refill()
        await till.start()
        if states in {"queued", "held"}:
            await till.printer.wait_receipts(1)
        else:
            job = await until(lambda: till.one("SELECT job_id FROM print_job WHERE state = 'unknown'"))
            await asyncio.sleep(0.5)
            await till.order("/order/answer_print", job_id=job, printed="yes" if till.printer.receipt_count else "no")
            await till.printer.wait_receipts(1)
        await until(lambda: till.one("SELECT state FROM print_job WHERE kind = 'receipt'") == "printed")
        assert till.printer.receipt_count == 1
        assert till.one("SELECT count(*) FROM event") == till.one("SELECT count(*) FROM sale") == 1
        assert till.cart().get("lines", []) == []


async def test_kills_at_random_moments_leave_every_sale_whole(tmp_path: Path) -> None:
    """Kills in the middle of scanning and paying: each sale has its receipt job, and no cart is paid twice."""
    async with till_in(tmp_path) as till:
        paid: set[str] = set()
        for round_number in range(4):
            await till.start()
            await till.scanner.scan(WATER_CODE)
            await until(lambda: till.cart().get("lines"))
            paid.add(till.cart()["sale_id"])
            paying = asyncio.create_task(till.pay())
            await asyncio.sleep(0.008 * round_number)
            await till.kill()
            await asyncio.gather(paying, return_exceptions=True)
        # On a busy machine every kill may have come before its sale; the last cart is paid in peace.
        await till.start()
        await until(lambda: till.cart().get("sale_id"))
        if not till.cart().get("lines"):
            await till.scanner.scan(WATER_CODE)
            await until(lambda: till.cart().get("lines"))
        paid.add(till.cart()["sale_id"])
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM sale"))
        await till.kill()
        events = till.one("SELECT count(*) FROM event")
        assert events == till.one("SELECT count(*) FROM sale") == till.one("SELECT max(sequence) FROM event")
        assert events == till.one("SELECT count(*) FROM print_job WHERE kind = 'receipt'")
        assert events == till.one("SELECT count(DISTINCT sale_id) FROM sale") <= len(paid)
        assert till.one("PRAGMA integrity_check") == "ok"


async def test_a_kill_between_payment_and_sync_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Sales that the broker has and the hub never acknowledged are sent again after the restart, and count once."""
    broker = await asyncio.to_thread(start_broker)
    hub = SmallHub(broker.port, Key(bytes.fromhex("ab" * 32)))
    hub.has_catalogue = False
    try:
        async with till_in(tmp_path) as till:
            till.hub_port = broker.port
            till.write_config()
            await till.start()
            await sell_one(till)
            await until(lambda: till.one("SELECT acked FROM journal_state") == 1)
            hub.mute = True
            await sell_one(till)
            await until(lambda: hub.ignored)
            await till.kill()
            await till.start()
            hub.mute = False
            await sell_one(till)
            await until(lambda: till.one("SELECT acked FROM journal_state") == 3)
            assert len(hub.events) == len(set(hub.events)) == 3
            assert (await till.diagnostics())["online"] is True
            assert await till.stop() == 0
            await until(lambda: not hub.statuses[-1].online)
    finally:
        hub.close()
        await asyncio.to_thread(broker.stop)


async def test_two_agents_on_one_folder_are_refused(tmp_path: Path) -> None:
    """The second one says so and ends with 5; the first one goes on selling."""
    async with till_in(tmp_path) as till:
        await till.start()
        first = till.process
        assert "another Tillwire agent is using" in await _command(till, "run", code=5)
        assert first is not None
        assert first.returncode is None
        await scan_water(till, 1)


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Exit code 3, and the sentence names the port and the key to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        async with till_in(tmp_path) as till:
            till.page_port = other.getsockname()[1]
            till.write_config()
            await till.spawn()
            assert await till.exit_code() == 3
            assert f"port {till.page_port}".encode() in till.output
            assert b"[page] port" in till.output


async def test_a_damaged_journal_is_never_replaced_in_silence(tmp_path: Path) -> None:
    """Kept as it was, said on the screen, another epoch and other receipt numbers; set aside by hand, likewise."""
    async with till_in(tmp_path) as till:
        database = till.data / "till.db"
        content = bytearray(database.read_bytes())
        content[4096:20480] = b"\xa5" * 16384
        database.write_bytes(content)
        await till.start()
        [folder] = till.data.glob("damaged-*")
        assert (folder / "till.db").read_bytes() == bytes(content)
        assert till.client is not None
        assert folder.name in (await till.client.get("/")).text
        assert (await till.diagnostics())["epoch_lost"] == "broken"
        await scan_water(till, 1)
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event"))
        assert till.one("SELECT receipt_number FROM sale") == "hn01-t1-1-500001"
        assert await till.stop() == 0
        await _command(till, "journal", "set-aside", "--yes")
        assert len(list(till.data.glob("damaged-*"))) == 2
        await till.load_catalogue()
        await till.start()
        assert (await till.diagnostics())["epoch_lost"] == "restored"
        await scan_water(till, 1)
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event"))
        assert till.one("SELECT receipt_number FROM sale") == "hn01-t1-1-1000002"


async def test_another_tills_journal_is_refused(tmp_path: Path) -> None:
    """A data folder that was copied from another till would mix two histories."""
    async with till_in(tmp_path) as till:
        with sqlite3.connect(till.data / "till.db") as connection:
            connection.execute("UPDATE journal_state SET terminal = 't9'")
        connection.close()
        await till.spawn()
        assert await till.exit_code() == 4
        assert b"terminal t9" in till.output


async def test_the_journals_commands_work_while_the_till_runs(tmp_path: Path) -> None:
    """Support can look, copy and check without stopping the shop."""
    async with till_in(tmp_path) as till:
        await till.start()
        await scan_water(till, 1)
        await till.pay()
        await until(lambda: till.one("SELECT count(*) FROM event"))
        assert "1 wait" in await _command(till, "journal", "show")
        assert '"com.tillwire.sale.completed.v1"' in await _command(till, "journal", "export")
        assert "whole" in await _command(till, "journal", "verify")
        assert (await _command(till, "page")).startswith("http://127.0.0.1:")
        await till.stop()
        with sqlite3.connect(till.data / "till.db") as connection:
            connection.execute("UPDATE event SET raw = CAST(replace(raw, '5000', '4000') AS BLOB)")
        connection.close()
        assert "event 1 of epoch 1" in await _command(till, "journal", "verify", code=4)


async def test_an_unplugged_scanner_comes_back_under_another_name(tmp_path: Path) -> None:
    """The till says so, sells by typing, and takes scans again."""
    async with till_in(tmp_path) as till:
        await till.start()
        till.scanner.unplug()
        async with asyncio.timeout(WAIT_S):
            while (await till.diagnostics())["devices"]["scanner"]["state"] == "ready":  # noqa: ASYNC110 - as in until
                await asyncio.sleep(0.05)
        await till.order("/order/scan", code=WATER_CODE)
        await until(lambda: till.cart().get("lines"))
        till.scanner.plug()
        await until(lambda: till.scanner.attached)
        await till.scanner.scan(WATER_CODE)
        await until(lambda: till.cart()["lines"][0]["quantity"] == 2000)


async def _command(till: TillProcess, *arguments: str, code: int = 0) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_agent.cli", *arguments, "--config", str(till.config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WAIT_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == code, said.decode()
    return said.decode()
