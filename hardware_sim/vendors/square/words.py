"""What Square says when it refuses, and how it writes times and quantities."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]


class SquareSays(Exception):
    """A refusal: HTTP status, category, code, detail and, where it knows, the field."""

    def __init__(
        self, status: int, code: str, detail: str, *, category: str = "INVALID_REQUEST_ERROR", field: str = ""
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.body: Json = {"errors": [{"category": category, "code": code, "detail": detail}]}
        if field:
            self.body["errors"][0]["field"] = field


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as Square writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str, field: str) -> datetime:
    """Read RFC 3339; raises SquareSays."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise SquareSays(400, "INVALID_TIME", f"`{text}` is no time", field=field) from None
    if found.tzinfo is None:
        raise SquareSays(400, "INVALID_TIME", f"`{text}` has no time zone", field=field)
    return found


def decimal(text: str, field: str) -> Decimal:
    """Read a quantity of at most five decimals; raises SquareSays."""
    try:
        found = Decimal(text)
    except (TypeError, InvalidOperation):
        raise SquareSays(400, "INVALID_VALUE", f"`{text}` is no quantity", field=field) from None
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -5:  # noqa: PLR2004 - Square's bound
        raise SquareSays(400, "INVALID_VALUE", "at most 5 decimals, as a string", field=field)
    return found


def plain(quantity: Decimal) -> str:
    """Write a quantity without exponent or trailing zeros."""
    text = format(quantity, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
