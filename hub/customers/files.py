"""Reading a shop's customers, as CSV or JSON lines. Pure: text in, values or a named line out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from hub.errors import ImportFailed
from hub.storage.records import DocumentPut
from protocol.documents import Customer
from protocol.errors import ProtocolError
from protocol.money import parse_amount

COLUMNS = (
    "customer", "name", "phone", "email", "card", "consent", "price_list", "group", "points", "currency", "owes",
    "credit_limit",
)  # fmt: skip
_YES, _NO = frozenset({"yes", "true", "1", "x"}), frozenset({"no", "false", "0", ""})
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def read_customers(name: str, text: str, *, currency: str, country_code: str) -> Sequence[DocumentPut]:
    """Read customers from CSV: `customer` (her id) and `name` are needed, amounts are decimal numbers.

    `currency` is that of amounts without one; `country_code` ("84") takes the place of a phone number's leading 0. What
    she owes is set only by a file that has that column. Raises ImportFailed, which names file, line, field and remedy.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = [column.strip().lower() for column in reader.fieldnames or ()]
    for column in ("customer", "name"):
        if column not in columns:
            raise ImportFailed(f"{name}:1: the head line lacks {column}; it may have {', '.join(COLUMNS)}")
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise ImportFailed(f"{name}:1: unknown column {', '.join(unknown)}; it may have {', '.join(COLUMNS)}")
    reader.fieldnames = columns
    found: dict[str, DocumentPut] = {}
    for row in reader:
        place = f"{name}:{reader.line_num}"
        if row.get(None) is not None or any(value is None for value in row.values()):
            raise ImportFailed(f"{place}: has not as many fields as the head line; check the commas")
        customer = _customer(place, {column: value.strip() for column, value in row.items()}, currency, country_code)
        if customer.customer in found:
            raise ImportFailed(f"{place}: customer {customer.customer} is in the file twice; keep one of the lines")
        found[customer.customer] = DocumentPut(customer.customer, customer, sets_rest="owes" in columns)
    return list(found.values())


def phone_of(text: str, country_code: str) -> str:
    """A phone number as E.164: "0901 234 567" is "+84901234567". Raises ValueError with words."""
    digits = re.sub(r"[\s().\-/]", "", text)
    if not digits:
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif digits.startswith("0"):
        digits = f"+{country_code}{digits[1:]}"
    elif not digits.startswith("+"):
        digits = f"+{digits}"
    if _PHONE.fullmatch(digits) is None:
        raise ValueError(f"{text!r} is no phone number; write it like +84901234567 or 0901234567")
    return digits


def _customer(place: str, row: dict[str, str], currency: str, country_code: str) -> Customer:
    field = ""
    read: dict[str, object] = {}
    try:
        for field, value in row.items():
            if value or field in ("customer", "name"):
                read[field] = _value(field, value, row.get("currency") or currency, country_code)
        field = ""
        # Through the codec once, so that a file cannot bring what no till would take.
        return msgspec.json.decode(msgspec.json.encode(read), type=Customer)
    except msgspec.ValidationError as error:
        raise ImportFailed(f"{place}: {error}") from error
    except (ProtocolError, ValueError) as error:
        raise ImportFailed(f"{place}: field {field}: {error}") from error


def _value(field: str, value: str, currency: str, country_code: str) -> object:
    read: Mapping[str, Callable[[str], object]] = {
        "phone": lambda text: phone_of(text, country_code),
        "email": str.lower,
        "consent": _consent,
        "points": int,
        "owes": lambda text: parse_amount(text, currency.upper()),
        "credit_limit": lambda text: parse_amount(text, currency.upper()),
        "currency": str.upper,
    }
    if "\x00" in value:
        raise ValueError("has a zero character; take it out")
    return read.get(field, str)(value)


def _consent(value: str) -> bool:
    if value.lower() not in _YES | _NO:
        raise ValueError(f"{value!r}: write yes or no")
    return value.lower() in _YES


def in_parts(puts: Sequence[DocumentPut], size: int) -> Iterator[Sequence[DocumentPut]]:
    """A file in parts, each small enough for one transaction."""
    for start in range(0, len(puts), size):
        yield puts[start : start + size]
