"""In the end: what the notebook, the journal, the paper, the Z report, the running sums and the hub say of the day.

Everybody is asked from outside, after all has come to rest. Paper is compared dot by dot with the receipt drawn once
more from the journal's event: what was printed is what was written down.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from edge_agent.devices.printer import receipt as paper
from edge_agent.devices.printer import slip
from edge_agent.devices.printer.layout import picture_of
from edge_agent.devices.printer.orders import without_orders
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.slip_layout import slip_rows
from edge_agent.till.shift import Tally
from hardware_sim.printer import WIDTH_80_MM, raster_digest
from hub.matters.sums import ReceiptSums
from hub.storage.database import open_database, parse_url
from hub.storage.queries import SqlQueries
from hub.storage.reading import AlarmRow, SaleRow, ShiftRow
from protocol.documents import Settings
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import AccountPaid, EventData, SaleCompleted, SaleRefunded, ShiftClosed
from tests.demo.plan import OPENING_BUILTIN
from tests.demo.stage import Stage, Till
from tests.demo.till_page import TillPage
from tests.integration.whole.day.day import Day
from tests.integration.whole.day.notebook import Notebook
from tests.integration.whole.day.papers import CUSTOMER, NAMES, PRICES, SETTINGS, STORE, STORE_NAME
from tests.integration.whole.day.second_till import SecondDay

SETTLE_S = 60.0
ALARMS = 100
NO_ALARM = {"shift_differs", "returned_twice", "return_unknown", "parked", "level_differs"}


@dataclass(frozen=True)
class TillSays:
    """One till's own books: its facts with their times, its print jobs, its running sums; and what was printed."""

    name: str
    facts: tuple[tuple[EventData, datetime], ...]
    jobs: tuple[tuple[str, str, bytes, str, int], ...]
    tally: Tally
    printed: Counter[str]
    torn: int


@dataclass(frozen=True)
class HubSays:
    """The hub's sums."""

    receipts: tuple[SaleRow, ...]
    day: tuple[ReceiptSums, ...]
    shifts: tuple[ShiftRow, ...]
    alarms: tuple[AlarmRow, ...]
    parked: int
    levels: Mapping[str, int]
    customer_owes: int


@dataclass(frozen=True)
class Statements:
    """All of it."""

    books: Mapping[str, Notebook]
    tills: tuple[TillSays, ...]
    turnover_on_page: int
    hub: HubSays
    language: str


async def settled(stage: Stage, pages: Sequence[TillPage]) -> None:
    """Wait until no till has anything to send, and the hub has both shifts."""
    async with asyncio.timeout(SETTLE_S):
        for page in pages:
            while (await page.get_json("/v1/diagnostics"))["backlog"]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        while not await asyncio.to_thread(_hub_is_done, stage.database_url):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.2)
        for till in stage.tills:
            await till.printer.wait_idle(timeout_s=SETTLE_S)


async def gather(day: Day, second: SecondDay, turnover_on_page: int) -> Statements:
    """Ask everybody."""
    tills = [await asyncio.to_thread(_ask_till, till) for till in day.stage.tills]
    closed = next(fact for fact, _ in tills[0].facts if isinstance(fact, ShiftClosed))
    hub = await asyncio.to_thread(_ask_hub, day.stage.database_url, closed)
    books = {tills[0].name: day.book, tills[1].name: second.book}
    return Statements(books, tuple(tills), turnover_on_page, hub, day.stage.plan.language)


def differences(said: Statements) -> list[str]:
    """Every place in which two of them disagree, in words; [] means that the day adds up."""
    found: list[str] = []
    for till in said.tills:
        book = said.books[till.name]
        found += _journal(till, book)
        found += _z_report(till, book)
        found += _paper(till, book, said.language)
    first = next(iter(said.books.values()))
    found += _same("turnover on the page's Z report", first.sold - first.refunded, said.turnover_on_page)
    found += _hub(said)
    return found


