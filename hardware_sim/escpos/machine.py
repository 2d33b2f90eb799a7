"""The printer without its plug: receive buffer, real-time watch, interpreter, mechanics, sensors. No I/O, no clock.

`receive` is the wire: it takes at most `free` bytes and answers real-time questions at once. `step` is the mechanics:
it carries out what stands in the buffer until its rows are used up, the buffer is empty, or a sensor stops it. Answers
to in-order questions therefore come exactly when all before them is on paper.

The trap: a strip that hangs out uncut when another connection begins is torn off first, as a cashier would do it.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from hardware_sim.drawer import Drawer
from hardware_sim.escpos import status
from hardware_sim.escpos.interpreter import Interpreter
from hardware_sim.escpos.lexer import Lexer
from hardware_sim.escpos.paper import Paper
from hardware_sim.escpos.realtime import Realtime, RealtimeWatch
from hardware_sim.escpos.status import Sensors
from hardware_sim.escpos.work import AllowPulse, Ask, AutoStatus, BeginRaster, Cut, Feed, Kick, Strip, Work

TOKENS_A_STEP: Final = 512
"""Tokens carried out before `step` gives way, whether or not they print."""
AfterDisconnect = Literal["forget", "keep"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes for the host; `connection` is the one that asked, 0 for automatic status."""

    connection: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did: dot rows printed, and whether there is more to do right now."""

    rows: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Chunk:
    connection: int
    data: bytes


class Machine:
    """One printer.

    Args:
        paper: where it prints.
        drawer: what hangs on the kick connector, or `None`.
        buffer_bytes: size of the receive buffer.
        realtime_in_data: obey real-time commands inside image data too, as Epson's printers do.
        automatic_status: know GS a; cheap printers do not, and stand still without a word.
        after_disconnect: "forget" drops a command whose rest never came when the next connection begins; "keep" lets it
            swallow the next connection's first bytes, as plain interface cards do.
    """

    def __init__(  # noqa: PLR0913  all but two by keyword, each with a default
        self,
        paper: Paper,
        drawer: Drawer | None = None,
        *,
        buffer_bytes: int = 65536,
        realtime_in_data: bool = True,
        automatic_status: bool = True,
        after_disconnect: AfterDisconnect = "forget",
    ) -> None:
        self.automatic_status = automatic_status
        self.paper = paper
        self.drawer = drawer
        self.buffer_bytes = buffer_bytes
        self.after_disconnect = after_disconnect
        self.interpreter = Interpreter(paper.width_dots)
        self.pulses = 0
        self.on_answer: Callable[[Answer], None] = lambda _answer: None
        self._watch = RealtimeWatch(in_data=realtime_in_data)
        self._lexer = Lexer()
        self._buffer: deque[_Chunk] = deque()
        self._buffered = 0
        self._work: deque[Work] = deque()
        self._connection = 0
        self._working_for = 0
        self._sensors = Sensors()
        self._rows_to_paper_out: int | None = None
        self._auto_mask = 0
        self._pulse_allowed = True
        if drawer is not None:
            drawer.on_change = self._tell_change

    # --- the wire

    @property
    def free(self) -> int:
        """Bytes that the receive buffer can still take."""
        return max(0, self.buffer_bytes - self._buffered)

    @property
    def buffered(self) -> int:
        """Bytes received and not yet looked at."""
        return self._buffered

    @property
    def idle(self) -> bool:
        """Nothing left to print, as far as it can be told: no buffer, no work (an unfinished command may be held)."""
        return not self._buffer and not self._work

    @property
    def mid_command(self) -> bool:
        """Whether the host owes the rest of a command, for example rows of an announced raster."""
        return self._lexer.inside_command

    def begin_connection(self, number: int) -> None:
        """From here on bytes come from connection `number` (1, 2, ...)."""
        self._connection = number
        self._watch.reset()

    def receive(self, data: bytes) -> None:
        """Take bytes off the wire; never more than `free`."""
        self._buffer.append(_Chunk(self._connection, data))
        self._buffered += len(data)
        for order in self._watch.feed(data):
            self._obey(order)

    def _obey(self, order: Realtime) -> None:
        if order.kind == "status":
            self._answer(self._connection, bytes((status.realtime(order.value, self.sensors),)))
        elif order.kind == "pulse" and self._pulse_allowed and not self.sensors.blocked:
            self._pulse(order.value)
        elif order.kind == "recover":
            if order.value == 2:
                self._forget_buffer()
            self.set_sensors(cutter_error=False)
        elif order.kind == "clear":
            self._forget_buffer()

    def _answer(self, connection: int, data: bytes) -> None:
        self.on_answer(Answer(connection, data))

    # --- the sensors

    @property
    def sensors(self) -> Sensors:
        """What the printer feels now, the drawer's wire included."""
        return replace(self._sensors, drawer_high=True if self.drawer is None else self.drawer.sensor_high)

    def set_sensors(
        self,
        *,
        paper_out: bool | None = None,
        paper_near_end: bool | None = None,
        cover_open: bool | None = None,
        offline: bool | None = None,
        cutter_error: bool | None = None,
    ) -> None:
        """Change what is given, leave the rest; tells automatic status."""
        old = self._sensors
        self._sensors = Sensors(
            paper_out=old.paper_out if paper_out is None else paper_out,
            paper_near_end=old.paper_near_end if paper_near_end is None else paper_near_end,
            cover_open=old.cover_open if cover_open is None else cover_open,
            offline=old.offline if offline is None else offline,
            cutter_error=old.cutter_error if cutter_error is None else cutter_error,
        )
        if paper_out is not None:
            self._rows_to_paper_out = None
        if old.paper_out and not self._sensors.paper_out:
            self.paper.splice()
        if old != self._sensors:
            self._tell_change()

    def run_out_after(self, rows: int) -> None:
        """The paper ends after `rows` more dot rows of any kind (image, text, feed); 0 is now."""
        if rows <= 0:
            self.set_sensors(paper_out=True)
        else:
            self._rows_to_paper_out = rows

    def _tell_change(self) -> None:
        if self._auto_mask:
            self._answer(0, status.automatic(self.sensors))

    # --- the mechanics

    def step(self, rows_max: int) -> Step:
        """Carry out buffered work until `rows_max` rows are printed; see the module.

        What is not printing (answer, cut, kick) never shares a step with rows before it: whoever paces the steps by
        their rows has let the time of printing pass before the host hears of it.
        """
        rows = 0
        for _ in range(TOKENS_A_STEP):
            if self.sensors.blocked:
                return Step(rows, more=False)
            if self._work:
                if rows and not isinstance(self._work[0], Strip | Feed | BeginRaster):
                    return Step(rows, more=True)
                rows += self._do(self._work[0], rows_max - rows)
                if rows >= rows_max:
                    return Step(rows, more=True)
            elif not self._read_token():
                return Step(rows, more=False)
        return Step(rows, more=True)

    def _read_token(self) -> bool:
        """Fill `_work` from the next token; `False` if the buffer does not hold a whole one."""
        while (token := self._lexer.next()) is None:
            if not self._buffer:
                return False
            chunk = self._buffer.popleft()
            self._buffered -= len(chunk.data)
            if chunk.connection != self._working_for:
                self._change_connection(chunk.connection)
            self._lexer.feed(chunk.data)
        self._work.extend(self.interpreter.execute(token))
        return True

    def _change_connection(self, connection: int) -> None:
        first = self._working_for == 0
        self._working_for = connection
        if not first and self.after_disconnect == "forget":
            self._lexer.reset()
            self.interpreter.reset()
            self.paper.tear("connection_lost")

    def _do(self, work: Work, rows_max: int) -> int:
        """Carry out the first work, or as much of it as rows and paper allow; return the rows printed."""
        if isinstance(work, Strip | Feed):
            return self._print(work, rows_max)
        self._work.popleft()
        if isinstance(work, Cut):
            self.paper.cut(work.mode)
        elif isinstance(work, BeginRaster):
            self.paper.begin_raster(work.row_bytes, work.rows)
        elif isinstance(work, Kick):
            self._pulse(work.pin)
        elif isinstance(work, Ask):
            self._reply(work)
        elif isinstance(work, AutoStatus):
            self._auto_mask = work.mask if self.automatic_status else 0
            self._tell_change()
        elif isinstance(work, AllowPulse):
            self._pulse_allowed = work.allowed
        return 0

    def _print(self, work: Strip | Feed, rows_max: int) -> int:
        width = self.paper.row_bytes
        have = len(work.bits) // width if isinstance(work, Strip) else work.rows
        rows = min(have, rows_max)
        if self._rows_to_paper_out is not None:
            rows = min(rows, self._rows_to_paper_out)
        self._work.popleft()
        if isinstance(work, Strip):
            whole_rows, dots_done = divmod(work.dots_done + rows, work.dots_per_row)
            sent = whole_rows * work.sent_row_bytes
            self.paper.note_raster(work.sent[:sent])
            self.paper.print_rows(work.bits[: rows * width])
            rest: Work = replace(work, bits=work.bits[rows * width :], sent=work.sent[sent:], dots_done=dots_done)
        else:
            self.paper.print_rows(bytes(rows * width))
            rest = replace(work, rows=have - rows)
        if rows < have:
            self._work.appendleft(rest)
        elif work.item is not None:
            self.paper.note(work.item)
        if self._rows_to_paper_out is not None:
            self._rows_to_paper_out -= rows
            if self._rows_to_paper_out == 0:
                self.set_sensors(paper_out=True)
        return rows

    def _reply(self, ask: Ask) -> None:
        data: bytes | None
        if ask.what == "status":
            byte = status.in_order(ask.value, self.sensors)
            data = None if byte is None else bytes((byte,))
        elif ask.what == "identity":
            data = status.identity(ask.value)
        else:
            data = status.process_id(ask.data)
        if data is not None:
            self._answer(self._working_for, data)

    def _pulse(self, pin: int) -> None:
        self.pulses += 1
        if self.drawer is not None:
            self.drawer.kick(pin)

    # --- the plug

    def lose_power(self) -> None:
        """Everything unprinted is gone, the strip that hangs out is torn off; sensors stay as they are."""
        self._forget_buffer()
        self._watch.reset()
        self.interpreter.reset()
        self._auto_mask = 0
        self._pulse_allowed = True
        self._working_for = 0
        self._sensors = replace(self._sensors, cutter_error=False)
        self.paper.tear("power_cycle")

    def _forget_buffer(self) -> None:
        self._buffer.clear()
        self._buffered = 0
        self._work.clear()
        self._lexer.reset()
