"""A channel's past, from a command: the channel is opened as the hub opens it, and asked at its rate."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx

from hub.channels.backfill import REWINDABLE, Filled, Past, backfill
from hub.channels.budget import Budget
from hub.channels.incoming_parts import Incoming
from hub.channels.linked import as_link
from hub.channels.links import Links
from hub.channels.manifest import Connecting
from hub.channels.pacing import PacedTransport, SharedBudget
from hub.channels.part import PATIENT, Opened
from hub.channels.ports import Rewindable
from hub.channels.registry import Registry
from hub.channels.settings import check_secrets, complete
from hub.errors import ChannelRefused
from hub.running.channels import channel_stores
from hub.running.data import OpenData


def fill_channel(  # noqa: PLR0913 - what, from when, and the clocks
    data: OpenData, incoming: Incoming, registry: Registry, name: str, since: datetime,
    *, now: Callable[[], datetime], clock_s: Callable[[], float], told: Callable[[Filled], None],
) -> list[Filled]:  # fmt: skip
    """Take in the past of every port that has one. Raises UnknownChannel, ConfigError, ChannelError."""
    with opened_channel(data, registry, name, now, clock_s) as opened:
        found = []
        for port in REWINDABLE:
            source = getattr(opened.channel, port)
            intake = incoming.intake(opened, port)
            if intake is not None and isinstance(source, Rewindable):
                found.append(backfill(Past(name, port, source, intake, opened.links, told), since, now))
        if not found:
            raise ChannelRefused(f"channel {name}: its kind, {opened.manifest.kind}, cannot be asked for its past")
        return found


@contextmanager
def opened_channel(
    data: OpenData, registry: Registry, name: str, now: Callable[[], datetime], clock_s: Callable[[], float]
) -> Iterator[Opened]:
    """A channel, opened for a command. Raises UnknownChannel, ConfigError."""
    stores = channel_stores(data.database)
    setup, secrets = stores.setups.get(name), stores.setups.secrets(name)
    manifest = registry.manifest(setup.kind)
    settings = complete(name, manifest, setup.settings)
    check_secrets(name, manifest, secrets)

    def links() -> Links:
        return Links(name, map(as_link, stores.links.mapping(name)[1]))

    budget = SharedBudget(Budget(manifest.rate.per_second, manifest.rate.burst), clock_s)
    paced = PacedTransport(httpx.HTTPTransport(), budget, PATIENT, threading.Event())
    channel = manifest.open(Connecting(name, settings, secrets, links, now, paced))
    try:
        yield Opened(name, manifest, settings, channel, links, lambda _part: None, "", setup.created_at)
    finally:
        channel.close()
