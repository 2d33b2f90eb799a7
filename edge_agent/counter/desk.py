"""A desk: one matter that cashiers deal with, as the orders and questions that belong to it.

An order changes the books inside one transaction; a question only reads them. Both name their fields in a frozen
struct, which the page's form fills; what does not fit is refused before any work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.till.rights import Right


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of an order or a question; texts as they were typed, numbers as digits."""


class NoFields(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to fill in."""


F = TypeVar("F", bound=Fields)


@dataclass(frozen=True)
class OrderKind(Generic[F]):
    """One thing that a cashier can order.

    `right` must be held by who is signed in, or be lent by somebody on the spot; handlers with a limit to look at ask
    `permission.allow` themselves. `by_anybody` works while nobody is signed in.
    """

    name: str
    fields: type[F]
    work: Callable[[Books, Till, F], Outcome]
    right: Right | None = None
    by_anybody: bool = False


@dataclass(frozen=True)
class QuestionKind(Generic[F]):
    """One thing that a panel shows: reads the books beside their writer, returns something frozen for a template."""

    name: str
    fields: type[F]
    answer: Callable[[Books, Till, F], object]
    by_anybody: bool = False


@dataclass(frozen=True)
class Desk:
    """Orders and questions that belong together."""

    name: str
    orders: tuple[OrderKind[Any], ...] = ()
    questions: tuple[QuestionKind[Any], ...] = ()


class BadFields(ValueError):
    """The fields do not fit; the message names which and why."""


def fill(fields: type[F], given: Mapping[str, str]) -> F:
    """Make the struct from a form. An empty text of an optional field counts as not given. Raises BadFields."""
    wanted = {field.encode_name: field for field in msgspec.structs.fields(fields)}
    kept = {
        name: text
        for name, text in given.items()
        if text != "" or name not in wanted or wanted[name].required or wanted[name].default == ""
    }
    try:
        return msgspec.convert(kept, fields, strict=False)
    except msgspec.ValidationError as error:
        raise BadFields(str(error)) from error
