"""Packs and bundles of a catalogue: one level deep, of goods that there are, and never half taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue.nesting import as_on_shelf, refuse_nested
from hub.errors import ImportFailed
from protocol.documents import Item, Part
from protocol.goods import parts_of
from protocol.stock_events import StockLine
from tests.unit.hub.commands import hub

HEAD = "sku,name,price,currency,pack_of,pack_size,parts\n"
SHOP = HEAD + "can,Can,1,VND,,,\ncase,Case,20,VND,can,24,\ntea,Tea,1,VND,,,\ngift,Gift,5,VND,,,tea*2 can*1\n"
skus = st.sampled_from("abcd")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with a store and a small catalogue."""
    file = tmp_path / "hub.toml"
    file.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    assert hub(file, "store", "add", "hanoi") == 0
    assert imported(file, SHOP) == 0
    return file


def imported(settings: Path, text: str) -> int:
    """Import a catalogue; the exit code."""
    file = settings.parent / "i.csv"
    file.write_text(text, encoding="utf-8")
    return hub(settings, "catalogue", "import", str(file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,X,1,VND,nobody,2,\n", "i.csv:2: field pack_of: nobody is neither in the file nor in the catalogue"),
        ("x,X,1,VND,case,2,\n", "i.csv:2: field pack_of: case is a pack itself; write down what is in it, can"),
        ("x,X,1,VND,gift,2,\n", "i.csv:2: field pack_of: gift is a bundle itself; write down what is in it, tea, can"),
        ("x,X,1,VND,,,tea*1 case*1\n", "i.csv:2: field parts: case is a pack itself"),
        ("x,X,1,VND,y,2,\ny,Y,1,VND,x,2,\n", "i.csv:2: field pack_of: y is a pack itself"),
        ("x,X,1,VND,,,y*1\ny,Y,1,VND,,,tea*1\n", "i.csv:2: field parts: y is a bundle itself"),
        ("can,Can,1,VND,tea,2,\n", "can becomes a pack, but "),
    ],
)
def test_what_would_be_nested_is_refused_with_its_line_and_field(
    settings: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    """Packs of packs, packs of bundles, circles, goods that are not there; and nothing of the file is taken."""
    assert imported(settings, HEAD + "free,Free,1,VND,,,\n" + text) == 1
    assert words.replace("i.csv:2", "i.csv:3") in capsys.readouterr().err
    assert hub(settings, "catalogue", "delete", "free") == 0
    assert "0 items deleted" in capsys.readouterr().out


def test_packs_may_be_turned_round_in_one_file(settings: Path) -> None:
    """What counts is the catalogue after the file, whatever stands in it first."""
    assert imported(settings, HEAD + "case,Case,1,VND,,,\ncan,Can,1,VND,case,1,\ngift,Gift,5,VND,,,tea*2\n") == 0


def test_goods_that_something_consists_of_are_not_deleted_alone(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever deletes them reads what still needs them; all together they may go."""
    assert hub(settings, "catalogue", "delete", "can") == 1
    assert "can: case (Case) is a pack of it" in capsys.readouterr().err
    assert hub(settings, "catalogue", "delete", "can", "case", "gift") == 0


def test_no_level_is_set_of_a_pack(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would stand beside that of its pieces, and nothing would ever move it."""
    file = settings.parent / "stock.csv"
    file.write_text("sku,quantity\ncan,5\ncase,2\n")
    assert hub(settings, "stock", "set", "hanoi", str(file)) == 1
    assert "case is a pack and has no level of its own; say how many there are of can" in capsys.readouterr().err


def test_a_delivery_of_cases_is_awaited_in_pieces(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tills receive pieces; so what is still to come is counted in them, and ends when they have come."""
    file = settings.parent / "p.jsonl"
    lines = [{"sku": "case", "quantity": 2_000}, {"sku": "can", "quantity": 3_000}, {"sku": "gift", "quantity": 1_000}]
    file.write_text(json.dumps({"purchase": "PO-1", "supplier": "S", "lines": lines}))
    assert hub(settings, "document", "put", "hanoi", "purchase", str(file)) == 0
    capsys.readouterr()
    assert hub(settings, "document", "list", "hanoi") == 0
    body = json.loads(capsys.readouterr().out)["body"]
    assert body["lines"] == [{"sku": "can", "quantity": 52_000}, {"sku": "tea", "quantity": 2_000}]
    file.write_text(json.dumps({"purchase": "PO-2", "supplier": "S", "lines": [{"sku": "case", "quantity": 1}]}))
    assert hub(settings, "document", "put", "hanoi", "purchase", str(file)) == 0  # 0.001 case are 0.024 cans


def test_a_share_of_a_pack_that_no_quantity_can_say_is_refused() -> None:
    """0.0005 of a gram is nobody's delivery."""
    odd = Item(sku="x", name="X", price=1, currency="VND", pack_of="y", pack_size=333)
    with pytest.raises(ImportFailed, match=r"p: PO: field lines\.1\.quantity: 0\.5 times 0\.333 of y"):
        as_on_shelf("p: PO", (StockLine(sku="x", quantity=500),), {"x": odd})


@st.composite
def items(draw: st.DrawFn, sku: str) -> Item:
    """Plain goods, a pack or a bundle, of anything."""
    others = [other for other in "abcd" if other != sku]
    inside = draw(st.lists(st.sampled_from(others), unique=True, max_size=2))
    is_pack = len(inside) == 1 and draw(st.booleans())
    return Item(
        sku=sku, name=sku, price=1, currency="VND", pack_of=inside[0] if is_pack else "",
        pack_size=1_000 if is_pack else 0,
        parts=() if is_pack else tuple(Part(sku=part, quantity=1_000) for part in inside),
    )  # fmt: skip


@given(st.data())
def test_no_catalogue_ever_becomes_nested(data: st.DataObject) -> None:
    """After any imports that were taken, every pack and bundle consists of goods that are there and are neither."""
    catalogue: dict[str, Item] = {}
    for _ in range(3):
        names = data.draw(st.lists(skus, unique=True, min_size=1, max_size=4))
        lines = {sku: (number, data.draw(items(sku))) for number, sku in enumerate(names, 2)}
        try:
            refuse_nested("f", lines, catalogue, [item for item in catalogue.values() if parts_of(item)])
        except ImportFailed:
            continue
        catalogue |= {sku: item for sku, (_, item) in lines.items()}
    for item in catalogue.values():
        assert all(part.sku in catalogue and not parts_of(catalogue[part.sku]) for part in parts_of(item))
