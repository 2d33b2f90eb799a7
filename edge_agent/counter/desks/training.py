"""The desk of training: the till only plays. What is played reaches no journal, no stock and no shift."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import TRAINING, Books, Outcome, Till, is_training, open_cart, start_cart, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.journal import till_state
from protocol.events import TrainingSwitched


class SwitchTraining(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Play, or sell again."""

    on: Literal["yes", "no"]


def switch_training(books: Books, till: Till, order: SwitchTraining) -> Outcome:
    """Begin or end playing; the receipt on the screen has to be dealt with first. Written down both times."""
    wanted = order.on == "yes"
    if wanted == is_training(books):
        return Outcome("training_on" if wanted else "training_off", good=True)
    cart = open_cart(books, till)
    if cart.is_paying or (cart.lines and not cart.training):
        return Outcome("cart_not_empty")
    till_state.set_preference(books.connection, TRAINING, "on" if wanted else "")
    till_state.dismiss_sale(books.connection)
    start_cart(books, till)
    write_down(books, till, TrainingSwitched(on=wanted, by=books.by))
    return Outcome("training_on" if wanted else "training_off", good=True, journalled=True)


def ask_training(books: Books, _till: Till, _question: NoFields) -> bool:
    """Whether this till only plays now."""
    return is_training(books)


DESK = Desk(
    "training",
    orders=(OrderKind("switch_training", SwitchTraining, switch_training, right="training"),),
    questions=(QuestionKind("training", NoFields, ask_training),),
)
