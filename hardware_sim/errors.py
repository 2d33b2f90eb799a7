"""What can go wrong in a simulator, each with who, what and the remedy.

SimulatorError
├── BadCommand         the line is not a verb that we know: the message lists what is
├── NoPty              this system has no pseudo terminals: use TCP, or Linux
├── LinkInTheWay       a real file stands where the device link should be: choose another name
├── PortTaken          the TCP port cannot be had: choose another, or 0
├── NotPlugged         the device is unplugged: plug it first
├── HostNotReading     the host does not take the bytes: is its driver running?
└── WaitedTooLong      what was waited for did not happen in time
"""


class SimulatorError(Exception):
    """Base of all errors that a simulator raises on purpose."""


class BadCommand(SimulatorError):
    """A control line that is no known verb, or has wrong arguments."""


class NoPty(SimulatorError):
    """The operating system offers no pseudo terminals."""


class LinkInTheWay(SimulatorError):
    """Something that is no symbolic link stands at the device link's path."""


class PortTaken(SimulatorError):
    """The TCP port cannot be bound."""


class NotPlugged(SimulatorError):
    """Bytes were to be sent by a device that is unplugged."""


class HostNotReading(SimulatorError):
    """The host has the port open but takes nothing."""


class WaitedTooLong(SimulatorError):
    """A wait ended by its time-out."""
