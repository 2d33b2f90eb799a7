"""A scan taken apart: the multiplier, the symbology, what kind of code it is, and what it says beside the item."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from edge_agent.till.codes.cards import holds_card_number
from edge_agent.till.codes.embedded import Embedded, read_embedded, scaled
from edge_agent.till.codes.gs1 import SEPARATOR, Gs1Reading, read_elements, read_link
from edge_agent.till.codes.gtin import GTIN_LENGTHS, expand_upc_e, is_digits, is_gtin
from protocol.barcodes import BarcodeLayout
from protocol.errors import InvalidMoney, InvalidQuantity
from protocol.money import decimals
from protocol.quantity import QUANTITY_MAX, SCALE, parse_quantity

Suspicion = Literal["", "bad_check_digit", "card_number_refused", "unreadable_scan", "bad_quantity"]
ScanKind = Literal["item", "receipt", "customer", "voucher", "multiplier", "nothing"]

CODE_LENGTH_MAX = 64
"""The length of a SKU or barcode in the catalogue; what is longer was read wrong, or is two scans in one."""

_RAW_MAX = 1024
_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_MULTIPLIER = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*\*\s*(.*)", re.DOTALL)
_RECEIPT = re.compile(r"[^\s-][^\s]*-[^\s-]+-[0-9]{1,9}-[0-9]{6,}")
_LINK = re.compile(r"https?://", re.IGNORECASE)
_ADD_ON = re.compile(r"([0-9]{13})(?:[0-9]{2}|[0-9]{5})")
_IN_BRACKETS = re.compile(r"\((01|02)\)[0-9]{14}(?:\([0-9]{2,4}\)[^()]+)*")
_PRICE_MAX = 10**15

# ISO/IEC 15424. These four mean: what follows is element strings. "]e" is GS1 DataBar, "]J1" GS1 DotCode.
_GS1_AIM = ("]C1", "]d2", "]Q3", "]J1", "]e")
_SYMBOLOGIES = {
    "A": "code39", "C": "code128", "E": "ean", "F": "codabar", "G": "code93", "I": "itf", "J": "dotcode",
    "Q": "qr", "d": "datamatrix", "e": "databar", "L": "pdf417", "z": "aztec",
}  # fmt: skip


@dataclass(frozen=True)
class ScanRules:
    """What a store has settled about its codes. `layouts` are tried in their order (see `readable_layouts`).

    `separator`: what this store's scanners send in the place of GS, "" for GS itself only. `this_year` settles
    which century two digits mean. Prefixes "" tell nothing.
    """

    layouts: tuple[BarcodeLayout, ...] = ()
    customer_prefix: str = ""
    voucher_prefix: str = ""
    separator: str = ""
    currency: str = "VND"
    this_year: int = 2026


NO_RULES = ScanRules()


@dataclass(frozen=True)
class ScanReading:
    """A scan taken apart. `quantity` is the multiplier in thousandths, None without one; `text` is "" for a bare `N*`.

    `text` is what to look up; when nothing has it, `alternatives` in their order (the UPC-A of a UPC-E, the code of a
    label with its value at 0), then `plu`, the item's digits of an embedded code. `weight` and `count` in thousandths
    and `price` in minor units are the whole label's; a label that says 0 says nothing. `lot`, `expiry`,
    `best_before` and `serial` come from GS1 codes, `symbology` from the scanner's AIM id; "" and None: not said.

    `suspicion` says what to tell the cashier if nothing in the catalogue has this code. With "card_number_refused"
    a `text` may be looked up, and must be forgotten, unlogged, when it is not found.
    """

    text: str
    quantity: int | None = None
    suspicion: Suspicion = ""
    kind: ScanKind = "item"
    alternatives: tuple[str, ...] = ()
    plu: str = ""
    weight: int | None = None
    count: int | None = None
    price: int | None = None
    lot: str = ""
    serial: str = ""
    expiry: date | None = None
    best_before: date | None = None
    symbology: str = ""


def read_scan(raw: str, rules: ScanRules = NO_RULES) -> ScanReading:
    """Take apart what was scanned or typed: `8934602100016`, `]E08934602100016`, `3*8934602100016`, `3*`.

    Never raises.
    """
    text = raw[: _RAW_MAX + 1].strip(" \t\r\n\x00\x02\x03")
    quantity: int | None = None
    match = _MULTIPLIER.fullmatch(text)
    if match is not None:
        quantity = _multiplier(match.group(1))
        if quantity is None:
            return ScanReading("", None, "bad_quantity", "nothing")
        text = match.group(2)
    # ISO/IEC 15424: "]", a symbology letter, a modifier. No code of a shop starts with a closing bracket.
    aim = _AIM_ID.match(text)
    text = text[aim.end() :] if aim is not None else text
    if not text and quantity is not None:
        return ScanReading("", quantity, kind="multiplier")
    reading = _read_code(text, aim.group() if aim is not None else "", rules)
    return reading if quantity is None else replace(reading, quantity=quantity)


def _read_code(text: str, aim: str, rules: ScanRules) -> ScanReading:
    symbology = _SYMBOLOGIES.get(aim[1:2], "")
    gs1 = _gs1(text, aim, rules)
    if gs1 is not None:
        return _of_gs1(gs1, symbology, rules.currency)
    if aim == "]E3" and (add_on := _ADD_ON.fullmatch(text)) is not None:
        text = add_on.group(1)  # a magazine's issue, or a book's price, stands behind its EAN
    alternative = expand_upc_e(text)
    suspicion = _suspicion(text, is_upc_e=bool(alternative))
    if suspicion not in ("", "bad_check_digit"):
        # A card number keeps its text only when it is nothing but digits, like a shop's own code may be: the caller
        # looks that up and then forgets it. Track data never gets past here.
        keeps_text = suspicion == "card_number_refused" and is_digits(text)
        return ScanReading(text if keeps_text else "", None, suspicion, "nothing", symbology=symbology)
    kind = _kind(text, rules)
    if kind == "item" and suspicion == "" and len(text) in (12, 13) and is_digits(text):
        embedded = read_embedded(text, rules.layouts)
        if embedded is not None:
            return _of_embedded(text, embedded, symbology, rules.currency)
    alternatives = (alternative,) if alternative else ()
    return ScanReading(text, None, suspicion, kind, alternatives, symbology=symbology)


def _gs1(text: str, aim: str, rules: ScanRules) -> Gs1Reading | None:
    if _LINK.match(text):
        return read_link(text, rules.this_year)
    is_gs1 = aim.startswith(_GS1_AIM) or SEPARATOR in text
    if rules.separator and rules.separator in text:
        is_gs1, text = True, text.replace(rules.separator, SEPARATOR)
    if _IN_BRACKETS.fullmatch(text):  # as it stands under the bars, typed from there
        is_gs1, text = True, re.sub(r"\(", f"{SEPARATOR}", text).replace(")", "")
    return read_elements(text, rules.this_year) if is_gs1 else None


def _of_gs1(gs1: Gs1Reading, symbology: str, currency: str) -> ScanReading:
    if not gs1.gtin:
        return ScanReading("", None, "bad_check_digit", "nothing", symbology=symbology)
    price = _minor(gs1.price, currency)
    if price is None and gs1.price is not None:
        return ScanReading("", None, "unreadable_scan", "nothing", symbology=symbology)
    return ScanReading(
        gs1.gtin,
        weight=gs1.weight_g or None,
        count=gs1.count * SCALE if gs1.count and gs1.count * SCALE <= QUANTITY_MAX else None,
        price=price or None,
        lot=gs1.lot,
        serial=gs1.serial,
        expiry=gs1.expiry,
        best_before=gs1.best_before,
        symbology=symbology,
    )


def _of_embedded(text: str, embedded: Embedded, symbology: str, currency: str) -> ScanReading:
    if embedded.kind == "price":
        value = _minor(Decimal(embedded.value).scaleb(embedded.exponent), currency)
    else:
        value = scaled(embedded.value, embedded.exponent + 3)
    if value is None or not embedded.is_sound:
        # Never the item without what its label says: 200 g would be sold as a kilogram.
        return ScanReading(text, suspicion="bad_check_digit", symbology=symbology)
    return ScanReading(
        text,
        alternatives=(embedded.zeroed,),
        plu=embedded.item,
        weight=(value or None) if embedded.kind == "weight" else None,
        count=(value or None) if embedded.kind == "quantity" else None,
        price=(value or None) if embedded.kind == "price" else None,
        symbology=symbology,
    )


def _minor(price: Decimal | None, currency: str) -> int | None:
    # Exactly, or not at all: a price that the store's money cannot pay was printed for another one.
    if price is None:
        return None
    try:
        amount = price.scaleb(decimals(currency))
    except InvalidMoney:
        return None
    return int(amount) if amount == amount.to_integral_value() and amount <= _PRICE_MAX else None


def _kind(text: str, rules: ScanRules) -> ScanKind:
    if rules.customer_prefix and text.startswith(rules.customer_prefix):
        return "customer"
    if rules.voucher_prefix and text.startswith(rules.voucher_prefix):
        return "voucher"
    return "receipt" if _RECEIPT.fullmatch(text) else "item"


def _suspicion(text: str, *, is_upc_e: bool) -> Suspicion:
    if holds_card_number(text):
        return "card_number_refused"
    if not text or len(text) > CODE_LENGTH_MAX or not text.isprintable():
        return "unreadable_scan"
    if len(text) in GTIN_LENGTHS and is_digits(text) and not is_gtin(text) and not is_upc_e:
        return "bad_check_digit"
    return ""


def _multiplier(text: str) -> int | None:
    try:
        return parse_quantity(text) or None
    except InvalidQuantity:
        return None
