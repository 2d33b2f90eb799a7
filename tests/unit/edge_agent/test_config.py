"""Settings: each mistake is answered with file, key and remedy; secrets are read from a private file only."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge_agent.assembly import printer_settings
from edge_agent.config import AgentConfig, load_config, load_credentials, page_token
from edge_agent.errors import ConfigError

GOOD = """
[store]
id = "hn01"
[terminal]
id = "t1"
[hub]
host = "hub.example"
[data]
folder = "data"
"""
KEYS = {f"{name}_key": "0a" * 32 for name in ("terminal", "store_feed", "global_feed")}


def config_with(folder: Path, text: str) -> AgentConfig:
    """Load a configuration with this text."""
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def credentials_in(folder: Path, **changes: object) -> Path:
    """A file of credentials."""
    path = folder / "credentials.json"
    path.write_text(json.dumps({"store": "hn01", "terminal": "t1", "epoch": 3, **KEYS, **changes}), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_little_is_needed_and_paths_are_beside_the_file(tmp_path: Path) -> None:
    """Four lines make a till; the rest has defaults."""
    config = config_with(tmp_path, GOOD)
    assert config.data.folder == str(tmp_path / "data")
    assert config.terminal.credentials == str(tmp_path / "data" / "credentials.json")
    assert (config.page.port, config.scanner, config.printer, config.hub.tls) == (8321, None, None, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "[printer]\nhost = '10.0.0.9'\nwidht_dots = 384\n", ["[printer]", "'widht_dots'", "'width_dots'"]),
        (GOOD + "[scaner]\nport = 'COM3'\n", ["'scaner'", "'scanner'"]),
        (GOOD + "[printer]\nport = 9100\n", ["[printer]", "'host'", "add it"]),
        (GOOD + "[printer]\nconnection = 'usb'\n", ["[printer]", "'usb'", "add it"]),
        (GOOD + "[printer]\nconnection = 'usb'\nusb = 'epson'\n", ["[printer]", "'usb'", "04b8:0e28"]),
        (GOOD + "[pick_printer]\nconnection = 'serial'\n", ["[pick_printer]", "'device'", "add it"]),
        (GOOD + "[pick_printer]\nhots = 'x'\n", ["[pick_printer]", "'hots'", "'host'"]),
        (GOOD + "[printer]\nconnection = 'lpt'\n", ["[printer]", "'connection'", "'lpt'"]),
        (GOOD.replace('[data]\nfolder = "data"', ""), ["[data]", "missing"]),
        (GOOD + "[page]\nport = 99999\n", ["[page]", "'port'", "99999", "65535"]),
        (GOOD + "[page]\nport = 'x'\n", ["[page]", "'port'", "'x'"]),
        (GOOD + "[scanner]\nparity = 'X'\nport = 'COM3'\n", ["[scanner]", "'parity'", "'X'"]),
        (GOOD + "[scanner]\nbaud = 9600\n", ["[scanner]", "'port'", "'usb'"]),
        (GOOD + "[scanner]\nusb = 'datalogic'\n", ["[scanner]", "'usb'", "'datalogic'"]),
        (GOOD + "[scanner]\nkind = 'evdev'\n", ["[scanner]", "'port'", "'usb'"]),
        (GOOD + "[scanner]\nkind = 'psychic'\n", ["[scanner]", "'kind'", "'psychic'"]),
        (GOOD + "[scale]\nprotocol = 'cas'\n", ["[scale]", "'port'", "'usb'"]),
        (GOOD + "[scale]\nport = 'COM4'\nprotocol = 'guess'\n", ["[scale]", "'protocol'", "'guess'"]),
        (GOOD + "[display]\nusb = 'pole'\n", ["[display]", "'usb'", "'pole'"]),
        (GOOD + "[display]\nport = 'COM5'\nencodign = 'ascii'\n", ["[display]", "'encodign'", "'encoding'"]),
        (GOOD.replace("hn01", "hn/01"), ["[store]", "'id'", "hn/01"]),
        (GOOD + "[hub\n", ["no TOML", "line"]),
        (GOOD.replace("[hub]", "[hub]\ncert_file = 'a.pem'"), ["[hub]", "'key_file'"]),
        ("hub = 3\n" + GOOD.replace("[hub]\nhost", "[hubs]\nhost"), ["agent.toml"]),
    ],
)  # fmt: skip
def test_each_mistake_names_file_key_and_remedy(tmp_path: Path, text: str, words: list[str]) -> None:
    """Whoever reads the sentence knows what to type."""
    with pytest.raises(ConfigError) as caught:
        config_with(tmp_path, text)
    assert caught.value.exit_code == 2
    for word in (str(tmp_path / "agent.toml"), *words):
        assert word in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """Wrong path, wrong encoding."""
    with pytest.raises(ConfigError, match="--config"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "bad.toml")


def test_credentials_are_read_and_never_shown(tmp_path: Path) -> None:
    """Keys come as bytes; no repr has them; what a newer hub adds is left alone."""
    config = config_with(tmp_path, GOOD)
    credentials = load_credentials(credentials_in(tmp_path, hub={"host": "x"}), config)
    assert credentials.key("terminal_key") == b"\x0a" * 32
    assert "0a0a" not in repr(credentials)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"terminal": "t2"}, ["hn01/t2", "hn01/t1"]),
        ({"terminal_key": "0a"}, ["terminal_key", "32 bytes"]),
        ({"epoch": 0}, ["epoch"]),
        ({"store_feed_key": None}, ["store_feed_key"]),
    ],
)
def test_credentials_that_do_not_fit_are_told_without_their_keys(
    tmp_path: Path, changes: dict[str, object], words: list[str]
) -> None:
    """Another till's file, a torn one, an edited one."""
    config = config_with(tmp_path, GOOD)
    with pytest.raises(ConfigError) as caught:
        load_credentials(credentials_in(tmp_path, **changes), config)
    assert all(word in str(caught.value) for word in words)
    assert "0a0a" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights elsewhere")
