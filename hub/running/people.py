"""Persons of this hub: what channels say of them is taken in, and what channels lack is told."""

from __future__ import annotations

from collections.abc import Collection

from hub.channels.registry import Registry
from hub.customers.people import People
from hub.errors import ConfigError
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database


def people_of(database: Database, registry: Registry) -> People:
    """Persons, with all channels that are switched on and know customers to be told."""
    setups = SqlChannelSetups(database)
    knows: dict[str, bool] = {}

    def told() -> Collection[str]:
        found = [one for one in setups.all() if one.enabled]
        for one in found:
            if one.kind not in knows:
                knows[one.kind] = _knows_customers(registry, one.kind)
        return [one.name for one in found if knows[one.kind]]

    return People(database, told=told)


def _knows_customers(registry: Registry, kind: str) -> bool:
    try:
        return "customers" in registry.manifest(kind).ports
    except ConfigError:
        return False  # a kind that this hub does not have: the channel's own page says so
