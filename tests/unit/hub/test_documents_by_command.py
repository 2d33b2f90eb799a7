"""What an office puts on the feeds by command: what arrives there, and what is said of a slip of the pen."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue.documents import read_documents
from hub.customers.files import phone_of, read_customers
from hub.errors import ImportFailed
from hub.identity.pins import hash_pin
from protocol.documents import Customer
from tests.unit.hub.commands import hub


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with a data folder of its own, and a store in it."""
    file = tmp_path / "hub.toml"
    file.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    assert hub(file, "store", "add", "hanoi", "--title", "Hà Nội") == 0
    return file


def listed(settings: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    """What `document list` shows."""
    capsys.readouterr()
    assert hub(settings, "document", "list", *arguments) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_pin_is_kept_as_the_tills_check_it() -> None:
    """The form that is documented, with a salt of its own each time."""
    first, second = hash_pin("1234"), hash_pin("1234")
    assert first != second
    name, log2n, r, p, salt, digest = first.split("$")
    assert (name, log2n, r, p) == ("scrypt", "14", "8", "1")
    again = hashlib.scrypt(b"1234", salt=bytes.fromhex(salt), n=2**14, r=8, p=1, maxmem=2**26, dklen=32)
    assert again.hex() == digest


def test_staff_come_and_go_and_their_pins_are_never_shown(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a file or a pipe; not as an argument, which everybody on the machine could read."""
    pin = tmp_path / "pin"
    pin.write_text("2468\n")
    assert hub(settings, "staff", "add", "hanoi", "an", "--name", "An", "--pin-file", str(pin)) == 0
    program = [sys.executable, "-c", "from hub.cli import main; main()", "--config", str(settings)]
    add = ["staff", "add", "hanoi", "binh", "--name", "B", "--role", "manager", "--pin-file", "-"]
    subprocess.run([*program, *add], input=b"97531\n", check=True, capture_output=True)  # noqa: S603 - our own words
    (an, binh) = listed(settings, capsys, "hanoi", "--kind", "staff")
    assert an["body"] == {"staff": "an", "name": "An"}
    assert binh["body"] == {"staff": "binh", "name": "B", "role": "manager"}
    assert hub(settings, "staff", "pin", "hanoi", "an", "--pin-file", str(pin)) == 0
    assert hub(settings, "staff", "remove", "hanoi", "binh") == 0
    assert hub(settings, "staff", "list") == 0
    shown = capsys.readouterr().out
    assert "hanoi\tan\tAn\tcashier\tPIN" in shown
    assert "binh\tB" not in shown
    assert "scrypt" not in shown
    assert "2468" not in shown


def test_settings_are_changed_where_the_file_names_them(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest stays as it was; a slip changes nothing and names the field."""
    file = tmp_path / "store.toml"
    file.write_text('require_shift = true\n[bank]\nbin = "970436"\naccount = "0071000"\n[[quick_keys]]\nsku = "pho"\n')
    capsys.readouterr()
    assert hub(settings, "store", "settings", "hanoi", str(file), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["store_name"], shown["require_shift"], shown["bank"]["bin"]) == ("Hà Nội", True, "970436")
    assert shown["quick_keys"] == [{"sku": "pho"}]
    for text, words in (
        ("require_shifts = true", "field require_shifts: there is none of this name"),
        ('language = "fr"', "field language: Invalid enum value 'fr'"),
        ('time_zone = "Asia"', "field time_zone: 'Asia' is no time zone"),
        ('[bank]\nbin = "97"\naccount = "1"', "field bank.bin"),
        ("x =", "no TOML"),
    ):  # fmt: skip
        file.write_text(text)
        assert hub(settings, "store", "settings", "hanoi", str(file)) == 1
        assert words in capsys.readouterr().err
    assert hub(settings, "store", "settings", "hanoi", "--json") == 0
    assert json.loads(capsys.readouterr().out) == shown


def test_customers_come_from_a_spreadsheet(settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As shops write them; a second import of the same file changes nothing."""
    file = tmp_path / "customers.csv"
    file.write_text(
        "customer,name,phone,email,consent,owes,credit_limit\n"
        "c1,Lan,0901 234 567,Lan@Example.com,yes,150000,\nc2,Hoa,+1 (212) 555-0100,,,,500000\n"
    )
    assert hub(settings, "customer", "import", str(file)) == 0
    assert hub(settings, "customer", "import", str(file)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 customers read, 0 new or changed."
    lan, hoa = (row["body"] for row in listed(settings, capsys, "global"))
    assert lan == {
        "customer": "c1", "name": "Lan", "phone": "+84901234567", "email": "lan@example.com", "consent": True,
        "owes": 150_000,
    }  # fmt: skip
    assert hoa == {"customer": "c2", "name": "Hoa", "phone": "+12125550100", "credit_limit": 500_000}


def test_documents_of_every_kind_are_put_and_taken_away(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the feed that is theirs."""
    cases = {
        ("hanoi", "purchase"): {"purchase": "P1", "supplier": "X", "lines": [{"sku": "tea", "quantity": 1000}]},
        ("hanoi", "transfer"): {"transfer": "T1", "from_store": "hue", "to_store": "hanoi", "lines": []},
        ("hanoi", "pick"): {"order": "W1", "lines": []},
        ("hanoi", "payment"): {"payment": "B1", "kind": "vietqr", "amount": 5, "currency": "VND"},
        ("global", "voucher"): {"code": "V1", "amount": 5000, "currency": "VND"},
        ("global", "promotion"): {"promotion": "p1", "name": "Hè", "off": {"goods": {"skus": ["tea"]}, "amount": 9}},
        ("hanoi", "promotion"): {"promotion": "p2", "name": "Hè", "spend": {"from_amount": 9, "amount": 1}},
    }  # fmt: skip
    for number, ((feed, kind), body) in enumerate(cases.items()):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps([body]))
        assert hub(settings, "document", "put", feed, kind, str(file)) == 0
    assert {(row["feed"], row["kind"]) for row in listed(settings, capsys)} == {
        ("global" if feed == "global" else f"store-{feed}", kind) for feed, kind in cases
    }
    assert hub(settings, "document", "delete", "hanoi", "purchase", "P1", "P2") == 0
    assert capsys.readouterr().out == "1 of 2 deleted.\n"
    assert listed(settings, capsys, "hanoi", "--kind", "purchase") == []


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("customer", '{"customer":"c1"}', "c.jsonl:1: Object missing required field `name`"),
        ("customer", '\n{"customer":"c1","name":7}', "c.jsonl:2: field name: Expected `str`, got `int`"),
        ("customer", '{"customer":"c1","name":"A","phon":""}', "c.jsonl:1: field phon: there is none of this name"),
        ("customer", '{"customer":"c1","name":"A"}\n' * 2, "c.jsonl:2: customer c1 is in the file twice"),
        ("customer", "[1]", "c.jsonl:1: not an object"),
        ("customer", "nonsense", "c.jsonl:1: no JSON"),
        ("pick", '{"order":"W","lines":[{"sku":"a","quantity":1,"qty":2}]}', "c.jsonl:1: field lines.1.qty: there is"),
        ("promotion", '{"promotion":"p","name":"x","off":{"goods":{},"percent_bp":0}}', "field off.percent_bp"),
    ],
)  # fmt: skip
def test_a_slip_is_named_by_file_line_and_field(kind: str, text: str, words: str) -> None:
    """Nothing of the file is taken."""
    with pytest.raises(ImportFailed) as refused:
        read_documents("c.jsonl", text, kind)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c1,Lan,12", "c.csv:2: field phone: '12' is no phone number"),
        ("c1,Lan,,maybe", "c.csv:2: has not as many fields"),
        (",Lan,", "c.csv:2: Expected `str` of length >= 1"),
    ],
)
def test_a_slip_in_a_spreadsheet_is_named_too(line: str, words: str) -> None:
    """With its remedy."""
    with pytest.raises(ImportFailed) as refused:
        read_customers("c.csv", f"customer,name,phone\n{line}\n", currency="VND", country_code="84")
    assert words in str(refused.value)


