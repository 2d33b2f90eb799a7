"""The words that a running simulated printer obeys: one line in, one JSON object out.

The same words work on the command's standard input, on its control port, and from `tillwire-sim tell`.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from hardware_sim.drawer import Drawer
from hardware_sim.errors import BadCommand
from hardware_sim.escpos.paper import Receipt
from hardware_sim.printer import SimulatedPrinter

MAX_LINE_BYTES: Final = 4096
RECEIPTS_TOLD: Final = 100
JsonObject = dict[str, Any]
Act = Callable[[SimulatedPrinter, list[str]], JsonObject | Awaitable[JsonObject] | None]


@dataclass(frozen=True, slots=True)
class Verb:
    """A word: what may follow it, what it does in one sentence, and the deed."""

    arguments: str
    meaning: str
    act: Act


def receipt_summary(receipt: Receipt) -> JsonObject:
    """A receipt for JSON: everything but the picture."""
    return {
        "number": receipt.number,
        "complete": receipt.complete,
        "cut": receipt.cut,
        "torn_by": receipt.torn_by,
        "rows": receipt.row_count,
        "raster_rows": receipt.raster_rows,
        "raster_sha256": receipt.raster_sha256,
        "lines": list(receipt.lines),
        "codes": [{"symbology": c.symbology, "data": c.data.decode("utf-8", "replace")} for c in receipt.codes],
        "splices": list(receipt.splices),
        "finished_at": receipt.finished_at,
    }


def drawer_summary(drawer: Drawer | None) -> JsonObject | None:
    """A drawer for JSON; `None` if there is none."""
    if drawer is None:
        return None
    return {"open": drawer.is_open, "jammed": drawer.jammed, "openings": drawer.openings, "kicks": drawer.kicks}


def status(printer: SimulatedPrinter) -> JsonObject:
    """Everything that can be asked about a printer without disturbing it."""
    sensors = printer.machine.sensors
    return {
        "paper_out": sensors.paper_out,
        "paper_near_end": sensors.paper_near_end,
        "cover_open": sensors.cover_open,
        "offline": sensors.offline,
        "cutter_error": sensors.cutter_error,
        "mute": printer.faults.state.mute,
        "stalled": printer.faults.state.stalled,
        "connected": printer.connected,
        "connections": printer.connections,
        "bytes_received": printer.bytes_received,
        "bytes_buffered": printer.machine.buffered,
        "answers_lost": printer.answers_lost,
        "receipts": printer.receipt_count,
        "rows": printer.paper.rows_printed,
        "hanging_rows": printer.paper.row_count,
        "unknown": printer.machine.interpreter.unknown_count,
        "unknown_hex": [data.hex() for data in printer.unknown_commands[-8:]],
        "not_modelled": dict(printer.machine.interpreter.not_modelled),
        "drawer": drawer_summary(printer.drawer),
    }


async def obey(printer: SimulatedPrinter, line: str) -> JsonObject:
    """Carry out one line. Raises `BadCommand` with the remedy in its words."""
    words = line.split()
    if not words:
        raise BadCommand("The line is empty; say `help` for the words that a printer knows.")
    verb = VERBS.get(words[0])
    if verb is None:
        raise BadCommand(f"A simulated printer does not know {words[0]!r}; it knows: {', '.join(VERBS)}.")
    try:
        result = verb.act(printer, words[1:])
    except (ValueError, IndexError) as exc:
        usage = f"{words[0]} {verb.arguments}".strip()
        raise BadCommand(f"{line!r} is not understood ({exc}); say it like this: {usage}.") from exc
    if isinstance(result, Awaitable):
        result = await result
    return {"ok": True, "verb": words[0], **(result or {})}


async def serve(printer: SimulatedPrinter, host: str, port: int) -> asyncio.Server:
    """Answer control lines on TCP. Raises `OSError` if the port is taken."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    answer = await obey(printer, line.decode("utf-8", "replace"))
                except BadCommand as exc:
                    answer = {"ok": False, "error": str(exc)}
                writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            # ValueError: a line longer than the limit. Either way this client has nothing more to say.
            pass
        finally:
            writer.close()

    return await asyncio.start_server(client, host, port, limit=MAX_LINE_BYTES)


