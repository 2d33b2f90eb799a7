"""A shop's files: what they may say, and which line is named when they say something else."""

from __future__ import annotations

import pytest

from hub.catalogue.files import read_items, read_stock
from hub.errors import ImportFailed
from protocol.documents import Item, Part

HEAD = "sku,name,barcodes,price,currency,unit,tax_rate\n"
GOODS = "sku,name,price,currency,pack_of,pack_size,parts,asks_expiry\n"


def items_of(name: str, text: str) -> list[Item]:
    """The items of a file, without their lines."""
    return [item for _, item in read_items(name, text).values()]


def test_a_catalogue_is_read_as_a_shop_writes_it() -> None:
    """Byte order mark, quoted names, several barcodes, decimal prices, percent."""
    text = "\ufeff" + HEAD + 'pho,"Phở, bò",8934 8935,50000,VND,,8\nwine,Wine,,12.50,usd,bottle,7.5%\n'
    pho, wine = items_of("items.csv", text)
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
    (ham,) = items_of("items.csv", text)
    assert ham == Item(
        sku="ham", name="Ham", price=250_000, currency="VND", category="food/meat", brand="Vissan", plu="217",
        weighed=True, min_age=18, asks_lot=True, prices={"wholesale": 230_000}, colour="red", symbol="🥩", shelf="A3",
    )  # fmt: skip


def test_packs_and_bundles_come_from_the_same_file() -> None:
    """A pack's size is a decimal number of the goods in it, a bundle's parts stand in one field."""
    text = GOODS + "b24,Case,1,VND,b,24,,yes\ngift,Gift,1,VND,,,tea*2 sweets*0.35 a*b*1,\n"
    case, gift = items_of("items.csv", text)
    assert (case.pack_of, case.pack_size, case.parts, case.asks_expiry) == ("b", 24_000, (), True)
    assert gift.parts == (
        Part(sku="tea", quantity=2_000), Part(sku="sweets", quantity=350), Part(sku="a*b", quantity=1_000)
    )  # fmt: skip
    assert (gift.pack_of, gift.pack_size) == ("", 0)


def test_json_lines_are_documents() -> None:
    """The same struct that travels to the tills."""
    (item,) = items_of("items.jsonl", '\n{"sku":"a","name":"A","price":1,"currency":"VND"}\n')
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
        ("i.csv", HEAD + "a,A,,1,VND,,500\n", r"i\.csv:2: field tax_rate: Expected `int` <= 10000"),
        ("i.csv", GOODS + "a,A,1,VND,b,,,\n", r"i\.csv:2: a pack has both: pack_of, and a pack_size above 0"),
        ("i.csv", GOODS + "a,A,1,VND,b,0,,\n", r"i\.csv:2: a pack has both"),
        ("i.csv", GOODS + "a,A,1,VND,b,-1,,\n", r"i\.csv:2: field pack_size: Expected `int` >= 0"),
        ("i.csv", GOODS + "a,A,1,VND,b,2,c*1,\n", r"i\.csv:2: an item is a pack or a bundle"),
        ("i.csv", GOODS + "a,A,1,VND,a,2,,\n", r"i\.csv:2: an item cannot consist of itself"),
        ("i.csv", GOODS + "a,A,1,VND,,,c,\n", r"i\.csv:2: field parts: 'c': write SKU\*QTY"),
        ("i.csv", GOODS + "a,A,1,VND,,,c*x,\n", r"i\.csv:2: field parts: 'c\*x': quantity 'x'"),
        ("i.csv", GOODS + "a,A,1,VND,,,c*0,\n", r"i\.csv:2: field parts: Expected `int` >= 1"),
        ("i.csv", GOODS + "a,A,1,VND,,,c*1 c*2,\n", r"i\.csv:2: parts: a SKU stands there twice"),
        (
            "i.csv",
            GOODS + f"a,A,1,VND,,,{' '.join(f'c{n}*1' for n in range(51))},\n",
            r"i\.csv:2: field parts: .*length",
        ),
        ("i.jsonl", "{}\n", r"i\.jsonl:1: Object missing required field"),
    ],
)
def test_a_faulty_line_is_named(name: str, text: str, words: str) -> None:
    """And nothing of the file is taken."""
    with pytest.raises(ImportFailed, match=words):
        items_of(name, text)


def test_stock_is_read_in_pieces_and_kilograms() -> None:
    """Decimal numbers become thousandths."""
    assert read_stock("s.csv", "sku,quantity\npho,100\nrice,0.642\nodd,-2\n") == {
        "pho": 100_000, "rice": 642, "odd": -2_000,
    }  # fmt: skip
    with pytest.raises(ImportFailed, match=r"s\.csv:2: quantity 'many'"):
        read_stock("s.csv", "sku,quantity\npho,many\n")
