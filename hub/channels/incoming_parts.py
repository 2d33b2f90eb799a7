"""The parts of a channel's work that take something in, one for each incoming port that its kind has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from hub.channels.catalogue_intake import CatalogueIntake
from hub.channels.handed_on import HandedOn
from hub.channels.incoming import IncomingPart, IncomingStores
from hub.channels.order_intake import OrderIntake, OrderStores
from hub.channels.owners import owners_of
from hub.channels.part import ORDINARY, PATIENT, Opened, Part, PartKind
from hub.channels.taking import CustomerTaker, PaymentTaker
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_catalogue import SqlChannelCatalogue
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
            PartKind("orders", self._orders, urgency=ORDINARY),
            PartKind("catalogue", self._catalogue, urgency=PATIENT),
            PartKind("customers", self._customers, urgency=PATIENT),
            PartKind("payments", self._payments, urgency=PATIENT),
        )

    def _orders(self, opened: Opened) -> Part | None:
        source = opened.channel.orders
        if source is None:
            return None
        stores = OrderStores(
            SqlChannelOrderStore(self.database, self.policy), SqlAsideStore(self.database),
            SqlChannelParts(self.database),
        )  # fmt: skip
        return IncomingPart(opened, "orders", self._stores(), OrderIntake(stores, source, self.customers))

    def _catalogue(self, opened: Opened) -> Part | None:
        source = opened.channel.catalogue
        if source is None:
            return None
        owners = owners_of(opened.name, opened.manifest, opened.settings)
        intake = CatalogueIntake(SqlChannelCatalogue(self.database), source, owners)
        return IncomingPart(opened, "catalogue", self._stores(), intake)

    def _customers(self, opened: Opened) -> Part | None:
        source = opened.channel.customers
        if source is None or self.customers is None:
            return None
        return IncomingPart(opened, "customers", self._stores(), HandedOn(self.database, source, self.customers))

    def _payments(self, opened: Opened) -> Part | None:
        source = opened.channel.payments
        if source is None or self.payments is None:
            return None
        return IncomingPart(opened, "payments", self._stores(), HandedOn(self.database, source, self.payments))

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
