"""A database for channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.storage.database import Database
from hub.storage.stores import open_stores
from protocol.frame import Key
from tests.databases import sqlite_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one, in a file."""
    opened = sqlite_database(tmp_path / "hub.db")
    open_stores(opened, new_lineage="one", new_global_key=Key(bytes(32)))
    yield opened
    opened.close()
