"""DeviceError                 the store can act: cable, paper, port
├── DeviceUnavailable       tried again by the supervision
│   ├── PrinterUnreachable  no way to it, or none in time: power, cable, address, permission
│   ├── PrinterSilent       connected, but it does not answer a status question
│   ├── ConnectionLost      it was there and went away
│   └── PortUnusable        a serial port cannot be opened or broke while it was listened to: `problem` says why
├── FontMissing             receipts cannot be drawn: run `./dev setup`
├── LogoUnusable            the logo's file is no picture that can be printed; receipts come without
├── IllegalStep             a print job cannot do this in its state (cancelled meanwhile, answered twice)
├── UnknownJob              no print job has this id or receipt number
└── UnreadablePayload       a stored receipt cannot be read (written by a newer version?)
"""

from __future__ import annotations

from edge_agent.devices.supervision import Problem
from edge_agent.errors import EdgeAgentError


class DeviceError(EdgeAgentError):
    """Base of all errors of devices."""


class DeviceUnavailable(DeviceError):
    """The device cannot be used right now; the same attempt may work later."""


class PrinterUnreachable(DeviceUnavailable):
    """No way to the printer, or none in time. `problem` is the code that the page turns into words."""

    def __init__(self, message: str, problem: Problem = "unreachable") -> None:
        super().__init__(message)
        self.problem: Problem = problem


class PrinterSilent(DeviceUnavailable):
    """The printer took the connection and does not answer."""


class ConnectionLost(DeviceUnavailable):
    """The connection to the printer ended while it was used."""


class PortUnusable(DeviceUnavailable):
    """A serial port cannot be used now; `problem` is the code of `supervision.Problem` that the page has words for."""

    def __init__(self, path: str, problem: Problem, why: str) -> None:
        super().__init__(f"{path}: {problem.replace('_', ' ')} ({why}): free the port, or choose another")
        self.path = path
        self.problem = problem


class FontMissing(DeviceError):
    """A font that receipts are drawn with is not where the package keeps it."""


class LogoUnusable(DeviceError):
    """The file of the logo cannot be read, or is too large."""


class IllegalStep(DeviceError):
    """A print job cannot take this step from its state."""


class UnknownJob(DeviceError):
    """No print job has this id, or no receipt has this number."""


class UnreadablePayload(DeviceError):
    """What is stored in a print job is no receipt that this version can read."""
