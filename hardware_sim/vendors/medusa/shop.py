"""What a Medusa knows: goods, levels, reservations, orders, people, as plain data, and its words for what is wrong.

Nothing here is idempotent, as nothing there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

Json = dict[str, Any]
Query = Mapping[str, list[str]]
ZERO: Final = Decimal(0)


class Wrong(Exception):
    """An answer that is an error: status, Medusa's type, and its message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def invalid(message: str) -> Wrong:
    """400, a body or state that does not fit."""
    return Wrong(400, "invalid_data", message)


def not_allowed(message: str) -> Wrong:
    """400, what may not be done now."""
    return Wrong(400, "not_allowed", message)


def not_found(message: str) -> Wrong:
    """404."""
    return Wrong(404, "not_found", message)


def unknown() -> Wrong:
    """500, which Medusa also answers to a date or a sort field that it cannot read."""
    return Wrong(500, "unknown_error", "An unknown error occurred.")


@dataclass(slots=True)
class Level:
    """A level; `revision` is the companion's."""

    id: str
    stocked: Decimal
    reserved: Decimal = ZERO
    updated_at: str = ""
    revision: int = 0


@dataclass(slots=True)
class Shop:
    """All that a shop knows. `now` is its clock; ids count up, so that they sort by age like the real ones."""

    now: Callable[[], datetime]
    email: str = "admin@example.test"
    password: str = "supersecret1"  # noqa: S105 - a made-up shop's
    companion: bool = False
    channels: dict[str, str] = field(default_factory=dict)
    locations: dict[str, str] = field(default_factory=dict)
    linked: dict[str, list[str]] = field(default_factory=dict)
    """Sales channel -> its locations, the first first."""
    regions: dict[str, str] = field(default_factory=dict)
    options: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    variants: dict[str, Json] = field(default_factory=dict)
    items: dict[str, Json] = field(default_factory=dict)
    levels: dict[tuple[str, str], Level] = field(default_factory=dict)
    reservations: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    collections: dict[str, Json] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    returns: dict[str, Json] = field(default_factory=dict)
    edits: dict[str, Json] = field(default_factory=dict)
    carts: dict[str, Json] = field(default_factory=dict)
    customers: dict[str, Json] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    secret_keys: set[str] = field(default_factory=set)
    publishable: dict[str, str] = field(default_factory=dict)
    """Publishable key -> sales channel."""
    count: int = 0

    def new(self, prefix: str) -> str:
        """A new id."""
        self.count += 1
        return f"{prefix}_{self.count:026d}"

    def stamp(self) -> str:
        """Now, as Medusa writes it."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def the(table: Mapping[str, Json], key: str, name: str) -> Json:
    """A row, or 404 in Medusa's words."""
    if key not in table:
        raise not_found(f"{name} id not found: {key}")
    return table[key]


def strict(body: Json, *allowed: str) -> Json:
    """Refuse fields that a route does not know."""
    if unknown_fields := sorted(set(body) - set(allowed) - {"additional_data"}):
        raise invalid(f"Invalid request: Unrecognized fields: '{', '.join(unknown_fields)}'")
    return body


def required(body: Json, name: str) -> Any:  # noqa: ANN401 - JSON
    """A field that must be there."""
    if body.get(name) is None:
        raise invalid(f"Invalid request: Field '{name}' is required")
    return body[name]


def number(value: Any) -> Decimal:  # noqa: ANN401 - JSON
    """A number of a body."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(f"Invalid request: Expected type: 'number', got: '{type(value).__name__}'")
    return Decimal(value)


def listing(rows: list[Json], query: Query, name: str, *, default: int = 50) -> Json:
    """A page: filtered by when it changed, sorted by one field, cut out by offset and limit."""
    for operator in ("$gte", "$gt"):
        for text in query.get(f"updated_at[{operator}]", ())[:1]:
            since = _moment(text)
            rows = [
                row
                for row in rows
                if (at := _moment(row["updated_at"])) > since or (operator == "$gte" and at == since)
            ]
    order = query.get("order", ["-created_at"])[0]
    if order.lstrip("-") not in {"id", "created_at", "updated_at"}:
        raise unknown()
    rows = sorted(rows, key=lambda row: str(row.get(order.lstrip("-"), "")), reverse=order.startswith("-"))
    limit, offset = int(query.get("limit", [str(default)])[0]), int(query.get("offset", ["0"])[0])
    return {name: rows[offset : offset + limit], "count": len(rows), "offset": offset, "limit": limit}


def chosen(query: Query, name: str) -> set[str] | None:
    """The values of a filter, given once or as a list; None if it is not given."""
    values = [*query.get(name, ()), *query.get(f"{name}[]", ())]
    return set(values) or None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise unknown() from error
