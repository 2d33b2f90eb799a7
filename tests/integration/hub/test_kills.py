"""The hub's process killed at random while tills sell: nothing lost, nothing twice."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import msgspec
import pytest

from hub.config import load_config
from hub.fleet.enrolment import Credentials
from hub.projections.rebuild import differences
from hub.running.data import open_data
from hub.storage import schema
from hub.storage.reading import StockQuery
from protocol.ids import StoreId
from tests.family import descendants
from tests.integration.hub.conftest import eventually
from tests.integration.hub.terminal_client import TerminalClient
from tests.services import free_port
from tests.unit.hub.journals import sale

HANOI = StoreId("hanoi")
# Six processes one after the other; each step must be able to fail by itself first.
pytestmark = pytest.mark.timeout(400)

KILLS = 4
SALES = 1_500


class HubProcess:
    """`tillwire-hub run` as a process of its own."""

    def __init__(self, config: Path) -> None:
        self._command = [sys.executable, "-c", "from hub.cli import main; main()", "--config", str(config)]
        self.process: subprocess.Popen[bytes] | None = None
        self._log = config.with_suffix(".log")

    def __enter__(self) -> Self:
        """It is started by hand."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Whatever failed, no hub is left running."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the hub's."""
        return subprocess.run([*self._command, *arguments], capture_output=True, text=True, timeout=90, check=False)  # noqa: S603 - our own program

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with self._log.open("ab") as log:
            before = log.tell()
            self.process = subprocess.Popen([*self._command, "run"], stdout=log, stderr=log)  # noqa: S603 - as above
        eventually(lambda: b"ready\n" in self._log.read_bytes()[before:], "the hub is ready")

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def test_a_hub_that_is_killed_at_random_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Two tills sell on; at the end log, levels and sales are exactly what was journalled."""
    config = tmp_path / "hub.toml"
    config.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = {free_port()}\n[web]\nport = 0\n')
    hub = HubProcess(config)
    out = [tmp_path / f"till{number}.json" for number in (1, 2)]
    for number, file in enumerate(out, 1):
        done = hub.command("terminal", "add", "hanoi", f"till{number}", "--create-store", "--out", str(file))
        assert done.returncode == 0, done.stderr
    given = [msgspec.json.decode(file.read_bytes(), type=Credentials) for file in out]
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    chance = random.Random(seed)  # noqa: S311 - as above
    with hub, ExitStack() as connected:
        hub.start()
        clients = [TerminalClient(each, each.hub.host, each.hub.port) for each in given]
        for client in clients:
            client.start()
            connected.callback(client.stop)
        for kill in range(KILLS + 1):
            target = SALES * (kill + 1) // (KILLS + 1)
            while len(clients[0].journal.events) < target:
                for client in clients:
                    for _ in range(chance.randrange(1, 12)):
                        number = len(client.journal.events)
                        client.sell(sale(number, (chance.choice(["pho", "tra", "bun"]), 1_000), ("rice", 500)))
                time.sleep(0.005)
            if kill < KILLS:
                # Some time after the last sales went out: between receipt, commit and ack.
                time.sleep(chance.random() * 0.3)
                hub.kill()
                hub.start()
        eventually(
            lambda: all(client.acked == len(client.journal.events) for client in clients),
            f"all is acked, seed {seed}",
            90,
        )
        assert hub.terminate() == 0
        exactly(config, clients)


def exactly(config: Path, clients: list[TerminalClient]) -> None:
    """The database has what the tills journalled: each event's bytes, each sale, each level."""
    data = open_data(load_config(config, {}))
    try:
        event = schema.event.c
        with data.database.read() as connection:
            for client in clients:
                query = schema.event.select().where(event.terminal == client.journal.terminal).order_by(event.sequence)
                logged = [bytes(row.raw) for row in connection.execute(query)]
                assert logged == [sealed.raw for sealed in client.journal.events]
            sales = connection.exec_driver_sql("SELECT count(*) FROM sale").scalar()
        total = sum(len(client.journal.events) for client in clients)
        assert sales == total
        assert differences(data.stores.ledger, data.database, HANOI) == []
        rows = {row.sku: row.on_hand for row in data.queries.stock(_everything()).rows}
        assert rows["rice"] == -500 * total
        assert sum(rows.values()) == -1_500 * total
    finally:
        data.close()


def _everything() -> StockQuery:
    return StockQuery(limit=100)


def test_the_broker_child_ends_with_a_killed_hub(tmp_path: Path) -> None:
    """No orphan keeps the port: the next start has it within seconds."""
    config = tmp_path / "hub.toml"
    config.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = {free_port()}\n[web]\nport = 0\n')
    with HubProcess(config) as hub:
        hub.start()
        assert hub.process is not None
        children = descendants(hub.process.pid)
        assert children
        hub.kill()
        eventually(lambda: not any(Path(f"/proc/{child}/fd").exists() for child in children), "the child is gone")
        hub.start()
        same = hub.command("run")
        assert same.returncode == 1
        assert f"another hub is using {tmp_path / 'data'}: stop that one first" in same.stderr
        config.write_text(config.read_text().replace(f"{tmp_path / 'data'}", f"{tmp_path / 'other'}"))
        other = hub.command("run")
        assert other.returncode == 3
        assert re.search(r"\[broker\] port: 127\.0\.0\.1:\d+ is taken", other.stderr)
        assert hub.terminate() == 0
