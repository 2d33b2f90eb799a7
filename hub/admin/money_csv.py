"""Lines of money as CSV, for the dashboard and the command line, with amounts as a spreadsheet reads them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hub.admin.stock_pages import csv_lines, plain
from hub.storage.money_records import KeptLine
from hub.storage.queries_money import MoneyFilter, MoneyQueries
from protocol.money import decimals

HEAD = (
    "line", "day", "store", "channel", "outcome", "open", "at_utc", "kind", "currency", "tendered", "paid",
    "difference", "fee", "fee_expected", "receipt", "terminal", "reference", "payment", "about", "found_by",
    "note", "apart_s", "decision", "decided_by", "decided_note",
)  # fmt: skip
"""Words for programs: the same in every language, as are those of the outcomes."""

PAGE = 2_000
PAGES_MAX = 1_000


def csv_parts(queries: MoneyQueries, wanted: MoneyFilter) -> Iterator[bytes]:
    """The whole file, with a byte order mark so that Excel reads it as UTF-8; read as it is taken."""
    yield b"\xef\xbb\xbf" + csv_lines([list(HEAD)])
    for page in range(PAGES_MAX):
        lines = queries.lines(wanted, PAGE, page * PAGE)
        yield csv_lines([csv_row(kept) for kept in lines])
        if len(lines) < PAGE:
            return


def csv_row(kept: KeptLine) -> list[str]:
    """HEAD; an unknown fee is an empty field, not 0."""
    line, said = kept.line, kept.decision
    amounts = [line.tendered, line.paid, line.difference, line.fee, line.fee_expected]
    return [
        str(kept.position), line.day.isoformat(), plain(line.store), plain(line.channel), line.outcome,
        "yes" if kept.open else "", f"{line.at:%Y-%m-%d %H:%M:%S}", plain(line.kind), line.currency,
        *("" if amount is None else plain_amount(amount, line.currency) for amount in amounts),
        plain(line.receipt), plain(line.terminal), plain(line.reference), plain(line.payment or ""), plain(line.about),
        line.found_by, line.note, "" if line.apart_ms is None else f"{line.apart_ms / 1000:.0f}",
        *((said.action, plain(said.by), plain(said.note)) if said is not None else ("", "", "")),
    ]  # fmt: skip


def plain_amount(amount: int, currency: str) -> str:
    """An amount as a spreadsheet reads it: digits, a point, and a plain minus."""
    return f"{Decimal(amount).scaleb(-decimals(currency)):f}"
