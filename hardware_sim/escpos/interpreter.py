"""Turns tokens into work for the mechanics; holds the printer's settings, as ESC @ resets them.

Commands fall into three classes and are counted: done, known but without effect here (`not_modelled`), and unknown
(`unknown`). Nothing is dropped without a trace.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from hardware_sim.escpos import codepages, figures
from hardware_sim.escpos.line import Area, Line
from hardware_sim.escpos.settings import SETTERS, Settings
from hardware_sim.escpos.tokens import Command, RasterRows, Text, Token, Unknown
from hardware_sim.escpos.work import AllowPulse, Ask, AutoStatus, BeginRaster, Cut, Feed, Kick, Work

UNKNOWN_KEPT: Final = 256
MAX_LINE_THINGS: Final = 1024
"""What a line can hold; printing over itself (ESC $) would otherwise grow without end."""
MAX_STORED_CODE_BYTES: Final = 7092
"""A QR code's capacity."""
_FULL_CUTS: Final = b"\x000Aag"
_PARTIAL_CUTS: Final = b"\x011Bbh"
_SILENT: Final = frozenset({"NUL", "CR"})


class Interpreter:
    """Tokens in, work out; the only state is settings and the line that is being filled."""

    def __init__(self, width_dots: int) -> None:
        self.width_dots = width_dots
        self.commands: Counter[str] = Counter()
        self.not_modelled: Counter[str] = Counter()
        self.unknown: deque[bytes] = deque(maxlen=UNKNOWN_KEPT)
        self.unknown_count = 0
        self.selected = True
        self.settings = Settings()
        self._line = Line()

    def reset(self) -> None:
        """ESC @, and power on: settings and the unprinted line are gone."""
        self.settings = Settings()
        self._line = Line()
        self.selected = True

    def execute(self, token: Token) -> list[Work]:
        """The work that this token orders, in order."""
        if isinstance(token, Unknown):
            return self._unknown(token.data)
        if isinstance(token, Command):
            self.commands[token.name] += 1
            if token.name == "ESC =":
                self.selected = bool(token.body[0] & 1)
                return []
        if not self.selected:
            # ESC = gave the word to the customer display: what follows is not for the printer.
            self.not_modelled["display"] += 1
            return []
        if isinstance(token, Text):
            return self._text(token.data)
        if isinstance(token, RasterRows):
            scale = self.settings.raster_scale
            return [figures.place(token.data, token.row_bytes, token.row_bytes * 8, scale, self._area())]
        return self._command(token)

    def _command(self, command: Command) -> list[Work]:
        if (set_by := SETTERS.get(command.name)) is not None:
            set_by(self.settings, command.body)
            return []
        if (done_by := _ACTIONS.get(command.name)) is not None:
            return done_by(self, command.body)
        if not command.name.startswith("DLE ") and command.name not in _SILENT:
            self.not_modelled[command.name] += 1
        return []

    def _unknown(self, data: bytes) -> list[Work]:
        self.unknown.append(data)
        self.unknown_count += 1
        return []

    def _ignored(self, name: str) -> list[Work]:
        self.not_modelled[name] += 1
        return []

    def _area(self) -> Area:
        return self.settings.area(self.width_dots)

    def _text(self, data: bytes) -> list[Work]:
        settings, width = self.settings, self._area().width
        work: list[Work] = []
        for letter in codepages.decode(data, settings.page, settings.national):
            full = self._line.x + settings.style.width_dots > width and not self._line.empty
            if full or self._line.thing_count >= MAX_LINE_THINGS:
                work += self._print_line()
            self._line.put_letter(letter, settings.style, settings.letter_spacing)
        return work

    def _print_line(self, spacing_rows: int | None = None) -> list[Work]:
        line, self._line = self._line, Line()
        return line.print_on(self._area(), self.settings.spacing_rows if spacing_rows is None else spacing_rows)

    def _flush(self) -> list[Work]:
        return [] if self._line.empty else self._print_line()

    def line_feed(self, _body: bytes) -> list[Work]:
        """LF, FF and VT."""
        return self._print_line()

    def initialise(self, _body: bytes) -> list[Work]:
        """ESC @."""
        self.reset()
        return [AutoStatus(0), AllowPulse(allowed=True)]

    def tab(self, _body: bytes) -> list[Work]:
        """HT: to the next stop; without one it is ignored."""
        step = self.settings.style.width_dots
        stop = next((column * step for column in self.settings.tabs if column * step > self._line.x), None)
        if stop is not None and stop <= self._area().width:
            self._line.move(stop, self.settings.style)
        return []

    def move_to(self, body: bytes) -> list[Work]:
        """ESC $: absolute position in dots."""
        return self._move(int.from_bytes(body, "little"))

    def move_by(self, body: bytes) -> list[Work]:
        r"""ESC \: relative position in dots, two's complement."""
        return self._move(self._line.x + int.from_bytes(body, "little", signed=True))

    def _move(self, target: int) -> list[Work]:
        if 0 <= target <= self._area().width:
            self._line.move(target, self.settings.style)
        return []

    def feed_dots(self, body: bytes) -> list[Work]:
        """ESC J: print and feed n dots."""
        return [Feed(body[0])] if self._line.empty else self._print_line(body[0])

    def feed_lines(self, body: bytes) -> list[Work]:
        """ESC d: print and feed n lines."""
        rows = body[0] * self.settings.spacing_rows
        return [Feed(rows)] if self._line.empty else self._print_line(rows)

    def cut(self, body: bytes) -> list[Work]:
        """GS V: 0, 48, 65, 97, 103 full; 1, 49, 66, 98, 104 partial; the long forms feed n dots before."""
        if body[0] not in _FULL_CUTS + _PARTIAL_CUTS:
            return self._unknown(b"\x1dV" + body)
        work = self._flush()
        if len(body) > 1 and body[1]:
            work.append(Feed(body[1]))
        return [*work, Cut("full" if body[0] in _FULL_CUTS else "partial")]

    def cut_now(self, _body: bytes) -> list[Work]:
        """ESC i and ESC m, the old partial cuts."""
        return [*self._flush(), Cut("partial")]

    def kick(self, body: bytes) -> list[Work]:
        """ESC p m t1 t2."""
        if body[0] not in b"\x00\x0101":
            return self._unknown(b"\x1bp" + body)
        return [Kick(2 if body[0] in b"\x000" else 5)]

    def column_image(self, body: bytes) -> list[Work]:
        """ESC *."""
        image = figures.columns(body, self.width_dots)
        if image is None:
            return []
        work = self._print_line() if self._line.thing_count >= MAX_LINE_THINGS else []
        self._line.put_image(image)
        return work

    def begin_raster(self, body: bytes) -> list[Work]:
        """GS v 0: the rows follow as tokens of their own."""
        scale = body[1] & 3
        self.settings.raster_scale = (1 + (scale & 1), 1 + (scale >> 1))
        row_bytes, rows = body[2] | body[3] << 8, body[4] | body[5] << 8
        work = self._flush()
        return [*work, BeginRaster(row_bytes, rows)] if row_bytes and rows else work

    def graphics(self, arguments: bytes) -> list[Work]:
        """GS ( L and GS 8 L: function 112 stores a raster, 2 or 50 prints it."""
        function = arguments[1] if len(arguments) > 1 else -1
        if function == 112:
            graphics = figures.stored_graphics(arguments)
            if graphics is None:
                return self._unknown(b"\x1d(L" + arguments[:10])
            self.settings.graphics = graphics
            return []
        if function not in (2, 50):
            return self._ignored("GS ( L")
        stored, self.settings.graphics = self.settings.graphics, None
        return [*self._flush(), *figures.print_graphics(stored, self._area())] if stored else []

    def bar_code(self, body: bytes) -> list[Work]:
        """GS k."""
        figure = figures.bar_code(body, self.settings, self._area())
        if figure is None:
            return self._unknown(b"\x1dk" + body)
        return [*self._flush(), figure]

    def two_d_code(self, arguments: bytes) -> list[Work]:
        """GS ( k: 67 sets the module, 80 stores data, 81 prints; 49 is QR, 48 PDF417, others likewise."""
        if len(arguments) < 2:
            return self._unknown(b"\x1d(k" + arguments)
        kind, function, settings = arguments[0], arguments[1], self.settings
        if function == 80:
            settings.stored_codes[kind] = arguments[3 : 3 + MAX_STORED_CODE_BYTES]
        elif function == 67 and kind == 49 and len(arguments) > 2:
            settings.module_dots = min(max(1, arguments[2]), 16)
        elif function == 81:
            data = settings.stored_codes.get(kind)
            if not data:
                return self._ignored("GS ( k without data")
            area = self._area()
            if kind == 49:
                return [*self._flush(), figures.qr_code(data, settings.module_dots, area)]
            return [*self._flush(), figures.other_code("PDF417" if kind == 48 else f"2D {kind}", data, area)]
        return []

    def ask_status(self, body: bytes) -> list[Work]:
        """GS r n."""
        return [Ask("status", body[0])]

    def ask_paper(self, _body: bytes) -> list[Work]:
        """ESC v, the old GS r 1."""
        return [Ask("status", 1)]

    def ask_drawer(self, _body: bytes) -> list[Work]:
        """ESC u, the old GS r 2."""
        return [Ask("status", 2)]

    def ask_identity(self, body: bytes) -> list[Work]:
        """GS I n."""
        return [Ask("identity", body[0])]

    def ask_process(self, arguments: bytes) -> list[Work]:
        """GS ( H function 48: answer with these four marks when all before is printed."""
        if len(arguments) != 6 or arguments[0] != 48:
            return self._ignored("GS ( H")
        return [Ask("process", data=arguments[2:])]

    def auto_status(self, body: bytes) -> list[Work]:
        """GS a n."""
        return [AutoStatus(body[0])]

    def realtime_rights(self, arguments: bytes) -> list[Work]:
        """GS ( D: pairs of (1, 0/1) forbid or allow the real-time pulse."""
        pairs = zip(arguments[1::2], arguments[2::2], strict=False)
        return [AllowPulse(allowed=on in (1, 49)) for what, on in pairs if what in (1, 49)]


