"""Orders, rules and explanations by command: what is said, and what is said of a slip of the pen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.hub.commands import hub
from tests.unit.hub.test_documents_by_command import settings

__all__ = ["settings"]

GOODS = "sku,name,price,currency,category\ntea,Trà,10,VND,drinks\npho,Phở,20,VND,food\n"


@pytest.fixture
def shop(settings: Path, tmp_path: Path) -> Path:
    """A hub with a store, two SKUs, and five of each."""
    (tmp_path / "goods.csv").write_text(GOODS)
    (tmp_path / "levels.csv").write_text("sku,quantity\ntea,5\npho,5\n")
    assert hub(settings, "catalogue", "import", str(tmp_path / "goods.csv")) == 0
    assert hub(settings, "stock", "set", "hanoi", str(tmp_path / "levels.csv")) == 0
    return settings


def said(shop: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command says, on both streams."""
    capsys.readouterr()
    assert hub(shop, *arguments) == code
    heard = capsys.readouterr()
    return heard.out + heard.err


def written(tmp_path: Path, *orders: object) -> str:
    """A file with one order a line."""
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in orders))
    return str(file)


def line(sku: str = "tea", quantity: str = "2") -> dict[str, object]:
    """A line of an order."""
    return {"sku": sku, "quantity": quantity}


