"""The channels that the shop has set up: settings, secrets, switched on or off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.errors import ChannelBusy, ChannelExists, ConfigError, UnknownChannel
from hub.storage import schema_channels as schema
from hub.storage.channel_journals import start_journals
from hub.storage.channel_records import ChannelSetup
from hub.storage.database import Database
from hub.storage.metadata import metadata
from hub.storage.moments import from_us, to_us
from hub.storage.upserts import insert_for, upsert

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
"""An order's id at the hub is the channel's name and the vendor's id, and has 64 characters at most."""
_CHANNEL = schema.channel.c
_STEP = timedelta(microseconds=1)


class SqlChannelSetups:
    """Which channels there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[ChannelSetup]:
        """All channels, by name."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(schema.channel).order_by(_CHANNEL.name)).all()
        return [_setup(row) for row in rows]

    def get(self, name: str) -> ChannelSetup:
        """One channel. Raises UnknownChannel."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.channel).where(_CHANNEL.name == name)).first()
        if row is None:
            raise _unknown(name)
        return _setup(row)

    def secrets(self, name: str) -> Mapping[str, str]:
        """A channel's secrets by name. For connectors only: never shown, never logged."""
        secret = schema.channel_secret.c
        with self._database.read() as connection:
            rows = connection.execute(sa.select(secret.name, secret.value).where(secret.channel == name))
            return {row.name: bytes(row.value).decode() for row in rows}

    def add(self, name: str, kind: str, settings: Mapping[str, str], now: datetime) -> None:
        """Set a channel up, switched off; what tills have told so far is not told to it. Raises ChannelExists."""
        if NAME.fullmatch(name) is None:
            raise ConfigError(
                f"channel {name!r}: a name is 1 to 24 of a-z, 0-9 and -, and starts with a letter or a digit"
            )
        row = {
            "name": name, "kind": kind, "settings": _text(settings), "enabled": False,
            "created_us": to_us(now), "changed_us": to_us(now),
        }  # fmt: skip
        with self._database.write() as connection:
            if not insert_for(connection, schema.channel, row):
                raise ChannelExists(f"channel {name}: is there already; choose another name, or change that one")
            start_journals(connection, name)

    def set(self, name: str, settings: Mapping[str, str], now: datetime) -> None:
        """Replace a channel's settings. Raises UnknownChannel."""
        self._change(name, now, settings=_text(settings))

    def enable(self, name: str, now: datetime, *, enabled: bool) -> None:
        """Switch a channel on or off. Raises UnknownChannel."""
        self._change(name, now, enabled=enabled)

    def set_secret(self, name: str, secret: str, value: str, now: datetime) -> None:
        """Keep a secret in the place of a former one. Raises UnknownChannel."""
        with self._database.write() as connection:
            _touch(connection, name, now)
            row = {"channel": name, "name": secret, "value": value.encode()}
            upsert(connection, schema.channel_secret, [row], replace=["value"])

    def remove(self, name: str) -> None:
        """Forget a channel and all that is kept for it. Raises UnknownChannel, and ChannelBusy while rows wait for it.

        Orders that came from it stay orders.
        """
        outbox = schema.outbox.c
        with self._database.write() as connection:
            if not connection.execute(sa.delete(schema.channel).where(_CHANNEL.name == name)).rowcount:
                raise _unknown(name)
            mine = sa.and_(outbox.channel == name, outbox.state != "done")
            waiting = connection.execute(sa.select(sa.func.count()).select_from(schema.outbox).where(mine)).scalar_one()
            if waiting:
                raise ChannelBusy(
                    f"channel {name}: {waiting} messages wait for it or are parked: let it run until they are gone, or "
                    f"give them up with `tillwire-hub channel remove {name} --give-up`"
                )
            forget_channel(connection, name)

    def give_up(self, name: str) -> None:
        """Forget a channel with all that waits for it. Raises UnknownChannel."""
        with self._database.write() as connection:
            if not connection.execute(sa.delete(schema.channel).where(_CHANNEL.name == name)).rowcount:
                raise _unknown(name)
            forget_channel(connection, name)

    def _change(self, name: str, now: datetime, **columns: object) -> None:
        with self._database.write() as connection:
            _touch(connection, name, now)
            connection.execute(sa.update(schema.channel).where(_CHANNEL.name == name).values(columns))


def forget_channel(connection: sa.Connection, name: str) -> None:
    """Delete every row of a channel, in all of its tables."""
    for table in metadata.sorted_tables:
        if table.name != "channel" and table.name.startswith(("channel_", "outbox")):
            connection.execute(sa.delete(table).where(table.c.channel == name))


def _touch(connection: sa.Connection, name: str, now: datetime) -> None:
    """Move `changed_us` on, whatever the clock says: a running hub compares it."""
    mine = _CHANNEL.name == name
    before = connection.execute(sa.select(_CHANNEL.changed_us).where(mine).with_for_update()).scalar()
    if before is None:
        raise _unknown(name)
    changed = max(to_us(now), to_us(from_us(before) + _STEP))
    connection.execute(sa.update(schema.channel).where(mine).values(changed_us=changed))


def _setup(row: sa.Row[tuple[object, ...]]) -> ChannelSetup:
    return ChannelSetup(
        name=row.name, kind=row.kind, settings=msgspec.json.decode(row.settings, type=dict[str, str]),
        enabled=row.enabled, created_at=from_us(row.created_us), changed_at=from_us(row.changed_us),
    )  # fmt: skip


def _text(settings: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(sorted(settings.items()))).decode()


def _unknown(name: str) -> UnknownChannel:
    return UnknownChannel(f"channel {name}: there is none of this name; `tillwire-hub channel list` shows them")
