"""A serial port made of a Linux pseudo terminal: the simulator holds the master, the host opens the other end.

`link` is the name that may change from plug to plug (like /dev/ttyACM0), `by_id` the one that stays (like
/dev/serial/by-id/...). Both are symbolic links to the real /dev/pts/N, gone while unplugged. The trap: after a replug
the kernel likes to hand out the same number again; `replug` makes sure that it is another one.
"""

import asyncio
import contextlib
import errno
import os
import select
from pathlib import Path
from typing import Final

from hardware_sim.errors import HostNotReading, LinkInTheWay, NoPty, NotPlugged

_PTYS: Final = Path("/dev/pts")
_POLL_MIN_S: Final = 0.001
_POLL_MAX_S: Final = 0.016


class PtyPort:
    """One port; starts unplugged. All methods belong to one event loop's thread."""

    def __init__(self, *, link: Path | None = None, by_id: Path | None = None) -> None:
        self.link = link
        self.by_id = by_id
        self.device: str | None = None
        """Real name, for example /dev/pts/7; `None` while unplugged."""
        self._master = -1

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return self._master >= 0

    @property
    def path(self) -> str:
        """What a host should open: the lasting name if there is one."""
        name = self.by_id or self.link or self.device
        if name is None:
            raise NotPlugged("The simulated port is unplugged and has no link name: plug it, then ask for its path.")
        return str(name)

    @property
    def attached(self) -> bool:
        """Whether a host has the port open."""
        if not self.plugged:
            return False
        poll = select.poll()
        poll.register(self._master, select.POLLHUP)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def plug(self) -> None:
        """Make the device appear; no effect if it is there. Raises `NoPty`, `LinkInTheWay`."""
        if self.plugged:
            return
        for link in (self.link, self.by_id):
            _check(link)
        self._master, self.device = _open_raw_pty()
        for link in (self.link, self.by_id):
            _point(link, self.device)

    def unplug(self) -> None:
        """Make the device vanish: a host that has it open sees end of file, and EIO on writing."""
        if not self.plugged:
            return
        for link in (self.link, self.by_id):
            if link is not None and link.is_symlink() and str(link.readlink()) == self.device:
                link.unlink()
        os.close(self._master)
        self._master, self.device = -1, None

    def replug(self, *, link: Path | None = None, old_device: str | None = None) -> None:
        """Plug again under another real name, and under another `link` if one is given; `by_id` stays.

        `old_device` is the name to avoid if the port is unplugged already.
        """
        avoid = self.device or old_device
        self.unplug()
        if link is not None:
            self.link = link
        self.plug()
        if self.device == avoid:
            spare, _ = _open_raw_pty()
            self.unplug()
            # The spare holds the next number; the freed one would be given out again, so plug twice past it.
            blocker, _ = _open_raw_pty()
            self.plug()
            os.close(spare)
            os.close(blocker)

    def write_now(self, data: bytes) -> int:
        """Write what fits at once; return how many bytes that were. Raises `NotPlugged`."""
        if not self.plugged:
            raise NotPlugged("The simulated port is unplugged: plug it first.")
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    async def write(self, data: bytes, *, timeout_s: float = 5.0) -> None:
        """Write all of it. Raises `NotPlugged`, and `HostNotReading` if its buffer stays full for `timeout_s`."""
        pause_s = _POLL_MIN_S
        try:
            async with asyncio.timeout(timeout_s):
                while data:
                    written = self.write_now(data)
                    data = data[written:]
                    if not written:
                        await asyncio.sleep(pause_s)
                        pause_s = min(2 * pause_s, _POLL_MAX_S)
        except TimeoutError as exc:
            raise HostNotReading(
                f"{self.path}: the host has taken nothing for {timeout_s} s; is its driver running?"
            ) from exc

    async def read(self, size_max: int) -> bytes:
        """What the host wrote, at least one byte; waits through the host's closing and opening. Raises `NotPlugged`."""
        pause_s = _POLL_MIN_S
        while True:
            if not self.plugged:
                raise NotPlugged("The simulated port was unplugged: plug it to read on.")
            try:
                data = os.read(self._master, size_max)
            except BlockingIOError:
                data = b""
            except OSError as exc:
                if exc.errno != errno.EIO:
                    raise
                data = b""  # EIO on the master means: no host has the port open
            if data:
                return data
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _POLL_MAX_S)


def _open_raw_pty() -> tuple[int, str]:
    """Master descriptor (non-blocking) and device name of a new pty in raw mode."""
    try:
        import tty  # noqa: PLC0415  POSIX only: importing this module must work on Windows

        master, slave = os.openpty()
    except (ImportError, AttributeError) as exc:
        raise NoPty("This system has no pseudo terminals; simulate the device on Linux, or use TCP.") from exc
    try:
        tty.setraw(slave)
        name = os.ttyname(slave)
    finally:
        # Settings outlive the last close as long as the master is open; holding it would hide whether a host is there.
        os.close(slave)
    os.set_blocking(master, False)
    return master, name


def _check(link: Path | None) -> None:
    """A dangling link and one to another pseudo terminal may be replaced; files and real devices are somebody's."""
    if link is not None and link.exists() and not (link.is_symlink() and link.resolve().is_relative_to(_PTYS)):
        raise LinkInTheWay(f"{link} is no simulator's link; choose another name for the simulated device.")


def _point(link: Path | None, device: str) -> None:
    if link is None:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(device)
    fresh.replace(link)