async def ask(host: str, port: int, line: str, *, timeout_s: float = 10.0) -> JsonObject:
    """Say one line to a running printer's control port. Raises `OSError`, `TimeoutError`."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(line.encode() + b"\n")
            await writer.drain()
            answer: JsonObject = json.loads(await reader.readline())
        finally:
            writer.close()
        return answer


def _count(words: list[str]) -> int:
    if len(words) > 1:
        raise ValueError("one number at most")
    count = int(words[0]) if words else 0
    if count < 0:
        raise ValueError("the number must not be negative")
    return count


def _switch(words: list[str]) -> bool:
    if words not in ([], ["on"], ["off"]):
        raise ValueError("on or off")
    return words != ["off"]


def _none(words: list[str]) -> None:
    if words:
        raise ValueError("nothing may follow")


def _seconds(words: list[str]) -> float:
    seconds = float(words[0]) if words else 0.0
    if len(words) > 1 or not math.isfinite(seconds) or seconds < 0:
        raise ValueError("one number of seconds at most")
    return seconds


def _speed(printer: SimulatedPrinter, words: list[str]) -> None:
    rate = None if words == ["max"] else _seconds(words)
    if rate == 0:
        raise ValueError("a speed above 0, or max")
    printer.rows_per_second = rate


async def _power_cycle(printer: SimulatedPrinter, words: list[str]) -> JsonObject:
    await printer.faults.power_cycle(off_s=_seconds(words))
    return {}


def _plain(deed: Callable[[SimulatedPrinter], None]) -> Act:
    def act(printer: SimulatedPrinter, words: list[str]) -> None:
        _none(words)
        deed(printer)

    return act


def _with_drawer(deed: Callable[[Drawer], None]) -> Act:
    def act(printer: SimulatedPrinter, words: list[str]) -> JsonObject:
        _none(words)
        if printer.drawer is None:
            raise ValueError("this printer was started without a drawer")
        deed(printer.drawer)
        return {"drawer": drawer_summary(printer.drawer)}

    return act


def _help(_printer: SimulatedPrinter, _words: list[str]) -> JsonObject:
    return {"verbs": {f"{word} {verb.arguments}".strip(): verb.meaning for word, verb in VERBS.items()}}


def _receipts(printer: SimulatedPrinter, _words: list[str]) -> JsonObject:
    return {"receipts": [receipt_summary(receipt) for receipt in printer.receipts[-RECEIPTS_TOLD:]]}


VERBS: Final[dict[str, Verb]] = {
    "help": Verb("", "these words", _help),
    "status": Verb("", "sensors, counts, drawer", lambda printer, _: status(printer)),
    "receipts": Verb("", f"the newest {RECEIPTS_TOLD} receipts", _receipts),
    "paper-out": Verb(
        "[AFTER_ROWS]", "the roll ends, now or later", lambda p, w: p.faults.paper_out(after_rows=_count(w))
    ),
    "refill": Verb("", "a new roll", _plain(lambda p: p.faults.refill())),
    "near-end": Verb("[on|off]", "the roll is nearly used up", lambda p, w: p.faults.near_end(on=_switch(w))),
    "cover-open": Verb("", "the cover opens", _plain(lambda p: p.faults.open_cover())),
    "cover-close": Verb("", "the cover closes", _plain(lambda p: p.faults.close_cover())),
    "offline": Verb("", "offline for no cause that shows", _plain(lambda p: p.faults.go_offline())),
    "online": Verb("", "undo offline", _plain(lambda p: p.faults.go_online())),
    "cutter-error": Verb("", "the cutter jams", _plain(lambda p: p.faults.cutter_error())),
    "mute": Verb("[on|off]", "print and answer nothing", lambda p, w: p.faults.mute(on=_switch(w))),
    "stall": Verb("[AFTER_BYTES]", "stop reading", lambda p, w: p.faults.stall(after_bytes=_count(w))),
    "resume": Verb("", "undo stall", _plain(lambda p: p.faults.resume())),
    "drop": Verb("[AFTER_BYTES]", "end the connection", lambda p, w: p.faults.drop(after_bytes=_count(w))),
    "refuse": Verb("", "do not listen", _plain(lambda p: p.faults.refuse())),
    "listen": Verb("", "undo refuse", _plain(lambda p: p.faults.listen())),
    "power-off": Verb("", "lose connection and buffer", _plain(lambda p: p.faults.power_off())),
    "power-on": Verb("", "undo power-off", _plain(lambda p: p.faults.power_on())),
    "power-cycle": Verb("[OFF_SECONDS]", "off and on", _power_cycle),
    "restore": Verb("", "undo every fault", _plain(lambda p: p.faults.restore())),
    "speed": Verb("ROWS_PER_SECOND|max", "print at that speed", _speed),
    "drawer-open": Verb("", "a hand opens the drawer with the key", _with_drawer(Drawer.open_with_key)),
    "drawer-close": Verb("", "a hand closes the drawer", _with_drawer(Drawer.close)),
    "drawer-jam": Verb("", "kicks have no effect", _with_drawer(Drawer.jam)),
    "drawer-free": Verb("", "undo drawer-jam", _with_drawer(Drawer.free)),
}
"""Word -> verb."""
