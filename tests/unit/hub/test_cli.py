"""The commands: what they do, and what they say when they cannot."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hub.running.addresses import Addresses, tell_addresses
from tests.unit.hub.commands import hub


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with a data folder of its own."""
    file = tmp_path / "hub.toml"
    file.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    return file


def test_a_terminal_gets_its_credentials_in_a_file_of_its_own(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readable by its owner, complete, and never written over."""
    out = tmp_path / "till1.json"
    add = ("terminal", "add", "hanoi", "till1", "--create-store", "--out", str(out), "--hub-host", "hub.example")
    assert hub(settings, *add) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    given = json.loads(out.read_bytes())
    assert given["hub"] == {"host": "hub.example", "port": 1999, "tls": False}
    assert (given["store"], given["terminal"], given["epoch"]) == ("hanoi", "till1", 1)
    assert {len(bytes.fromhex(given[name])) for name in ("terminal_key", "store_feed_key", "global_feed_key")} == {32}
    assert hub(settings, *add) == 2
    assert "is there already" in capsys.readouterr().err
    assert hub(settings, "terminal", "renew", "hanoi", "till1") == 0
    renewed = json.loads(capsys.readouterr().out)
    assert renewed["epoch"] == 2
    assert renewed["terminal_key"] != given["terminal_key"]


def test_a_terminal_is_told_with_its_credentials_whether_people_sign_in_at_its_store(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that one that was wiped stays locked until it has heard of them; the switch is among the store's settings."""
    pin = tmp_path / "pin"
    pin.write_text("1111")
    assert hub(settings, "terminal", "add", "hanoi", "till1", "--create-store") == 0
    assert json.loads(capsys.readouterr().out)["has_staff"] is False
    assert hub(settings, "staff", "add", "hanoi", "lan", "--name", "Lan", "--pin-file", str(pin)) == 0
    capsys.readouterr()
    assert hub(settings, "terminal", "renew", "hanoi", "till1") == 0
    assert json.loads(capsys.readouterr().out)["has_staff"] is True
    for switch, wanted in (("--sells-without-staff", True), ("--needs-staff", False)):
        assert hub(settings, "store", "settings", "hanoi", switch, "--json") == 0
        assert json.loads(capsys.readouterr().out)["sells_without_staff"] is wanted
    assert hub(settings, "store", "settings", "hanoi", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sells_without_staff"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("terminal", "add", "nowhere", "till1"), 1, "`tillwire-hub store add nowhere` creates it"),
        (("terminal", "add", "hanoi", "till1"), 1, "`terminal renew` gives it new keys"),
        (("terminal", "add", "hanoi", "till.2"), 2, "use 1 to 32 letters, digits, '-' or '_'"),
        (("terminal", "revoke", "hanoi", "till9"), 1, "`tillwire-hub terminal add hanoi till9` creates it"),
        (("store", "add", "hanoi"), 1, "store hanoi is there already"),
        (("store", "add", "hue", "--currency", "dong"), 2, "three capital letters"),
        (("store", "add", "hue", "--time-zone", "Asia"), 2, "write its IANA name, such as Asia/Ho_Chi_Minh"),
        (("store", "add", "hue", "--time-zone", "Asia/Hue"), 2, "write its IANA name, such as Asia/Ho_Chi_Minh"),
        (("store", "add", "hue", "--title", "x" * 600), 2, "length <= 512"),
        (("stock", "set", "nowhere", "{stock}"), 1, "`tillwire-hub store add nowhere` creates it"),
        (("catalogue", "import", "{stock}"), 1, "the head line lacks name, price, currency"),
        (("catalogue", "import", "/nowhere.csv"), 2, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_remedy(  # noqa: PLR0913 - fixtures and cases
    settings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    """No stack trace; the exit code tells usage from state."""
    stock = tmp_path / "stock.csv"
    stock.write_text("sku,quantity\npho,1\n")
    assert hub(settings, "terminal", "add", "hanoi", "till1", "--create-store") == 0
    capsys.readouterr()
    assert hub(settings, *(word.format(stock=stock) for word in arguments)) == code
    assert words in capsys.readouterr().err


def test_goods_and_stock_come_from_files(settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Imported twice they change nothing; the ledger agrees with the levels."""
    items, stock = tmp_path / "items.csv", tmp_path / "stock.csv"
    items.write_text("sku,name,price,currency\npho,Phở,50000,VND\n", encoding="utf-8")
    stock.write_text("sku,quantity\npho,100\n")
    assert hub(settings, "store", "add", "hanoi", "--title", "Hà Nội") == 0
    for expected in ("1 items read, 1 new or changed.", "1 items read, 0 new or changed."):
        capsys.readouterr()
        assert hub(settings, "catalogue", "import", str(items)) == 0
        assert expected in capsys.readouterr().out
    assert hub(settings, "stock", "set", "hanoi", str(stock)) == 0
    assert hub(settings, "stock", "rebuild") == 0
    assert hub(settings, "parked", "replay") == 0
    assert hub(settings, "catalogue", "delete", "pho", "nothing") == 0
    said = capsys.readouterr().out
    assert "0 levels differ" in said
    assert "0 events counted in, 0 are still parked." in said
    assert "1 items deleted." in said


def test_the_way_into_the_dashboard_is_shown_once(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new key voids the former one; the link carries a token."""
    assert hub(settings, "admin", "key") == 0
    first = capsys.readouterr().out.strip()
    assert hub(settings, "admin", "key") == 0
    assert capsys.readouterr().out.strip() != first
    assert hub(settings, "admin", "link") == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:8080/login?token=")


def test_settings_that_are_wrong_stop_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the file and key are named."""
    file = tmp_path / "hub.toml"
    file.write_text("[broker]\nprot = 1\n")
    assert hub(file, "store", "list") == 2
    assert f"{file}: [broker] prot: no such key" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ("port = 0", "http://127.0.0.1:4711/login?token="),
        ('host = "0.0.0.0"\nallowed_hosts = ["hub.shop"]\nhttps = true', "https://hub.shop:8080/login?token="),
        ('host = "::1"\nport = 1', "http://[::1]:1/login?token="),
    ],
)
def test_a_login_link_can_be_opened(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, web: str, address: str
) -> None:
    """Neither port 0 nor "everywhere" is an address; a hub that runs says which port it took."""
    settings.write_text(settings.read_text().replace("1999", "0") + f"[web]\n{web}\n")
    if "port = 0" in web:
        assert hub(settings, "admin", "link") == 2
        assert "start it first, or give --url" in capsys.readouterr().err
    assert hub(settings, "store", "add", "hanoi") == 0
    tell_addresses(tmp_path / "data", Addresses(("127.0.0.1", 4712), ("127.0.0.1", 4711)))
    capsys.readouterr()
    assert hub(settings, "admin", "link") == 0
    assert capsys.readouterr().out.startswith(address)
    assert hub(settings, "terminal", "add", "hanoi", "till1") == 0
    assert json.loads(capsys.readouterr().out)["hub"]["port"] == 4712
