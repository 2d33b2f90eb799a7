"""How long closing a shift takes after a long day, in the till's own books on a real disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.unit.edge_agent.counter.shop import CATALOGUE, shop_in


async def close_after(folder: Path, sales: int, told: Callable[[int], None]) -> float:
    """Sell that often in a till in that folder, count the drawer, close; milliseconds from the order to its picture."""
    async with shop_in(folder, has_printer=False, monotonic=time.monotonic) as shop:
        expected = 0
        await shop.counter.order("open_shift", {"number": "1", "amount": "0"})
        shift = shop.counter.view().shift
        assert shift is not None
        code, price = CATALOGUE[0].barcodes[0], CATALOGUE[0].price
        for sale in range(1, sales + 1):
            await shop.scan(code)
            expected += price
            await shop.do("pay_cash")
            told(sale)
        began = time.perf_counter()
        await shop.counter.order("close_shift", {"shift": shift.id, "amount": str(expected)})
        took = time.perf_counter() - began
        said, _, _ = await shop.notice()
        assert said == "shift_closed", f"the shift was not closed: {said}"
        return took * 1000
