"""Names as words that can be compared: no case, no marks (đ is d), numbers joined with their units in one spelling.

Pure. Names and queries go through the same function, so `Sữa tươi 1,5 Lít` and `sua tuoi 1.5l` become the same words.
The trap: what is in the index was made by these rules; whoever changes them adds a migration that makes it anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

WORDS_MAX = 24
"""Words of one name that count; a receipt has room for eight."""

WORD_LETTERS_MAX = 32

_UNITS = {
    "l": "l", "lit": "l", "liter": "l", "litre": "l", "lt": "l", "ml": "ml", "mili": "ml", "cl": "cl", "cc": "ml",
    "g": "g", "gr": "g", "gam": "g", "gram": "g", "kg": "kg", "ki": "kg", "kilo": "kg", "kilogam": "kg",
    "kilogram": "kg", "mg": "mg", "m": "m", "cm": "cm", "mm": "mm", "w": "w", "oz": "oz",
}  # fmt: skip

_TIMES = re.compile(r"(?<=[0-9])\s*[x*]\s*(?=[0-9])")
_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*[^\W_]*|[^\W_]+")
_NUMBER = re.compile(r"([0-9]+(?:[.,][0-9]+)*)([^\W0-9_]*)")
_CHAINING = "-/&.'"
_CHAIN = re.compile(rf"[^\W0-9_]+(?:[{_CHAINING}][^\W0-9_]+)+")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:[.,][0-9]{3})+")


class _Folding(dict[int, str]):
    """A table for `str.translate` that fills itself: one entry for each character that was ever seen."""

    def __missing__(self, code: int) -> str:
        letters = unicodedata.normalize("NFKD", chr(code)).replace("đ", "d").replace("Đ", "d").casefold()
        self[code] = folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
        return folded


_folding = _Folding()


def fold(text: str) -> str:
    """`text` without case and marks, NFC or NFD alike: `Sữa Đặc` is `sua dac`."""
    return text.translate(_folding)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or of a query, folded, in their order, at most WORDS_MAX."""
    return tuple(_joined(fold(text)))


def marked_words_of(text: str) -> tuple[str, ...]:
    """The same words in the same order with their marks, in lower case and NFC."""
    return tuple(_joined(unicodedata.normalize("NFC", text).lower()))


def words_of_item(name: str, brand: str) -> tuple[str, ...]:
    """The words by which an item is found: its name's, then those of its brand that the name leaves out.

    What a sign holds together may be typed as one: `P/S` is found as `ps`, `Coca-Cola` as `cocacola`.
    """
    words = words_of(name)
    more: list[str] = []
    if any(sign in name for sign in _CHAINING):  # most names have none, and a whole catalogue passes here
        more += ("".join(filter(str.isalpha, chain)) for chain in _CHAIN.findall(fold(name)))
    more += words_of(brand) if brand else ()
    return (*words, *(word for word in dict.fromkeys(more) if word not in words))[:WORDS_MAX]


def has_marks(text: str) -> bool:
    """Say whether somebody took the trouble to type marks."""
    return fold(text) != text.casefold()


def _joined(text: str) -> Iterator[str]:
    left = WORDS_MAX
    number = ""
    for word in _WORD.findall(_TIMES.sub(" ", text.replace("\N{MULTIPLICATION SIGN}", "x"))):
        match = _NUMBER.fullmatch(word)
        if number:
            unit = _UNITS.get(fold(word), "") if match is None else ""
            yield number + unit
            left -= 1
            number = ""
            if unit:
                continue
        if left <= 0:
            return
        if match is None:
            yield word[:WORD_LETTERS_MAX]
        elif match.group(2):
            unit = fold(match.group(2))
            yield (_plain(match.group(1)) + _UNITS.get(unit, unit))[:WORD_LETTERS_MAX]
        else:
            number = _plain(match.group(1))[:WORD_LETTERS_MAX]
            continue
        left -= 1
    if number and left > 0:
        yield number


def _plain(number: str) -> str:
    """1,50 is 1.5 and 1.000 is 1000: three digits behind a mark are thousands, as they are written in Vietnam."""
    if _THOUSANDS.fullmatch(number):
        return number.replace(".", "").replace(",", "")
    whole, *rest = re.split("[.,]", number)
    fraction = "".join(rest).rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
