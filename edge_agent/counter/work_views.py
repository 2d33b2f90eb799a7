"""What panels and the picture show of store work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from edge_agent.counter.books import Books, Till
from edge_agent.counter.desk import NoFields
from edge_agent.counter.on_shelf import as_on_shelf
from edge_agent.counter.papers import to_recount
from edge_agent.counter.working import work_under_way
from edge_agent.journal import work_state
from edge_agent.replica.documents import list_documents
from edge_agent.till.view import WorkLineView, WorkView
from edge_agent.till.work import Work, WorkKind, WorkLine, differences, spread
from protocol.documents import Pick, Purchase, Transfer

SHOWN_MAX = 60
"""Lines of a work in the picture: the last ones. The rest is on the panel that finishes it."""

_LISTED_MAX = 300


@dataclass(frozen=True)
class OpenWork:
    """A work that was begun."""

    id: str
    kind: WorkKind
    reference: str
    partner: str
    lines: int
    started_at: datetime
    active: bool


@dataclass(frozen=True)
class Paper:
    """Goods that are announced: a purchase that is awaited, a transfer on its way or asked for.

    `done_at` is when this till finished it, as long as the hub has not said so itself.
    """

    key: str
    partner: str
    lines: int
    day: date | None = None
    note: str = ""
    done_at: datetime | None = None


@dataclass(frozen=True)
class PickRow:
    """A web order to gather or to hand over."""

    order: str
    number: str
    channel: str
    customer: str
    lines: int
    state: str
    way: str
    due_at: datetime | None
    note: str


@dataclass(frozen=True)
class WorkMenu:
    """Everything that could be done with goods now. `recounts` is how many SKUs the hub wants counted here."""

    works: tuple[OpenWork, ...]
    purchases: tuple[Paper, ...]
    coming: tuple[Paper, ...]
    wanted: tuple[Paper, ...]
    picks_open: int
    picks_ready: int
    recounts: int = 0


@dataclass(frozen=True)
class WorkSummary:
    """The active work, before it is finished. `differences` is empty where counting is blind."""

    work: Work
    lines: tuple[WorkLineView, ...]
    line_count: int
    differences: tuple[WorkLineView, ...]
    is_blind: bool


@dataclass(frozen=True)
class PickDetail:
    """One web order with its goods."""

    row: PickRow
    lines: tuple[WorkLineView, ...]


def work_view(books: Books) -> WorkView | None:
    """The active work, for the picture: one look-up when there is none."""
    work = work_under_way(books)
    if work is None:
        return None
    lines = work_state.last_lines(books.connection, work.id, SHOWN_MAX)
    more = work_state.count_lines(books.connection, work.id) - len(lines)
    title = work.id if work.kind == "count" else work.reference or work.id
    return WorkView(work.kind, work.id, title, _shown(books, work, lines), note=work.partner, more=more)


def ask_work(books: Books, till: Till, _question: NoFields) -> WorkMenu:
    """What there is to do with goods."""
    connection = books.connection
    transfers = list(list_documents(connection, till.store_feed, "transfer", Transfer))
    picks = _picks(books, till)
    return WorkMenu(
        works=tuple(_open_work(books, work) for work in work_state.listed(connection)),
        purchases=tuple(
            Paper(
                each.purchase, each.supplier, len(each.lines), each.due, each.note,
                _done_at(books, "purchase", each.purchase),
            )
            for each in list_documents(connection, till.store_feed, "purchase", Purchase)
        )[:_LISTED_MAX],
        coming=tuple(
            _paper(books, each, each.from_store)
            for each in transfers
            if each.state == "sent" and each.to_store == till.store
        )[:_LISTED_MAX],
        wanted=tuple(
            _paper(books, each, each.to_store)
            for each in transfers
            if each.state == "wanted" and each.from_store == till.store
        )[:_LISTED_MAX],
        picks_open=sum(row.state == "open" for row in picks),
        picks_ready=sum(row.state == "picked" for row in picks),
        recounts=len(to_recount(books, till)),
    )  # fmt: skip


def ask_summary(books: Books, _till: Till, _question: NoFields) -> WorkSummary | None:
    """What would be written down."""
    work = work_under_way(books)
    if work is None:
        return None
    lines = work_state.lines_of(books.connection, work.id)
    is_blind = work.kind == "count" and books.settings.blind_count
    books_say = _books_say(books, lines) if work.kind == "count" else None
    differing = () if is_blind else differences(lines, books_say)
    return WorkSummary(
        work=work,
        lines=_shown(books, work, spread(lines)[-_LISTED_MAX:]),
        line_count=len(lines),
        differences=_shown(books, work, differing[:_LISTED_MAX]),
        is_blind=is_blind,
    )


def ask_picks(books: Books, till: Till, _question: NoFields) -> tuple[PickRow, ...]:
    """The web orders of this store: to gather first, by when they are due, then to hand over."""
    rows = _picks(books, till)
    return tuple(sorted(rows, key=lambda row: (row.state != "open", row.due_at is None, row.due_at, row.order)))


def ask_pick(books: Books, till: Till, order: str) -> PickDetail | None:
    """One web order."""
    for document in list_documents(books.connection, till.store_feed, "pick", Pick):
        if document.order == order:
            lines = []
            for number, line in enumerate(as_on_shelf(books, document.lines), 1):
                item = books.replica.item(line.sku)
                name, unit, shelf = (item.name, item.unit, item.shelf) if item else (line.sku, "piece", "")
                barcode = item.barcodes[0] if item is not None and item.barcodes else ""
                lines.append(
                    WorkLineView(
                        number, line.sku, name, line.quantity, unit, None, barcode, shelf, line.lot, line.expires
                    )
                )
            return PickDetail(_row(books, document), tuple(lines))
    return None


def _picks(books: Books, till: Till) -> list[PickRow]:
    rows = (_row(books, each) for each in list_documents(books.connection, till.store_feed, "pick", Pick))
    return [row for row in rows if row.state != "handed_over"][:_LISTED_MAX]


def _row(books: Books, pick: Pick) -> PickRow:
    """A web order with the state that this till knows better than the feed."""
    state: str = pick.state
    if state == "open" and work_state.find_done(books.connection, "picked", pick.order) is not None:
        state = "picked"
    if work_state.find_done(books.connection, "handed_over", pick.order) is not None:
        state = "handed_over"
    return PickRow(
        pick.order, pick.number or pick.order, pick.channel, pick.customer, len(pick.lines), state, pick.way,
        pick.due_at, pick.note,
    )  # fmt: skip


def _open_work(books: Books, work: Work) -> OpenWork:
    lines = work_state.count_lines(books.connection, work.id)
    return OpenWork(work.id, work.kind, work.reference, work.partner, lines, work.started_at, work.active)


def _paper(books: Books, transfer: Transfer, partner: str) -> Paper:
    day = transfer.sent_at.date() if transfer.sent_at is not None else None
    done_at = _done_at(books, "transfer", transfer.transfer)
    return Paper(transfer.transfer, partner, len(transfer.lines), day, transfer.note, done_at)


def _done_at(books: Books, kind: work_state.DoneKind, key: str) -> datetime | None:
    done = work_state.find_done(books.connection, kind, key)
    return done.at if done is not None else None


def _books_say(books: Books, lines: tuple[WorkLine, ...]) -> dict[str, int]:
    levels = ((line.sku, books.replica.stock_view(line.sku)) for line in lines)
    return {sku: level for sku, level in levels if level is not None}


def _shown(books: Books, work: Work, lines: tuple[WorkLine, ...]) -> tuple[WorkLineView, ...]:
    """Lines for a page. What the books say of a count is shown only where counting is not blind."""
    levels = _books_say(books, lines) if work.kind == "count" and not books.settings.blind_count else {}
    return tuple(
        WorkLineView(
            line.number, line.sku, line.name, line.quantity, line.unit,
            _level(levels, line) if work.kind == "count" else line.expected, line.barcode, line.shelf, line.lot,
            line.expires, bool(line.asks), line.is_touched,
        )
        for line in lines
    )  # fmt: skip


def _level(levels: dict[str, int], line: WorkLine) -> int | None:
    """What the books say of a line; of one lot alone they say nothing."""
    return None if line.lot or line.expires is not None else levels.get(line.sku)
