"""Trying the printer: paper for whoever may set up, and a word where there is no printer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.unit.edge_agent.counter.shop import shop_in


@pytest.mark.parametrize(("has_printer", "code"), [(True, "report_printed"), (False, "no_printer")])
def test_a_test_page_is_printed_where_there_is_a_printer(tmp_path: Path, has_printer: bool, code: str) -> None:
    """One slip goes to the spool; without a printer the cashier is told so."""

    async def run() -> None:
        async with shop_in(tmp_path, has_printer=has_printer) as shop:
            await shop.counter.order("test_print", {})
            assert (await shop.notice())[0] == code
            assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'slip'") == int(has_printer)

    asyncio.run(run())
