"""The lines and namespaces that faults are played with do what they are said to do, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.mqtt_packets import PINGREQ_BYTES, Message, PacketReader, Puback, connect, puback, publish
from tests.faults.network import namespaces
from tests.faults.network.fate import Fate, Fates, Way, calm, fickle, slow
from tests.faults.network.line import FaultyLine
from tests.faults.network.mqtt_stage import Mood, MqttStage, Odds

LONG_S = 10.0


@asynccontextmanager
async def echoed(fates: Fates = calm) -> AsyncIterator[FaultyLine]:
    """A line to a server that says everything again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    line = FaultyLine(("127.0.0.1", server.sockets[0].getsockname()[1]), fates=fates)
    async with server, line:
        yield line


async def said_back(line: FaultyLine, data: bytes) -> bytes:
    """Send over the line; what came back until all of it did, or the connection ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(data)
    got = b""
    try:
        async with asyncio.timeout(LONG_S):
            while len(got) < len(data) and (more := await reader.read(65536)):
                got += more
    finally:
        writer.close()
    return got


def test_an_open_line_brings_every_byte_in_order() -> None:
    """What the faults are measured against."""
    data = Random(1).randbytes(500_000)  # noqa: S311 - no secret

    async def play() -> bytes:
        async with echoed() as line:
            return await said_back(line, data)

    assert asyncio.run(play()) == data


def test_a_slow_line_takes_its_time_and_brings_all() -> None:
    """0.1 s each way, and 20 kB/s up and down: 6,000 bytes need half a second at least."""
    data = Random(2).randbytes(6_000)  # noqa: S311 - no secret

    async def play() -> tuple[bytes, float]:
        async with echoed(fates=slow(0.1, 20_000)) as line:
            began_s = time.perf_counter()
            return await said_back(line, data), time.perf_counter() - began_s

    got, took_s = asyncio.run(play())
    assert got == data
    assert took_s >= 0.5


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_connection_ends_after_so_many_bytes_wherever_that_is(end: str) -> None:
    """A packet may be torn anywhere."""

    def fates(_number: int, way: Way) -> Fate:
        return Fate(end=end, after_bytes=777) if way == "down" else Fate()  # type: ignore[arg-type] # the parameter's

    async def play() -> bytes:
        async with echoed(fates=fates) as line:
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            writer.write(bytes(5_000))
            got = b""
            with contextlib.suppress(ConnectionResetError):
                async with asyncio.timeout(LONG_S):
                    while more := await reader.read(65536):
                        got += more
            writer.close()
            return got

    got = asyncio.run(play())
    assert len(got) <= 777  # a reset may overtake what came before it
    assert end == "reset" or len(got) == 777


def test_a_black_hole_takes_everything_and_its_connections_are_reset_afterwards() -> None:
    """Nobody hears anything while it lasts; bytes that it took do not come later, out of their order."""

    async def play() -> None:
        async with echoed() as line:
            line.be("black_hole")
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            writer.write(b"is anybody there?")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.read(1)
            line.be("open")
            with contextlib.suppress(ConnectionResetError):
                async with asyncio.timeout(LONG_S):
                    assert await reader.read(1) == b""
            writer.close()
            assert await said_back(line, b"again") == b"again"

    asyncio.run(play())


def test_a_line_that_has_forgotten_its_connections_takes_new_ones() -> None:
    """As a router that was restarted: who was connected talks into the void, and hears nothing, not even an end."""

    async def play() -> None:
        async with echoed() as line:
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            writer.write(b"before")
            assert await reader.readexactly(6) == b"before"
            line.forget()
            writer.write(b"after")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.read(1)
            assert await said_back(line, b"new") == b"new"
            writer.close()

    asyncio.run(play())


def test_a_line_that_holds_brings_it_all_later() -> None:
    """A partition that is over before TCP gives up."""

    async def play() -> bytes:
        async with echoed() as line:
            line.be("held")
            said = asyncio.create_task(said_back(line, b"patience"))
            await asyncio.sleep(0.1)
            assert not said.done()
            line.be("open")
            return await said

    assert asyncio.run(play()) == b"patience"


def test_the_same_seed_deals_the_same_fates() -> None:
    """A failure can be played again; another seed deals others."""
    one, two, other = (fickle(seed, ends=("reset", "stall"), bytes_max=9_999) for seed in (1, 1, 2))
    dealt = [[fates(number, way) for number in range(20) for way in ("up", "down")] for fates in (one, two, other)]
    assert dealt[0] == dealt[1] != dealt[2]


@given(st.binary(max_size=400), st.data())
def test_a_stage_without_odds_passes_every_byte(payload: bytes, data: st.DataObject) -> None:
    """Wherever the stream is cut into pieces, the same packets come out."""
    stream = connect("x", keep_alive_s=9, clean_session=True) + publish("a/b", payload, packet_id=7) + PINGREQ_BYTES
    stage = MqttStage(Mood(), Random(1))  # noqa: S311 - no secret
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    out = [step for piece in pieces for step in stage.feed("up", piece, 0.0)]
    assert [way for way, _ in out] == ["up"] * 3
    assert b"".join(packet for _, packet in out) == stream


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_what_is_lost_is_acknowledged_what_is_doubled_comes_twice_and_acks_keep_their_order(
    seed: int, count: int
) -> None:
    """The sender hears an ack for every message, in order, whatever becomes of them."""
    mood = Mood(Odds(0.2, 0.2, 0.2))
    counts = mood.counts
    stage = MqttStage(mood, Random(seed))  # noqa: S311 - no secret
    out: list[tuple[Way, bytes]] = []
    for number in range(1, count + 1):
        out += stage.feed("up", publish("t", str(number).encode(), packet_id=number), 0.0)
    passed = _messages(out)
    for message in reversed(passed):  # the broker acknowledges in the order that suits the test least
        out += stage.feed("down", puback(message.packet_id), 0.5)
    late = _messages(stage.poll(9.0))
    acked = [packet.packet_id for packet in _read(out, "down") if isinstance(packet, Puback)]
    assert acked == list(range(1, count + 1))
    came = Counter(int(message.payload or b"0") for message in [*passed, *late])
    assert sum(came.values()) == count - counts["lose"] + counts["double"]
    assert set(came.values()) <= {1, 2}
    assert all(message.packet_id == 0 for message in late)


def _read(out: list[tuple[Way, bytes]], which: Way) -> list[object]:
    reader = PacketReader(1 << 20)
    return [packet for way, data in out if way == which for packet in reader.feed(data)]


def _messages(out: list[tuple[Way, bytes]]) -> list[Message]:
    return [packet for packet in _read(out, "up") if isinstance(packet, Message)]


# --- network namespaces

needs_namespaces = pytest.mark.skipif(bool(namespaces.missing()), reason=namespaces.missing())


@contextmanager
def echo_at(address: str) -> Iterator[int]:
    """A server that says everything again; returns its port."""
    with socket.create_server((address, 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=_echo, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _echo(sock: socket.socket) -> None:
    with sock, contextlib.suppress(OSError):
        while data := sock.recv(4096):
            sock.sendall(data)


def _answer(sock: socket.socket, data: bytes = b"hello") -> str:
    try:
        sock.sendall(data)
        return "said" if sock.recv(4096) else "closed"
    except TimeoutError:
        return "silent"
    except OSError:
        return "reset"


@needs_namespaces
def test_each_trouble_befalls_its_own_shop_and_nobody_else() -> None:
    """A black hole is silent, a reset is told at once, and the neighbour sees none of it."""
    with namespaces.open_street() as street, echo_at(street.gateway) as port:
        one, other = street.add(), street.add()
        heard: dict[str, tuple[str, str]] = {}
        for trouble in ("none", "black_hole", "reset", "link_down"):
            with contextlib.ExitStack() as open_:
                socks = []
                for shop in (one, other):
                    sock = open_.enter_context(shop.make_socket())
                    sock.settimeout(0.3)
                    sock.connect((street.gateway, port))
                    socks.append(sock)
                one.suffer(trouble)
                heard[trouble] = (_answer(socks[0]), _answer(socks[1]))
                one.suffer("none")
        assert heard == {
            "none": ("said", "said"), "black_hole": ("silent", "said"), "reset": ("reset", "said"),
            "link_down": ("silent", "said"),
        }  # fmt: skip


def _fail_on_a_street() -> None:
    with namespaces.open_street() as street:
        street.add()
        raise RuntimeError


@needs_namespaces
def test_nothing_is_left_of_a_street_that_was_killed() -> None:
    """The next run deletes what a SIGKILL left; a run that ends, or fails, leaves nothing."""
    program = (
        "from tests.faults.network.namespaces import open_street\n"
        "with open_street() as street:\n"
        "    street.add(); print('open', flush=True); input()\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-c", program], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        process.kill()
    left = f"tillwire-{process.pid}"
    assert Path(f"/run/netns/{left}").exists()
    with pytest.raises(RuntimeError):
        _fail_on_a_street()
    assert not [path for path in Path("/run/netns").glob("tillwire-*") if str(process.pid) in path.name]
    assert not list(Path("/run/netns").glob(f"tillwire-{os.getpid()}*"))
