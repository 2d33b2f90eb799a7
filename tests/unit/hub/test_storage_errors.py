"""What a database's errors mean to whoever asked: try again, or not."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from hub.errors import StorageRejected, StorageUnavailable
from hub.storage.database import open_database, translated_errors

URL = sa.make_url("postgresql+psycopg://hub@db/tillwire")


@pytest.mark.parametrize(
    "kind", [psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.IdleInTransactionSessionTimeout]
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_standby_and_a_slow_server_are_away_and_not_wrong(kind: type[psycopg.Error], *, wrapped: bool) -> None:
    """Neither says anything of what was written: the same again may succeed after the failover."""
    error = kind("cannot execute UPDATE in a read-only transaction")
    with pytest.raises(StorageUnavailable), translated_errors(URL):
        raise sa.exc.InternalError("UPDATE feed", {}, error) if wrapped else error


def test_what_a_database_refuses_as_such_is_not_tried_again() -> None:
    """A value that does not fit will not fit the next time."""
    with pytest.raises(StorageRejected), translated_errors(URL):
        raise sa.exc.DataError("UPDATE feed", {}, psycopg.errors.NumericValueOutOfRange("bigint out of range"))


def test_a_database_of_a_newer_release_is_named_with_the_way_back(tmp_path: Path) -> None:
    """After an upgrade that somebody takes back, the old hub says what to do; it touches nothing."""
    url = sa.make_url(f"sqlite+pysqlite:///{tmp_path / 'hub.db'}")
    database = open_database(url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
    database.close()
    with pytest.raises(StorageRejected, match=r"hub\.db: .*newer release.*0099.*backup from before the upgrade"):
        open_database(url)
