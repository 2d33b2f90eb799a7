"""Stores, terminals, epochs and keys on a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.errors import StoreExists, TerminalExists, UnknownStore, UnknownTerminal
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import maybe_us, to_us
from hub.storage.port import Keys, TerminalReport
from hub.storage.records import TWIN_AFTER, Alarm, EpochKey
from hub.storage.upserts import count_up_alarms, insert_for
from protocol.documents import Settings
from protocol.event import GENESIS
from protocol.frame import Key
from protocol.ids import FeedName, StoreId, TerminalId, store_feed
from protocol.messages import EpochGrant, EpochRequest

PROBLEM_MAX = 512


class SqlFleetStore:
    """See `FleetStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_store(self, store: StoreId, settings: Settings, feed_key: Key, now: datetime) -> None:
        """See FleetStore."""
        with self._database.write() as connection:
            if not insert_for(connection, schema.feed, {"name": store_feed(store), "revision": 1, "key": feed_key}):
                raise StoreExists(f"store {store} is there already")
            connection.execute(
                sa.insert(schema.store).values(
                    id=store, name=settings.store_name, settings=_text(settings), settings_revision=1,
                    created_us=to_us(now),
                )
            )  # fmt: skip

    def set_settings(self, store: StoreId, settings: Settings, now: datetime) -> None:
        """See FleetStore."""
        del now
        with self._database.write() as connection:
            revision = _lock(connection, store) + 1
            _bump(connection, store, revision)
            connection.execute(
                sa.update(schema.store)
                .where(schema.store.c.id == store)
                .values(name=settings.store_name, settings=_text(settings), settings_revision=revision)
            )

    def settings(self, store: StoreId) -> Settings:
        """A store's settings. Raises UnknownStore."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(schema.store.c.settings).where(schema.store.c.id == store)).scalar()
        if found is None:
            raise _unknown_store(store)
        return msgspec.json.decode(found, type=Settings)

    def add_terminal(self, store: StoreId, terminal: TerminalId, name: str, key: Key, now: datetime) -> int:
        """See FleetStore."""
        with self._database.write() as connection:
            _lock(connection, store)
            row = {"store": store, "id": terminal, "name": name, "key": key, "epoch": 1, "created_us": to_us(now)}
            if not insert_for(connection, schema.terminal, row):
                raise TerminalExists(
                    f"terminal {store}/{terminal} is there already; `terminal renew` gives it new keys"
                )
            _open_epoch(connection, EpochKey(store, terminal, 1), "", "enrolled", now)
        return 1

    def renew_terminal(self, store: StoreId, terminal: TerminalId, key: Key, now: datetime) -> int:
        """See FleetStore."""
        with self._database.write() as connection:
            _lock(connection, store)
            epoch = _epoch(connection, store, terminal) + 1
            connection.execute(_terminal_update(store, terminal).values(key=key, revoked_us=None, epoch=epoch))
            _open_epoch(connection, EpochKey(store, terminal, epoch), "", "renewed", now)
        return epoch

    def revoke_terminal(self, store: StoreId, terminal: TerminalId, now: datetime) -> None:
        """See FleetStore."""
        with self._database.write() as connection:
            done = connection.execute(_terminal_update(store, terminal).values(revoked_us=to_us(now), online=False))
            if done.rowcount == 0:
                raise _unknown_terminal(store, terminal)

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """See EpochStore."""
        found = schema.epoch.c
        mine = sa.and_(found.store == store, found.terminal == terminal, found.nonce == request.nonce)
        with self._database.write() as connection:
            try:
                _lock(connection, store)
            except UnknownStore as error:
                raise _unknown_terminal(store, terminal) from error
            epoch = _epoch(connection, store, terminal)
            granted = connection.execute(sa.select(found.epoch).where(mine)).scalar()
            if granted is not None:
                return EpochGrant(epoch=granted, nonce=request.nonce)
            # A database that came from a backup may know less than the till: the next epoch is new to both.
            epoch = max(epoch, request.epoch) + 1
            connection.execute(_terminal_update(store, terminal).values(epoch=epoch))
            _open_epoch(connection, EpochKey(store, terminal, epoch), request.nonce, request.reason, now)
            count_up_alarms(connection, [Alarm.for_grant(store, terminal, request, epoch)], now)
        return EpochGrant(epoch=epoch, nonce=request.nonce)

    def keys(self) -> Keys:
        """See FleetStore."""
        terminal, feed = schema.terminal.c, schema.feed.c
        with self._database.read() as connection:
            terminals = connection.execute(
                sa.select(terminal.store, terminal.id, terminal.key).where(terminal.revoked_us.is_(None))
            ).all()
            feeds = connection.execute(sa.select(feed.name, feed.key)).all()
        return Keys(
            {(StoreId(row[0]), TerminalId(row[1])): Key(bytes(row[2])) for row in terminals},
            {FeedName(row[0]): Key(bytes(row[1])) for row in feeds},
        )

    def record_reports(self, reports: Sequence[TerminalReport], now: datetime) -> None:
        """See FleetStore."""
        rows = [
            {
                "the_store": report.store,
                "the_terminal": report.terminal,
                "online": report.status.online,
                "last_seen_us": to_us(now),
                "backlog": report.status.backlog,
                "oldest_unsent_us": maybe_us(report.status.oldest_unsent_at),
                "devices": msgspec.json.encode(report.status.devices).decode(),
                "version": report.status.version[:64],
                "problem": report.status.problem[:PROBLEM_MAX],
            }
            for report in sorted(reports, key=lambda report: (report.store, report.terminal))
        ]
        # A last will knows nothing but that the till is gone: what it last said about itself still holds.
        known = [row for row in rows if row["version"] or row["online"]]
        gone = [{k: row[k] for k in ("the_store", "the_terminal", "online")} for row in rows if row not in known]
        terminal = schema.terminal.c
        statement = sa.update(schema.terminal).where(
            terminal.store == sa.bindparam("the_store"), terminal.id == sa.bindparam("the_terminal")
        )
        with self._database.write() as connection:
            for group in (known, gone):
                if group:
                    connection.execute(statement, group)
            if twins := _twins(connection, reports, now):
                count_up_alarms(connection, twins, now)

    def forget_presence(self) -> None:
        """See FleetStore."""
        with self._database.write() as connection:
            connection.execute(sa.update(schema.terminal).where(schema.terminal.c.online).values(online=False))


def _twins(connection: sa.Connection, reports: Sequence[TerminalReport], now: datetime) -> list[Alarm]:
    """Reports of an epoch that their terminal has left some time ago."""
    told = {(each.store, each.terminal): each.status.epoch for each in reports if each.status.online}
    terminal, epoch = schema.terminal.c, schema.epoch.c
    newest = sa.and_(epoch.store == terminal.store, epoch.terminal == terminal.id, epoch.epoch == terminal.epoch)
    query = (
        sa.select(terminal.store, terminal.id, terminal.epoch)
        .join_from(schema.terminal, schema.epoch, newest)
        .where(terminal.epoch > 1, epoch.granted_us < to_us(now - TWIN_AFTER))
        .where(sa.tuple_(terminal.store, terminal.id).in_(sorted(told)))
    )
    return [
        Alarm.for_twin(store, name, told[store, name], granted)
        for store, name, granted in connection.execute(query)
        if 0 < told[store, name] < granted
    ]


def _text(settings: Settings) -> str:
    return msgspec.json.encode(settings).decode()


def _lock(connection: sa.Connection, store: StoreId) -> int:
    query = sa.select(schema.feed.c.revision).where(schema.feed.c.name == store_feed(store)).with_for_update()
    revision = connection.execute(query).scalar()
    if revision is None:
        raise _unknown_store(store)
    return int(revision)


def _bump(connection: sa.Connection, store: StoreId, revision: int) -> None:
    connection.execute(sa.update(schema.feed).where(schema.feed.c.name == store_feed(store)).values(revision=revision))


def _epoch(connection: sa.Connection, store: StoreId, terminal: TerminalId) -> int:
    row = schema.terminal.c
    epoch = connection.execute(sa.select(row.epoch).where(row.store == store, row.id == terminal)).scalar()
    if epoch is None:
        raise _unknown_terminal(store, terminal)
    return int(epoch)


def _terminal_update(store: StoreId, terminal: TerminalId) -> sa.Update:
    row = schema.terminal.c
    return sa.update(schema.terminal).where(row.store == store, row.id == terminal)


def _open_epoch(connection: sa.Connection, key: EpochKey, nonce: str, reason: str, now: datetime) -> None:
    connection.execute(
        sa.insert(schema.epoch).values(
            store=key.store, terminal=key.terminal, epoch=key.epoch, sequence=0, digest=GENESIS, revision=0,
            nonce=nonce, reason=reason, granted_us=to_us(now),
        )
    )  # fmt: skip


def _unknown_store(store: StoreId) -> UnknownStore:
    return UnknownStore(f"store {store}: there is none of this name; `tillwire-hub store add {store}` creates it")


def _unknown_terminal(store: StoreId, terminal: TerminalId) -> UnknownTerminal:
    return UnknownTerminal(
        f"terminal {store}/{terminal}: there is none of this name; "
        f"`tillwire-hub terminal add {store} {terminal}` creates it"
    )
