"""What the till must be told of goods in the cart: the answers, and the lines that go without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short
from edge_agent.counter.cart_keeping import changeable, guard_cuts, keep, save
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.selling import weigh
from edge_agent.till.asking import Question, answer, declined, is_serial, open_question
from edge_agent.till.cart import AskKind, Cart, line_of, void_line
from edge_agent.till.codes import ScanReading, is_gtin
from edge_agent.till.codes.cards import is_imei
from edge_agent.till.view import AskView, NoticeCode, WeightView
from protocol.quantity import format_quantity

_WEIGHT_STATES: dict[str, Literal["stable", "motion", "over", "under", "stale", "absent"]] = {
    "STABLE": "stable", "MOTION": "motion", "OVER": "over", "UNDER": "under", "STALE": "stale", "ABSENT": "absent",
}  # fmt: skip


class AnswerAsk(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a line's question: a serial, a lot, a quantity, an amount as `protocol.money` reads it.

    "" confirms an age, and takes the weight that is on the scale.
    """

    sale_id: str
    number: int
    kind: AskKind
    answer: str = ""


class DeclineAsk(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is no answer: too young, no serial to be found. The goods go off the receipt."""

    sale_id: str
    number: int
    kind: AskKind


class AskPanel(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which question the page means; the till answers with the one of now. A new question is a new address."""

    number: int = 0
    kind: str = ""
    missing: int = 0


@dataclass(frozen=True)
class AskPanelView:
    """The question, whose line it is about, and what the scale says; None when nothing is asked."""

    asking: AskView | None
    sale_id: str
    weight: WeightView | None
    serials: tuple[str, ...] = ()


def answer_ask(books: Books, till: Till, order: AnswerAsk) -> Outcome:
    """Take an answer."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    text = order.answer
    if order.kind == "weight" and not text.strip():
        weight = weigh(till)
        if not isinstance(weight, int):
            return Outcome(weight, detail=short(_name(cart, order.number)))
        text = format_quantity(weight)
    return take_answer(books, till, cart, order.number, order.kind, text)


def decline_ask(books: Books, till: Till, order: DeclineAsk) -> Outcome:
    """Take the goods off that were asked about."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    lines = declined(cart, order.number, order.kind)
    if not lines:
        return Outcome("stale_page")
    after: Cart = cart
    for line in lines:
        voided = void_line(after, line.number)
        assert isinstance(voided, Cart)
        after = voided
    notice: NoticeCode = "age_refused" if order.kind == "age" else "line_voided"
    names = ", ".join(line.name for line in lines)
    return keep(books, till, cart, after, notice=notice, detail=names, reason=f"not answered: {order.kind}")


def take_answer(books: Books, till: Till, cart: Cart, number: int, kind: AskKind, text: str) -> Outcome:  # noqa: PLR0913, PLR0917 - whose question, and what was said
    """Take an answer for a line of this cart; the next question's panel follows, if there is one.

    Goods that had no weight or price yet may have been cut already: what that really takes off is known only now.
    Raises ApprovalNeeded.
    """
    after = answer(cart, number, kind, text)
    if not isinstance(after, Cart):
        return Outcome(after, detail="" if after == "card_number_refused" else short(text))
    guard_cuts(books, till, cart, after)
    save(books, after)
    return Outcome("answered", good=True, panel="ask" if open_question(after) is not None else "")


def scanned_answer(books: Books, till: Till, cart: Cart, reading: ScanReading) -> Outcome | None:
    """A code that is no item's, scanned while a serial or a lot is asked for, is the answer; None if it cannot be.

    Not a GTIN: that is an item which this till does not know, and no piece's own number. Nor a GTIN that was read
    wrong; of what is suspicious only a phone's IMEI, which looks like a card number.
    """
    question = open_question(cart)
    text = reading.text
    if question is None or question.kind not in {"serial", "lot"} or reading.quantity is not None:
        return None
    if not is_serial(text) or is_gtin(text) or (reading.suspicion and not is_imei(text)):
        return None
    return take_answer(books, till, cart, question.number, question.kind, text)


def serial_on_label(books: Books, till: Till, cart: Cart, sku: str, serial: str) -> Outcome | None:
    """The label of the very piece whose serial number is asked for tells it; None if nothing asks."""
    question = open_question(cart)
    line = line_of(cart, question.number) if question is not None and question.kind == "serial" else None
    if line is None or line.sku != sku or not serial:
        return None
    return take_answer(books, till, cart, line.number, "serial", serial)


def asking_view(cart: Cart) -> AskView | None:
    """The question of now, for the picture."""
    question = open_question(cart)
    return _view(question) if question is not None else None


def ask_panel(books: Books, till: Till, _question: AskPanel) -> AskPanelView:
    """The question beside the cart."""
    cart = open_cart(books, till)
    asking = asking_view(cart)
    line = line_of(cart, asking.number) if asking is not None else None
    return AskPanelView(
        asking=asking,
        sale_id=cart.sale_id,
        weight=weight_view(till) if asking is not None and asking.kind == "weight" else None,
        serials=line.serials if line is not None else (),
    )


def weight_view(till: Till) -> WeightView:
    """What the scale says now."""
    reading = till.weigh()
    if reading is None:
        return WeightView("absent")
    return WeightView(_WEIGHT_STATES[reading.state], reading.grams or 0)


def ask_weight(_books: Books, till: Till, _question: NoFields) -> WeightView:
    """The scale's figure, for the panel that waits for it."""
    return weight_view(till)


DESK = Desk(
    "asks",
    orders=(OrderKind("answer_ask", AnswerAsk, answer_ask), OrderKind("decline_ask", DeclineAsk, decline_ask)),
    questions=(QuestionKind("ask", AskPanel, ask_panel), QuestionKind("weight", NoFields, ask_weight)),
)


def _view(question: Question) -> AskView:
    return AskView(question.kind, question.name, question.years, question.number, question.missing)


def _name(cart: Cart, number: int) -> str:
    line = line_of(cart, number)
    return line.name if line is not None else ""
