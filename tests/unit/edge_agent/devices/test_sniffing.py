"""Raw bytes of a port: what they look like, and which settings would read them."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.errors import PortUnusable
from edge_agent.devices.scanner.framing import Code, Framer, Framing
from edge_agent.devices.serial_line import Line
from edge_agent.devices.sniffing import Chunk, listen, suggest
from hardware_sim.framing import NAMED
from hardware_sim.scale import SimulatedScale
from hardware_sim.scanner import SimulatedScanner

MILK, NOODLES = "8934602100016", "8934563138165"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")


def with_parity(data: bytes, *, odd: bool) -> bytes:
    """Seven bits and a parity bit, as somebody sees them who reads eight."""
    return bytes(byte | 0x80 if (byte.bit_count() % 2 == 1) != odd else byte for byte in data)


@given(st.sampled_from(sorted(NAMED)), st.lists(st.sampled_from([MILK, NOODLES, "A-1"]), min_size=1, max_size=4))
def test_the_suggested_suffix_reads_what_was_scanned(name: str, codes: list[str]) -> None:
    """Whatever the scanner's suffix, the driver set up as suggested reads each code."""
    chunks = [Chunk(float(index), NAMED[name].frame(code)) for index, code in enumerate(codes)]
    suggestion = suggest(chunks)[0]
    assert suggestion.code == "scanner"
    framer = Framer(Framing(suffix=suggestion.settings["suffix"]))  # type: ignore[arg-type]
    read = [reading for chunk in chunks for reading in framer.feed(chunk.data, chunk.at_s)]
    read += framer.poll(1000.0)
    assert read == [Code(code) for code in codes]


@pytest.mark.parametrize(("odd", "parity"), [(False, "E"), (True, "O")])
def test_a_parity_bit_is_recognised(odd: bool, parity: str) -> None:
    """Seven bits with parity, read as eight: the settings are told, and what is inside."""
    first, second = suggest([Chunk(0.0, with_parity(MILK.encode() + b"\r", odd=odd))])
    assert (first.code, first.settings) == ("parity", {"byte_bits": 7, "parity": parity})
    assert (second.code, second.settings) == ("scanner", {"suffix": "cr"})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "silent"),
        (b"\xfe\x00\x80\xf8\x1f\xe0\x00\xff", "wrong_speed"),
        (b"\x0201.250\r", "toledo_8217"),
        (b"\x02?a\r", "toledo_8217"),
        (b"\x06\x01\x02S 01.250kg\x4b\x03\x04", "cas"),
        (b"\r\n\r\n", "unknown"),
    ],
)
def test_other_things_are_told_apart(data: bytes, code: str) -> None:
    """Silence, a wrong speed, scales."""
    assert suggest([Chunk(0.0, data)] if data else [])[0].code == code


def test_aim_identifiers_are_noticed() -> None:
    """A scanner that says which kind of code it read."""
    assert [found.code for found in suggest([Chunk(0.0, b"]E0" + MILK.encode() + b"\r")])] == ["scanner", "aim_ids"]


@given(st.lists(st.tuples(st.floats(0, 60), st.binary(max_size=50)), max_size=20))
def test_any_bytes_have_a_suggestion(chunks: list[tuple[float, bytes]]) -> None:
    """Never nothing, never an error."""
    assert suggest([Chunk(at_s, data) for at_s, data in sorted(chunks) if data])


@posix_only
def test_a_port_is_listened_to_and_a_scale_asked() -> None:
    """Bytes as they came, of a scanner that speaks by itself and of a scale that has to be asked."""

    async def scenario() -> None:
        async with SimulatedScanner() as scanner, SimulatedScale() as scale:
            scale.put(1250)
            done = threading.Event()
            ears = asyncio.create_task(
                asyncio.to_thread(listen, scanner.path, Line(), 20.0, monotonic=time.monotonic, ended=done.is_set)
            )
            await scanner.wait_attached()
            await scanner.scan(MILK)
            await asyncio.sleep(0.2)
            done.set()
            heard = await ears
            assert b"".join(chunk.data for chunk in heard.chunks) == MILK.encode() + b"\r"
            assert heard.suggestions[0].settings == {"suffix": "cr"}
            weighed = await asyncio.to_thread(listen, scale.path, Line(), 0.3, monotonic=time.monotonic, ask=b"W")
            assert weighed.suggestions[0].code == "toledo_8217"

    asyncio.run(scenario())


@posix_only
def test_a_port_that_cannot_be_opened_says_why() -> None:
    """With the code that the page has words for."""
    with tempfile.TemporaryDirectory() as folder, pytest.raises(PortUnusable) as caught:
        listen(str(Path(folder) / "none"), Line(), 1.0, monotonic=time.monotonic)
    assert caught.value.problem == "absent"
