"""Receipts that wait: what they are called, and when they have waited too long. They are this till's alone."""

from __future__ import annotations

from datetime import datetime

HELD_MAX = 100
"""More than any queue; a till that holds so many is not held but forgotten."""

NAME_MAX = 60
OLD_AFTER_DAYS = 1


def held_name(typed: str, customer: str, local_now: datetime) -> str:
    """What the cashier calls it; else the customer's name, else the time."""
    return (typed.strip() or customer.strip() or f"{local_now:%H:%M}")[:NAME_MAX]


def waits_long(held_at: datetime, now: datetime) -> bool:
    """Whether somebody should ask what became of that customer."""
    return (now - held_at).days >= OLD_AFTER_DAYS
