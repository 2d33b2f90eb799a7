"""The thread that owns a port: whatever opening or using it raises, the device has a state and is tried again."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import serial

from edge_agent.devices.port_owner import PortOwner, Surroundings
from edge_agent.devices.serial_line import problem_of
from edge_agent.till.view import DeviceView

WAIT_S = 20.0


class FakePort:
    """Something open; counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        """Close it."""
        self.closed += 1


class Watcher:
    """Waits for a state, told from the owner's thread."""

    def __init__(self) -> None:
        self.views: list[DeviceView] = []
        self._changed = threading.Condition()

    def __call__(self, callback: Callable[..., object], *arguments: object) -> None:
        """Stand in for `call_soon`."""
        with self._changed:
            callback(*arguments)
            self._changed.notify_all()

    def until(self, state: str, problem: str) -> None:
        """Wait until it was told."""
        with self._changed:
            told = self._changed.wait_for(
                lambda: (state, problem) in {(view.state, view.problem) for view in self.views}, WAIT_S
            )
        assert told, self.views


@contextmanager
def owned(
    open_port: Callable[[str], FakePort], use: Callable[[PortOwner[FakePort]], None], path: Callable[[], str | None]
) -> Iterator[Watcher]:
    """A running owner."""
    watcher = Watcher()
    owner: PortOwner[FakePort] = PortOwner(
        "scanner",
        "gun",
        find=path,
        open_port=open_port,
        use=lambda _port: use(owner),
        around=Surroundings(
            on_state=watcher.views.append,
            call_soon=watcher,
            monotonic=time.monotonic,
            wall=lambda: datetime(2026, 11, 23, tzinfo=UTC),
            rng=Random(1),  # noqa: S311  jitter is no secret
        ),
    )
    owner.start()
    try:
        yield watcher
    finally:
        owner.stop()


def works(owner: PortOwner[FakePort]) -> None:
    """A driver that is content."""
    owner.fine()
    while not owner.ended:
        owner.pause(0.01)


def test_a_port_without_permission_is_named_and_taken_when_allowed() -> None:
    """What pyserial raises when the agent's user may not open the port; it needs no restart once she may."""
    allowed = threading.Event()

    def open_port(path: str) -> FakePort:
        if not allowed.is_set():
            raise serial.SerialException(errno.EACCES, f"could not open port {path}: Permission denied")
        return FakePort()

    with owned(open_port, works, lambda: "/dev/ttyACM0") as watcher:
        watcher.until("backoff", "no_permission")
        allowed.set()
        watcher.until("ready", "")


def test_a_driver_that_stumbles_is_started_again() -> None:
    """A fault of ours is logged, told, and does not end the device's day; the port is closed each time."""
    tries: list[FakePort] = []

    def open_port(_path: str) -> FakePort:
        tries.append(FakePort())
        return tries[-1]

    def use(owner: PortOwner[FakePort]) -> None:
        if len(tries) < 3:
            raise ZeroDivisionError
        works(owner)

    with owned(open_port, use, lambda: "/dev/ttyACM0") as watcher:
        watcher.until("backoff", "broken_line")
        watcher.until("ready", "")
    assert [port.closed for port in tries] == [1, 1, 1]


def test_a_port_that_is_quietly_replaced_is_noticed(tmp_path: Path) -> None:
    """A by-id link that leads elsewhere: some systems keep the dead port open without a word."""
    link = tmp_path / "by-id"
    (tmp_path / "one").touch()
    (tmp_path / "two").touch()
    link.symlink_to(tmp_path / "one")
    opened: list[str] = []

    def open_port(path: str) -> FakePort:
        opened.append(os.path.realpath(path))
        return FakePort()

    def use(owner: PortOwner[FakePort]) -> None:
        owner.fine()
        while not owner.ended:
            owner.still_there()
            owner.pause(0.01)

    with owned(open_port, use, lambda: str(link) if link.exists() else None) as watcher:
        watcher.until("ready", "")
        link.unlink()
        watcher.until("absent", "absent")
        link.symlink_to(tmp_path / "two")
        limit_s = time.monotonic() + WAIT_S
        while len(opened) < 2 and time.monotonic() < limit_s:
            time.sleep(0.01)
    assert opened == [str(tmp_path / "one"), str(tmp_path / "two")]


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (serial.SerialException(errno.EACCES, "could not open port /dev/ttyACM0: Permission denied"), "no_permission"),
        (serial.SerialException(errno.ENOENT, "could not open port /dev/ttyACM0: No such file"), "absent"),
        (serial.SerialException(errno.EAGAIN, "Could not exclusively lock port /dev/ttyACM0"), "in_use"),
        (OSError(errno.EBUSY, "Device or resource busy"), "in_use"),
        (OSError(errno.ENXIO, "No such device or address"), "absent"),
        (serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is denied.')"), "in_use"),
        (serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'not found')"), "absent"),
        (OSError(errno.EIO, "Input/output error"), "broken_line"),
    ],
)
def test_a_failure_to_open_is_understood(failure: Exception, problem: str) -> None:
    """On Linux by its number, on Windows by its words."""
    assert problem_of(failure) == problem
