"""From the file to the settings of the drivers: what is not said is as the device usually has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent import assembly
from edge_agent.config import AgentConfig, load_config
from edge_agent.devices.ports import UsbIdentity
from edge_agent.devices.serial_line import Line

HEAD = '[store]\nid = "hn01"\n[terminal]\nid = "t1"\n[hub]\nhost = "hub.example"\n[data]\nfolder = "data"\n'


def config_of(folder: Path, text: str) -> AgentConfig:
    """A configuration with these lines about devices."""
    path = folder / "agent.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_config(path)


def test_without_sections_there_are_no_devices(tmp_path: Path) -> None:
    """A till works without any of them."""
    config = config_of(tmp_path, "")
    assert assembly.scanner_settings(config) is None
    assert assembly.keyboard_settings(config) is None
    assert assembly.scale_settings(config) is None
    assert assembly.display_settings(config) is None


def test_a_serial_scanner_with_the_letters_of_its_maker(tmp_path: Path) -> None:
    """A preset, one of its letters replaced; found by what it is."""
    config = config_of(
        tmp_path, '[scanner]\nusb = "05f9:4204:S1"\nfeedback = "datalogic"\nbad = "\\u0007"\nack_nak = true\n'
    )
    settings = assembly.scanner_settings(config)
    assert settings is not None
    assert settings.usb == UsbIdentity(vendor=0x05F9, product=0x4204, serial="S1")
    assert (settings.feedback.good, settings.feedback.bad, settings.feedback.disable) == (b"B", b"\x07", b"D")
    assert settings.ack_nak


@pytest.mark.parametrize("kind", ["evdev", "wedge"])
def test_a_scanner_that_types_is_no_serial_one(tmp_path: Path, kind: str) -> None:
    """One is grabbed, with time for its slow keys; the other is the page's alone, and needs neither port nor usb."""
    text = f'[scanner]\nkind = "{kind}"\n' + ('usb = "05e0:1200"\n' if kind == "evdev" else "")
    config = config_of(tmp_path, text)
    assert assembly.scanner_settings(config) is None
    keyboard = assembly.keyboard_settings(config)
    assert (keyboard is None) == (kind == "wedge")
    assert keyboard is None or keyboard.framing.idle_gap_s > 0.06


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", Line(byte_bits=7, parity="E")),
        ('protocol = "cas"\n', Line()),
        ('protocol = "cas"\nbaud = 4800\nparity = "E"\n', Line(baud=4800, parity="E")),
        ('byte_bits = 8\nparity = "N"\n', Line()),
    ],
)
def test_a_scale_has_the_line_of_its_protocol(tmp_path: Path, text: str, line: Line) -> None:
    """A Toledo 7E1, a CAS 8N1, unless the file says otherwise."""
    settings = assembly.scale_settings(config_of(tmp_path, f'[scale]\nport = "COM4"\n{text}'))
    assert settings is not None
    assert settings.line == line


def test_a_display_keeps_its_code_page(tmp_path: Path) -> None:
    """What ESC t selects, and what is then written, belong together."""
    config = config_of(tmp_path, '[display]\nport = "COM5"\nencoding = "cp1252"\ncode_page = 16\n')
    settings = assembly.display_settings(config)
    assert settings is not None
    assert (settings.port, settings.encoding, settings.code_page) == ("COM5", "cp1252", 16)
