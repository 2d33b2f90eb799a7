"""The migrations make the schema that the code believes in."""

from __future__ import annotations

import stat
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import hub.storage.schema_channels
import hub.storage.schema_money
import hub.storage.schema_people  # noqa: F401 - as above
from hub.errors import ConfigError, StorageUnavailable
from hub.storage.database import Database, open_database, parse_url
from hub.storage.metadata import metadata
from hub.storage.schema import ONLY, VERSION


def differences_to_schema(connection: sa.Connection) -> list[Any]:
    """What the database has otherwise than `schema.py` says for its dialect."""

    def belongs(item: Any, *_: object) -> bool:  # noqa: ANN401 - any of SQLAlchemy's objects
        return bool(item.info.get(ONLY, connection.dialect.name) == connection.dialect.name)

    context = MigrationContext.configure(connection, opts={"include_object": belongs})
    return list(compare_metadata(context, metadata))


def test_migrations_and_schema_agree(database: Database) -> None:
    """Nothing to add, nothing to drop."""
    with database.write() as connection:
        assert differences_to_schema(connection) == []


def test_texts_are_compared_by_their_code_points(database: Database) -> None:
    """On PostgreSQL that is up to each column; a migration that adds a text calls `by_code_point` of texts.py."""
    others = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name <> 'alembic_version' AND data_type IN ('text', 'character varying', 'ARRAY') "
        "AND collation_name IS DISTINCT FROM 'C'"
    )
    with database.read() as connection:
        found = [] if database.is_sqlite else connection.execute(others).all()
    assert found == []


def test_the_schema_names_its_newest_migration() -> None:
    """A start skips Alembic when the database says this version."""
    config = Config()
    config.set_main_option("script_location", str(files("hub.storage") / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == VERSION


def test_migrating_twice_changes_nothing(database: Database) -> None:
    """Every start migrates; the second finds all done."""
    database.migrate()
    assert database.state("lineage", "first") == "first"
    assert database.state("lineage", "second") == "first"


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """The database holds the terminals' keys."""
    path = tmp_path / "data" / "hub.db"
    open_database(parse_url(f"sqlite:///{path}")).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_database_that_is_away_is_said_so_without_its_password() -> None:
    """The message is for a person; a password must not get into a log."""
    url = parse_url("postgresql://till:sesame@127.0.0.1:1/hub")
    with pytest.raises(StorageUnavailable) as failure:
        open_database(url)
    assert "sesame" not in str(failure.value)


@pytest.mark.parametrize("text", ["nonsense", "mysql://host/x"])
def test_other_databases_are_refused_with_words(text: str) -> None:
    """The remedy is in the message."""
    with pytest.raises(ConfigError, match="sqlite:///"):
        parse_url(text)
