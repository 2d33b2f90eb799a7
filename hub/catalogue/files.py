"""Reading a shop's files: items as CSV or JSON lines, stock as CSV. Pure: text in, values or a named line out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hub.errors import ImportFailed
from protocol.documents import Item
from protocol.errors import InvalidQuantity, ProtocolError
from protocol.ids import Sku, sku
from protocol.money import BASIS_POINTS, parse_amount
from protocol.quantity import parse_quantity

ITEM_COLUMNS = (
    "sku", "name", "barcodes", "price", "currency", "unit", "tax_rate", "category", "brand", "plu", "weighed",
    "open_price", "min_age", "asks_serial", "asks_lot", "colour", "symbol", "shelf", "asks_expiry", "pack_of",
    "pack_size", "parts",
)  # fmt: skip
PRICES = "prices."
"""`prices.wholesale` is a column of the price list "wholesale"; an empty field has no price of its own there."""

_FLAGS = ("weighed", "open_price", "asks_serial", "asks_lot", "asks_expiry")
_YES, _NO = frozenset({"yes", "true", "1", "x"}), frozenset({"no", "false", "0", ""})
STOCK_COLUMNS = ("sku", "quantity")


def read_items(name: str, text: str) -> Mapping[str, tuple[int, Item]]:
    """Read a catalogue: line and item by SKU. CSV needs sku, name, price, currency; barcodes are separated by spaces.

    tax_rate is percent, flags (weighed, open_price, asks_serial, asks_lot, asks_expiry) are yes or no,
    `prices.<list>` columns are other price lists, pack_size is a decimal number, parts are `SKU*QTY` with spaces
    between. What packs and bundles consist of is for `nesting` to say.

    JSON lines are `Item` documents (price in minor units). Raises ImportFailed, which names file, line and remedy.
    """
    lines = _json_items(name, text) if name.lower().endswith((".jsonl", ".ndjson")) else _csv_items(name, text)
    items: dict[str, tuple[int, Item]] = {}
    barcodes: dict[str, str] = {}
    for number, item in lines:
        if item.sku in items:
            raise ImportFailed(f"{name}:{number}: SKU {item.sku} is in the file twice; keep one of the lines")
        for barcode in item.barcodes:
            other = barcodes.setdefault(barcode, item.sku)
            if other != item.sku:
                raise ImportFailed(f"{name}:{number}: barcode {barcode} belongs to {other} already; take it off one")
        items[item.sku] = (number, item)
    return items


def read_stock(name: str, text: str) -> Mapping[Sku, int]:
    """Read `sku,quantity` lines (quantity as a decimal number) into thousandths. Raises ImportFailed."""
    found: dict[Sku, int] = {}
    for number, row in rows_of(name, text, STOCK_COLUMNS, STOCK_COLUMNS):
        try:
            key = sku(row["sku"])
            quantity = parse_quantity(row["quantity"])
        except ProtocolError as error:
            raise ImportFailed(f"{name}:{number}: {error}") from error
        if key in found:
            raise ImportFailed(f"{name}:{number}: SKU {key} is in the file twice; keep one of the lines")
        found[key] = quantity
    return found


def _json_items(name: str, text: str) -> Iterator[tuple[int, Item]]:
    decoder = msgspec.json.Decoder(Item)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            item = decoder.decode(line)
            sku(item.sku)
        except (msgspec.DecodeError, ProtocolError) as error:
            raise ImportFailed(f"{name}:{number}: {error}") from error
        yield number, item


def _csv_items(name: str, text: str) -> Iterator[tuple[int, Item]]:
    for number, row in rows_of(name, text, ITEM_COLUMNS, ("sku", "name", "price", "currency")):
        try:
            currency = row["currency"].upper()
            read: dict[str, object] = {
                "sku": sku(row["sku"]),
                "name": row["name"],
                "barcodes": row.get("barcodes", "").replace(";", " ").split(),
                "price": parse_amount(row["price"], currency),
                "currency": currency,
                "unit": row.get("unit") or "piece",
                "tax_rate_bp": _basis_points(row.get("tax_rate", "")),
                "min_age": _whole(row, "min_age"),
                "prices": {
                    column.removeprefix(PRICES): parse_amount(text, currency)
                    for column, text in row.items()
                    if column.startswith(PRICES) and text
                },
            }
            read |= {flag: _flag(row, flag) for flag in _FLAGS}
            read |= _contents(row)
            read |= {word: row.get(word, "") for word in ("category", "brand", "plu", "colour", "symbol", "shelf")}
            # Through the codec, so that a file cannot bring what no till would take.
            checked = msgspec.json.decode(msgspec.json.encode(read), type=Item)
        except (ProtocolError, msgspec.ValidationError) as error:
            raise ImportFailed(f"{name}:{number}: {_explained(error)}") from error
        yield number, checked


def _flag(row: Mapping[str, str], column: str) -> bool:
    text = row.get(column, "").lower()
    if text not in _YES | _NO:
        raise InvalidQuantity(f"{column} {text!r}: write yes or no")
    return text in _YES


def _contents(row: Mapping[str, str]) -> dict[str, object]:
    """What a pack or bundle consists of; an empty field says nothing. Raises InvalidQuantity, InvalidId."""
    found: dict[str, object] = {}
    if row.get("pack_of"):
        found["pack_of"] = sku(row["pack_of"])
    if row.get("pack_size"):
        found["pack_size"] = parse_quantity(row["pack_size"])
    parts = []
    for text in row.get("parts", "").split():
        part, star, quantity = text.rpartition("*")
        if not star:
            raise InvalidQuantity(f"field parts: {text!r}: write SKU*QTY, such as TEA*2")
        try:
            parts.append({"sku": sku(part), "quantity": parse_quantity(quantity)})
        except InvalidQuantity as error:
            raise InvalidQuantity(f"field parts: {text!r}: {error}") from error
    return {**found, "parts": parts} if parts else found


def _whole(row: Mapping[str, str], column: str) -> int:
    text = row.get(column, "") or "0"
    if not (text.isascii() and text.isdigit()):
        raise InvalidQuantity(f"{column} {text!r}: write a whole number")
    return int(text)


def _basis_points(text: str) -> int:
    if not text:
        return 0
    # Thousandths of a percent are ten times finer than basis points.
    return parse_quantity(text.removesuffix("%")) * BASIS_POINTS // 100_000


def rows_of(name: str, text: str, known: Sequence[str], needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV file as fields by column, each with its number; all columns are known, no `needed` one lacks.

    Raises ImportFailed.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = [column.strip().lower() for column in reader.fieldnames or ()]
    missing = [column for column in needed if column not in columns]
    lists = known is ITEM_COLUMNS
    unknown = [
        column
        for column in columns
        if column not in known and not (lists and column.startswith(PRICES) and column != PRICES)
    ]
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"has the unknown column {', '.join(unknown)}"
        raise ImportFailed(f"{name}:1: the head line {problem}; it may have {', '.join(known)}")
    reader.fieldnames = columns
    for row in reader:
        if row.get(None) is not None or any(value is None for value in row.values()):
            raise ImportFailed(f"{name}:{reader.line_num}: has not as many fields as the head line; check the commas")
        yield reader.line_num, {column: value.strip() for column, value in row.items()}


def _explained(error: Exception) -> str:
    """Put the column first: msgspec says "Expected `int` <= 1000000000 - at `$.parts[0].quantity`"."""
    words, marked, path = str(error).partition(" - at `$")
    column = path.rstrip("`").removeprefix(".").partition("[")[0].partition(".")[0].removesuffix("_bp")
    return f"field {column}: {words}" if marked and column else str(error)
