"""The open database with all of its ports, as the hub and the commands use it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from hub.config import HubConfig, now
from hub.identity.admin_key import new_link_key, new_session_secret
from hub.storage.access import SqlAccess
from hub.storage.database import Database, open_database, parse_url
from hub.storage.orders import SqlOrderStore
from hub.storage.queries import SqlQueries
from hub.storage.rules import SqlRuleStore
from hub.storage.settling_orders import AllotmentPolicy
from hub.storage.stores import SqlStores, open_stores
from protocol.frame import Key


@dataclass(frozen=True)
class OpenData:
    """The database and its ports, as the command line and the hub use them."""

    database: Database
    stores: SqlStores
    access: SqlAccess
    queries: SqlQueries
    orders: SqlOrderStore
    rules: SqlRuleStore
    policy: AllotmentPolicy

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_data(config: HubConfig) -> OpenData:
    """Open, migrate and, if it is new, initialise the database. Raises ConfigError, StorageUnavailable."""
    database = open_database(parse_url(config.database_url))
    stores = open_stores(database, new_lineage=secrets.token_hex(16), new_global_key=Key(new_link_key()))
    access = SqlAccess(database, new_session_secret=new_session_secret(), clock=now)
    policy = AllotmentPolicy(config.stock.order_rule, config.stock.order_ranks)
    orders = SqlOrderStore(database, policy)
    return OpenData(database, stores, access, SqlQueries(database), orders, SqlRuleStore(database), policy)
