"""The set-up desk: trying the printer. What is plugged in, the page asks the devices' room itself."""

from __future__ import annotations

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import Desk, NoFields, OrderKind
from edge_agent.counter.slips import occasion_at, queue_slip
from edge_agent.counter.staff import person_name
from edge_agent.devices.printer.slip import CodeMark, Pair, Slip, Words

_LETTERS = (
    "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY aáàảãạ ăắằẳẵặ âấầẩẫậ đ eéèẻẽẹ êếềểễệ iíìỉĩị oóòỏõọ ôốồổỗộ ơớờởỡợ uúùủũụ ưứừửữự"
)
_TITLES = {"vi": "Trang in thử", "en": "Test print"}
_EAN = "8934602100016"


def print_test(books: Books, till: Till, _order: NoFields) -> Outcome:
    """Print a page that shows whether letters, sums, codes and the cut are right."""
    moment = till.clock.now()
    occasion = occasion_at(books, till, moment, person_name(books, till, books.by))
    title = _TITLES[occasion.language]
    paper = Slip(
        title=title, at=occasion.at, language=occasion.language, store_name=occasion.store_name,
        pieces=(
            Words(text=_LETTERS), Pair(label="1.234.567.890 ₫", value="0123456789", weight="strong"),
            CodeMark(kind="ean13", content=_EAN, caption=_EAN),
            CodeMark(kind="qr", content=f"{till.store} {till.terminal}"),
        ),
    )  # fmt: skip
    if not queue_slip(books, till, paper, moment, number=title):
        return Outcome("no_printer")
    return Outcome("report_printed", good=True, detail=title, print_changed=True)


DESK = Desk("set_up", orders=(OrderKind("test_print", NoFields, print_test, right="set_up"),))
