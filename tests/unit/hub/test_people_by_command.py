"""Persons by command: who may be one, merge, split, forget."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.hub.commands import hub

CUSTOMERS = """customer,name,phone,email,consent
KH1,Lan,0901234567,,yes
KH2,Lan Nguyen,,lan@x.vn,no
KH3,Lan N.,0901234567,lan@x.vn,
KH4,Hoa,01634567890,,
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with a data folder of its own, a store, and four customers in it."""
    file, customers = tmp_path / "hub.toml", tmp_path / "customers.csv"
    file.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    customers.write_text(CUSTOMERS, "utf-8")
    assert hub(file, "store", "add", "hanoi") == 0
    assert hub(file, "customer", "import", str(customers)) == 0
    return file


def told(settings: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    """What a command shows as JSON lines."""
    capsys.readouterr()
    assert hub(settings, *arguments, "--json") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_proposal_is_merged_or_refused_and_taken_back(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three customers, two persons, one proposal; whatever is done about it can be taken back."""
    [pair] = told(settings, capsys, "customer", "match", "list")
    assert pair["shared"] == ["+84901234567"]
    one, other = (str(pair[name]["person"]) for name in ("one", "other"))  # type: ignore[index]  # JSON
    assert hub(settings, "customer", "match", "refuse", one, other, "--by", "hoa") == 0
    assert told(settings, capsys, "customer", "match", "list") == []
    assert hub(settings, "customer", "undo", "1", "--by", "hoa") == 0
    assert hub(settings, "customer", "merge", one, other, "--by", "hoa", "--note", "same card") == 0
    [person] = told(settings, capsys, "customer", "show", other)
    assert person["person"] == one
    assert len(person["identities"]) == 3  # type: ignore[arg-type]  # JSON
    assert person["consent"] == {"till": False}
    assert hub(settings, "customer", "split", one, "till:KH1", "--by", "hoa") == 0
    assert told(settings, capsys, "customer", "match", "list") == []
    assert [entry["action"] for entry in told(settings, capsys, "customer", "history")] == [
        "split", "merge", "undo", "apart",
    ]  # fmt: skip


def test_people_are_found_by_what_they_are_known_by(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An old number as well as its new form, an address in any case, an id, the beginning of a name."""
    for text in ("0334567890", "+84 334 567 890", "01634567890", "KH4", "ho"):
        assert [one["name"] for one in told(settings, capsys, "customer", "find", text)] == ["Hoa"], text
    assert len(told(settings, capsys, "customer", "find", " LAN@x.vn ")) == 1
    assert told(settings, capsys, "customer", "find", "%") == []


def test_who_is_forgotten_is_gone_from_the_tills(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Her document is taken away; a second time does no harm."""
    [hoa] = told(settings, capsys, "customer", "find", "KH4")
    for _ in range(2):
        assert hub(settings, "customer", "erase", str(hoa["person"]), "--by", "lan", "--yes") == 0
    assert told(settings, capsys, "customer", "find", "Hoa") == []
    capsys.readouterr()
    assert hub(settings, "document", "list", "--kind", "customer") == 0
    assert "Hoa" not in capsys.readouterr().out


def test_a_number_of_the_shop_names_nobody(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed, and can be heeded again."""
    assert hub(settings, "customer", "ignore", "0901 234 567", "--by", "lan") == 0
    capsys.readouterr()
    assert hub(settings, "customer", "ignore") == 0
    assert capsys.readouterr().out == "+84901234567\n"
    assert told(settings, capsys, "customer", "match", "list") == []
    assert hub(settings, "customer", "ignore", "0901234567", "--not") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("merge", "nobody", "nobody", "--by", "lan"), 1, "customer find"),
        (("split", "nobody", "till", "--by", "lan"), 2, "CHANNEL:KEY"),
        (("show", "nobody"), 1, "customer find"),
        (("undo", "77", "--by", "lan"), 1, "customer history"),
        (("ignore", "rubbish", "--by", "lan"), 2, "neither"),
    ],
)
def test_a_slip_of_the_pen_is_named(
    settings: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Who, what, and the remedy."""
    assert hub(settings, "customer", *arguments) == code
    assert words in capsys.readouterr().err
