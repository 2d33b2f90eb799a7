"""Everything that can be wrong with a receipt printer, on command.

Each method takes effect at once (what ends a connection, at the event loop's next pass). `restore` undoes all.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from hardware_sim.escpos.machine import Machine


@dataclass(slots=True)
class WireState:
    """What is wrong with the wire: `stall_left` and `drop_left` are bytes until it happens, `None` is never."""

    mute: bool = False
    stall_left: int | None = None
    drop_left: int | None = None
    drop_with_reset: bool = True

    @property
    def stalled(self) -> bool:
        """Whether nothing is read."""
        return self.stall_left == 0


class Wire(Protocol):
    """What faults do to the printer's plug."""

    def wake(self) -> None:
        """Something changed: look again."""

    def drop_client(self, *, reset: bool) -> None:
        """End the connection of the moment, if there is one."""

    def stop_listening(self) -> None:
        """From now on a connection is refused."""

    def start_listening(self) -> None:
        """Undo `stop_listening`."""

    async def wait_listening(self) -> None:
        """Wait until connections are taken."""


class Faults:
    """The fault panel of one printer."""

    def __init__(self, machine: Machine, wire: Wire) -> None:
        self.state = WireState()
        self._machine = machine
        self._wire = wire

    def paper_out(self, *, after_rows: int = 0) -> None:
        """The roll ends, now or after that many more dot rows of any kind. Printing stops; see `refill`."""
        self._machine.run_out_after(after_rows)

    def refill(self) -> None:
        """A new roll: printing goes on where it stopped."""
        self._machine.set_sensors(paper_out=False, paper_near_end=False)
        self._wire.wake()

    def near_end(self, *, on: bool = True) -> None:
        """The roll is nearly used up; printing goes on."""
        self._machine.set_sensors(paper_near_end=on)

    def open_cover(self) -> None:
        """Printing stops until `close_cover`."""
        self._machine.set_sensors(cover_open=True)

    def close_cover(self) -> None:
        """Printing goes on."""
        self._machine.set_sensors(cover_open=False)
        self._wire.wake()

    def go_offline(self) -> None:
        """Offline without a cause that shows, for example its own menu is open. Printing stops."""
        self._machine.set_sensors(offline=True)

    def go_online(self) -> None:
        """Undo `go_offline`."""
        self._machine.set_sensors(offline=False)
        self._wire.wake()

    def cutter_error(self) -> None:
        """The cutter is jammed: stops until `restore`, a power cycle, or DLE ENQ from the host."""
        self._machine.set_sensors(cutter_error=True)

    def mute(self, *, on: bool = True) -> None:
        """It prints and answers nothing; questions that came meanwhile are never answered."""
        self.state.mute = on

    def stall(self, *, after_bytes: int = 0) -> None:
        """It stops reading, now or after that many more bytes; the host's writes block. See `resume`."""
        self.state.stall_left = after_bytes

    def resume(self) -> None:
        """Undo `stall`."""
        self.state.stall_left = None
        self._wire.wake()

    def drop(self, *, after_bytes: int = 0, reset: bool = True) -> None:
        """The connection ends, once, now or after that many more bytes (also of the next connection)."""
        if after_bytes > 0:
            self.state.drop_left = after_bytes
            self.state.drop_with_reset = reset
        else:
            self._wire.drop_client(reset=reset)

    def refuse(self) -> None:
        """New connections are refused; the one of the moment stays."""
        self._wire.stop_listening()

    def listen(self) -> None:
        """Undo `refuse`."""
        self._wire.start_listening()

    def power_off(self) -> None:
        """Connection and buffer are lost, the strip that hangs out becomes a torn receipt, nobody listens."""
        self._wire.stop_listening()
        self._wire.drop_client(reset=True)
        self._machine.lose_power()

    def power_on(self) -> None:
        """Listens again, with settings as new. The other faults stay as they are."""
        self._wire.start_listening()

    async def power_cycle(self, *, off_s: float = 0.0) -> None:
        """`power_off`, `off_s` seconds, `power_on`; returns when it listens again."""
        self.power_off()
        await asyncio.sleep(off_s)
        self.power_on()
        await self._wire.wait_listening()

    def restore(self) -> None:
        """All well again: paper, cover, online, cutter, answers, reading, listening; drawer no longer jammed."""
        self.state.mute = False
        self.state.stall_left = self.state.drop_left = None
        if self._machine.drawer is not None:
            self._machine.drawer.free()
        self._machine.set_sensors(
            paper_out=False, paper_near_end=False, cover_open=False, offline=False, cutter_error=False
        )
        self._wire.start_listening()
        self._wire.wake()
