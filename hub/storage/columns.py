"""The few kinds of columns that the hub's tables have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

POSITION = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives; SQLite counts only in a column that is called INTEGER."""


def text_column(name: str, *, key: bool = False) -> Column[str]:
    """A text, never null."""
    return Column(name, Text, primary_key=key, nullable=False)


def number_column(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    """A 64-bit integer."""
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def bytes_column(name: str) -> Column[bytes]:
    """Bytes, never null."""
    return Column(name, LargeBinary, nullable=False)
