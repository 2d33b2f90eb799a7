"""Codes that scanners and telephones read, as rows: Code 128, EAN-13, QR. What does not fit the paper is left out.

A code that is too small to be read is worse than none: under it stands what it says. Quiet zones are part of the sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import segno
from barcode.codex import Code128  # type: ignore[import-untyped]  # the package says no types
from barcode.ean import EuropeanArticleNumber13  # type: ignore[import-untyped]  # as above

from edge_agent.devices.printer.rows import Bars, Row, Squares

_BARS_QUIET = 2 * 10
"""Ten modules of white on each side, as Code 128 asks."""
_QR_QUIET = 4
_QR_MODULE_MIN, _QR_MODULE_MAX = 3, 8
"""Dots a module: below three a telephone has to be held still, above eight the code only wastes paper."""
_QR_PART = 0.7
"""How much of the paper's width a QR code may take."""
_EAN13_DIGITS = 13


def bars(text: str, width_dots: int, symbology: Literal["code128", "ean13"] = "code128") -> Iterator[Row]:
    """The text as a bar code, if the paper is wide enough for bars that a scanner can read; else nothing."""
    if not text or not text.isascii() or not text.isprintable():
        return
    if symbology == "ean13" and not (text.isdigit() and len(text) == _EAN13_DIGITS):
        symbology = "code128"
    modules = _modules(text, symbology)
    for module_dots in (3, 2):
        if (len(modules) + _BARS_QUIET) * module_dots <= width_dots:
            yield Bars(modules, module_dots, symbology, text)
            return


def qr(text: str, width_dots: int) -> Iterator[Row]:
    """The text as a QR code with error correction M, which survives a crease; nothing if the paper is too narrow."""
    modules = _squares(text)
    module_dots = min(_QR_MODULE_MAX, int(width_dots * _QR_PART / len(modules)))
    if module_dots < _QR_MODULE_MIN and len(modules) * _QR_MODULE_MIN <= width_dots:
        module_dots = _QR_MODULE_MIN
    if module_dots >= _QR_MODULE_MIN:
        yield Squares(modules, module_dots, text)


@lru_cache(maxsize=64)
def _modules(text: str, symbology: str) -> tuple[bool, ...]:
    code = EuropeanArticleNumber13(text) if symbology == "ean13" else Code128(text)
    return tuple(bar == "1" for bar in code.build()[0])


@lru_cache(maxsize=16)
def _squares(text: str) -> tuple[tuple[bool, ...], ...]:
    code = segno.make(text, error="m", boost_error=False, micro=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix_iter(border=_QR_QUIET))
