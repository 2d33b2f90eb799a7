"""Texts are compared by their code points, wherever PostgreSQL's database was made."""

from __future__ import annotations

from alembic import op

from hub.storage.migrations.texts import by_code_point

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change the collation of all columns with texts."""
    by_code_point(op.get_bind())
