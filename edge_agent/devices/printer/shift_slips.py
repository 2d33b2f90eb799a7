"""Slips about the till and its cash: X and Z report, cash in and out, a receipt that is held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent.devices.printer.receipt import Language
from edge_agent.devices.printer.slip import CodeMark, Heading, Pair, Piece, Signed, Slip, Space, Table, Words
from edge_agent.devices.printer.slip_wording import SlipWord, say
from edge_agent.devices.printer.wording import (
    amount_text,
    date_text,
    money_text,
    rate_text,
    tender_word,
    time_text,
    weight_text,
)
from protocol.events import CashMoved, ShiftClosed, ShiftSums


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Where, when and for whom a slip is printed; `at` carries the store's offset (`receipt.store_time`)."""

    store_name: str
    at: datetime
    language: Language
    till: str = ""
    by: str = ""
    training: bool = False


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    """One line of a held receipt; thousandths and minor units."""

    name: str
    quantity: int
    amount: int
    unit: str = ""


def x_report(  # noqa: PLR0913  what a running shift is, by keyword
    sums: ShiftSums,
    occasion: Occasion,
    *,
    number: int,
    currency: str,
    opened_at: datetime,
    float_amount: int,
    expected: int | None,
) -> Slip:
    """A shift so far. `expected` None (blind) leaves out what should be in the drawer. `opened_at` in store time."""
    facts = (*_facts(occasion), (say(occasion.language, "opened"), time_text(opened_at, occasion.language)))
    pieces = [*_sums(sums, occasion.language, currency)]
    if expected is not None:
        pieces += _drawer(sums, occasion.language, currency, float_amount, expected)
    return _slip(occasion, "x_report", f"{say(occasion.language, 'shift')} {number}", facts, pieces)


def z_report(closed: ShiftClosed, occasion: Occasion, opened_at: datetime) -> Slip:
    """A closed shift: its sums, its cash, what was over or short. `opened_at` in store time."""
    language, currency = occasion.language, closed.currency
    facts = [
        *_facts(occasion),
        (say(language, "day"), date_text(closed.business_day, language)),
        (say(language, "opened"), time_text(opened_at, language)),
        (say(language, "closed"), time_text(occasion.at, language)),
    ]
    if closed.first_receipt:
        facts.append((say(language, "receipts"), f"{closed.first_receipt} … {closed.last_receipt}"))
    pieces = [
        *_sums(closed.sums, language, currency),
        *_drawer(closed.sums, language, currency, closed.float_amount, closed.expected),
        *_counted(closed, language),
    ]
    if closed.remark:
        pieces += [Space(rule=False), Words(text=f"{say(language, 'remark')}: {closed.remark}")]
    pieces += [Signed(who=say(language, "signature_cashier")), Signed(who=say(language, "signature_supervisor"))]
    return _slip(occasion, "z_report", f"Z {closed.number}", tuple(facts), pieces)


def cash_slip(moved: CashMoved, occasion: Occasion, number: str = "") -> Slip:
    """Cash that was put in or taken out, to be signed."""
    language = occasion.language
    pieces: list[Piece] = [
        Pair(
            label=say(language, "amount"),
            value=money_text(abs(moved.amount), moved.currency, language),
            weight="big",
        ),
        Words(text=f"{say(language, 'reason')}: {moved.reason}"),
        Signed(who=say(language, "signature_cashier")),
        Signed(who=say(language, "signature_supervisor")),
    ]
    title: SlipWord = "cash_in_title" if moved.amount >= 0 else "cash_out_title"
    return _slip(occasion, title, number, _facts(occasion), pieces)


def held_slip(  # noqa: PLR0913  a held receipt, by keyword
    lines: Sequence[HeldLine], occasion: Occasion, *, name: str, code: str, total: int, currency: str
) -> Slip:
    """A receipt that waits, with a code that recalls it when it is scanned."""
    language = occasion.language
    rows = tuple(
        (line.name, weight_text(line.quantity, line.unit, language), amount_text(line.amount, currency, language))
        for line in lines
    )
    pieces: list[Piece] = [
        Table(columns=("", "", ""), rows=rows),
        Space(),
        Pair(label=say(language, "subtotal"), value=money_text(total, currency, language), weight="strong"),
        Space(rule=False),
        Words(text=say(language, "hold_hint"), align="centre"),
        CodeMark(kind="code128", content=code, caption=code),
    ]
    return _slip(occasion, "held", name, _facts(occasion), pieces)


