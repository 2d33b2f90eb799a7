"""The rig with something between its tills and the broker: a line for each till, or a street of network namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from protocol.ids import StoreId
from tests.demo.processes import free_port
from tests.faults.network.fate import Fates, calm
from tests.faults.network.line import FaultyLine, bound
from tests.faults.network.mqtt_stage import Mood, MqttStage
from tests.faults.network.namespaces import Shop, open_street
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.stand import Rig, rig_of
from tests.faults.rig.till import Road
from tests.faults.row import dice


@dataclass
class Lines:
    """All lines of a rig. `hub` is the hub's own to its broker, if it has one; `mood` is what befalls messages."""

    tills: list[FaultyLine] = field(default_factory=list)
    hub: FaultyLine | None = None
    mood: Mood = field(default_factory=Mood)


@dataclass(frozen=True)
class LinedRoad(Road):
    """A till that reaches the broker over a line."""

    lines: Lines = field(kw_only=True)


@dataclass(frozen=True)
class ShopRoad(Road):
    """A till in a namespace; a store's tills share it."""

    shop: Shop = field(kw_only=True)


def lines_of(rig: Rig) -> Lines:
    """The lines of a rig that has some."""
    road = rig.tills[0].road
    assert isinstance(road, LinedRoad)
    return road.lines


def shops_of(rig: Rig) -> list[Shop]:
    """The stores' namespaces."""
    return list({till.road.shop.name: till.road.shop for till in rig.tills if isinstance(till.road, ShopRoad)}.values())


@asynccontextmanager
async def lined(plan: Plan, seed: object, *, fates: Fates = calm) -> AsyncIterator[Rig]:
    """A rig on which each till has a line of its own; open, until somebody changes that."""
    lines = Lines()
    async with AsyncExitStack() as closers:

        def road(place: Place, broker_port: int) -> LinedRoad:
            line = FaultyLine(
                ("127.0.0.1", broker_port), fates=fates,
                make_stage=lambda number: MqttStage(lines.mood, dice("stage", seed, place, number)),
            )  # fmt: skip
            lines.tills.append(line)
            return LinedRoad(port=_begin(line, closers), lines=lines)

        async with rig_of(plan, seed, roads=road) as rig:
            yield rig


@asynccontextmanager
async def streeted(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """A rig whose stores are in namespaces, behind a street that is quiet until somebody changes that."""
    shops: dict[StoreId, Shop] = {}
    with open_street() as street:
        async with AsyncExitStack() as closers:

            def road(place: Place, broker_port: int) -> ShopRoad:
                shop = shops.get(place.store)
                if shop is None:
                    shop = shops[place.store] = street.add()
                port = _begin(FaultyLine(("127.0.0.1", broker_port), listening=bound(street.gateway, 0)), closers)
                page_port = free_port()
                # The cashier stands outside: a line of its own leads her to the page, whatever the street does.
                _begin(
                    FaultyLine(
                        ("127.0.0.1", page_port), listening=bound("127.0.0.1", page_port), make_socket=shop.make_socket
                    ),
                    closers,
                )
                return ShopRoad(street.gateway, port, shop.command(), page_port, shop=shop)

            async with rig_of(plan, seed, roads=road) as rig:
                yield rig


@asynccontextmanager
async def lined_with_hub(plan: Plan, seed: object) -> AsyncIterator[Rig]:
    """As `lined`, and the hub reaches its broker over a line, too: one of its own process."""
    async with AsyncExitStack() as closers, lined(plan, seed) as rig:
        places = rig.hub.places
        line = lines_of(rig).hub = FaultyLine(("127.0.0.1", places.broker_port))
        await rig.hub.stop()
        places.broker_port = _begin(line, closers)
        places.write()
        await rig.hub.restart()
        yield rig


def _begin(line: FaultyLine, closers: AsyncExitStack) -> int:
    port = line.listen()
    starting = asyncio.ensure_future(line.start())
    closers.push_async_callback(line.stop)
    closers.push_async_callback(asyncio.wait, {starting})
    return port
