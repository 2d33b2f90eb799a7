"""Lanes in processes of their own, as on PostgreSQL: whichever dies, nothing is lost and nothing stays behind."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from hub.broker.link import BrokerLink
from hub.config import load_config
from hub.fleet.enrolment import Credentials
from hub.ingest.mqtt_packets import DISCONNECT_BYTES, publish
from hub.ingest.session import IngestLimits
from hub.running.data import OpenData, open_data
from hub.running.lane_process import LaneHooks, LaneProcess, LaneProcesses
from hub.running.lane_words import LaneSetup
from hub.running.shares import deal
from hub.storage import schema
from hub.storage.refusals import Refusals
from protocol.ids import StoreId, TerminalId
from protocol.topics import terminal_topic
from tests.bench.ingest.load import connected
from tests.databases import postgres_url
from tests.family import lanes_of, runs
from tests.integration.hub.conftest import eventually
from tests.integration.hub.terminal_client import TerminalClient
from tests.integration.hub.test_kills import HubProcess, exactly
from tests.services import MosquittoServer, PostgresServer, free_port, mosquitto, postgres
from tests.unit.hub.journals import sale

__all__ = ["mosquitto", "postgres"]

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
HANOI = StoreId("hanoi")
TILLS = 3


def lanes(hub: HubProcess) -> list[int]:
    """Its processes of lanes."""
    assert hub.process is not None
    return lanes_of(hub.process.pid)


@pytest.fixture
def config(tmp_path: Path, mosquitto: MosquittoServer, postgres: PostgresServer) -> Path:
    """Settings of a hub on Mosquitto and PostgreSQL with two processes of lanes, whatever this machine has."""
    file = tmp_path / "hub.toml"
    file.write_text(
        f'[data]\nfolder = "{tmp_path / "data"}"\n[database]\nurl = "{postgres_url(postgres)}"\n'
        f'[broker]\nmode = "external"\nhost = "{mosquitto.host}"\nport = {mosquitto.port}\n'
        "[web]\nport = 0\n[limits]\ningest_processes = 2\n"
    )
    return file


@pytest.fixture
def hub(config: Path) -> Iterator[HubProcess]:
    """That hub, started."""
    with HubProcess(config) as process:
        process.start()
        yield process


def enrol(hub: HubProcess, folder: Path) -> list[Credentials]:
    """Tills of three stores."""
    given = []
    for number in range(TILLS):
        file = folder / f"till{number}.json"
        store = "hanoi" if number == 0 else f"store{number}"
        done = hub.command("terminal", "add", store, f"till{number}", "--create-store", "--out", str(file))
        assert done.returncode == 0, done.stderr
        given.append(msgspec.json.decode(file.read_bytes(), type=Credentials))
    return given


def reasons(data: OpenData) -> list[str]:
    """Why messages were refused."""
    with data.database.read() as connection:
        return list(connection.execute(sa.select(schema.bad_frame.c.reason)).scalars())


def test_a_process_of_lanes_that_dies_is_started_again(
    hub: HubProcess, config: Path, tmp_path: Path, mosquitto: MosquittoServer
) -> None:
    """Killed while tills sell, one after the other and both: the hub goes on, and has each sale once."""
    (given, *_) = enrol(hub, tmp_path)
    with TerminalClient(given, mosquitto.host, mosquitto.port) as till:

        def sell() -> None:
            for _ in range(60):
                till.sell(sale(len(till.journal.events), ("pho", 1_000), ("rice", 500)))
                time.sleep(0.002)

        sell()
        eventually(lambda: till.acked > 0, "journals are taken")
        first = lanes(hub)
        assert len(first) == 2
        for struck in (first[:1], first[1:], []):
            killed = struck or lanes(hub)  # at last both that run now
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            sell()
            eventually(lambda gone=frozenset(killed): len(set(lanes(hub)) - gone) == 2, "both run again")  # type: ignore[misc]
        assert not set(first) & set(lanes(hub))
        eventually(lambda: till.acked == len(till.journal.events), "all is acked")
        assert hub.terminate() == 0
        exactly(config, [till])


@pytest.mark.parametrize("how", ["killed", "told", "told with its processes", "interrupted with its processes"])
def test_no_process_of_lanes_outlives_its_hub(hub: HubProcess, how: str) -> None:
    """As kill -9 does it, as a command does, as systemd and Ctrl-C do, who tell all processes at once."""
    mine = lanes(hub)
    assert len(mine) == 2
    assert hub.process is not None
    if how == "killed":
        hub.kill()
    else:
        number = signal.SIGINT if how.startswith("interrupted") else signal.SIGTERM
        for pid in (*(mine if how.endswith("processes") else ()), hub.process.pid):
            os.kill(pid, number)
        assert hub.process.wait(60) == 0
    eventually(lambda: not any(map(runs, mine)), "they have gone", 20)


def test_what_lanes_refuse_is_counted_by_the_hub(
    hub: HubProcess, config: Path, tmp_path: Path, mosquitto: MosquittoServer
) -> None:
    """Messages that nobody can trust, for a till that there is and for one that there is not."""
    enrol(hub, tmp_path)
    with connected(mosquitto.port, "stranger") as line:
        for terminal in ("till0", "till9"):
            topic = terminal_topic(HANOI, TerminalId(terminal), "journal")
            line.sendall(publish(topic, b"rubbish", packet_id=1))
        line.sendall(DISCONNECT_BYTES)
    data = open_data(load_config(config))
    try:
        eventually(lambda: len(reasons(data)) == 2, "both were kept for people")
        assert set(reasons(data)) == {"unreadable", "unknown_terminal"}
    finally:
        data.close()


def test_lanes_without_a_database_say_so_and_start_when_it_comes(mosquitto: MosquittoServer) -> None:
    """Their process ends and is started again; a stop in the middle of it is a stop."""
    setup = LaneSetup(
        f"postgresql://tillwire@127.0.0.1:{free_port()}/none", BrokerLink(mosquitto.host, mosquitto.port, "away"),
        IngestLimits(), deal({}, 2), ((0,), (1,)), 30,
    )  # fmt: skip
    restarts = Counter[str]()
    hooks = LaneHooks(lambda _: None, lambda _: None, lambda _: None, lambda: restarts.update(["lanes"]))
    process = LaneProcess(setup, Refusals(), hooks, 1)
    every = LaneProcesses([process])
    every.start()
    assert (every.alive, every.connected) == (True, False)
    eventually(lambda: restarts["lanes"] > 1, "it is tried again")
    assert every.line_problem
    every.stop(20)
    assert not every.alive