def _journal(till: TillSays, book: Notebook) -> Iterator[str]:
    """Every receipt that the screen showed is one fact, in the same order, for the same money and goods."""
    where = f"journal of {till.name}"
    sales = [fact for fact, _ in till.facts if isinstance(fact, SaleCompleted)]
    refunds = [fact for fact, _ in till.facts if isinstance(fact, SaleRefunded)]
    leading = [
        fact for fact, _ in till.facts
        if isinstance(fact, SaleCompleted) or (isinstance(fact, SaleRefunded) and not fact.exchange)
    ]  # fmt: skip
    yield from _same(f"{where}: numbers", [each.number for each in book.receipts], [f.receipt_number for f in leading])
    yield from _same(f"{where}: sold", book.sold, sum(fact.total for fact in sales))
    yield from _same(f"{where}: refunded", book.refunded, sum(fact.total for fact in refunds))
    for noted, fact in zip(book.receipts, leading, strict=False):
        net = fact.total - noted.refund if isinstance(fact, SaleCompleted) else -fact.total
        yield from _same(f"{where}: total of {noted.number}", noted.total, net)
        sign = 1 if isinstance(fact, SaleCompleted) else -1
        tenders = {each.kind: sign * each.amount for each in fact.tenders if each.kind != "exchange"}
        yield from _same(f"{where}: tenders of {noted.number}", noted.tenders, tenders)
        yield from _sound(fact)
    goods: Counter[str] = Counter()
    for sale in sales:
        goods.update({line.sku: 0 for line in sale.lines})
        for line in sale.lines:
            goods[line.sku] += line.quantity
    for refund in refunds:
        for line in refund.lines:
            goods[line.sku] -= line.quantity
    yield from _same(f"{where}: goods", _without_zeros(book.goods), _without_zeros(goods))


def _sound(fact: SaleCompleted | SaleRefunded) -> Iterator[str]:
    """A receipt adds up by itself; its tax is that of its lines, each rounded by less than a dong."""
    name = fact.receipt_number
    yield from _same(f"{name}: lines", fact.total, sum(line.amount for line in fact.lines))
    yield from _same(f"{name}: tenders", fact.total + fact.rounding, sum(each.amount for each in fact.tenders))
    yield from _same(f"{name}: tax", fact.tax_total, sum(line.tax for line in fact.lines))
    for line in fact.lines:
        exact = line.amount * line.tax_rate_bp / (10_000 + line.tax_rate_bp)
        if abs(line.tax - exact) > 1:
            yield f"{name}: tax of {line.sku} is {line.tax}, not {exact:.1f}"


def _z_report(till: TillSays, book: Notebook) -> Iterator[str]:
    """The Z report says what the notebook says, and the running sums begin anew."""
    closed = [fact for fact, _ in till.facts if isinstance(fact, ShiftClosed)]
    if len(closed) != 1:
        yield f"{till.name}: {len(closed)} Z reports"
        return
    said, sums = closed[0], closed[0].sums
    noted = {
        "sales": book.sales, "sold": book.sold, "refunds": book.refunds, "refunded": book.refunded,
        "turnover": book.sold - book.refunded, "rounding": book.rounding, "account_paid": book.paid_into_account,
        "cash_in": book.cash_in, "cash_out": book.cash_out, "voided_lines": book.voided_lines,
        "voided_receipts": book.voided_receipts, "drawer_openings": book.drawer_openings, "reprints": book.reprints,
    }  # fmt: skip
    for name, amount in noted.items():
        yield from _same(f"Z report of {till.name}: {name}", amount, getattr(sums, name))
    tenders = {each.kind: each.amount for each in sums.tenders if each.amount}
    yield from _same(f"Z report of {till.name}: tenders", _without_zeros(book.tenders), tenders)
    yield from _same(f"Z report of {till.name}: expected", book.expected_cash, said.expected)
    yield from _same(f"Z report of {till.name}: over", 0, said.over)
    yield from _same(f"Z report of {till.name}: tax", sums.tax_total, sum(each.tax for each in sums.taxes))
    taxed = sum(each.taxed for each in sums.taxes)
    yield from _same(f"Z report of {till.name}: taxed", sums.turnover, taxed)
    yield from _same(f"Z report of {till.name}: cashiers", sums.turnover, sum(each.amount for each in sums.cashiers))
    # What each gave back on her own counts on until the day is over, through the next shift as well.
    alone: Counter[str] = Counter()
    for fact, _ in till.facts:
        if isinstance(fact, SaleRefunded) and not fact.allowed_by:
            alone[fact.cashier] += fact.total
    empty = Tally(
        number=said.number, opened_at=till.tally.opened_at, given_back=dict(alone),
        given_back_on=said.business_day if alone else None,
    )  # fmt: skip
    yield from _same(f"running sums of {till.name} after the close", empty, till.tally)


