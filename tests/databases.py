"""Empty databases for tests, with all tables: migrated once a process, then copied.

What the migrations themselves do is shown in `tests/contract/hub_storage/test_migrations.py` and `test_schema.py`; all
other tests want what comes out of them, and a copy costs a hundredth of it.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from hub.storage.database import Database, open_database, parse_url
from tests.services import PostgresServer


def sqlite_database(file: Path) -> Database:
    """A new SQLite database in this file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_sqlite_template(), file)
    return open_database(parse_url(f"sqlite:///{file}"))


def postgres_url(server: PostgresServer) -> str:
    """The URL of a new database of this server."""
    return server.copy_of(_postgres_template(server))


@cache
def _sqlite_template() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="tillwire-template-")
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "hub.db"
    open_database(parse_url(f"sqlite:///{file}")).close()  # the last to close writes all into the one file
    return file


@cache
def _postgres_template(server: PostgresServer) -> str:
    url = server.new_database()
    open_database(parse_url(url)).close()
    return url