_ACTIONS: Final[dict[str, Callable[[Interpreter, bytes], list[Work]]]] = {
    "LF": Interpreter.line_feed,
    "FF": Interpreter.line_feed,
    "VT": Interpreter.line_feed,
    "HT": Interpreter.tab,
    "ESC @": Interpreter.initialise,
    "ESC $": Interpreter.move_to,
    "ESC \\": Interpreter.move_by,
    "ESC J": Interpreter.feed_dots,
    "ESC d": Interpreter.feed_lines,
    "GS V": Interpreter.cut,
    "ESC i": Interpreter.cut_now,
    "ESC m": Interpreter.cut_now,
    "ESC p": Interpreter.kick,
    "ESC *": Interpreter.column_image,
    "GS v": Interpreter.begin_raster,
    "GS ( L": Interpreter.graphics,
    "GS 8 L": Interpreter.graphics,
    "GS k": Interpreter.bar_code,
    "GS ( k": Interpreter.two_d_code,
    "GS r": Interpreter.ask_status,
    "ESC v": Interpreter.ask_paper,
    "ESC u": Interpreter.ask_drawer,
    "GS I": Interpreter.ask_identity,
    "GS ( H": Interpreter.ask_process,
    "GS a": Interpreter.auto_status,
    "GS ( D": Interpreter.realtime_rights,
}
