"""A printer's plug at the level of USB: one bulk endpoint out, one in, and whether the cable is in.

The host's side blocks and may be called from any thread, as a host's USB library would; the device's side is a
`Connection` of the event loop. What the host wrote counts as taken when it lies in the endpoint's small buffer.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from hardware_sim.errors import NotPlugged

_OUT_BYTES: Final = 1024
_IN_BYTES: Final = 4096


class UsbEndpoints:
    """Both endpoints; starts unplugged. `claimed` is the host program that has the interface, "" for none."""

    def __init__(self) -> None:
        self.plugged = False
        self.plugs = 0
        self.claimed = ""
        self._out = bytearray()
        self._in = bytearray()
        self._changed = threading.Condition()
        self._tell_device: Callable[[], object] = lambda: None

    # --- the cable

    def plug(self) -> None:
        """Put the cable in; both buffers are empty."""
        with self._changed:
            self.plugged = True
            self.plugs += 1
            self.claimed = ""
            self._out.clear()
            self._in.clear()
            self._changed.notify_all()

    def unplug(self) -> None:
        """Pull the cable: who waits is told."""
        with self._changed:
            self.plugged = False
            self._changed.notify_all()
        self._tell_device()

    # --- the host's side

    def host_write(self, data: bytes, timeout_s: float) -> int:
        """Write to the bulk out endpoint; how many bytes were taken in that time. Raises `NotPlugged`."""
        with self._changed:
            self._changed.wait_for(lambda: not self.plugged or len(self._out) < _OUT_BYTES, timeout_s)
            self._must_be_plugged()
            taken = data[: _OUT_BYTES - len(self._out)]
            self._out += taken
        self._tell_device()
        return len(taken)

    def host_read(self, size_max: int, timeout_s: float) -> bytes:
        """Read from the bulk in endpoint; empty if nothing came in that time. Raises `NotPlugged`."""
        with self._changed:
            self._changed.wait_for(lambda: not self.plugged or len(self._in) > 0, timeout_s)
            self._must_be_plugged()
            data = bytes(self._in[:size_max])
            del self._in[:size_max]
        return data

    # --- the device's side

    def connect(self) -> "UsbConnection":
        """The device's view, for the running event loop."""
        return UsbConnection(self)

    def on_data(self, tell: Callable[[], object]) -> None:
        """Call `tell`, in whatever thread, when there may be something for the device."""
        self._tell_device = tell

    def take(self, size_max: int) -> bytes | None:
        """What the host wrote; empty: nothing so far, `None`: the cable is out."""
        with self._changed:
            if not self.plugged:
                return None
            data = bytes(self._out[:size_max])
            del self._out[:size_max]
            self._changed.notify_all()
        return data

    def give(self, data: bytes) -> bool:
        """Give to the host; `False` if nobody fetches it."""
        with self._changed:
            room = self.plugged and len(self._in) + len(data) <= _IN_BYTES
            if room:
                self._in += data
                self._changed.notify_all()
        return room

    def _must_be_plugged(self) -> None:
        if not self.plugged:
            raise NotPlugged("The simulated USB printer is unplugged: plug it first.")


class UsbConnection:
    """See `connection.Connection`; it lasts as long as the cable is in."""

    def __init__(self, endpoints: UsbEndpoints) -> None:
        self._endpoints = endpoints
        self._woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        endpoints.on_data(lambda: loop.call_soon_threadsafe(self._woken.set))

    async def receive(self, size_max: int) -> bytes:
        """See `Connection`."""
        while True:
            self._woken.clear()
            data = self._endpoints.take(size_max)
            if data is None:
                return b""
            if data:
                return data
            await self._woken.wait()

    def send(self, data: bytes) -> bool:
        """See `Connection`."""
        return self._endpoints.give(data)

    def close(self, *, reset: bool) -> None:  # noqa: ARG002  a cable knows no reset
        """Pull the cable."""
        self._endpoints.on_data(lambda: None)
        self._endpoints.unplug()
