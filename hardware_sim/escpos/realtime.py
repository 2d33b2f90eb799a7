"""Finds the commands that a printer obeys on arrival, before what stands in its buffer: DLE EOT, DLE ENQ, DLE DC4.

The trap is Epson's own: the watch does not know what a raster is, so image data that happens to hold `10 04 01` is
answered like a question. A host must not take any stray byte for its answer. `in_data=False` gives a kinder printer
that looks at commands only.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from dataclasses import dataclass
from typing import Final, Literal

from hardware_sim.escpos.lexer import Lexer
from hardware_sim.escpos.tokens import Command

_CLEAR_BUFFER: Final = bytes((8, 1, 3, 20, 1, 6, 2, 8))
_LENGTHS: Final = {1: 3, 2: 3, 8: 8}
_MAX_BODY: Final = 8


@dataclass(frozen=True, slots=True)
class Realtime:
    """An order that is obeyed at once.

    `status`: value is n of DLE EOT (1-4). `recover`: n of DLE ENQ. `pulse`: connector pin 2 or 5. `clear`: empty the
    buffer.
    """

    kind: Literal["status", "recover", "pulse", "clear"]
    value: int = 0


class RealtimeWatch:
    """Watches the stream as it is received; sequences may be split anywhere."""

    def __init__(self, *, in_data: bool = True) -> None:
        self._in_data = in_data
        self._tail = b""
        self._lexer = Lexer()

    def reset(self) -> None:
        """A new connection: nothing half seen counts any more."""
        self._tail = b""
        self._lexer.reset()

    def feed(self, data: bytes) -> list[Realtime]:
        """Orders that became whole with `data`, in order."""
        return self._scan(data) if self._in_data else self._lex(data)

    def _lex(self, data: bytes) -> list[Realtime]:
        self._lexer.feed(data)
        found: list[Realtime] = []
        while (token := self._lexer.next()) is not None:
            if isinstance(token, Command) and token.name.startswith("DLE "):
                order = _order(token.name[4:], token.body)
                if order is not None:
                    found.append(order)
        return found

    def _scan(self, data: bytes) -> list[Realtime]:
        window = self._tail + data
        found: list[Realtime] = []
        at = window.find(0x10)
        while at >= 0:
            name = {4: "EOT", 5: "ENQ", 20: "DC4"}.get(window[at + 1]) if at + 1 < len(window) else ""
            if name == "":
                break
            if name is not None:
                body = window[at + 2 : at + 2 + _MAX_BODY]
                need = _LENGTHS.get(body[0], 1) if name == "DC4" and body else 1
                if len(body) < need:
                    break
                order = _order(name, body[:need])
                if order is not None:
                    found.append(order)
            at = window.find(0x10, at + 1)
        self._tail = window[at:] if at >= 0 else b""
        return found


def _order(name: str, body: bytes) -> Realtime | None:
    if name == "EOT":
        return Realtime("status", body[0]) if 1 <= body[0] <= 4 else None
    if name == "ENQ":
        return Realtime("recover", body[0]) if body[0] in (1, 2) else None
    if body[0] == 1 and body[1] in (0, 1):
        return Realtime("pulse", 2 if body[1] == 0 else 5)
    return Realtime("clear") if body == _CLEAR_BUFFER else None
