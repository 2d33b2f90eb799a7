"""Slips about goods: what to gather for a web order, what left for another store, what came in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from edge_agent.devices.printer.receipt import Language
from edge_agent.devices.printer.shift_slips import Occasion
from edge_agent.devices.printer.slip import CodeMark, Pair, Piece, Signed, Slip, Space, Table, Tick, Words
from edge_agent.devices.printer.slip_wording import SlipWord, say
from edge_agent.devices.printer.wording import DOT, date_text, time_text, weight_text, word


@dataclass(frozen=True, kw_only=True)
class GoodsLine:
    """Some of one item, in thousandths. `awaited` is what papers said; None: nobody said."""

    name: str
    quantity: int
    unit: str = ""
    barcode: str = ""
    shelf: str = ""
    stock: int | None = None
    awaited: int | None = None
    lot: str = ""
    expires: date | None = None


@dataclass(frozen=True, kw_only=True)
class OrderToPick:
    """A web order as the ticket shows it; `due_at` in store time, `code` is what a scan of the ticket says."""

    number: str
    code: str
    lines: Sequence[GoodsLine]
    customer: str = ""
    channel: str = ""
    way: Literal["pickup", "delivery"] = "pickup"
    due_at: datetime | None = None
    note: str = ""


def pick_ticket(order: OrderToPick, occasion: Occasion) -> Slip:
    """What to gather: a box to tick, how many, what, where; in the order of the shelves."""
    language = occasion.language
    facts: list[tuple[SlipWord, str]] = [
        ("customer", order.customer),
        ("channel", order.channel),
        ("way", say(language, order.way)),
        ("due", "" if order.due_at is None else time_text(order.due_at, language)),
    ]
    pieces: list[Piece] = [
        Tick(quantity=weight_text(line.quantity, line.unit, language), name=line.name, details=_where(line, language))
        for line in sorted(order.lines, key=lambda line: (not line.shelf, line.shelf))
    ]
    pieces += [Space(), Pair(label=say(language, "total_pieces"), value=_sum(order.lines, language), weight="strong")]
    if order.note:
        pieces += [Words(text=f"{say(language, 'note')}: {order.note}", weight="strong")]
    pieces += [CodeMark(kind="code128", content=order.code, caption=order.code)]
    return Slip(
        title=say(language, "pick_ticket"), number=order.number, at=occasion.at, language=language,
        store_name=occasion.store_name, facts=tuple((say(language, key), value) for key, value in facts if value),
        pieces=tuple(pieces), training=occasion.training,
    )  # fmt: skip


def transfer_slip(  # noqa: PLR0913  a transfer, by keyword
    lines: Sequence[GoodsLine],
    occasion: Occasion,
    *,
    transfer: str,
    other_store: str,
    direction: Literal["out", "in"],
    note: str = "",
) -> Slip:
    """Goods that go to another store or came from one; one copy travels with them and is signed."""
    title: SlipWord = "transfer_out" if direction == "out" else "transfer_in"
    partner: SlipWord = "to_store" if direction == "out" else "from_store"
    return _goods_slip(lines, occasion, title, transfer, [(partner, other_store)], note)


def receiving_slip(  # noqa: PLR0913  a delivery, by keyword
    lines: Sequence[GoodsLine],
    occasion: Occasion,
    *,
    number: str = "",
    supplier: str = "",
    document: str = "",
    note: str = "",
) -> Slip:
    """Goods that arrived, with what was ordered beside it where that is known."""
    return _goods_slip(lines, occasion, "receiving", number, [("supplier", supplier), ("document", document)], note)


def _goods_slip(  # noqa: PLR0913, PLR0917  the parts that differ
    lines: Sequence[GoodsLine],
    occasion: Occasion,
    title: SlipWord,
    number: str,
    facts: Iterable[tuple[SlipWord, str]],
    note: str,
) -> Slip:
    language = occasion.language
    shown: list[tuple[SlipWord, str]] = [*facts, ("till", occasion.till), ("by", occasion.by)]
    pieces: list[Piece] = [_goods_table(lines, language), Space()]
    pieces += [Pair(label=say(language, "total_pieces"), value=_sum(lines, language), weight="strong")]
    if note:
        pieces += [Words(text=f"{say(language, 'note')}: {note}")]
    pieces += [Signed(who=say(language, "signature_sent")), Signed(who=say(language, "signature_received"))]
    if number.isascii() and number:
        pieces += [CodeMark(kind="code128", content=number, caption=number)]
    return Slip(
        title=say(language, title), number=number, at=occasion.at, language=language, store_name=occasion.store_name,
        facts=tuple((say(language, key), value) for key, value in shown if value), pieces=tuple(pieces),
        training=occasion.training,
    )  # fmt: skip


def _goods_table(lines: Sequence[GoodsLine], language: Language) -> Table:
    if all(line.awaited is None for line in lines):
        rows = tuple((_named(line, language), weight_text(line.quantity, line.unit, language)) for line in lines)
        return Table(columns=(say(language, "item"), say(language, "quantity")), rows=rows)
    compared = tuple(
        (
            _named(line, language),
            "" if line.awaited is None else weight_text(line.awaited, line.unit, language),
            weight_text(line.quantity, line.unit, language),
            "" if line.awaited in {None, line.quantity} else _signed(line.quantity - (line.awaited or 0), language),
        )
        for line in lines
    )
    heads: tuple[SlipWord, ...] = ("item", "awaited", "quantity", "difference")
    return Table(columns=tuple(say(language, head) for head in heads), rows=compared)


def _where(line: GoodsLine, language: Language) -> tuple[str, ...]:
    place = f"{say(language, 'shelf')} {line.shelf}" if line.shelf else ""
    stock = "" if line.stock is None else f"{say(language, 'stock_left')} {weight_text(line.stock, '', language)}"
    return tuple(filter(None, (_lot(line, language), f" {DOT} ".join(filter(None, (place, line.barcode, stock))))))


def _named(line: GoodsLine, language: Language) -> str:
    lot = _lot(line, language)
    return f"{line.name} {DOT} {lot}" if lot else line.name


def _lot(line: GoodsLine, language: Language) -> str:
    lot = f"{word(language, 'lot')} {line.lot}" if line.lot else ""
    expires = "" if line.expires is None else f"{word(language, 'expires')} {date_text(line.expires, language)}"
    return f" {DOT} ".join(filter(None, (lot, expires)))


def _signed(difference: int, language: Language) -> str:
    return f"+{weight_text(difference, '', language)}" if difference > 0 else weight_text(difference, "", language)


def _sum(lines: Sequence[GoodsLine], language: Language) -> str:
    """Pieces only: kilograms and boxes do not add up."""
    pieces = sum(line.quantity if line.quantity % 1000 == 0 else 1000 for line in lines)
    return weight_text(pieces, "", language)
