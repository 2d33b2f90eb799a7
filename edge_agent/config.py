"""The agent's settings: one TOML file and one file of credentials, into frozen types; nothing is guessed.

An unknown or ill-typed key fails and names file, key and remedy. Secrets are never in the TOML file: the keys are in
`credentials.json`, which the hub's `terminal add` makes and only this agent's user may read.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
import stat
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import NoneType
from typing import Annotated, Literal, TypeVar, get_args

import msgspec

from edge_agent.errors import ConfigError
from edge_agent.printer_section import PrinterSection, check_printer
from edge_agent.terminal_section import TerminalDeviceSection, check_terminal
from protocol.errors import InvalidId
from protocol.frame import Key
from protocol.ids import StoreId, TerminalId, store_id, terminal_id

CONFIG_VARIABLE = "TILLWIRE_AGENT_CONFIG"
KEY_BYTES = 32
VERSION = version("tillwire")
PAGE_ADDRESS = "page-address"
"""A file in the data folder: the page's address with its token, while the agent runs."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
PeerPort = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
T = TypeVar("T")


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class StoreSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[store]`: where this till stands."""

    id: Text


class TerminalSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[terminal]`: which till it is, who sells, and where its keys are (default: in the data folder)."""

    id: Text
    cashier: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "cashier"
    credentials: Text | None = None


class HubSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[hub]`: how its broker is reached. `ca_file` is for TLS with an authority of the shop's own.

    `web_url` is its web, for large catalogues, if it is not where the hub says; `web_plain` allows http beyond this PC.
    """

    host: Text
    port: PeerPort = 1883
    transport: Literal["tcp", "websockets"] = "tcp"
    path: Text = "/mqtt"
    tls: bool = False
    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    keepalive_s: Annotated[int, msgspec.Meta(ge=5, le=300)] = 15
    web_url: Annotated[str, msgspec.Meta(min_length=8, max_length=200, pattern="^https?://[^ ?#@]+$")] | None = None
    web_plain: bool = False


class PageSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[page]`: the cashier's page on 127.0.0.1; port 0 takes any free one."""

    port: Port = 8321


class _SerialSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device on a serial port has: `port`, or `usb` as "vid:pid" or "vid:pid:serial" in hexadecimal."""

    port: Text | None = None
    usb: Text | None = None
    baud: Annotated[int, msgspec.Meta(ge=300, le=4_000_000)] = 9600
    byte_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class ScannerSection(_SerialSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[scanner]`: on a serial line, a keyboard that we grab (`evdev`, Linux), or one that types into the page."""

    kind: Literal["serial", "evdev", "wedge"] = "serial"
    name: Text = "scanner"
    suffix: Literal["auto", "cr", "lf", "crlf", "tab", "stx_etx", "none"] = "auto"
    idle_gap_s: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    feedback: Literal["none", "datalogic", "bell"] = "none"
    good: str = ""
    bad: str = ""
    ack_nak: bool = False
    resend_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.4


class ScaleSection(_SerialSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[scale]`: a Toledo 8217, which speaks 7E1, or a CAS that answers ENQ."""

    protocol: Literal["toledo_8217", "cas"] = "toledo_8217"
    name: Text = "scale"
    byte_bits: Literal[7, 8] | None = None  # type: ignore[assignment]  # None: as the protocol has it
    parity: Literal["N", "E", "O"] | None = None  # type: ignore[assignment]  # as above


