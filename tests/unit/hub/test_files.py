"""A shop's files: what they may say, and which line is named when they say something else."""

from __future__ import annotations

import pytest

from hub.catalogue.files import read_items, read_stock
from hub.errors import ImportFailed
from protocol.documents import Item

HEAD = "sku,name,barcodes,price,currency,unit,tax_rate\n"


def test_a_catalogue_is_read_as_a_shop_writes_it() -> None:
    """Byte order mark, quoted names, several barcodes, decimal prices, percent."""
    text = "\ufeff" + HEAD + 'pho,"Phở, bò",8934 8935,50000,VND,,8\nwine,Wine,,12.50,usd,bottle,7.5%\n'
    pho, wine = read_items("items.csv", text)
    assert (pho.name, pho.barcodes, pho.price, pho.unit, pho.tax_rate_bp) == (
        "Phở, bò", ("8934", "8935"), 50_000, "piece", 800,
    )  # fmt: skip
    assert (wine.price, wine.currency, wine.tax_rate_bp) == (1_250, "USD", 750)


def test_a_till_learns_how_to_sell_an_item_from_the_same_file() -> None:
    """Weighed goods, ages, serial numbers, price lists, and how quick keys look."""
    text = (
        "sku,name,price,currency,category,brand,plu,weighed,min_age,asks_serial,asks_lot,prices.wholesale,prices.vip,"
        "colour,symbol,shelf\nham,Ham,250000,VND,food/meat,Vissan,217,yes,18,no,1,230000,,red,🥩,A3\n"
    )
    (ham,) = read_items("items.csv", text)
    assert ham == Item(
        sku="ham", name="Ham", price=250_000, currency="VND", category="food/meat", brand="Vissan", plu="217",
        weighed=True, min_age=18, asks_lot=True, prices={"wholesale": 230_000}, colour="red", symbol="🥩", shelf="A3",
    )  # fmt: skip


def test_json_lines_are_documents() -> None:
    """The same struct that travels to the tills."""
    (item,) = read_items("items.jsonl", '\n{"sku":"a","name":"A","price":1,"currency":"VND"}\n')
    assert item.sku == "a"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("i.csv", "sku,name\n", r"i\.csv:1: the head line lacks price, currency"),
        ("i.csv", "sku,name,price,currency,taste\n", r"i\.csv:1: .*unknown column taste"),
        ("i.csv", "sku,name,price,currency,prices.\n", r"i\.csv:1: .*unknown column prices\."),
        ("i.csv", "sku,name,price,currency,weighed\na,A,1,VND,perhaps\n", r"i\.csv:2: .*write yes or no"),
        ("i.csv", "sku,name,price,currency,min_age\na,A,1,VND,-1\n", r"i\.csv:2: .*write a whole number"),
        ("i.csv", HEAD + "a,A,,1,VND,,\na,A,,1,VND,,\n", r"i\.csv:3: SKU a is in the file twice"),
        ("i.csv", HEAD + "a,A,7,1,VND,,\nb,B,7,1,VND,,\n", r"i\.csv:3: barcode 7 belongs to a already"),
        ("i.csv", HEAD + "a,A,,1.5,VND,,\n", r"i\.csv:2: amount '1\.5': write digits with at most 0 decimals"),
        ("i.csv", HEAD + "a,A,,1\n", r"i\.csv:2: has not as many fields as the head line"),
        ("i.csv", HEAD + " ,A,,1,VND,,\n", r"i\.csv:2: SKU ''"),
        ("i.csv", HEAD + "a,A,,1,VND,,500\n", r"i\.csv:2: Expected `int` <= 10000"),
        ("i.jsonl", "{}\n", r"i\.jsonl:1: Object missing required field"),
    ],
)
def test_a_faulty_line_is_named(name: str, text: str, words: str) -> None:
    """And nothing of the file is taken."""
    with pytest.raises(ImportFailed, match=words):
        read_items(name, text)


def test_stock_is_read_in_pieces_and_kilograms() -> None:
    """Decimal numbers become thousandths."""
    assert read_stock("s.csv", "sku,quantity\npho,100\nrice,0.642\nodd,-2\n") == {
        "pho": 100_000, "rice": 642, "odd": -2_000,
    }  # fmt: skip
    with pytest.raises(ImportFailed, match=r"s\.csv:2: quantity 'many'"):
        read_stock("s.csv", "sku,quantity\npho,many\n")