def _slip(
    occasion: Occasion, title: SlipWord, number: str, facts: tuple[tuple[str, str], ...], pieces: Sequence[Piece]
) -> Slip:
    return Slip(
        title=say(occasion.language, title),
        number=number,
        at=occasion.at,
        language=occasion.language,
        store_name=occasion.store_name,
        facts=facts,
        pieces=tuple(pieces),
        training=occasion.training,
    )


def _facts(occasion: Occasion) -> tuple[tuple[str, str], ...]:
    pairs: tuple[tuple[SlipWord, str], ...] = (("till", occasion.till), ("by", occasion.by))
    return tuple((say(occasion.language, key), value) for key, value in pairs if value)


def _sums(sums: ShiftSums, language: Language, currency: str) -> Iterator[Piece]:
    def amount(value: int) -> str:
        return amount_text(value, currency, language)

    yield Table(
        columns=("", say(language, "count"), say(language, "amount")),
        rows=(
            (say(language, "sales"), str(sums.sales), amount(sums.sold)),
            (say(language, "refunds"), str(sums.refunds), amount(-sums.refunded)),
        ),
    )
    yield Space(rule=False)
    yield Pair(label=say(language, "turnover"), value=money_text(sums.turnover, currency, language), weight="big")
    for key, value in (("cuts", sums.cuts), ("rounding", sums.rounding), ("account_paid", sums.account_paid)):
        if value:
            yield Pair(label=say(language, key), value=amount(value), weight="small")  # type: ignore[arg-type]  # three words of the table
    if sums.tenders:
        yield Heading(text=say(language, "tenders"))
        yield Table(
            columns=("", say(language, "count"), say(language, "amount")),
            rows=tuple(
                (tender_word(language, tender.kind), str(tender.count), amount(tender.amount))
                for tender in sums.tenders
            ),
        )
    if sums.taxes:
        yield Heading(text=say(language, "tax_total"))
        yield Table(
            columns=(say(language, "rate"), say(language, "taxed"), say(language, "tax")),
            rows=tuple((rate_text(tax.rate_bp, language), amount(tax.taxed), amount(tax.tax)) for tax in sums.taxes),
        )
        yield Pair(label=say(language, "tax_total"), value=amount(sums.tax_total), weight="strong")
    if sums.cashiers:
        yield Heading(text=say(language, "cashiers"))
        yield Table(
            columns=("", say(language, "count"), say(language, "amount")),
            rows=tuple((each.cashier, str(each.sales), amount(each.amount)) for each in sums.cashiers),
        )
    yield from _other(sums, language)


def _other(sums: ShiftSums, language: Language) -> Iterator[Piece]:
    counts: tuple[tuple[SlipWord, int], ...] = (
        ("voided_lines", sums.voided_lines),
        ("voided_receipts", sums.voided_receipts),
        ("drawer_openings", sums.drawer_openings),
        ("reprints", sums.reprints),
    )
    yield Heading(text=say(language, "other"))
    for key, count in counts:
        yield Pair(label=say(language, key), value=str(count), weight="small")


def _drawer(sums: ShiftSums, language: Language, currency: str, float_amount: int, expected: int) -> Iterator[Piece]:
    rows: tuple[tuple[SlipWord, int], ...] = (
        ("float", float_amount),
        ("cash_in", sums.cash_in),
        ("cash_out", -sums.cash_out),
    )
    yield Heading(text=say(language, "drawer"))
    for key, value in rows:
        yield Pair(label=say(language, key), value=amount_text(value, currency, language), weight="small")
    yield Pair(label=say(language, "expected"), value=amount_text(expected, currency, language), weight="strong")


def _counted(closed: ShiftClosed, language: Language) -> Iterator[Piece]:
    currency = closed.currency
    label = f"{say(language, 'counted')} ({say(language, 'blind')})" if closed.blind else say(language, "counted")
    yield Pair(label=label, value=amount_text(closed.counted, currency, language), weight="strong")
    verdict: SlipWord = "exact" if not closed.over else "over" if closed.over > 0 else "short_cash"
    yield Pair(label=say(language, verdict), value=money_text(abs(closed.over), currency, language), weight="big")
    if closed.notes:
        yield Heading(text=say(language, "notes"))
        yield Table(
            columns=(say(language, "note_value"), say(language, "pieces"), say(language, "amount")),
            rows=tuple(
                (
                    amount_text(note.value, currency, language),
                    str(note.count),
                    amount_text(note.value * note.count, currency, language),
                )
                for note in closed.notes
                if note.count
            ),
        )
