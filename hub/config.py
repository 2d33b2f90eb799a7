"""The hub's settings: one TOML file into one frozen type, environment variables on top, defaults for everything.

The promise: a key that nobody knows, or a value of the wrong kind, stops the start with words that name the file, the
key and the remedy. Every key `[section] name` can be set by `TILLWIRE_HUB_SECTION_NAME`. Secrets stand apart, in
files that these settings name.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.errors import ConfigError

ENVIRONMENT_PREFIX = "TILLWIRE_HUB_"
BASIS_POINTS = 10_000
INGEST_LANES_MAX = 16
LOCAL_FOLDER = Path("tillwire-data")


@dataclass(frozen=True)
class DataConfig:
    """[data]: where the hub keeps its files. Empty: ./tillwire-data if it is there, else the user's data folder."""

    folder: str = ""


@dataclass(frozen=True)
class DatabaseConfig:
    """[database]: `sqlite:///path` or `postgresql://user@host/name`. Empty: hub.db in the data folder."""

    url: str = ""
    password_file: str = ""


@dataclass(frozen=True)
class BrokerConfig:
    """[broker]: the MQTT broker inside the hub ("embedded", loopback only), or one of yours ("external")."""

    mode: Literal["embedded", "external"] = "embedded"
    host: str = "127.0.0.1"
    port: int = 1883
    tls: bool = False
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    client_id: str = ""


@dataclass(frozen=True)
class WebConfig:
    """[web]: the pages and the API. `allowed_hosts` are the names under which they are reached.

    `public_url` is where tills fetch a large catalogue (https://hub.example.com); without it, and with a broker of
    yours, they get it over the link. `trusted_proxies` are the addresses from which "X-Forwarded-For" is believed:
    limits count by client.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8080
    allowed_hosts: tuple[str, ...] = ()
    public_url: str = ""
    shop_origins: tuple[str, ...] = ()
    https: bool = False
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    language: Literal["vi", "en"] = "en"
    time_zone: str = "Asia/Ho_Chi_Minh"
    latency_goal_ms: int = 2_000
    session_hours: int = 12
    logins_per_minute: int = 10
    public_requests_per_second: int = 50
    public_burst: int = 200
    streams_max: int = 200
    availability_max_age_s: int = 2


@dataclass(frozen=True)
class StockConfig:
    """[stock]: how web orders are allotted, and how much is held back of stores that cannot be heard.

    `order_rule` is fullest, nearest or fewest_parcels; `order_ranks` are stores, the nearest first.
    `offline_risk_bp` is the accepted risk, in basis points, that a silent store has sold more than is held back.
    """

    order_rule: Literal["fullest", "nearest", "fewest_parcels"] = "fullest"
    order_ranks: tuple[str, ...] = ()
    offline_risk_bp: int = 100


@dataclass(frozen=True)
class ChannelsConfig:
    """[channels]: whether this process works for channels, and Python packages with kinds of channels of your own."""

    enabled: bool = True
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class LimitsConfig:
    """[limits]: 0 means "what suits the broker": 400 messages or 5 ms embedded, 1,000 or 20 ms external.

    `ingest_lanes` are threads that share the stores among them; 0: six on PostgreSQL, else one. They are in so many
    `ingest_processes`; 0: two on PostgreSQL, if there are two cores, 1: in the hub's own. From `snapshot_from` changed
    documents on, a till is offered a file to fetch; 0 is never.
    """

    ingest_lanes: int = 0
    ingest_processes: int = 0
    batch_messages: int = 0
    batch_wait_ms: int = 0
    feed_interval_ms: int = 50
    feed_heartbeat_s: int = 10
    snapshot_from: int = 5_000


@dataclass(frozen=True)
class HubConfig:
    """All settings. `file` is None when there was none."""

    data: DataConfig = field(default_factory=DataConfig)
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    web: WebConfig = field(default_factory=WebConfig)
    stock: StockConfig = field(default_factory=StockConfig)
    channels: ChannelsConfig = field(default_factory=ChannelsConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    file: Path | None = None

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data.folder).expanduser().absolute()

    @property
    def database_url(self) -> str:
        """The database's URL, with the password from its file if there is one."""
        if not self.database.url:
            return f"sqlite:///{self.folder / 'hub.db'}"
        if self.database.password_file and "://" in self.database.url:
            scheme, _, rest = self.database.url.partition("://")
            user, at, place = rest.rpartition("@")
            secret = read_secret(Path(self.database.password_file), "database.password_file")
            return f"{scheme}://{user}:{quote(secret, safe='')}{at}{place}"
        return self.database.url


def now() -> datetime:
    """The present; every part that needs it is given this function by whoever joins the parts."""
    return datetime.now(UTC)


def load_config(file: Path | None, environment: Mapping[str, str] | None = None) -> HubConfig:
    """Read settings from a file (None: there is none) and the environment. Raises ConfigError."""
    environment = os.environ if environment is None else environment
    table = _read(file) if file is not None else {}
    sections = {f.name: f for f in dataclasses.fields(HubConfig) if f.name != "file"}
    where = str(file) if file is not None else "the environment"
    for name in table:
        if name not in sections:
            raise ConfigError(f"{where}: [{name}]: no such section; there are {', '.join(sections)}")
    values: dict[str, Any] = {}
    for name, section in sections.items():
        kind: Any = section.default_factory
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise ConfigError(f"{where}: {name}: must be a section, written [{name}]")
        values[name] = _section(kind, name, found, environment, where)
    config = HubConfig(**values, file=file)
    _check(config, where)
    folder = config.data.folder or str(_default_folder(environment))
    return dataclasses.replace(config, data=DataConfig(folder))