def test_orders_are_placed_listed_shown_and_cancelled(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice is once; what is missing is named; a cancelled order is free again."""
    assert "No orders yet" in said(shop, capsys, "order", "list")
    file = written(tmp_path, {"order": "o1", "lines": [line()]}, {"order": "o2", "lines": [line("pho", "7")]})
    assert "2 orders read, 2 new, 0 refused." in said(shop, capsys, "order", "place", file)
    assert "2 orders read, 0 new, 0 refused." in said(shop, capsys, "order", "place", file)
    assert "o2\t-\toversold\thanoi\tmissing: pho 2" in said(shop, capsys, "order", "list", "--state", "oversold")
    rows = [json.loads(row) for row in said(shop, capsys, "order", "list", "--json").splitlines()]
    assert [(row["order"], row["state"]) for row in rows] == [("o2", "oversold"), ("o1", "open")]
    shown = json.loads(said(shop, capsys, "order", "show", "o2", "--json"))
    assert shown["parcels"][0]["lines"] == [{"sku": "pho", "quantity": "5", "quantity_milli": 5_000}]
    assert shown["missing"] == [{"sku": "pho", "quantity": "2", "quantity_milli": 2_000}]
    assert "missing\tpho\t2" in said(shop, capsys, "order", "show", "o2")
    assert "o2 is cancelled." in said(shop, capsys, "order", "cancel", "o2")
    assert "o2 was cancelled before." in said(shop, capsys, "order", "cancel", "o2")
    assert "order o9: there is none" in said(shop, capsys, "order", "cancel", "o9", code=1)
    assert "order o9: there is none" in said(shop, capsys, "order", "show", "o9", code=1)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"order": "o1", "lines": []}, "orders.jsonl:2: field lines: "),
        (
            {"order": "o1", "lines": [line(quantity="0")]},
            "orders.jsonl:2: field lines.1.quantity: 0: must be more than 0",
        ),
        ({"order": "o1", "lines": [line(quantity="2,5x")]}, "orders.jsonl:2: field lines.1: quantity '2,5x'"),
        ({"order": "o1", "lines": [{"sku": "tea"}]}, "field lines.1: give quantity"),
        ({"order": "o1", "lines": [line()], "way": "pickup"}, "field store: a pick-up needs the store"),
        ({"order": "o1", "lines": [line()], "wya": "pickup"}, "field wya: there is none of this name"),
        ("{", "orders.jsonl:2: no JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_placed(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], order: object, words: str
) -> None:
    """File, line, field and remedy."""
    file = written(tmp_path, {"order": "good", "lines": [line()]}, order)
    assert words in said(shop, capsys, "order", "place", file, code=1)
    assert "No orders yet" in said(shop, capsys, "order", "list")


def test_an_order_that_cannot_be_taken_is_named_and_the_others_are_placed(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown SKU, an unknown store; the exit code says that something is left to do."""
    bad = {"order": "o1", "lines": [line("gold")]}
    away = {"order": "o2", "lines": [line()], "way": "pickup", "store": "hue"}
    heard = said(
        shop, capsys, "order", "place", written(tmp_path, bad, away, {"order": "o3", "lines": [line()]}), code=1
    )
    assert "order o1: field lines.1.sku: 'gold' is not in the catalogue" in heard
    assert "order o2: store hue" in heard
    assert "3 orders read, 1 new, 2 refused." in heard


def test_a_level_is_explained_to_its_end(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger, oldest first, and a sentence; as JSON; in Vietnamese; page by page; for what was never there."""
    (tmp_path / "levels.csv").write_text("sku,quantity\ntea,4\n")
    assert hub(shop, "stock", "set", "hanoi", str(tmp_path / "levels.csv")) == 0
    assert "Set." in said(shop, capsys, "stock", "rule", "set", "1", "--sku", "tea")
    file = written(tmp_path, {"order": "o1", "lines": [line()]})
    assert hub(shop, "order", "place", file) == 0
    heard = said(shop, capsys, "stock", "explain", "tea", "hanoi")
    opening, counted, reserved, sentence = heard.splitlines()
    assert opening.split("\t")[1:5] == ["booked in or out by hand", "+5", "5", "opening stock"]
    assert counted.split("\t")[1:5] == ["counted", "= 4", "4", "set at the office"]
    assert reserved == "Reserved\to1\t2"
    assert sentence.startswith("The office set it to 4 on ")
    assert sentence.endswith(
        "So 4 is on hand. 2 is promised (o1). 1 is kept back as safety stock (tea). The web may sell 1 of it."
    )
    found = json.loads(said(shop, capsys, "stock", "explain", "tea", "hanoi", "--json"))
    assert (found["on_hand"], found["available"], found["total"]) == (4_000, 1_000, 2)
    assert "Web được bán" in said(shop, capsys, "stock", "explain", "tea", "hanoi", "--language", "vi")
    paged = said(shop, capsys, "stock", "explain", "tea", "hanoi", "--page-size", "1")
    assert paged.startswith("… older ones: --page 2 (1 of 2 shown)")
    assert "opening stock" in said(shop, capsys, "stock", "explain", "tea", "hanoi", "--page-size", "1", "--page", "2")
    assert "so it has no level" in said(shop, capsys, "stock", "explain", "gold", "hanoi", code=1)
    assert "--since 'soon'" in said(shop, capsys, "stock", "explain", "tea", "hanoi", "--since", "soon", code=1)


def test_rules_are_set_listed_imported_and_deleted(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A faulty line is named and nothing of the file is taken."""
    assert "No rules" in said(shop, capsys, "stock", "rule", "list")
    file = tmp_path / "rules.csv"
    file.write_text("store,sku,category,quantity\nhanoi,,drinks,2\n,tea,,0.5\n")
    assert "2 rules read, 2 new or changed." in said(shop, capsys, "stock", "rule", "import", str(file))
    assert said(shop, capsys, "stock", "rule", "list").splitlines() == ["*\tsku tea\t0.5", "hanoi\tcategory drinks\t2"]
    file.write_text("store,sku,category,quantity\n,pho,,1\n,tea,drinks,1\n")
    assert "rules.csv:3: a rule is for a SKU or for a category" in said(
        shop, capsys, "stock", "rule", "import", str(file), code=1
    )
    assert "Deleted." in said(shop, capsys, "stock", "rule", "delete", "--sku", "tea")
    assert "There is no such rule" in said(shop, capsys, "stock", "rule", "delete", "--sku", "tea", code=1)
    assert "store hue" in said(shop, capsys, "stock", "rule", "set", "1", "--store", "hue", code=1)


def test_accuracy_and_parked_events_say_so_when_there_is_nothing(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No bare silence, and no error."""
    assert "Nothing was counted in 30 days." in said(shop, capsys, "stock", "accuracy")
    assert said(shop, capsys, "stock", "accuracy", "--json") == ""
    assert "parked event 7: there is none" in said(shop, capsys, "parked", "show", "7", code=1)
