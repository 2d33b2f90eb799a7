"""python-escpos: what it may do to the program (nothing), and where our own bytes stand in for its bytes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_agent.devices.drawer.framing import KickPin, kick
from edge_agent.devices.printer.commands import ended
from edge_agent.devices.printer.escpos import picture_parts
from edge_agent.devices.printer.escpos_library import Dummy
from edge_agent.devices.printer.framing import INITIALISE
from edge_agent.devices.printer.picture import draw
from tests.unit.edge_agent.devices.paper_examples import EXAMPLES, example_rows
from tests.unit.hardware_sim.escpos_streams import bench


def dots(data: bytes, width_dots: int) -> Image.Image:
    """What a simulated printer puts on paper."""
    printer = bench(width_dots, buffer_bytes=10**7)
    printer.send(data)
    (receipt,) = printer.receipts
    return receipt.image


def test_loading_it_leaves_no_trace() -> None:
    """No temporary folder, no handler on the root logger, and a bar code prints nothing to the terminal."""
    program = (
        "from edge_agent.devices.printer.escpos_library import Dummy; import logging;"
        "Dummy().barcode('{BR1', 'CODE128'); print(len(logging.root.handlers))"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603  this interpreter and our own words
            [sys.executable, "-c", program], env={"TMPDIR": folder, "TEMP": folder, "TMP": folder},
            cwd=Path(__file__).parents[4], capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stdout == "0\n"
        assert list(Path(folder).iterdir()) == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.parametrize("width_dots", [384, 576])
def test_its_pictures_have_the_same_dots(name: str, width_dots: int) -> None:
    """We slice pictures ourselves because it is faster, not because they would look different."""
    picture = draw(example_rows(name, "vi", width_dots), width_dots)
    theirs = Dummy()
    theirs.image(picture)
    ours = b"".join(picture_parts(picture))
    assert dots(b"".join(ended((theirs.output,))), width_dots).tobytes() == dots(ours, width_dots).tobytes()


@given(st.sampled_from([2, 5]), st.integers(2, 510), st.integers(2, 510))
def test_its_kick_has_the_same_bytes(pin: KickPin, on_ms: int, off_ms: int) -> None:
    """A kick is made while somebody holds money, perhaps before the library is loaded: its five bytes are ours."""
    ours = kick(pin, on_ms, off_ms)
    theirs = Dummy()
    theirs.cashdraw(list(ours))
    assert theirs.output == ours


def test_its_kick_is_ours_for_its_own_times() -> None:
    """The library's pulse is 100 ms on, 100 ms off, on either pin."""
    for pin in (2, 5):
        theirs = Dummy()
        theirs.cashdraw(pin)
        assert theirs.output == kick(pin, on_ms=100, off_ms=100)


def test_a_paper_begins_and_ends_with_its_bytes() -> None:
    """The start is a part of the conversation with the printer and therefore ours; the end is the library's."""
    theirs = Dummy()
    theirs.hw("INIT")
    assert theirs.output == INITIALISE
    assert ended(()) == (b"\x1bd\x01\x1dVB\x00",)
