"""Receipts that printers choke on, the whole way: from the scanner to the dots on narrow paper."""

from __future__ import annotations

import asyncio
import unicodedata
from pathlib import Path

import msgspec
import pytest

from edge_agent.devices.printer import spool
from edge_agent.devices.printer.layout import rows_of
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.receipt import decode
from edge_agent.journal.database import connect_to_read, open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.replica.sqlite import SqliteReplica
from hardware_sim.printer import WIDTH_58_MM, SimulatedPrinter, raster_digest
from hardware_sim.scanner import SimulatedScanner
from protocol.documents import Document, Item
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED
from tests.bench.goods import ean13
from tests.integration.edge.till_process import SLOW_TEST_S, STORE, TERMINAL, TillProcess, has_ptys, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
]
LINES = 60
LONG = "Nước mắm truyền thống Phú Quốc nguyên chất 40 độ đạm ủ chượp mười hai tháng trong thùng gỗ bời lời"


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


async def test_sixty_lines_with_long_decomposed_names_on_narrow_paper(tmp_path: Path) -> None:
    """58 mm, sixty lines, names of a hundred letters in NFD: one whole receipt, dot for dot the composed one."""
    items = [
        Item(
            sku=f"LONG-{number}", name=unicodedata.normalize("NFD", f"{LONG} số {number}"),
            barcodes=(ean13(893_111_000_000 + number),), price=1_000 + number, currency="VND",
        )
        for number in range(LINES)
    ]  # fmt: skip
    async with (
        SimulatedScanner(link=tmp_path / "scanner") as scanner,
        SimulatedPrinter(width_dots=WIDTH_58_MM, rows_per_second=None) as printer,
    ):
        till = TillProcess(tmp_path, scanner, printer)
        till.write_config()
        config = till.config.read_text("utf-8").replace("[printer]\n", "[printer]\nwidth_dots = 384\n")
        till.config.write_text(config, "utf-8")
        await till.load_catalogue()
        await _load(till, items)
        try:
            await till.start()
            for item in items:
                await scanner.scan(item.barcodes[0])
            await until(lambda: len(till.cart().get("lines", [])) == LINES)
            await till.pay()
            [paper] = await printer.wait_receipts(1, timeout_s=60)
            await until(lambda: till.one("SELECT state FROM print_job WHERE kind = 'receipt'") == "printed")
        finally:
            await till.close()
    assert (paper.complete, paper.width_dots) == (True, WIDTH_58_MM)
    with connect_to_read(till.data / "till.db") as connection:
        job = spool.get(connection, till.one("SELECT job_id FROM print_job WHERE kind = 'receipt'"))
    connection.close()
    composed = decode(unicodedata.normalize("NFC", job.payload.decode()).encode())
    assert f"số {LINES - 1}" in unicodedata.normalize("NFC", job.payload.decode())
    wanted = await asyncio.to_thread(lambda: raster_digest(draw(rows_of(composed, WIDTH_58_MM), WIDTH_58_MM)))
    assert paper.raster_sha256 == wanted


async def _load(till: TillProcess, items: list[Item]) -> None:
    database = await open_database(till.data / "till.db", till_migrations(spool.SCHEMA))
    documents = tuple(
        Document(kind="item", key=item.sku, revision=2, body=msgspec.Raw(msgspec.json.encode(item))) for item in items
    )
    change = Apply(documents, (), "db", 2)
    await database.run(lambda c: SqliteReplica(c, STORE, TERMINAL).apply(GLOBAL_FEED, change))
    await database.close()
