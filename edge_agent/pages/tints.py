"""Quick keys: their pages in the shop's order, and their colours.

The colours are words that a catalogue may use, each a class of the style sheet, in light and in dark. A word that it
lacks falls back by the label, so that the same goods have the same colour every day.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from edge_agent.till.view import QuickKeyView

TINTS = ("green", "blue", "amber", "red", "violet", "teal", "pink", "grey")


def tint(colour: str, label: str) -> str:
    """Return the class of a key's colour."""
    word = colour.strip().lower()
    return word if word in TINTS else TINTS[crc32(label.encode()) % (len(TINTS) - 1)]


def pages_of(keys: Iterable[QuickKeyView]) -> list[tuple[str, list[QuickKeyView]]]:
    """Group the keys by their page; pages and keys stay in the shop's order."""
    pages: dict[str, list[QuickKeyView]] = {}
    for key in keys:
        pages.setdefault(key.page, []).append(key)
    return list(pages.items())
