"""From the sections of the configuration to the settings of the parts."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from edge_agent.config import AgentConfig, Credentials, usb_identity
from edge_agent.devices.display.driver import DisplaySettings
from edge_agent.devices.drawer.driver import DrawerSettings
from edge_agent.devices.ports import UsbIdentity
from edge_agent.devices.printer.settings import (
    FolderReach,
    Paper,
    PrinterSettings,
    Reach,
    SerialReach,
    TcpReach,
    UsbReach,
    WindowsReach,
)
from edge_agent.devices.printer.spool import Queue
from edge_agent.devices.scale.driver import LINES, ScaleSettings
from edge_agent.devices.scanner.driver import ScannerSettings
from edge_agent.devices.scanner.evdev import IDLE_GAP_S, KeyboardSettings
from edge_agent.devices.scanner.feedback import PRESETS
from edge_agent.devices.scanner.framing import Framing
from edge_agent.devices.serial_line import Line
from edge_agent.devices.terminal.attending import Pace
from edge_agent.devices.terminal.driver import LineTerminal, TerminalSettings
from edge_agent.devices.terminal.health import LOOK_EVERY_S
from edge_agent.devices.terminal.port import CardTerminal
from edge_agent.errors import ConfigError
from edge_agent.printer_section import PrinterSection, usb_of
from edge_agent.sync.broker import BrokerSettings
from edge_agent.sync.fetching import WebReach
from edge_agent.sync.identity import TerminalIdentity


def broker_settings(config: AgentConfig, credentials: Credentials) -> BrokerSettings:
    """How the hub's broker is reached. Raises ConfigError for certificates that cannot be read."""
    hub = config.hub
    return BrokerSettings(
        host=hub.host,
        port=hub.port,
        client_id=f"tw-{config.store.id}-{config.terminal.id}",
        transport=hub.transport,
        path=hub.path,
        tls=_tls(config) if hub.tls else None,
        username=credentials.mqtt_username,
        password=credentials.mqtt_password,
        keepalive_s=hub.keepalive_s,
    )


def identity(config: AgentConfig, credentials: Credentials) -> TerminalIdentity:
    """Who this terminal is on the link."""
    return TerminalIdentity(
        config.store_name,
        config.terminal_name,
        credentials.key("terminal_key"),
        credentials.key("store_feed_key"),
        credentials.key("global_feed_key"),
    )


def web_reach(config: AgentConfig) -> WebReach:
    """How the hub's web is reached, for what is too large for the link."""
    return WebReach(config.hub.web_url or "", plain=config.hub.web_plain, tls=lambda: _tls(config))


def scanner_settings(config: AgentConfig) -> ScannerSettings | None:
    """The serial scanner; None without one."""
    section = config.scanner
    if section is None or section.kind != "serial":
        return None
    preset = PRESETS[section.feedback]
    return ScannerSettings(
        port=section.port,
        usb=_usb(section.usb),
        name=section.name,
        line=Line(baud=section.baud, byte_bits=section.byte_bits, parity=section.parity, stop_bits=section.stop_bits),
        framing=Framing(suffix=section.suffix, idle_gap_s=section.idle_gap_s or 0.05),
        feedback=replace(preset, good=_raw(section.good) or preset.good, bad=_raw(section.bad) or preset.bad),
        ack_nak=section.ack_nak,
        resend_s=section.resend_s,
    )


def keyboard_settings(config: AgentConfig) -> KeyboardSettings | None:
    """The scanner that types and is grabbed; None without one. One that types into the page needs no driver."""
    section = config.scanner
    if section is None or section.kind != "evdev":
        return None
    return KeyboardSettings(
        port=section.port,
        usb=_usb(section.usb),
        name=section.name,
        framing=Framing(suffix=section.suffix, idle_gap_s=section.idle_gap_s or IDLE_GAP_S),
    )


