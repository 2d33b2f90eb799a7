"""A database for channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.storage.database import Database, open_database, parse_url
from hub.storage.stores import open_stores
from protocol.frame import Key


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one, in a file."""
    opened = open_database(parse_url(f"sqlite:///{tmp_path / 'hub.db'}"))
    open_stores(opened, new_lineage="one", new_global_key=Key(bytes(32)))
    yield opened
    opened.close()
