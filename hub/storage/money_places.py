"""Where payments belong: which stores stand behind a provider's locations, and which tenders it takes there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import zone_of
from hub.storage.money_tenders import OWN_KINDS
from hub.storage.schema_channels import channel_link, channel_part
from hub.storage.schema_money import money_payment
from protocol.documents import Settings

DEFAULT_KINDS = frozenset({"card"})
"""What a provider takes whose tenders nobody has mapped."""

PAYMENTS = "payments"
CHANNELS_MAX = 1_000
UNMAPPED = ""


@dataclass(frozen=True)
class Places:
    """Stores by (channel, location), zones by store, kinds of tenders by channel."""

    stores: Mapping[tuple[str, str], tuple[str, ...]]
    zones: Mapping[str, tzinfo]
    kinds: Mapping[str, frozenset[str]]

    @property
    def channels(self) -> Sequence[str]:
        """All providers."""
        return sorted(self.kinds)

    def locations(self, stores: Sequence[str]) -> Sequence[tuple[str, str]]:
        """The (channel, location) behind which one of these stores stands."""
        wanted = set(stores)
        return sorted(place for place, behind in self.stores.items() if wanted & set(behind))

    def mapped(self, channel: str) -> Sequence[str]:
        """The locations of a channel that belong to a store."""
        return sorted(location for name, location in self.stores if name == channel)

    def taken(self) -> Mapping[str, frozenset[str]]:
        """The kinds of tenders that providers take, by store."""
        found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for (channel, _), stores in self.stores.items():
            for store in stores:
                found[store] |= self.kinds[channel]
        return found

    def providers(self) -> Mapping[tuple[str, str], str]:
        """Which channel takes a store's tenders of a kind; the first by name where several do."""
        found: dict[tuple[str, str], str] = {}
        for (channel, _), stores in sorted(self.stores.items()):
            for store in stores:
                for kind in self.kinds[channel]:
                    found.setdefault((store, kind), channel)
        return found

    def group(self, store: str) -> tuple[str, ...]:
        """A store and those that share a location with it, directly or through others, sorted."""
        if store == UNMAPPED:
            return (UNMAPPED,)
        found = {store}
        while True:  # each round adds a store or ends
            more = {one for behind in self.stores.values() if found & set(behind) for one in behind} - found
            if not more:
                return tuple(sorted(found))
            found |= more

    def day(self, store: str, at: datetime) -> date:
        """The day of a moment by a store's own calendar; by UTC where there is no store."""
        return at.astimezone(self.zones.get(store, UTC)).date()


def places_now(database: Database) -> Places:
    """As links and stores are now."""
    with database.read() as connection:
        return places_of(connection)


def places_of(connection: sa.Connection) -> Places:
    """As `places_now`, in a transaction of the caller's."""
    link, part = channel_link.c, channel_part.c
    providers = set(connection.execute(sa.select(part.channel).where(part.part == PAYMENTS)).scalars())
    providers |= _heard_of(connection)
    rows = connection.execute(
        sa.select(link.channel, link.kind, link.ours, link.theirs).where(
            link.channel.in_(sorted(providers)), link.kind.in_(("location", "tender"))
        )
    ).all()
    stores = connection.execute(sa.select(schema.store.c.id, schema.store.c.settings)).all()
    zones = {row.id: zone_of(msgspec.json.decode(row.settings, type=Settings).time_zone) for row in stores}
    behind: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.kind == "location" and row.ours in zones:
            behind[row.channel, row.theirs].append(row.ours)
        elif row.kind == "tender" and row.ours not in OWN_KINDS:
            kinds[row.channel].add(row.ours)
    return Places(
        {place: tuple(sorted(found)) for place, found in behind.items()},
        zones,
        {name: frozenset(kinds[name]) or DEFAULT_KINDS for name in providers},
    )


def _heard_of(connection: sa.Connection) -> set[str]:
    """The channels of all payments, by one look into the index for each: a plain DISTINCT would read every payment."""
    channel = money_payment.c.channel
    found: list[str] = []
    for _ in range(CHANNELS_MAX):
        query = sa.select(sa.func.min(channel))
        name = connection.execute(query.where(channel > found[-1]) if found else query).scalar()
        if name is None:
            break
        found.append(name)
    return set(found)