def _paper(till: TillSays, book: Notebook, language: str) -> Iterator[str]:
    """Each receipt came out once, dot for dot as the event says it; and nothing else but the slips."""
    settings = msgspec.convert({**SETTINGS, "store_name": STORE_NAME, "language": language}, Settings)
    rests: Counter[str] = Counter()
    receipts = 0
    for fact, at in till.facts:
        if isinstance(fact, SaleCompleted | SaleRefunded | AccountPaid):
            receipts += 1
            drawn = _digest(_receipt(fact, at, settings, rests))
            if not till.printed[drawn]:
                yield f"{till.name}: {fact.receipt_number} is on no paper as its event says it"
    exchanges = sum(1 for each in book.receipts if each.refund)
    own = bool(book.paid_into_account)  # counted among the slips
    yield from _same(f"{till.name}: receipts", len(book.receipts) + exchanges + own, receipts)
    yield from _same(f"{till.name}: pieces of paper", receipts - own + book.slips, till.printed.total())
    yield from _same(f"{till.name}: torn pieces", 0, till.torn)
    jobs = Counter(_digest_of_job(kind, payload, copy) for kind, _, payload, _, copy in till.jobs if kind != "drawer")
    yield from _same(f"{till.name}: print jobs and paper", jobs, till.printed)
    undone = [(number, state) for kind, number, _, state, _ in till.jobs if kind != "drawer" and state != "printed"]
    yield from _same(f"{till.name}: print jobs that are not done", [], undone)


def _hub(said: Statements) -> Iterator[str]:
    """The hub has each receipt once, the same sums, levels and shifts, and nothing to complain of."""
    hub, books = said.hub, said.books.values()
    told = Counter(fact.receipt_number for till in said.tills for fact, _ in till.facts
                   if isinstance(fact, SaleCompleted | SaleRefunded))  # fmt: skip
    yield from _same("hub: receipts", told, Counter(each.receipt_number for each in hub.receipts))
    turnover = sum(book.sold - book.refunded for book in books)
    yield from _same("hub: turnover by its log", turnover, sum(each.total for each in hub.receipts))
    tenders: Counter[str] = Counter()
    for book in books:
        tenders += book.tenders
    if len(hub.day) == 1:
        sums = hub.day[0]
        yield from _same("hub: turnover of the day", turnover, sums.turnover)
        yield from _same("hub: tenders of the day", _without_zeros(tenders), _without_zeros(sums.tenders))
    else:
        yield f"hub: the day has sums in {len(hub.day)} currencies"
    yield from _same("hub: shifts", [True] * len(said.tills), [shift.closed_at is not None for shift in hub.shifts])
    for shift in hub.shifts:
        book = said.books[shift.terminal]
        yield from _same(f"hub: shift of {shift.terminal}", book.sold - book.refunded, shift.sums.turnover)
        yield from _same(f"hub: what differs in the shift of {shift.terminal}", "", shift.differs)
    yield from _same("hub: alarms", [], [alarm.kind for alarm in hub.alarms if alarm.kind in NO_ALARM])
    yield from _same("hub: parked", 0, hub.parked)
    gone: Counter[str] = Counter()
    for book in books:
        gone.update(book.goods)
    levels = {sku: OPENING_BUILTIN - gone[sku] for sku in PRICES}
    yield from _same("hub: levels", levels, dict(hub.levels))
    yield from _same("hub: what the customer owes", 0, hub.customer_owes)