def test_credentials_that_others_may_read_are_refused(tmp_path: Path) -> None:
    """Keys that every user of the PC can read are no keys; the remedy is the command."""
    config = config_with(tmp_path, GOOD)
    path = credentials_in(tmp_path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_credentials(path, config)
    with pytest.raises(ConfigError, match="terminal add"):
        load_credentials(tmp_path / "none.json", config)


def test_the_pages_token_is_made_once_and_private(tmp_path: Path) -> None:
    """A bookmark in the kiosk's browser stays good over restarts."""
    token = page_token(tmp_path)
    assert len(token) >= 32
    assert page_token(tmp_path) == token
    if os.name == "posix":
        assert (tmp_path / "page-token").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", [b"", b"short", b"\xff\xfe" * 40, b"a b" * 20])
def test_a_damaged_token_is_made_anew(tmp_path: Path, left: bytes) -> None:
    """A power cut or a bad disk in this file never keeps a till from starting; the page asks for the new address."""
    (tmp_path / "page-token").write_bytes(left)
    token = page_token(tmp_path)
    assert len(token) >= 32
    assert page_token(tmp_path) == token


@pytest.mark.parametrize("folder", ["~nobody-of-that-name/data", "a\\u0000b"])
def test_a_folder_that_cannot_be_is_told(tmp_path: Path, folder: str) -> None:
    """A path that the system does not take names the key's value and the remedy."""
    with pytest.raises(ConfigError, match="give another path"):
        config_with(tmp_path, GOOD.replace('"data"', f'"{folder}"'))


@pytest.mark.parametrize(
    ("keys", "reach"),
    [
        ("host = '10.0.0.9'", "10.0.0.9:9100"),
        ("connection = 'serial'\ndevice = '/dev/ttyS1'\nflow = 'xonxoff'", "/dev/ttyS1"),
        ("connection = 'usb'\nusb = '04b8:0e28:X5Y7'", "04b8:0e28:X5Y7"),
        ("connection = 'windows'\nqueue = 'EPSON TM-T20III'", "EPSON TM-T20III"),
    ],
)
def test_each_connection_of_a_printer_becomes_its_way(tmp_path: Path, keys: str, reach: str) -> None:
    """The table of one printer, and of a second one for pick tickets, as settings of the driver."""
    config = config_with(tmp_path, GOOD + f"[printer]\n{keys}\n[pick_printer]\n{keys}\nwidth_dots = 384\n")
    first, second = printer_settings(config)
    assert (str(first.reach), first.queue, first.name, first.paper.width_dots) == (reach, "printer", "printer", 576)
    assert (second.queue, second.name, second.paper.width_dots) == ("pick_printer", "pick printer", 384)


def test_files_of_a_printer_are_beside_the_configuration(tmp_path: Path) -> None:
    """Its folder and its logo."""
    config = config_with(tmp_path, GOOD + "[printer]\nconnection = 'file'\nfolder = 'out'\nlogo = 'logo.png'\n")
    (settings,) = printer_settings(config)
    assert str(settings.reach) == str(tmp_path / "out")
    assert settings.paper.logo == str(tmp_path / "logo.png")
