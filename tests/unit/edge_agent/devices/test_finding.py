"""Finding devices: what is there is found with a name that stays; nothing is searched that nobody asked for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from edge_agent.devices import finding
from edge_agent.devices.keyboards import find_keyboard, list_system_keyboards
from edge_agent.devices.ports import Port, UsbIdentity

SCANNER = UsbIdentity(vendor=0x05F9, product=0x4204, serial="S1")
# What Linux shows for a keyboard with all usual keys, and for a power button.
KEYS, POWER = "10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe", "10000000000000 0"

posix_only = pytest.mark.skipif(os.name == "nt", reason="symbolic links and /sys")


def tree(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder


@posix_only
def test_a_serial_port_is_named_by_what_stays(tmp_path: Path) -> None:
    """The by-id link if there is one, else VID, PID and serial number, else the port's own name."""
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (tmp_path / "ttyACM0").touch()
    link = by_id / "usb-Datalogic_S1-if00"
    link.symlink_to("../ttyACM0")
    ports = [
        Port(path=str(tmp_path / "ttyACM0"), usb=SCANNER, description="Datalogic"),
        Port(path="/dev/ttyUSB3", usb=SCANNER),
        Port(path="/dev/ttyS0"),
    ]
    found = finding.find_serial_ports(lambda: ports, by_id)
    assert [device.stable for device in found] == [str(link), "05f9:4204:S1", "/dev/ttyS0"]
    assert (found[0].name, found[0].usb) == ("Datalogic", SCANNER)


@posix_only
def test_keyboards_are_found_and_buttons_are_not(tmp_path: Path) -> None:
    """By their keys; with by-id name, identity, and found again by it under another number."""
    classes = tree(
        tmp_path / "class",
        {
            "event0/device/capabilities/key": POWER,
            "event0/device/name": "Power Button",
            "event10/device/capabilities/key": KEYS,
            "event10/device/name": "Honeywell Imager",
            "event10/device/id/vendor": "0c2e",
            "event10/device/id/product": "0b61",
            "event10/device/uniq": "",
            "event9/device/capabilities/key": KEYS,
            "event9/device/name": "AT keyboard",
            "event9/device/id/vendor": "0000",
            "event9/device/id/product": "0001",
            "event2/device/capabilities/key": "not hexadecimal",
        },
    )
    devices = tree(tmp_path / "dev", {"event10": "", "event9": ""})
    (devices / "by-id").mkdir()
    (devices / "by-id/usb-Honeywell-event-kbd").symlink_to("../event10")
    boards = list_system_keyboards(devices, classes)
    assert [(board.name, board.path) for board in boards] == [
        ("AT keyboard", str(devices / "event9")),
        ("Honeywell Imager", str(devices / "event10")),
    ]
    assert boards[0].usb is None
    assert boards[1].by_id == str(devices / "by-id/usb-Honeywell-event-kbd")
    imager = UsbIdentity(vendor=0x0C2E, product=0x0B61)
    assert find_keyboard("/dev/input/event77", imager, lambda: boards) == str(devices / "event10")
    assert find_keyboard("/dev/input/event77", None, lambda: boards) is None


def test_usb_printers_are_found_by_their_class(tmp_path: Path) -> None:
    """Once each, however many interfaces; with the maker's words."""
    devices = tree(
        tmp_path / "usb",
        {
            "1-2/idVendor": "04b8",
            "1-2/idProduct": "0e15",
            "1-2/serial": "X1",
            "1-2/manufacturer": "EPSON",
            "1-2/product": "TM-T20II",
            "1-2_1.0/bInterfaceClass": "07",
            "1-3/idVendor": "046d",
            "1-3/idProduct": "c31c",
            "1-3_1.0/bInterfaceClass": "03",
        },
    )
    if os.name == "nt":
        pytest.skip("a colon is no part of a file's name there")
    for name in ("1-2", "1-3"):
        (devices / f"{name}_1.0").rename(devices / f"{name}:1.0")
    (printer,) = finding.find_usb_printers(devices)
    assert (printer.stable, printer.name) == ("04b8:0e15:X1", "EPSON TM-T20II")


def test_a_printer_on_tcp_is_found_where_it_was_looked_for() -> None:
    """At the given addresses alone; one that nobody listens on, or that is no address, is left out."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port, shut = listener.getsockname()[1], silent.getsockname()[1]
        hosts = [f"127.0.0.1:{shut}", f"127.0.0.1:{port}", "no such host!", "", "." * 300]
        found = finding.find_tcp_printers(hosts, timeout_s=5.0)
        assert [device.path for device in found] == [f"127.0.0.1:{port}"]
        many = finding.find_tcp_printers([f"127.0.0.1:{port}"] * 50, timeout_s=5.0)
        assert len(many) == finding.HOSTS_MAX
    assert finding.find_tcp_printers([]) == ()


def test_looking_for_everything_never_fails() -> None:
    """On any machine, whatever is or is not plugged in."""
    for device in finding.find_all():
        assert device.path
        assert device.stable