def _receipt(
    fact: SaleCompleted | SaleRefunded | AccountPaid, at: datetime, settings: Settings, rests: Counter[str]
) -> paper.Receipt:
    """The receipt as the event says it; `rests` is what vouchers hold, and is kept up."""
    cashier = NAMES.get(fact.cashier, "")
    customer = str(CUSTOMER["name"]) if fact.customer else ""
    if isinstance(fact, AccountPaid):
        return paper.receipt_of_account_payment(
            fact, settings, at, settings.language, cashier=cashier, customer=customer
        )
    sign = -1 if isinstance(fact, SaleCompleted) else 1
    for tender in fact.tenders:
        if tender.kind == "voucher" and tender.reference:
            rests[tender.reference] += sign * tender.amount
    codes = {tender.reference for tender in fact.tenders if tender.reference}
    held = {code: rests[code] for code in codes if code in rests}
    return paper.receipt_of_sale(fact, settings, at, settings.language, cashier=cashier, customer=customer, rests=held)


def _digest(receipt: paper.Receipt) -> str:
    return raster_digest(without_orders(picture_of(receipt, WIDTH_80_MM)))


def _digest_of_job(kind: str, payload: bytes, copy: int) -> str:
    if kind == "receipt":
        return _digest(paper.decode(payload, reprint_number=copy))
    rows = slip_rows(slip.decode(payload, reprint_number=copy), WIDTH_80_MM, "raster")
    return raster_digest(without_orders(draw(rows, WIDTH_80_MM)))


def _ask_till(till: Till) -> TillSays:
    path = (till.folder / "data" / "till.db").as_uri()
    with contextlib.closing(sqlite3.connect(f"{path}?mode=ro", uri=True)) as connection:
        facts = tuple(_facts(connection.execute("SELECT raw FROM event ORDER BY epoch, sequence")))
        jobs = connection.execute(
            "SELECT kind, receipt_number, payload, state, copy_number FROM print_job ORDER BY position"
        )
        tally = msgspec.json.decode(connection.execute("SELECT body FROM shift_tally").fetchone()[0], type=Tally)
        printed = Counter(receipt.raster_sha256 for receipt in till.printer.receipts if receipt.complete)
        torn = sum(not receipt.complete for receipt in till.printer.receipts)
        return TillSays(till.terminal, facts, tuple(jobs), tally, printed, torn)


def _facts(rows: sqlite3.Cursor) -> Iterator[tuple[EventData, datetime]]:
    for (raw,) in rows:
        event = read_event(raw)
        assert isinstance(event, Event), event
        data = read_data(event)
        assert not isinstance(data, Unreadable), data
        yield data, event.time


def _ask_hub(url: str, closed: ShiftClosed) -> HubSays:
    database = open_database(parse_url(url))
    try:
        queries = SqlQueries(database)
        with database.read() as connection:
            levels = connection.exec_driver_sql("SELECT sku, on_hand FROM level").all()
            owes = connection.exec_driver_sql("SELECT body FROM document WHERE kind = 'customer'").scalar_one()
        return HubSays(
            receipts=tuple(queries.recent_sales(1_000)),
            day=tuple(queries.day_sums(STORE, closed.business_day)),
            shifts=tuple(queries.shifts(10)),
            alarms=tuple(queries.alarms(ALARMS)),
            parked=len(queries.parked(ALARMS)),
            levels={str(row.sku): int(row.on_hand) for row in levels},
            customer_owes=msgspec.json.decode(owes, type=dict[str, object]).get("owes", 0),  # type: ignore[arg-type]
        )
    finally:
        database.close()


def _hub_is_done(url: str) -> bool:
    database = open_database(parse_url(url))
    try:
        shifts = SqlQueries(database).shifts(10)
        return len(shifts) == 2 and all(shift.closed_at is not None for shift in shifts)
    finally:
        database.close()


def _same(what: str, noted: object, said: object) -> list[str]:
    return [] if noted == said else [f"{what}: noted {noted!r}, said {said!r}"]


def _without_zeros(sums: Mapping[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in sorted(sums.items()) if amount}