def scale_settings(config: AgentConfig) -> ScaleSettings | None:
    """The scale; None without one. What the file does not say of its line is as the protocol has it."""
    section = config.scale
    if section is None:
        return None
    usual = LINES[section.protocol]
    line = Line(
        baud=section.baud,
        byte_bits=section.byte_bits or usual.byte_bits,
        parity=section.parity or usual.parity,
        stop_bits=section.stop_bits,
    )
    return ScaleSettings(
        protocol=section.protocol, port=section.port, usb=_usb(section.usb), name=section.name, line=line
    )


def display_settings(config: AgentConfig) -> DisplaySettings | None:
    """The pole display; None without one."""
    section = config.display
    if section is None:
        return None
    return DisplaySettings(
        port=section.port,
        usb=_usb(section.usb),
        name=section.name,
        line=Line(baud=section.baud, byte_bits=section.byte_bits, parity=section.parity, stop_bits=section.stop_bits),
        encoding=section.encoding,
        code_page=section.code_page,
    )


def card_terminal(config: AgentConfig, now: Callable[[], datetime]) -> CardTerminal | None:
    """The card terminal; None without one: then approvals are typed by hand."""
    section = config.terminal_device
    if section is None:
        return None
    if section.protocol == "line":
        assert section.host is not None  # the configuration was checked
        assert section.port is not None
        return LineTerminal(TerminalSettings(host=section.host, port=section.port, name=section.name))
    # Some megabytes of an HTTP client, which a till without such a terminal does not carry.
    from edge_agent.devices.terminal.square_driver import SquareSettings, SquareTerminal  # noqa: PLC0415

    assert section.device_id is not None
    assert section.token_file is not None
    settings = SquareSettings(section.device_id, Path(section.token_file), section.base_url.rstrip("/"), section.name)
    return SquareTerminal(settings, now)


def terminal_pace(config: AgentConfig) -> tuple[Pace, float]:
    """How often the terminal is asked, and its health looked at (seconds); a service in the web less often."""
    if config.terminal_device is not None and config.terminal_device.protocol == "square":
        return Pace(ask_every_s=1.0, ask_seldom_s=10.0), 60.0
    return Pace(), LOOK_EVERY_S


def printer_settings(config: AgentConfig) -> list[PrinterSettings]:
    """The printers: the one for receipts, the one for pick tickets, or none."""
    sections: tuple[tuple[Queue, PrinterSection | None], ...] = (
        ("printer", config.printer),
        ("pick_printer", config.pick_printer),
    )
    return [
        PrinterSettings(
            reach=_reach(section),
            queue=queue,
            name=section.name or queue.replace("_", " "),
            answers=section.answers,
            paper=Paper(
                width_dots=section.width_dots,
                mode=section.mode,
                code_page=section.code_page,
                code_page_number=section.code_page_number,
                logo=section.logo or "",
            ),
        )
        for queue, section in sections
        if section is not None
    ]


def _reach(section: PrinterSection) -> Reach:
    match section.connection:
        case "serial":
            line = Line(
                baud=section.baud, byte_bits=section.byte_bits, parity=section.parity, stop_bits=section.stop_bits
            )
            return SerialReach(path=section.device or "", line=line, flow=section.flow)
        case "usb":
            vendor, product, serial = usb_of(section.usb or "")
            return UsbReach(vendor=vendor, product=product, serial=serial)
        case "windows":
            return WindowsReach(queue=section.queue or "")
        case "file":
            return FolderReach(folder=section.folder or "")
        case "tcp":
            return TcpReach(host=section.host or "", port=section.port)


def drawer_settings(config: AgentConfig) -> DrawerSettings:
    """The drawer."""
    section = config.drawer
    return DrawerSettings(name=section.name, pin=section.pin, sensor=section.sensor)


def _usb(text: str | None) -> UsbIdentity | None:
    if text is None:
        return None
    vendor, product, serial = usb_identity(text)
    return UsbIdentity(vendor=vendor, product=product, serial=serial)


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _tls(config: AgentConfig) -> ssl.SSLContext:
    hub = config.hub
    try:
        context = ssl.create_default_context(cafile=hub.ca_file)
        if hub.cert_file is not None:
            context.load_cert_chain(hub.cert_file, hub.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"[hub] ca_file, cert_file or key_file cannot be used ({error}): give the paths of PEM files that are there"
        ) from error
    return context