def read_secret(path: Path, key: str) -> str:
    """Read a secret from its file. Raises ConfigError."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: cannot read {path}: {error}") from error
    if not secret:
        raise ConfigError(f"{key}: {path} is empty; it must hold the password and nothing else")
    return secret


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_web_address(text: str) -> bool:
    """Whether a text is an http or https address with a host, and nothing that would hide another one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not (
            parts.username or parts.query or parts.fragment or parts.port == 0
        )  # fmt: skip
    except ValueError:
        return False


def is_time_zone(name: str) -> bool:
    """Whether this machine knows a time zone of that IANA name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is no TOML: {error}") from error


def _section(
    kind: type[Any], name: str, found: Mapping[str, Any], environment: Mapping[str, str], where: str
) -> object:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for key in found:
        if key not in fields:
            raise ConfigError(f"{where}: [{name}] {key}: no such key; there are {', '.join(fields)}")
    values: dict[str, object] = {}
    for key, entry in fields.items():
        variable = f"{ENVIRONMENT_PREFIX}{name}_{key}".upper()
        if variable in environment:
            values[key] = _from_text(entry.default, environment[variable], variable)
        elif key in found:
            values[key] = _checked(entry.default, found[key], f"{where}: [{name}] {key}")
    return kind(**values)


def _checked(default: object, value: object, where: str) -> object:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise ConfigError(f'{where}: must be a list of texts, such as ["a", "b"]')
    if type(value) is not type(default):
        words = {str: "a text in quotes", int: "a whole number", bool: "true or false"}
        raise ConfigError(f"{where}: must be {words[type(default)]}, not {value!r}")
    return value


def _from_text(default: object, text: str, variable: str) -> object:
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{variable}: must be true or false, not {text!r}")
        return text.lower() == "true"
    if isinstance(default, int):
        if not text.isdecimal():
            raise ConfigError(f"{variable}: must be a whole number, not {text!r}")
        return int(text)
    return text


def _check(config: HubConfig, where: str) -> None:
    broker = config.broker
    if broker.mode not in ("embedded", "external"):
        raise ConfigError(f'{where}: [broker] mode: must be "embedded" or "external", not {broker.mode!r}')
    if broker.mode == "embedded" and not is_loopback(broker.host):
        raise ConfigError(
            f"{where}: [broker] host: the embedded broker knows no passwords, so it listens on 127.0.0.1 only; "
            'for tills on other machines use mode = "external" with a broker that has TLS'
        )
    for name, port in (("broker", broker.port), ("web", config.web.port)):
        if not 0 <= port <= 65535:  # noqa: PLR2004 - the largest port number
            raise ConfigError(f"{where}: [{name}] port: must be between 0 and 65535, not {port}")
    if "." in broker.client_id:
        raise ConfigError(f'{where}: [broker] client_id: must have no "." in it (some brokers refuse it)')
    _check_web(config.web, where)
    _check_stock(config.stock, where)
    if config.database.password_file and "@" not in config.database.url:
        raise ConfigError(f"{where}: [database] password_file: [database] url names no user; write postgresql://user@…")
    _check_limits(config.limits, where)


def _check_limits(limits: LimitsConfig, where: str) -> None:
    if limits.feed_heartbeat_s == 0:
        raise ConfigError(f"{where}: [limits] feed_heartbeat_s: must be at least 1")
    for limit in dataclasses.fields(LimitsConfig):
        if getattr(limits, limit.name) < 0:
            raise ConfigError(f"{where}: [limits] {limit.name}: must not be negative")
    for name in ("ingest_lanes", "ingest_processes"):
        if getattr(limits, name) > INGEST_LANES_MAX:
            raise ConfigError(f"{where}: [limits] {name}: must be at most {INGEST_LANES_MAX}; 0 suits the database")


def _check_web(web: WebConfig, where: str) -> None:
    if web.public_url and not is_web_address(web.public_url):
        raise ConfigError(
            f"{where}: [web] public_url: must be an address such as https://hub.example.com, not {web.public_url!r}"
        )
    if web.language not in ("vi", "en"):
        raise ConfigError(f'{where}: [web] language: must be "vi" or "en", not {web.language!r}')
    if not is_time_zone(web.time_zone):
        text = "is no time zone; write its IANA name, such as Asia/Ho_Chi_Minh"
        raise ConfigError(f"{where}: [web] time_zone: {web.time_zone!r} {text}")
    for entry in dataclasses.fields(WebConfig):
        least = 0 if entry.name in ("port", "availability_max_age_s") else 1
        value = getattr(web, entry.name)
        if type(value) is int and value < least:
            raise ConfigError(f"{where}: [web] {entry.name}: must be at least {least}, not {value}")


def _check_stock(stock: StockConfig, where: str) -> None:
    rules = ("fullest", "nearest", "fewest_parcels")
    if stock.order_rule not in rules:
        raise ConfigError(f"{where}: [stock] order_rule: must be one of {', '.join(rules)}, not {stock.order_rule!r}")
    if not 1 <= stock.offline_risk_bp < BASIS_POINTS:
        raise ConfigError(
            f"{where}: [stock] offline_risk_bp: must be from 1 (0.01 %) to 9999, not {stock.offline_risk_bp}"
        )


def _default_folder(environment: Mapping[str, str]) -> Path:
    if LOCAL_FOLDER.is_dir():
        return LOCAL_FOLDER.absolute()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA", str(Path.home()))) / "Tillwire" / "hub"
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "tillwire-hub"
