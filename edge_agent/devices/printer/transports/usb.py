"""A printer on USB without a driver of the system: bulk transfers on the endpoints of its printer interface.

pyusb tells how many bytes a transfer took that timed out, so nothing is sent twice. The trap on Linux is `usblp`, which
holds the interface: it is taken off for as long as the line is open. On Windows the device needs the WinUSB driver;
with the maker's driver it belongs to the spooler, and `connection = "windows"` is the way.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Any

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import UsbReach

_PRINTER_CLASS = 7
_WRITE_MS = 200
_READ_MS = 100
_READ_BYTES = 64


class UsbWire:
    """An open device; see `threaded.Wire`. `backend` is pyusb's: None is libusb."""

    hears = True
    keeps = True
    tells = False
    all_or_nothing = False

    def __init__(self, reach: UsbReach, backend: Any = None) -> None:  # noqa: ANN401  pyusb says no types
        """Raises PrinterUnreachable."""
        self._reach = reach
        self._core, self._util = _pyusb()
        try:
            self._device = self._find(backend)
            self._interface, self._out, self._in = self._endpoints()
            self._take()
        except self._core.NoBackendError as exc:
            raise PrinterUnreachable(
                f"printer {reach}: libusb is not installed on this PC; install it (libusb-1.0-0 on Debian)"
            ) from exc
        except (self._core.USBError, NotImplementedError) as exc:
            raise self._unreachable(exc) from exc

    def begin(self, title: str) -> None:
        """USB knows no jobs."""

    def write(self, data: bytes) -> int:
        """See `Wire`."""
        try:
            return int(self._device.write(self._out, data, _WRITE_MS))
        except self._core.USBTimeoutError:
            return 0
        except self._core.USBError as exc:
            raise ConnectionLost(f"printer {self._reach}: {exc}") from exc

    def finish(self) -> bool:
        """A bulk transfer that returned was taken by the printer."""
        return True

    def listen(self) -> bytes | PrinterStatus:
        """See `Wire`."""
        try:
            return bytes(self._device.read(self._in, _READ_BYTES, _READ_MS))
        except self._core.USBTimeoutError:
            return b""
        except self._core.USBError as exc:
            raise ConnectionLost(f"printer {self._reach}: {exc}") from exc

    def interrupt(self) -> None:
        """Transfers end by themselves after a fifth of a second."""

    def close(self, *, abort: bool) -> None:  # noqa: ARG002  nothing of ours is held anywhere
        """See `Wire`."""
        with contextlib.suppress(self._core.USBError):
            self._util.release_interface(self._device, self._interface)
        with contextlib.suppress(self._core.USBError, NotImplementedError):
            self._device.attach_kernel_driver(self._interface)
        with contextlib.suppress(self._core.USBError):
            self._util.dispose_resources(self._device)

    # --- opening

    def _find(self, backend: Any) -> Any:  # noqa: ANN401  as above
        found = self._core.find(
            find_all=True, idVendor=self._reach.vendor, idProduct=self._reach.product, backend=backend
        )
        wanted = self._reach.serial
        devices = [device for device in found if not wanted or self._serial_of(device) == wanted]
        if not devices:
            raise PrinterUnreachable(f"printer {self._reach}: not plugged in; check cable and power", "absent")
        if len(devices) > 1:
            raise PrinterUnreachable(
                f"printer {self._reach}: there are {len(devices)} of this kind; add the serial number to `usb`",
                "in_use",
            )
        return devices[0]

    def _serial_of(self, device: Any) -> str:  # noqa: ANN401  as above
        try:
            self._util.get_langids(device)  # get_string alone hides that we may not open it
            return str(self._util.get_string(device, device.iSerialNumber) or "")
        except ValueError:  # it has no languages, so it has no strings
            return ""
        except self._core.USBError as exc:
            if exc.errno in {errno.EACCES, errno.EPERM}:
                raise
            return ""

    def _endpoints(self) -> tuple[int, int, int]:
        for configuration in self._device:
            for interface in configuration:
                if interface.bInterfaceClass == _PRINTER_CLASS:
                    out, back = self._pair(interface)
                    if out is not None and back is not None:
                        return interface.bInterfaceNumber, out, back
        raise PrinterUnreachable(
            f"printer {self._reach}: has no printer interface with two endpoints; use its COM or network port"
        )

    def _pair(self, interface: Any) -> tuple[int | None, int | None]:  # noqa: ANN401  as above
        found: dict[bool, int] = {}
        for endpoint in interface:
            if self._util.endpoint_type(endpoint.bmAttributes) == self._util.ENDPOINT_TYPE_BULK:
                incoming = self._util.endpoint_direction(endpoint.bEndpointAddress) == self._util.ENDPOINT_IN
                found.setdefault(incoming, endpoint.bEndpointAddress)
        return found.get(False), found.get(True)

    def _take(self) -> None:
        with contextlib.suppress(NotImplementedError):  # systems without kernel drivers of that sort
            if self._device.is_kernel_driver_active(self._interface):
                self._device.detach_kernel_driver(self._interface)
        try:
            self._device.get_active_configuration()
        except self._core.USBError:
            self._device.set_configuration()
        self._util.claim_interface(self._device, self._interface)

    def _unreachable(self, exc: Exception) -> PrinterUnreachable:
        number = getattr(exc, "errno", None)
        if number in {errno.EACCES, errno.EPERM}:
            remedy = "let the till's user use it by a udev rule"
            return PrinterUnreachable(f"printer {self._reach}: {exc}; {remedy}", "no_permission")
        if number == errno.EBUSY:
            return PrinterUnreachable(f"printer {self._reach}: {exc}; close the other program that has it", "in_use")
        return PrinterUnreachable(f"printer {self._reach}: {exc}; unplug it and plug it in again")


def _pyusb() -> tuple[Any, Any]:
    try:
        import usb.core  # type: ignore[import-untyped]  # noqa: PLC0415  only tills with such a printer pay for it
        import usb.util  # type: ignore[import-untyped]  # noqa: PLC0415  as above
    except ImportError as exc:
        raise PrinterUnreachable("printer: pyusb is not installed; install tillwire with its `edge` extra") from exc
    return usb.core, usb.util
