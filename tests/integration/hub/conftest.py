"""Real hubs in this process, on each pair of broker and database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from hub.app import Hub
from hub.config import BrokerConfig, DatabaseConfig, DataConfig, HubConfig, WebConfig
from tests.databases import postgres_url
from tests.services import MosquittoServer, PostgresServer, mosquitto, postgres

__all__ = ["mosquitto", "postgres"]

DEADLINE_S = 60
"""How long one step may last before it is taken for a hang; far above what a busy machine needs."""


class HubThread:
    """A hub on an event loop in a thread, so that a test can be plain code."""

    def __init__(self, config: HubConfig) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.hub = self._in_loop(config)

    def start(self) -> Hub:
        """Start the hub."""
        asyncio.run_coroutine_threadsafe(self.hub.start(), self._loop).result(DEADLINE_S)
        return self.hub

    def stop(self) -> None:
        """Stop the hub and the loop."""
        try:
            asyncio.run_coroutine_threadsafe(self.hub.stop(), self._loop).result(DEADLINE_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(DEADLINE_S)
            self._loop.close()

    def _in_loop(self, config: HubConfig) -> Hub:
        async def make() -> Hub:
            return Hub(config)

        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(DEADLINE_S)


def embedded_config(folder: Path, *, broker_port: int = 0) -> HubConfig:
    """The default engines, on free ports."""
    return HubConfig(data=DataConfig(str(folder)), broker=BrokerConfig(port=broker_port), web=WebConfig(port=0))


@contextmanager
def running_hub(config: HubConfig) -> Iterator[Hub]:
    """A hub for the time of a with block."""
    thread = HubThread(config)
    try:
        yield thread.start()
    finally:
        thread.stop()


@pytest.fixture(params=["embedded", "production"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hub]:
    """A running hub: iotcore and SQLite, then Mosquitto and PostgreSQL."""
    config = embedded_config(tmp_path / "data")
    if request.param == "production":
        broker: MosquittoServer = request.getfixturevalue("mosquitto")
        database: PostgresServer = request.getfixturevalue("postgres")
        config = HubConfig(
            data=config.data,
            database=DatabaseConfig(postgres_url(database)),
            broker=BrokerConfig(mode="external", host=broker.host, port=broker.port),
            web=config.web,
        )
    with running_hub(config) as running:
        yield running


def eventually(promise: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait until a promise holds."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if promise():
            return
        time.sleep(0.02)
    pytest.fail(f"not within {deadline_s} s: {what}")
