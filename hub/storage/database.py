"""Opening the hub's database: engines, migrations, and the translation of drivers' errors into ours.

Two engines over one database: `writing` begins with the write lock on SQLite (BEGIN IMMEDIATE; a later upgrade of a
read lock could fail half-way), `reading` gives every read transaction one moment of the database (REPEATABLE READ on
PostgreSQL, a deferred transaction in WAL mode on SQLite). SQLite runs with synchronous FULL: NORMAL loses
acknowledged sales at a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hub.errors import AlreadyLogged, ConfigError, StorageRejected, StorageUnavailable
from hub.storage import postgres_arrays, schema

BUSY_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5
POOL_CONNECTIONS = 16


class Database:
    """The two engines and what the database says about itself."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.writing = _sqlite_engine(url, "BEGIN IMMEDIATE") if self.is_sqlite else _postgres_engine(url)
        self.reading = (
            _sqlite_engine(url, "BEGIN")
            if self.is_sqlite
            else _postgres_engine(url, isolation_level="REPEATABLE READ", read_only=True)
        )

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One moment of the database. Raises StorageUnavailable, StorageRejected."""
        with translated_errors(self.url), self.reading.begin() as connection, _newest_plans(connection):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that commits when the context is left. Raises StorageUnavailable, StorageRejected."""
        with translated_errors(self.url), self.writing.begin() as connection, _newest_plans(connection):
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this version's; several processes may do so at once. Raises StorageRejected."""
        if self._is_current():
            return
        from alembic import command  # noqa: PLC0415 - half a second that a command on a current database need not pay
        from alembic.config import Config  # noqa: PLC0415 - as above
        from alembic.util import CommandError  # noqa: PLC0415 - as above

        config = Config()
        config.set_main_option("script_location", str(files("hub.storage") / "migrations"))
        with self.write() as connection:
            if not self.is_sqlite:
                # SQLite's write lock serialises this already; PostgreSQL gets a lock of its own for it.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('tillwire.migrate'))"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                where = self.url.render_as_string(hide_password=True)
                raise StorageRejected(
                    f"{where}: this database is of a newer release of the hub (migration {self._migration()}): start "
                    "that release, or put the database back to a backup from before the upgrade"
                ) from error

    def _is_current(self) -> bool:
        return self._migration() == schema.VERSION

    def _migration(self) -> str | None:
        with self.read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            return found

    def state(self, name: str, default: str) -> str:
        """Read what the database knows under `name`; the first to ask decides it by `default`."""
        with self.write() as connection:
            found = connection.execute(sa.select(schema.state.c.value).where(schema.state.c.name == name)).scalar()
            if found is None:
                if not self.is_sqlite:
                    connection.execute(sa.text("LOCK TABLE state IN EXCLUSIVE MODE"))
                    query = sa.select(schema.state.c.value).where(schema.state.c.name == name)
                    found = connection.execute(query).scalar()
                if found is None:
                    connection.execute(sa.insert(schema.state).values(name=name, value=default))
                    found = default
        return str(found)

    def close(self) -> None:
        """Close all connections."""
        self.writing.dispose()
        self.reading.dispose()


def parse_url(text: str) -> sa.URL:
    """Read a database URL: `sqlite:///path` or `postgresql://...`, with several hosts as libpq has it.

    Of several servers the one is used that takes writes, unless `target_session_attrs` says otherwise: a stand-by
    would be read from and refuse every sale. Raises ConfigError.
    """
    try:
        url = _make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ConfigError(
            "database.url: not a database URL; write sqlite:///path/to/hub.db or postgresql://user@host/name"
        ) from error
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigError(f"database.url: {other} is not supported; use sqlite:///... or postgresql://...")


def _make_url(text: str) -> sa.URL:
    scheme, _, rest = text.partition("://")
    place, _, tail = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    if not scheme.startswith("postgres") or "," not in hosts:
        return sa.make_url(text)
    several = hosts.split(",")
    for host in several:
        _, colon, port = host.rpartition(":")
        if colon:
            int(port)
    url = sa.make_url(f"{scheme}://{user}{at}/{tail}")
    if "target_session_attrs" not in url.query:
        url = url.update_query_dict({"target_session_attrs": "read-write"})
    return url.update_query_dict({"host": several})


_PASSING = (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.IdleInTransactionSessionTimeout)
"""Internal errors by PostgreSQL's word, but they pass: a standby that was not promoted yet, a server that was slow."""


def _has_old_plan(error: Exception) -> bool:
    """Whether a statement was prepared before another process migrated the database.

    Told by the place in PostgreSQL's source, the one word that is the same in all languages.
    """
    match getattr(error, "orig", error):
        case psycopg.errors.FeatureNotSupported(diag=diag):
            return diag.source_function == "RevalidateCachedQuery"
        case _:
            return False


@contextmanager
def _newest_plans(connection: sa.Connection) -> Iterator[None]:
    """Let go of a connection that has an old plan: it would refuse that statement for ever."""
    try:
        yield
    except (sa.exc.DBAPIError, psycopg.Error) as error:
        if _has_old_plan(error):
            connection.invalidate(error)
        raise


@contextmanager
def translated_errors(url: sa.URL) -> Iterator[None]:
    """Turn what drivers raise into StorageUnavailable or StorageRejected."""
    where = url.render_as_string(hide_password=True)
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise StorageUnavailable(f"{where}: {error.args[0] if error.args else error}") from error
    except (sqlite3.OperationalError, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StorageUnavailable(f"{where}: {error}") from error
    except (sa.exc.DBAPIError, sqlite3.Error, psycopg.Error, OverflowError) as error:
        if isinstance(getattr(error, "orig", error), _PASSING) or _has_old_plan(error):
            raise StorageUnavailable(f"{where}: {error}") from error
        if _is_known_id(error):
            raise AlreadyLogged(f"{where}: {error}") from error
        raise StorageRejected(f"{where}: {error}") from error


def _is_known_id(error: Exception) -> bool:
    """Whether the index over the log's event ids has refused it, by whichever driver's word."""
    match error:
        case psycopg.errors.UniqueViolation(diag=diag):
            return diag.constraint_name == schema.event_by_id.name
        case sqlite3.IntegrityError():
            return "event.event_id" in str(error)
        case _:
            return False


def _sqlite_engine(url: sa.URL, begin: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=POOL_CONNECTIONS, connect_args={"timeout": BUSY_TIMEOUT_S})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own idea of when to begin would take the write lock too late; we say BEGIN ourselves.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres_engine(url: sa.URL, *, isolation_level: str = "READ COMMITTED", read_only: bool = False) -> sa.Engine:
    postgres_arrays.register()
    options: dict[str, Any] = {"postgresql_readonly": True} if read_only else {}
    return sa.create_engine(
        url,
        isolation_level=isolation_level,
        execution_options=options,
        pool_size=POOL_CONNECTIONS,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "tillwire-hub"},
    )


def open_database(url: sa.URL) -> Database:
    """Open and migrate. A new SQLite file is readable by its owner only: it holds keys. Raises StorageUnavailable."""
    if url.get_backend_name() == "sqlite" and url.database:
        _own_file(Path(url.database))
    database = Database(url)
    database.migrate()
    return database


def _own_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageUnavailable(f"{path}: {error.strerror}; check that the hub's user may write there") from error
