"""Byte streams for the printer: what python-escpos makes, and soups that no driver would send."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout

from escpos.printer import Dummy  # type: ignore[import-untyped]  # it has no stubs
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from hardware_sim.drawer import Drawer
from hardware_sim.escpos.lexer import Lexer
from hardware_sim.escpos.machine import AfterDisconnect, Answer, Machine
from hardware_sim.escpos.paper import Paper, Receipt
from hardware_sim.escpos.tokens import SHAPES


def picture(width: int = 384, height: int = 96) -> Image.Image:
    """Something with edges, in black and white."""
    image = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(image)
    draw.ellipse((5, 5, width - 9, height - 7), fill=0)
    draw.line((0, 0, width, height), fill=1, width=3)
    return image


def escpos(build: Callable[[Dummy], object], profile: str = "TM-T20II") -> bytes:
    """The bytes that python-escpos makes of `build`; what it prints to the terminal is kept away."""
    dummy = Dummy(profile=profile)
    with redirect_stdout(io.StringIO()):
        build(dummy)
    output = dummy.output
    assert isinstance(output, bytes)
    return output


class Bench:
    """A machine on a bench: everything it answers is in `answers`."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.answers: list[Answer] = []
        machine.on_answer = self.answers.append
        machine.begin_connection(1)

    @property
    def answered(self) -> bytes:
        """All answers as one."""
        return b"".join(answer.data for answer in self.answers)

    def work(self) -> None:
        """Run until there is nothing to do right now."""
        while self.machine.step(512).more:
            pass

    def send(self, data: bytes, part_bytes: int = 1 << 30) -> None:
        """Deliver as the buffer takes it, in parts; stops when it is full and the machine stands still."""
        while data:
            part = data[: min(part_bytes, self.machine.free)]
            if part:
                self.machine.receive(part)
                data = data[len(part) :]
            before = self.machine.free
            self.work()
            if not part and self.machine.free == before:
                return

    @property
    def receipts(self) -> list[Receipt]:
        """What was cut or torn."""
        return list(self.machine.paper.receipts)


def bench(
    width_dots: int = 576,
    *,
    drawer: Drawer | None = None,
    buffer_bytes: int = 65536,
    realtime_in_data: bool = True,
    after_disconnect: AfterDisconnect = "forget",
) -> Bench:
    """A machine with plain paper whose clock stands still."""
    paper = Paper(width_dots, clock=lambda: 0.0)
    return Bench(
        Machine(
            paper,
            drawer,
            buffer_bytes=buffer_bytes,
            realtime_in_data=realtime_in_data,
            after_disconnect=after_disconnect,
        )
    )


def drained(lexer: Lexer) -> int:
    """Take all tokens; return how many there were."""
    count = 0
    while lexer.next() is not None:
        count += 1
    return count


_PREFIXES = sorted(SHAPES)
SOUP = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.tuples(st.sampled_from(_PREFIXES), st.binary(max_size=8)).map(b"".join),
        st.text("Tillwire 12.500", max_size=60).map(str.encode),
        st.just(b"\x1dV\x00"),
        st.just(b"\n"),
    ),
    max_size=30,
).map(b"".join)
"""Bytes with many commands in them, right ones and broken ones."""
