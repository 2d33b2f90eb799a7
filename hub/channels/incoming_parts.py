"""The parts of a channel's work that take something in, one for each incoming port that its kind has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from hub.channels.catalogue_intake import CatalogueIntake
from hub.channels.count_intake import CountIntake
from hub.channels.handed_on import HandedOn
from hub.channels.incoming import IncomingPart, IncomingStores, Intake
from hub.channels.order_intake import OrderIntake, OrderStores
from hub.channels.owners import owners_of, takes_counts
from hub.channels.part import ORDINARY, PATIENT, Opened, Part, PartKind
from hub.channels.ports import PortName
from hub.channels.stock_part import STOCK_PART
from hub.channels.taking import CustomerTaker, PaymentTaker
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_catalogue import SqlChannelCatalogue
from hub.storage.channel_facts import SqlChannelFacts
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_links import links_version
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.database import Database
from hub.storage.settling_orders import AllotmentPolicy
from protocol.ids import GLOBAL_FEED


@dataclass(frozen=True)
class Incoming:
    """What incoming parts are made with. Without a taker nobody asks the channel for people, or for money."""

    database: Database
    policy: AllotmentPolicy
    customers: CustomerTaker | None = None
    payments: PaymentTaker | None = None

    def kinds(self) -> Sequence[PartKind]:
        """The kinds of parts, for the runner."""
        return (
            PartKind("orders", partial(self._part, "orders"), urgency=ORDINARY),
            PartKind("counts", partial(self._part, "counts"), urgency=PATIENT),
            PartKind("catalogue", partial(self._part, "catalogue"), urgency=PATIENT),
            PartKind("customers", partial(self._part, "customers"), urgency=PATIENT),
            PartKind("payments", partial(self._part, "payments"), urgency=PATIENT),
        )

    def intake(self, opened: Opened, port: PortName) -> Intake[Any] | None:
        """How one port's things are asked for and taken in; None where the channel has no such port, or nobody does."""
        channel, database = opened.channel, self.database
        if port == "orders" and channel.orders is not None:
            orders = SqlChannelOrderStore(database, self.policy)
            stores = OrderStores(orders, SqlAsideStore(database), SqlChannelParts(database))
            return OrderIntake(stores, channel.orders, self.customers)
        if port == "counts" and channel.counts is not None and takes_counts(opened.manifest, opened.settings):
            return CountIntake(SqlChannelFacts(database), channel.counts, partial(opened.wake, STOCK_PART))
        if port == "catalogue" and channel.catalogue is not None:
            owners = owners_of(opened.name, opened.manifest, opened.settings)
            return CatalogueIntake(SqlChannelCatalogue(database), channel.catalogue, owners)
        if port == "customers" and channel.customers is not None and self.customers is not None:
            return HandedOn(database, channel.customers, self.customers)
        if port == "payments" and channel.payments is not None and self.payments is not None:
            return HandedOn(database, channel.payments, self.payments)
        return None

    def _part(self, port: PortName, opened: Opened) -> Part | None:
        intake = self.intake(opened, port)
        if intake is None:
            if port == "counts" and opened.channel.counts is not None:
                # While the hub is right they are overwritten; once they are taken, it is from then on.
                SqlChannelParts(self.database).forget(opened.name, port)
            return None
        return IncomingPart(opened, port, self._stores(), intake)

    def _stores(self) -> IncomingStores:
        database = self.database
        return IncomingStores(SqlChannelParts(database), SqlHeardStore(database), SqlAsideStore(database), self._mapped)

    def _mapped(self, channel: str) -> tuple[int, ...]:
        """The mapping's version, the catalogue's revision, how many stores there are."""
        feed = sa.select(schema.feed.c.revision).where(schema.feed.c.name == GLOBAL_FEED)
        stores = sa.select(sa.func.count()).select_from(schema.store)
        with self.database.read() as connection:
            return (
                links_version(connection, channel),
                int(connection.execute(feed).scalar() or 0),
                int(connection.execute(stores).scalar_one()),
            )
