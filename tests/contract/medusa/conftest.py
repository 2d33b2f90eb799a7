"""The same promises on the simulated Medusa and, under `./dev test-medusa`, on a real one."""

from __future__ import annotations

import itertools
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware_sim.vendors.medusa.running import running
from hardware_sim.vendors.medusa.seed import seeded, told
from hardware_sim.vendors.medusa.service import MedusaService
from tests.contract.medusa.bed import Bed, wall
from tests.contract.medusa.wires import BreakingWire

SEED = "TILLWIRE_MEDUSA_SEED"
"""The file in which a running Medusa's test bed wrote down its address, keys and ids."""


@pytest.fixture
def service() -> MedusaService:
    """The simulated one."""
    return MedusaService(seeded(wall))


@pytest.fixture(params=["simulated", "companion", pytest.param("real", marks=pytest.mark.medusa)])
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """A Medusa; SKUs and addresses of a test are its own, for the real one keeps what earlier tests left."""
    mark = secrets.token_hex(4).upper()
    count = itertools.count(1)

    def serial() -> str:
        return f"{mark}{next(count)}"

    if request.param == "real":
        seed = os.environ.get(SEED, "")  # noqa: TID251 - set by ./dev test-medusa
        if not seed:
            pytest.skip(f"{SEED} names no running Medusa: ./dev test-medusa starts one")
        yield from _used(Bed(json.loads(Path(seed).read_text("utf-8")), serial))
        return
    service: MedusaService = request.getfixturevalue("service")
    service.shop.companion = request.param == "companion"
    with running(service) as address:
        yield from _used(Bed(told(service.shop, address), serial))


def _used(bed: Bed) -> Iterator[Bed]:
    yield bed
    bed.http.close()
    for channel in bed.channels:
        channel.close()


@pytest.fixture
def wire() -> Iterator[BreakingWire]:
    """A wire that breaks where a test says."""
    wire = BreakingWire()
    yield wire
    wire.close()
