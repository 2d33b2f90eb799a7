"""The rig, built up: services, hubs and tills that run, cashiers that sell, and the way back to rest after a fault."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

from tests.demo.processes import free_port
from tests.faults.rig import release
from tests.faults.rig.cashier import Cashier, Confirmed, LivePage
from tests.faults.rig.check import Verdict, compare
from tests.faults.rig.disks import Disk
from tests.faults.rig.hub import HubPlaces, HubProcess, rebuilt, set_up
from tests.faults.rig.hub_books import read_hub, read_levels
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.programs import Program
from tests.faults.rig.services import Mosquitto, Postgres
from tests.faults.rig.till import Road, TillProcess
from tests.faults.row import folder_of

SETTLE_S_MAX = 120.0
DATABASE = "tillwire"
_POLL_S = 0.1

Roads = Callable[[Place, int], Road]
"""How each till reaches the broker, which listens on a port of this machine."""


def straight(_: Place, broker_port: int) -> Road:
    """Nothing between till and broker."""
    return Road(port=broker_port)


class Rig:
    """`postgres` and `broker` are None on an embedded rig. `confirmed` is what the cashiers saw, all of it.

    `disk` is where the hub's database is, if it has one of its own. `noticed` is what strikes found wrong, in words.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.postgres: Postgres | None = None
        self.broker: Mosquitto | None = None
        self.standbys: list[Postgres] = []
        self.hubs: list[HubProcess] = []
        self.tills: list[TillProcess] = []
        self.cashiers: list[Cashier] = []
        self.confirmed: list[Confirmed] = []
        self.disk: Disk | None = None
        self.noticed: list[str] = []

    @property
    def hub(self) -> HubProcess:
        """The first hub."""
        return self.hubs[0]

    @property
    def programs(self) -> tuple[Program, ...]:
        """All that runs, or did."""
        services = (each for each in (self.postgres, self.broker) if each is not None)
        return (*services, *self.standbys, *self.hubs, *self.tills)

    @asynccontextmanager
    async def selling(self) -> AsyncIterator[None]:
        """While the context is open, all cashiers sell. What they were paying in the end is waited for."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for cashier in self.cashiers:
                group.create_task(cashier.sell_until(stop))
            try:
                yield
            finally:
                stop.set()

    async def settled(self, limit_s: float = SETTLE_S_MAX) -> tuple[float, str]:
        """Wait until nothing is on its way any more: seconds, and what is still on its way when `limit_s` is over."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while waiting := await asyncio.to_thread(self._on_the_way):
            if loop.time() - began_s > limit_s:
                return loop.time() - began_s, waiting
            await asyncio.sleep(_POLL_S)
        return loop.time() - began_s, ""

    async def verdict(self) -> Verdict:
        """Compare everything. Only when settled, or everything that is on its way is told as wrong."""
        return await asyncio.to_thread(self._verdict)

    def _verdict(self) -> Verdict:
        tills = {till.place: till.books(self.plan) for till in self.tills}
        places = self.hub.places
        engine = places.engine()
        try:
            return compare(tuple(self.confirmed), tills, read_hub(engine), self._rebuilt())
        finally:
            engine.dispose()

    def _rebuilt(self) -> list[str]:
        if self.plan.hub_tree and len(self.hubs) == 1:  # the newest hub that has seen the database looks into it
            return release.rebuilt(self.plan.hub_tree, self.hub.places.file)
        return rebuilt(self.hub.places, self.plan)

    def _on_the_way(self) -> str:
        for till in self.tills:
            if backlog := till.backlog():
                return f"{till.place} has {backlog} events that are not acknowledged"
        engine = self.hub.places.engine()
        try:
            levels = read_levels(engine)
        except Exception as error:  # noqa: BLE001 - whatever the database says, it is not at rest
            return f"the hub's database does not answer: {error}"
        finally:
            engine.dispose()
        for till in self.tills:
            for (store, sku), level in levels.items():
                if store == till.place.store and not till.shows(sku, level):
                    return f"{till.place} shows another level of {sku} than the hub's {level}"
        return ""


