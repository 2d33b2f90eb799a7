"""Forms into orders: what fits is taken, what does not is refused before any work is done."""

from __future__ import annotations

import pytest

from edge_agent.counter.desk import BadFields, Fields, fill
from edge_agent.counter.desks.shift import OpenShift


class Plain(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form without parts."""

    name: str
    count: int = 1


def test_names_with_a_dot_are_gathered() -> None:
    """A grid of fields is one dictionary; fields left empty are not in it."""
    order = fill(OpenShift, {"number": "3", "notes.500000": "2", "notes.1000": "", "amount": ""})
    assert (order.number, order.notes, order.amount) == (3, {"500000": 2}, "")


def test_an_empty_optional_field_has_its_default() -> None:
    """Browsers send every field of a form."""
    assert fill(Plain, {"name": "a", "count": ""}) == Plain(name="a", count=1)


@pytest.mark.parametrize(
    "given",
    [
        {}, {"name": "a", "stranger": ""}, {"name": "a", "count": "x"}, {"name": "a", "notes.1": "2"},
        {"name": "a", "name.x": "1"},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(given: dict[str, str]) -> None:
    """A missing field, a strange one, a word for a number, parts of a field that has none."""
    with pytest.raises(BadFields):
        fill(Plain, given)
