"""Alembic's entry point: the connection is handed over by `database.py`, in one transaction with the version table."""

from __future__ import annotations

from alembic import context

import hub.storage.schema
import hub.storage.schema_channels
import hub.storage.schema_money
import hub.storage.schema_people  # noqa: F401 - as above
from hub.storage.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