@given(st.text(max_size=20))
def test_a_phone_number_is_e164_or_refused(text: str) -> None:
    """And one that is, stays."""
    try:
        found = phone_of(text, "84")
    except ValueError:
        return
    assert found == "" or phone_of(found, "1") == found
    assert Customer(customer="c", name="n", phone=found).phone.isascii()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("document", "put", "hanoi", "customer", "{file}"), 1, "customer is the same in all stores"),
        (("document", "put", "global", "staff", "{file}"), 1, "staff belongs to one store"),
        (("document", "put", "hanoi", "item", "{file}"), 2, "'item' is not one of"),
        (("document", "delete", "hue", "pick", "W1"), 1, "`tillwire-hub store add hue` creates it"),
        (("staff", "add", "hanoi", "an", "--name", "An", "--pin-file", "{file}"), 1, "4 to 64 characters"),
        (("staff", "pin", "hanoi", "nobody", "--pin-file", "{file}"), 1, "`tillwire-hub staff list hanoi` shows who"),
        (("staff", "add", "hanoi", "an", "--name", "An"), 2, "give --pin-file FILE"),
        (("store", "settings", "hue"), 1, "`tillwire-hub store add hue` creates it"),
        (("promotion", "import", "{file}"), 1, "Object missing required field"),
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
    """The exit code tells wrong usage from what is not possible."""
    file = tmp_path / "file.json"
    file.write_text("{}")
    assert hub(settings, *(argument.format(file=file) for argument in arguments)) == code
    assert words in capsys.readouterr().err
