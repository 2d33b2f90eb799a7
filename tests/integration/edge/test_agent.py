"""The agent inside another program, as tests use it: it starts whole or not at all, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import httpx
import pytest

from edge_agent.app import Agent
from edge_agent.config import (
    AgentConfig,
    Credentials,
    DataSection,
    HubSection,
    PageSection,
    StoreSection,
    TerminalSection,
)
from edge_agent.errors import AlreadyRunning, PortInUse
from edge_agent.journal.lock import FolderLock
from edge_agent.terminal_section import TerminalDeviceSection
from hardware_sim.terminal import SimulatedTerminal

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The agent runs on asyncio."""
    return "asyncio"


def agent_in(
    folder: Path, *, terminal: str = "t1", port: int = 0, card_terminal: TerminalDeviceSection | None = None
) -> Agent:
    """An agent without devices but a card terminal, if there is one; offline."""
    config = AgentConfig(
        store=StoreSection(id="hn01"), terminal=TerminalSection(id=terminal), hub=HubSection(host="127.0.0.1", port=9),
        data=DataSection(folder=str(folder)), page=PageSection(port=port), terminal_device=card_terminal,
    )  # fmt: skip
    key = "ab" * 32
    credentials = Credentials(
        store="hn01", terminal=terminal, epoch=1, terminal_key=key, store_feed_key=key, global_feed_key=key
    )
    return Agent(config, credentials)


async def test_agents_start_side_by_side_stop_and_start_again(tmp_path: Path) -> None:
    """Each has its folder and its port; after the end no thread and no task of theirs is left."""
    tasks = len(asyncio.all_tasks())
    for _ in range(2):
        first, second = agent_in(tmp_path / "a"), agent_in(tmp_path / "b", terminal="t2")
        await first.start()
        await second.start()
        assert first.page_url != second.page_url
        for agent in (first, second):
            base = agent.page_url.partition("/?")[0]
            async with httpx.AsyncClient(base_url=base) as client:
                assert (await client.get("/healthz")).json()["ok"] is True
                assert (await client.get("/v1/diagnostics")).status_code == httpx.codes.UNAUTHORIZED
                assert (await client.get("/healthz", headers={"host": "evil.example"})).status_code == 421
                await client.get(agent.page_url)
                told = (await client.get("/v1/diagnostics")).json()
                assert (told["epoch"], told["tail"], told["online"]) == (1, 0, False)
                assert (await client.get("/v1/diagnostics/stock", params={"sku": "A"})).json()["stock"] == {"A": None}
                assert (await client.get("/v1/diagnostics/stock")).json() == {"stock": {}, "next": None}
        await first.stop()
        await second.stop()
    assert len(asyncio.all_tasks()) == tasks
    # The event loop keeps its own worker threads; ours are named.
    ours = [thread.name for thread in threading.enumerate() if thread.name.startswith(("till-db", "scanner", "paho"))]
    assert ours == []


async def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Port taken, or folder taken: told, and the folder is free for the next try."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortInUse):
            await agent_in(tmp_path, port=other.getsockname()[1]).start()
    agent = agent_in(tmp_path)
    await agent.start()
    with pytest.raises(AlreadyRunning):
        await agent_in(tmp_path).start()
    await agent.counter.scan("nothing", source="typed")
    await agent.stop()
    FolderLock(tmp_path).release()


async def test_a_card_terminal_has_its_place_among_the_devices(tmp_path: Path) -> None:
    """It is ready as soon as it has answered, before anybody pays by card; asking how it is charges nothing."""
    async with SimulatedTerminal() as terminal:
        agent = agent_in(tmp_path, card_terminal=TerminalDeviceSection(host=terminal.host, port=terminal.port))
        await agent.start()
        try:
            async with asyncio.timeout(20):
                async for view in agent.counter.changes():
                    if [(each.kind, each.state) for each in view.devices] == [("terminal", "ready")]:
                        break
            assert terminal.charges == []
        finally:
            await agent.stop()
