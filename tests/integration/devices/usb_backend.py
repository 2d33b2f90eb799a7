"""A USB bus with one simulated printer on it, as pyusb's backends show one: descriptors, claims, bulk transfers."""

from __future__ import annotations

import errno
from array import array
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TypeVar

from usb.backend import IBackend  # type: ignore[import-untyped]  # pyusb says no types
from usb.core import USBError, USBTimeoutError  # type: ignore[import-untyped]  # as above

from hardware_sim.errors import NotPlugged
from hardware_sim.usb_endpoints import UsbEndpoints

T = TypeVar("T")
VENDOR, PRODUCT, SERIAL = 0x04B8, 0x0E28, "X5Y7"
OUT, IN = 0x01, 0x82
_PRINTER_CLASS = 7
_BULK = 2


class OnePrinterBus(IBackend):  # type: ignore[misc]  # of an untyped package
    """The backend. `busy` makes the interface another program's, `forbidden` the device another user's."""

    def __init__(self, endpoints: UsbEndpoints) -> None:
        self.endpoints = endpoints
        self.kernel_driver = True
        self.busy = self.forbidden = False
        self.claims = 0

    def enumerate_devices(self) -> Iterator[object]:
        """The printer, if its cable is in."""
        return iter(["printer"] if self.endpoints.plugged else [])

    def get_parent(self, _device: object) -> None:
        """It hangs on no hub."""

    def get_device_descriptor(self, _device: object) -> SimpleNamespace:
        """A printer of that maker; its serial number is string 3."""
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=VENDOR, idProduct=PRODUCT, bcdDevice=0x100, iManufacturer=1, iProduct=2,
            iSerialNumber=3, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, _device: object, number: int) -> SimpleNamespace:
        """Its only configuration."""
        if number:
            raise IndexError(number)
        return SimpleNamespace(bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1,
                               iConfiguration=0, bmAttributes=0xC0, bMaxPower=0, extra_descriptors=[])  # fmt: skip

    def get_interface_descriptor(
        self, _device: object, interface: int, alternate: int, _number: int
    ) -> SimpleNamespace:
        """Its only interface."""
        if interface or alternate:
            raise IndexError(interface)
        return SimpleNamespace(bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2,
                               bInterfaceClass=_PRINTER_CLASS, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0,
                               extra_descriptors=[])  # fmt: skip

    def get_endpoint_descriptor(
        self, _device: object, endpoint: int, _interface: int, _alternate: int, _number: int
    ) -> SimpleNamespace:
        """Bulk out, bulk in."""
        return SimpleNamespace(bLength=7, bDescriptorType=5, bEndpointAddress=(OUT, IN)[endpoint], bmAttributes=_BULK,
                               wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0,
                               extra_descriptors=[])  # fmt: skip

    def open_device(self, _device: object) -> str:
        """A handle."""
        if self.forbidden:
            raise USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        return "handle"

    def close_device(self, _handle: object) -> None:
        """Nothing is held."""

    def get_configuration(self, _handle: object) -> int:
        """The only one."""
        return 1

    def is_kernel_driver_active(self, _handle: object, _interface: int) -> bool:
        """Linux gives printers to usblp."""
        return self.kernel_driver

    def detach_kernel_driver(self, _handle: object, _interface: int) -> None:
        """Take usblp off."""
        self.kernel_driver = False

    def attach_kernel_driver(self, _handle: object, _interface: int) -> None:
        """Give it back."""
        self.kernel_driver = True

    def claim_interface(self, _handle: object, _interface: int) -> None:
        """One program at a time, and not while the kernel has it."""
        if self.busy or self.kernel_driver or self.endpoints.claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        self.endpoints.claimed = "till"
        self.claims += 1

    def release_interface(self, _handle: object, _interface: int) -> None:
        """Another may have it."""
        self.endpoints.claimed = ""

    def ctrl_transfer(
        self, _handle: object, _kind: int, _request: int, value: int, _index: int, data: array[int], _timeout: int
    ) -> int:
        """String descriptors: the languages, and the serial number."""
        text = b"\x09\x04" if value & 0xFF == 0 else SERIAL.encode("utf-16-le")
        answer = array("B", bytes((len(text) + 2, 3)) + text)
        data[: len(answer)] = answer
        return len(answer)

    def bulk_write(self, _handle: object, endpoint: int, _interface: int, data: array[int], timeout_ms: int) -> int:
        """As libusb does: a transfer that timed out tells how much was taken, or raises if nothing was."""
        assert endpoint == OUT
        done = self._told(lambda: self.endpoints.host_write(data.tobytes(), timeout_ms / 1000))
        if not done:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        return done

    def bulk_read(self, _handle: object, endpoint: int, _interface: int, data: array[int], timeout_ms: int) -> int:
        """As libusb does."""
        assert endpoint == IN
        got = self._told(lambda: self.endpoints.host_read(len(data), timeout_ms / 1000))
        if not got:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        data[: len(got)] = array("B", got)
        return len(got)

    @staticmethod
    def _told(transfer: Callable[[], T]) -> T:
        try:
            return transfer()
        except NotPlugged as exc:
            raise USBError("No such device (it may have been disconnected)", -4, errno.ENODEV) from exc
