"""A channel in a hub's database, for tests: set up, switched on, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.channels.manifest import Connecting, Manifest, RateBudget
from hub.channels.ports import Channel, PortName
from hub.channels.runner import RunnerStores
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
ALL_PORTS: frozenset[PortName] = frozenset({"stock", "orders", "sales"})


@dataclass
class Clock:
    """The time that a test says it is; chance is always in the middle."""

    now: datetime = START
    passed_s: float = 0.0

    def wall(self) -> datetime:
        """The wall clock."""
        return self.now

    def clock_s(self) -> float:
        """Seconds since some moment."""
        return self.passed_s

    def chance(self) -> float:
        """Half."""
        return 0.5

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.passed_s += seconds


@dataclass
class Kinds:
    """Kinds of channels that a test made; it stands for the registry of folders."""

    manifests: Mapping[str, Manifest] = field(default_factory=dict)

    def manifest(self, kind: str) -> Manifest:
        """See Registry."""
        return self.manifests[kind]


def manifest_of(open_: Callable[[Connecting], Channel], **more: object) -> Manifest:
    """A kind called "test" that may be asked a thousand times a second."""
    fields: dict[str, object] = {"ports": ALL_PORTS, "settings": (), "rate": RateBudget(1_000, 1_000), **more}
    return Manifest(kind="test", title="Test", open=open_, **fields)  # type: ignore[arg-type]


def runner_stores(database: Database) -> RunnerStores:
    """The tables that the runner needs."""
    return RunnerStores(SqlChannelSetups(database), SqlChannelParts(database), SqlChannelLinks(database))


def set_up(database: Database, name: str = "web", *, kind: str = "test", **settings: str) -> None:
    """Add a channel and switch it on."""
    setups = SqlChannelSetups(database)
    setups.add(name, kind, settings, START)
    setups.enable(name, START, enabled=True)
