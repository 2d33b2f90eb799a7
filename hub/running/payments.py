"""Asking providers for the payments of some days, from a command: what a poll has missed is there after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hub.channels.registry import Registry
from hub.money.taking import take_payments
from hub.running.backfill import opened_channel
from hub.running.data import OpenData
from hub.storage.money_places import Places


def ask_payments(  # noqa: PLR0913 - whom, for which span, and the clocks
    data: OpenData, registry: Registry, places: Places, channel: str, span: tuple[datetime, datetime],
    *, now: Callable[[], datetime], clock_s: Callable[[], float],
) -> int:  # fmt: skip
    """Take in a provider's payments of a span (its end excluded), of all locations that belong to a store.

    Returns how many were new or had changed. Raises UnknownChannel, ConfigError, ChannelError.
    """
    with opened_channel(data, registry, channel, now, clock_s) as opened:
        source = opened.channel.payments
        found = source.between(*span, places.mapped(channel)) if source is not None else ()
    return take_payments(data.database, channel, found, now())