class DisplaySection(_SerialSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[display]`: a CD5220 pole of two lines; `code_page` is what ESC t selects, `encoding` what it then writes."""

    name: Text = "display"
    encoding: Literal["ascii", "cp437", "cp850", "cp852", "cp866", "cp1252"] = "ascii"
    code_page: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None


class DrawerSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[drawer]`: the cash drawer on the printer's socket."""

    name: Text = "drawer"
    pin: Literal[2, 5] = 2
    sensor: Literal["none", "open_is_high", "open_is_low"] = "none"


class DataSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[data]`: where the journal is, and for how many days facts that the hub has are kept here."""

    folder: Text
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90


class LogSection(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log]`: to standard error, one line each, as text or as JSON."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class AgentConfig(_Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. Without `[scanner]` or `[printer]` the till works without one."""

    store: StoreSection
    terminal: TerminalSection
    hub: HubSection
    data: DataSection
    page: PageSection = PageSection()
    scanner: ScannerSection | None = None
    scale: ScaleSection | None = None
    display: DisplaySection | None = None
    terminal_device: TerminalDeviceSection | None = None
    printer: PrinterSection | None = None
    pick_printer: PrinterSection | None = None
    drawer: DrawerSection = DrawerSection()
    log: LogSection = LogSection()

    @property
    def store_name(self) -> StoreId:
        """The store's id, checked."""
        return store_id(self.store.id)

    @property
    def terminal_name(self) -> TerminalId:
        """The terminal's id, checked."""
        return terminal_id(self.terminal.id)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """`credentials.json`: what the hub gave this terminal. Unknown keys are left alone: a newer hub may add some.

    `has_staff`: people sign in at this store, so a till that knows none of them yet stays locked.
    """

    store: str
    terminal: str
    epoch: Annotated[int, msgspec.Meta(ge=1)]
    terminal_key: str
    store_feed_key: str
    global_feed_key: str
    mqtt_username: str | None = None
    mqtt_password: str | None = None
    has_staff: bool = False

    def __repr__(self) -> str:
        """Keys and passwords are never shown."""
        return f"Credentials({self.store}/{self.terminal}, epoch {self.epoch})"

    def key(self, name: Literal["terminal_key", "store_feed_key", "global_feed_key"]) -> Key:
        """One key as bytes."""
        return Key(bytes.fromhex(getattr(self, name)))


def load_config(path: Path) -> AgentConfig:
    """Read the TOML file. Paths in it are relative to its folder. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): give the right path with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    try:
        config = _convert(tomllib.loads(text), AgentConfig, path)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is no TOML: {error}: mend that line") from error
    device = config.terminal_device
    if device is not None and device.token_file is not None:
        device = msgspec.structs.replace(device, token_file=_beside(path, device.token_file))
        config = msgspec.structs.replace(config, terminal_device=device)
    _check_names(config, path)
    if device is not None:
        check_terminal(device, path)
    return msgspec.structs.replace(
        config,
        printer=_printer_beside(path, config.printer),
        pick_printer=_printer_beside(path, config.pick_printer),
        data=msgspec.structs.replace(config.data, folder=_beside(path, config.data.folder)),
        hub=msgspec.structs.replace(
            config.hub,
            **{
                key: _beside(path, value)
                for key in ("ca_file", "cert_file", "key_file")
                if (value := getattr(config.hub, key)) is not None
            },
        ),
        terminal=msgspec.structs.replace(
            config.terminal,
            credentials=_beside(
                path, config.terminal.credentials or str(Path(config.data.folder) / "credentials.json")
            ),
        ),
    )


def load_credentials(path: Path, config: AgentConfig) -> Credentials:
    """Read the credentials. Raises ConfigError, also when they are another terminal's."""
    remedy = "make it with `tillwire-hub terminal add` and bring it here with `tillwire-agent enrol --from FILE`"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): {remedy}") from error
    credentials = parse_credentials(content, path)
    if (credentials.store, credentials.terminal) != (config.store.id, config.terminal.id):
        raise ConfigError(
            f"{path}: these are the credentials of {credentials.store}/{credentials.terminal}, the configuration says "
            f"{config.store.id}/{config.terminal.id}: mend [store] id and [terminal] id, or {remedy}"
        )
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: other users of this PC may read these keys: run `chmod 600 {path}`")
    return credentials


def parse_credentials(content: bytes, path: Path) -> Credentials:
    """Read the file that the hub made. Raises ConfigError, without showing what is in it."""
    try:
        credentials = msgspec.json.decode(content, type=Credentials)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        where = getattr(error, "args", ("",))[0] if isinstance(error, msgspec.ValidationError) else "not JSON"
        raise ConfigError(f"{path}: not a credentials file ({where}): make a new one with `terminal renew`") from None
    for name in ("terminal_key", "store_feed_key", "global_feed_key"):
        if not re.fullmatch(f"[0-9a-f]{{{2 * KEY_BYTES}}}", getattr(credentials, name)):
            raise ConfigError(f"{path}: {name} is not {KEY_BYTES} bytes in hexadecimal: make a new file with the hub")
    return credentials


