"""A desk: one matter that cashiers deal with, as the orders and questions that belong to it.

An order changes the books inside one transaction; a question only reads them. Both name their fields in a frozen
struct, which the page's form fills; what does not fit is refused before any work is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.till.rights import Right
from protocol.messages import Answer

TYPED_MAX = 4_000
"""Characters of one field: more than any note, and less than Python refuses to read as a number."""

_UNKEPT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Guess:
    """A typed PIN, and the stored ones of which it may be one. Which it is, is found out in a thread of its own."""

    pin: str
    stored: tuple[str, ...]


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of an order or a question; texts as they were typed, numbers as digits."""


class NoFields(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to fill in."""


F = TypeVar("F", bound=Fields)


@dataclass(frozen=True)
class OrderKind(Generic[F]):
    """One thing that a cashier can order.

    `right` must be held by who is signed in, or be lent by somebody on the spot; handlers with a limit to look at ask
    `permission.allow` themselves. `by_anybody` works while nobody is signed in. `guess` says which stored PINs a
    typed one is to be compared with before the order is carried out: it finds the one that fits in `books.proof`.
    """

    name: str
    fields: type[F]
    work: Callable[[Books, Till, F], Outcome]
    right: Right | None = None
    by_anybody: bool = False
    guess: Callable[[Books, Till, F], Guess | None] | None = None


@dataclass(frozen=True)
class QuestionKind(Generic[F]):
    """One thing that a panel shows: reads the books beside their writer, returns something frozen for a template."""

    name: str
    fields: type[F]
    answer: Callable[[Books, Till, F], object]
    by_anybody: bool = False


@dataclass(frozen=True)
class HubQuestionKind(Generic[F]):
    """One thing that a panel shows and only the hub knows; the page loads it on its own, since it may take seconds.

    `ask` says what to ask the hub (kind and key of `protocol.messages.Ask`), or None if the books know; `answer` gets
    what it said, None without a link or in time. `keep` writes down what was heard before it is answered.
    """

    name: str
    fields: type[F]
    ask: Callable[[Books, Till, F], tuple[str, str] | None]
    answer: Callable[[Books, Till, F, Answer | None], object]
    by_anybody: bool = False
    keep: Callable[[Books, Till, F, Answer], None] | None = None


@dataclass(frozen=True)
class Desk:
    """Orders and questions that belong together."""

    name: str
    orders: tuple[OrderKind[Any], ...] = ()
    questions: tuple[QuestionKind[Any] | HubQuestionKind[Any], ...] = ()


class BadFields(ValueError):
    """The fields do not fit; the message names which and why."""


def fill(fields: type[F], given: Mapping[str, str]) -> F:
    """Make the struct from a form. An empty text of an optional field counts as not given. Raises BadFields.

    What no database keeps (NUL, halves of letters) is left out of texts. Names with a dot are gathered:
    `notes.500000` = "3" is the entry "500000" of the field `notes`, a dictionary.
    """
    wanted = {field.encode_name: field for field in msgspec.structs.fields(fields)}
    kept: dict[str, object] = {}
    for name, typed in given.items():
        if max(len(name), len(typed)) > TYPED_MAX:
            raise BadFields(f"{name[:64]}: more than {TYPED_MAX} characters")
        text = _UNKEPT.sub("", typed)
        whole, dot, part = name.partition(".")
        if dot and whole in wanted and wanted[whole].default_factory is dict:
            entries = kept.setdefault(whole, {})
            if text != "" and isinstance(entries, dict):
                entries[part] = text
        elif text != "" or name not in wanted or wanted[name].required or wanted[name].default == "":
            kept[name] = text
    try:
        return msgspec.convert(kept, fields, strict=False)
    except msgspec.ValidationError as error:
        raise BadFields(str(error)) from error
