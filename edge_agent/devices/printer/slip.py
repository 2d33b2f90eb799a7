"""Paper that is no receipt: reports, pick tickets, cash slips. What it says is a list of pieces, kept in the spool.

A desk puts a slip together (`shift_slips`, `stock_slips`, or pieces of its own) and never touches the printer's room:
`spool.enqueue(kind="slip", payload=encode(slip))`. All words on it are already in its language. As with receipts, a
field is only ever added, with a default: older slips lie in the spool.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from edge_agent.devices.errors import UnreadablePayload
from edge_agent.devices.printer.receipt import Language, nfc

PIECES_MAX = 1_000
"""A slip of more pieces is a mistake: at 30 dot rows each it would be four metres long."""

Weight = Literal["normal", "small", "strong", "big"]


class _Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a slip; they stand under each other."""


class Heading(_Piece, frozen=True, kw_only=True, tag="heading"):
    """A title inside the slip, with a rule above it."""

    text: str


class Words(_Piece, frozen=True, kw_only=True, tag="words"):
    """A paragraph, wrapped at words."""

    text: str
    weight: Weight = "normal"
    align: Literal["left", "centre"] = "left"


class Pair(_Piece, frozen=True, kw_only=True, tag="pair"):
    """A label at the left and its value at the right."""

    label: str
    value: str
    weight: Weight = "normal"


class Table(_Piece, frozen=True, kw_only=True, tag="table"):
    """Rows of cells. The first column is text and gets what room is left; the others stand at the right.

    `columns` are the headings, one a cell; a row may have fewer cells. Where the paper is too narrow the first cell
    stands on a line of its own.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Tick(_Piece, frozen=True, kw_only=True, tag="tick"):
    """Something to gather or check: an empty box, how many, what, and where it is or which code it has."""

    quantity: str
    name: str
    details: tuple[str, ...] = ()


class Notice(_Piece, frozen=True, kw_only=True, tag="notice"):
    """White on a black bar."""

    text: str


class Signed(_Piece, frozen=True, kw_only=True, tag="signed"):
    """A line to sign on, with who signs under it."""

    who: str


class CodeMark(_Piece, frozen=True, kw_only=True, tag="code"):
    """A code that a scanner reads, with a line under it."""

    kind: Literal["qr", "code128", "ean13"]
    content: str
    caption: str = ""


class Space(_Piece, frozen=True, kw_only=True, tag="space"):
    """A rule, or only white."""

    rule: bool = True


Piece = Heading | Words | Pair | Table | Tick | Notice | Signed | CodeMark | Space


class Slip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of paper.

    `title` in capitals, `number` big under it if there is one; `facts` are small label and value pairs under the head;
    `at` carries the store's offset. `reprint_number` n > 0 marks it as REPRINT #n, `training` as worth nothing.
    """

    title: str
    at: datetime
    language: Language
    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=PIECES_MAX)]
    number: str = ""
    store_name: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    training: bool = False
    reprint_number: int = 0


_DECODER = msgspec.json.Decoder(Slip)
"""Made here and not at its first use, as in `receipt.py`."""


def encode(slip: Slip) -> bytes:
    """The slip as JSON: the `payload` of a print job of kind "slip". All text becomes NFC."""
    return nfc(msgspec.json.encode(slip).decode()).encode()


def decode(payload: bytes, *, reprint_number: int = 0) -> Slip:
    """Read what `encode` wrote, marked as that reprint. Raises UnreadablePayload."""
    try:
        slip = _DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise UnreadablePayload(
            f"print job: its slip cannot be read ({exc}); print it again where it was made"
        ) from exc
    return msgspec.structs.replace(slip, reprint_number=reprint_number)