def page_token(folder: Path) -> str:
    """The secret of this installation's page, made at the first start, kept in a file that only we may read."""
    path = folder / "page-token"
    kept = path.read_bytes().strip() if path.exists() else b""
    # A damaged file must not keep the till from selling: a new secret only asks for the new address once.
    if re.fullmatch(rb"[A-Za-z0-9_-]{32,200}", kept):
        return kept.decode("ascii")
    token = secrets.token_urlsafe(32)
    write_private(path, token.encode())
    return token


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _convert(content: dict[str, object], kind: type[T], path: Path) -> T:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_explain(str(error), content)}") from error


def _explain(message: str, content: dict[str, object]) -> str:
    """Turn msgspec's words into key and remedy."""
    what, _, where = message.partition(" - at `$")
    section = where.rstrip("`").removeprefix(".")
    unknown = re.search(r"unknown field `(.+?)`", what)
    missing = re.search(r"missing required field `(.+?)`", what)
    table = section.split(".")[0]
    place = f"[{table}]" if table else "the file"
    if unknown is not None:
        known = _keys_of(table)
        near = difflib.get_close_matches(unknown[1], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        return f"{place} has the unknown key {unknown[1]!r}: {hint}"
    if missing is not None:
        if not table:
            return f"the table [{missing[1]}] is missing: add it (see docs/reference/agent-config.md)"
        return f"{place} lacks the key {missing[1]!r}: add it (see docs/reference/agent-config.md)"
    name = section.rsplit(".", 1)[-1]
    inside = content.get(table)
    value = inside.get(name) if isinstance(inside, dict) else inside
    return f"{place} key {name!r}, now {value!r}: {what[:1].lower()}{what[1:]}"


def _keys_of(table: str) -> list[str]:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(AgentConfig)}
    if not table:
        return list(fields)
    section = next(kind for kind in (get_args(fields[table]) or (fields[table],)) if kind is not NoneType)
    return [field.encode_name for field in msgspec.structs.fields(section)]


def _check_names(config: AgentConfig, path: Path) -> None:
    for table, name in (("store", config.store.id), ("terminal", config.terminal.id)):
        try:
            (store_id if table == "store" else terminal_id)(name)
        except InvalidId as error:
            raise ConfigError(f"{path}: [{table}] key 'id': {error}") from error
    for table, device in (("scanner", config.scanner), ("scale", config.scale), ("display", config.display)):
        if device is None:
            continue
        captured = isinstance(device, ScannerSection) and device.kind == "wedge"
        if device.port is None and device.usb is None and not captured:
            raise ConfigError(f"{path}: [{table}] needs 'port' (such as /dev/serial/by-id/... or COM3) or 'usb'")
        if device.usb is not None:
            usb_identity(device.usb, path, table)
    for table, printer in (("printer", config.printer), ("pick_printer", config.pick_printer)):
        if printer is not None:
            check_printer(printer, table, path)
    if (config.hub.cert_file is None) != (config.hub.key_file is None):
        raise ConfigError(f"{path}: [hub] keys 'cert_file' and 'key_file' belong together: give both or none")


def usb_identity(text: str, path: Path | None = None, table: str = "scanner") -> tuple[int, int, str]:
    """Vendor, product and serial of "vid:pid" or "vid:pid:serial". Raises ConfigError."""
    match = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?", text)
    if match is None:
        raise ConfigError(
            f"{path or 'configuration'}: [{table}] key 'usb', now {text!r}: write vid:pid in hexadecimal (05f9:4204)"
        )
    return int(match[1], 16), int(match[2], 16), match[3] or ""


def _printer_beside(config: Path, section: PrinterSection | None) -> PrinterSection | None:
    if section is None:
        return None
    files = {key: _beside(config, value) for key in ("logo", "folder") if (value := getattr(section, key)) is not None}
    return msgspec.structs.replace(section, **files)


def _beside(config: Path, text: str) -> str:
    try:
        return str((config.parent / Path(text).expanduser()).resolve())
    except (RuntimeError, ValueError, OSError) as error:  # "~" of nobody, a zero byte, a loop of links
        raise ConfigError(f"{config}: {text!r} cannot be a file or folder ({error}): give another path") from error
