"""The runner: channels come, change and go while it runs, and no part waits for another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from hub.channels.manifest import Connecting, Manifest, RateBudget, Setting
from hub.channels.part import URGENT, Opened, Part, PartKind, PartKinds
from hub.channels.ports import Channel
from hub.channels.registry import Registry
from hub.channels.runner import OPEN_PART, ChannelRunner, RunnerClock
from hub.errors import ConfigError
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from tests.channel_stage import START, Kinds, manifest_of, runner_stores, set_up

TIMEOUT_S = 20.0


def wall() -> datetime:
    """Threads wait in real time."""
    return datetime.fromtimestamp(time.monotonic(), UTC)


@dataclass
class Told:
    """A part that tells the test of each step and then waits for an hour, or as long as the test holds it."""

    opened: Opened
    steps: queue.Queue[tuple[str, dict[str, str]]]
    hold: threading.Event | None = None

    def step(self, now: datetime) -> float:
        """See Part."""
        del now
        self.steps.put((self.opened.name, dict(self.opened.settings)))
        if self.hold is not None:
            self.hold.wait(TIMEOUT_S)
        return 3_600.0


@dataclass
class Watched:
    """Kinds of parts whose steps can be waited for."""

    stock: queue.Queue[tuple[str, dict[str, str]]] = field(default_factory=queue.Queue)
    sales: queue.Queue[tuple[str, dict[str, str]]] = field(default_factory=queue.Queue)
    hold: threading.Event = field(default_factory=threading.Event)
    opened: list[Opened] = field(default_factory=list)

    def kinds(self) -> PartKinds:
        """Stock, and sales that hang in a call until the test lets go."""
        return [PartKind("stock", self._stock, urgency=URGENT), PartKind("sales", self._sales, alone=False)]

    def _stock(self, opened: Opened) -> Part:
        self.opened.append(opened)
        return Told(opened, self.stock)

    def _sales(self, opened: Opened) -> Part:
        return Told(opened, self.sales, self.hold)


@contextmanager
def running(
    database: Database, watched: Watched, manifest: Manifest, transport: Callable[[], httpx.BaseTransport] | None = None
) -> Iterator[ChannelRunner]:
    """A runner of channels of one kind."""
    clock = RunnerClock(time.monotonic, wall, lambda: 0.5, "me")
    kinds: Registry = Kinds({"test": manifest})  # type: ignore[assignment] # it has what is asked of it
    runner = ChannelRunner(runner_stores(database), kinds, watched.kinds(), clock, transport or httpx.HTTPTransport)
    runner.start()
    try:
        yield runner
    finally:
        watched.hold.set()
        runner.stop(TIMEOUT_S)
        assert not runner.alive


def empty(_: Connecting) -> Channel:
    """A channel that can do nothing."""
    return Channel()


def test_a_slow_part_delays_no_other(database: Database) -> None:
    """Sales that hang in a call keep stock waiting not at all, however often it is woken."""
    set_up(database)
    watched = Watched()
    with running(database, watched, manifest_of(empty)) as runner:
        watched.sales.get(timeout=TIMEOUT_S)
        watched.stock.get(timeout=TIMEOUT_S)
        for _ in range(5):
            runner.wake("web", "stock")
            watched.stock.get(timeout=TIMEOUT_S)
        runner.wake_all("stock")
        watched.stock.get(timeout=TIMEOUT_S)
        assert watched.sales.empty()
        assert ("web", "stock", "closed") in runner.circuits()


def test_channels_come_change_and_go_while_it_runs(database: Database) -> None:
    """What is added, set otherwise or switched off at a running hub is so a moment later, without a restart."""
    watched, setups = Watched(), SqlChannelSetups(database)
    watched.hold.set()
    manifest = manifest_of(empty, settings=(Setting("url", "Where", default="x"),))
    with running(database, watched, manifest) as runner:
        set_up(database, "late")
        runner.look_again()
        assert watched.stock.get(timeout=TIMEOUT_S) == ("late", {"url": "x", "sales": "yes", "sales_of": ""})
        setups.set("late", {"url": "y"}, START)
        runner.look_again()
        assert watched.stock.get(timeout=TIMEOUT_S)[1]["url"] == "y"
        setups.enable("late", START, enabled=False)
        runner.look_again()
        deadline = time.monotonic() + TIMEOUT_S
        while runner.circuits() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not runner.circuits()
        assert SqlChannelParts(database).state("late", "stock").holder == ""


def test_a_channel_that_cannot_be_opened_says_why_and_stops_no_other(database: Database) -> None:
    """A secret that is missing is told by name; when it is given, the channel starts by itself."""
    watched, setups = Watched(), SqlChannelSetups(database)
    watched.hold.set()
    set_up(database)
    manifest = manifest_of(empty, settings=(Setting("key", "The key", secret=True),))
    with running(database, watched, manifest) as runner:
        deadline = time.monotonic() + TIMEOUT_S
        parts = SqlChannelParts(database)
        while not parts.state("web", OPEN_PART).problem and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "key (The key)" in parts.state("web", OPEN_PART).problem
        setups.set_secret("web", "key", "hush", START)
        runner.look_again()
        watched.stock.get(timeout=TIMEOUT_S)
        assert parts.state("web", OPEN_PART).problem == ""


def test_a_kind_with_a_mistake_in_it_stops_no_other_channel(database: Database) -> None:
    """What opening it raises is told where the channel is shown; the channel behind it runs."""

    def faulty(connecting: Connecting) -> Channel:
        if connecting.name == "bad":
            raise ZeroDivisionError("ours")
        return Channel()

    set_up(database, "bad")
    set_up(database, "good")
    watched = Watched()
    watched.hold.set()
    with running(database, watched, manifest_of(faulty)) as runner:
        assert watched.stock.get(timeout=TIMEOUT_S)[0] == "good"
        assert "ZeroDivisionError: ours" in SqlChannelParts(database).state("bad", OPEN_PART).problem
        assert runner.problem == ""


def test_links_are_read_when_they_change(database: Database) -> None:
    """A mapping that was changed at any process holds at the next look; sales are looked up one by one."""
    set_up(database)
    watched, stores = Watched(), runner_stores(database)
    watched.hold.set()
    with running(database, watched, manifest_of(empty)):
        watched.stock.get(timeout=TIMEOUT_S)
        links = watched.opened[0].links
        assert links().of("item") == []
        stores.links.put("web", [LinkRow("item", "A", "a1", {"product": "p"}), LinkRow("sale", "s1", "o1")], START)
        deadline = time.monotonic() + TIMEOUT_S
        while not links().of("item") and time.monotonic() < deadline:
            time.sleep(0.001)
        assert [(link.ours, link.theirs, link.more) for link in links().of("item")] == [("A", "a1", {"product": "p"})]
        assert links().of("sale") == []
        assert links().to_theirs("sale", "s1").theirs == "o1"
        assert links().to_ours("sale", "o1").ours == "s1"


def test_a_channels_rate_holds_for_all_of_its_parts(database: Database) -> None:
    """However many calls connectors make, together they keep to what the kind says of itself."""
    calls: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        del request
        calls.append(time.monotonic())
        return httpx.Response(200)

    def busy(connecting: Connecting) -> Channel:
        client = httpx.Client(transport=connecting.transport, base_url="http://shop")
        threading.Thread(target=lambda: [client.get("/") for _ in range(6)], daemon=True).start()
        return Channel()

    set_up(database)
    watched = Watched()
    watched.hold.set()
    with running(database, watched, manifest_of(busy, rate=RateBudget(50, 2)), lambda: httpx.MockTransport(answer)):
        deadline = time.monotonic() + TIMEOUT_S
        while len(calls) < 12 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(calls) == 12
    assert calls[-1] - calls[0] >= (12 - 2 - 1) / 50


def test_kinds_are_found_by_their_folders() -> None:
    """A kind is a folder with a manifest, here or in a package that the settings name; errors name what there is."""
    registry = Registry(["tests.channels"])
    assert "pretend" in registry.kinds()
    assert registry.manifest("pretend").kind == "pretend"
    with pytest.raises(ConfigError, match=r"'nowhere'.*pretend"):
        registry.manifest("nowhere")
    with pytest.raises(ConfigError, match=r"\[channels\] packages: no\.such"):
        Registry(["no.such"]).kinds()
