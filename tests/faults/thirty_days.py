"""A till that was offline for thirty days comes back with all it sold, to a hub on which others go on selling.

Real processes: the hub with each pair of broker and database in turn, the agent, live tills of its store and of
others. `./dev bench offline` measures the same run; here only its end counts.
"""

from __future__ import annotations

import tempfile
from typing import get_args

from tests.bench.ingest.hubs import Installation
from tests.bench.offline.run import Extent, bench_offline
from tests.faults.row import Fault, Row, Told, folder_of
from tests.services import postgres_binaries

SALES = 100_000


async def play(seed: int, runs: int, told: Told, *, extent: Extent | None = None) -> Row:
    """Play it, embedded first, then on Mosquitto and PostgreSQL, and so on."""
    name = "thirty-days-offline"
    if postgres_binaries() is None and runs > 1:
        return Row(name, skipped="needs PostgreSQL")
    row = Row(name)
    kinds: tuple[Installation, ...] = get_args(Installation)
    for run in range(runs):
        chosen = extent or Extent(SALES)
        with tempfile.TemporaryDirectory(prefix="tillwire-faults-") as base:
            folder = folder_of(base, "shop")
            folder.mkdir()
            kind = kinds[run % len(kinds)]
            played = Extent(chosen.sales, chosen.stores, chosen.per_second, chosen.before_s, chosen.live_s, seed + run)
            figures, verdict = await bench_offline(folder, kind, played, lambda _: None)
        for words in verdict.wrong:
            told(f"{name}, seed {seed}, run {run}, {kind}: {words}")
        row = Row(
            name, row.runs + 1, row.sales + chosen.sales, row.lost + verdict.lost + len(verdict.wrong),
            row.doubled + verdict.doubled, max(row.converge_s, figures["drain_s"]),
        )  # fmt: skip
    return row


SCENARIOS = (
    Fault("thirty-days-offline", "a till comes back after thirty days with 100,000 sales, while others sell", play, 2),
)
