"""Who may see the dashboard, as the database knows it: the hash of the admin key, used login tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.upserts import insert_for, upsert

_ADMIN_KEY_HASH = "admin_key_hash"
_SESSION_SECRET = "session_secret"  # noqa: S105 - the row's name


class SqlAccess:
    """The rows behind `hub.api.port.Identity`."""

    def __init__(self, database: Database, *, new_session_secret: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.session_secret = bytes.fromhex(database.state(_SESSION_SECRET, new_session_secret))

    def admin_key_hash(self) -> str:
        """The hash of the admin key; "" while there is none."""
        query = sa.select(schema.state.c.value).where(schema.state.c.name == _ADMIN_KEY_HASH)
        with self._database.read() as connection:
            return connection.execute(query).scalar() or ""

    def set_admin_key_hash(self, value: str) -> None:
        """Make another key the admin key."""
        with self._database.write() as connection:
            upsert(connection, schema.state, [{"name": _ADMIN_KEY_HASH, "value": value}], replace=["value"])

    def redeem(self, token_id: str, expires_at: datetime) -> bool:
        """Mark a one-time token as used; False if it was used before."""
        row = {"id": token_id, "expires_us": to_us(expires_at)}
        with self._database.write() as connection:
            expired = schema.login_token.c.expires_us < to_us(self._clock())
            connection.execute(sa.delete(schema.login_token).where(expired))
            return insert_for(connection, schema.login_token, row)