@asynccontextmanager
async def rig_of(
    plan: Plan,
    seed: object,
    *,
    roads: Roads = straight,
    disk: Disk | None = None,
    hub_url: Callable[[Rig], Awaitable[str]] | None = None,
) -> AsyncIterator[Rig]:
    """Build everything up, and end whatever runs with the context. `disk` gets the hub's database.

    `hub_url` may make more of the database before the hub starts, and says how the hub reaches it.
    """
    with tempfile.TemporaryDirectory(prefix="tillwire-rig-", ignore_cleanup_errors=True) as base:
        folder = folder_of(base, "")
        folder.chmod(0o755)  # PostgreSQL's user must be able to walk through
        rig = Rig(plan, folder)
        rig.disk = disk
        async with AsyncExitStack() as closers:
            url, broker_port = "", free_port()
            if plan.kind == "production":
                url, broker_port = await _services(rig, closers)
            hub_folder = folder / "hub"
            hub_folder.mkdir()
            own = disk.data if disk is not None and plan.kind == "embedded" else None
            places = HubPlaces(hub_folder, broker_port, url, data=own)
            given = await asyncio.to_thread(_set_up, places, plan)
            if hub_url is not None:
                closers.push_async_callback(_end_all, rig.standbys)
                places.url = await hub_url(rig)
            rig.hubs.append(HubProcess(places, program=release.program(plan.hub_tree, "hub")))
            places.url = url  # as it is reached from outside, one server at a time
            closers.push_async_callback(_end_all, rig.hubs)
            await rig.hub.restart()
            await _raise_tills(rig, closers, given, roads, seed)
            yield rig


def _set_up(places: HubPlaces, plan: Plan) -> Mapping[Place, bytes]:
    if plan.hub_tree:
        return release.set_up(plan.hub_tree, places.folder, places.broker_port, places.url, plan)
    return set_up(places, plan)


async def _services(rig: Rig, closers: AsyncExitStack) -> tuple[str, int]:
    folder = rig.folder / "postgres"
    folder.mkdir()
    rig.postgres = Postgres(folder, rig.plan.postgres, data=rig.disk.data if rig.disk is not None else None)
    closers.push_async_callback(_end, rig.postgres)
    await rig.postgres.create(DATABASE)
    broker_folder = rig.folder / "broker"
    broker_folder.mkdir()
    rig.broker = Mosquitto(broker_folder, persistence=rig.plan.broker_persists)
    closers.push_async_callback(_end, rig.broker)
    await rig.broker.restart()
    return rig.postgres.url(DATABASE), rig.broker.port


async def _raise_tills(
    rig: Rig, closers: AsyncExitStack, given: Mapping[Place, bytes], roads: Roads, seed: object
) -> None:
    for place, credentials in given.items():
        road = roads(place, rig.hub.places.broker_port)
        folder = rig.folder / f"{place.store}-{place.terminal}"
        till = TillProcess(
            place,
            folder,
            credentials,
            road,
            release.program(rig.plan.agent_tree, "edge_agent") if rig.plan.agent_tree else (),
        )
        rig.tills.append(till)
        closers.push_async_callback(_end, till)
    await asyncio.gather(*(till.restart() for till in rig.tills))
    waited_s, waiting = await rig.settled()
    assert not waiting, f"after {waited_s:.0f} s: {waiting}"
    for till in rig.tills:
        page = await closers.enter_async_context(LivePage(till.page_url()))
        rng = Random(f"{seed} {till.place}")  # noqa: S311 - what customers buy
        codes = tuple(item.barcodes[0] for item in rig.plan.items)
        rig.cashiers.append(Cashier(till.place, page, codes, rng, rig.plan.pause_s, rig.confirmed.append))


async def _end(program: Program) -> None:
    if program.running:
        program.resume()
    await program.stop()


async def _end_all(programs: Sequence[Program]) -> None:
    for program in programs:
        await _end(program)
