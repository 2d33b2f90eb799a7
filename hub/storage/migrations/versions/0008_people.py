"""People: persons and their identities in all channels, proposals, history, consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=null) for name in names]


def _position() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("position", number, autoincrement=True, nullable=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table("person", *_words("id", "state", "into"), *_numbers("created_us"), sa.PrimaryKeyConstraint("id"))
    _identities()
    op.create_table(
        "person_proposal",
        *_words("one", "other", "why", "state"),
        *_numbers("since_us"),
        sa.Column("via", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("one", "other"),
    )
    op.create_index("person_proposal_other", "person_proposal", ["other"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "person_proposal_open", "person_proposal", ["since_us"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "person_history",
        _position(),
        *_numbers("at_us"),
        *_words("by", "action", "person", "other", "moved", "before", "note"),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("person_history_person", "person_history", ["person", "position"])
    op.create_table(
        "person_ignored", *_words("value"), *_numbers("at_us"), *_words("by"), sa.PrimaryKeyConstraint("value")
    )
    op.create_table(
        "person_told",
        *_words("channel", "key", "said"),
        *_numbers("at_us"),
        sa.PrimaryKeyConstraint("channel", "key"),
    )


def _identities() -> None:
    op.create_table(
        "person_identity",
        *_words("channel", "key", "person", "version", "name", "email", "phone"),
        sa.Column("consent", sa.Boolean(), nullable=True),
        *_numbers("consent_us", null=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        *_numbers("heard_us"),
        sa.PrimaryKeyConstraint("channel", "key"),
    )
    op.create_index("person_identity_person", "person_identity", ["person"])
    for name in ("email", "phone"):
        has = sa.text(f"{name} != ''")
        op.create_index(f"person_identity_{name}", "person_identity", [name], sqlite_where=has, postgresql_where=has)
    op.create_table(
        "person_consent",
        _position(),
        *_words("channel", "key"),
        sa.Column("consent", sa.Boolean(), nullable=False),
        *_numbers("at_us"),
        *_words("source"),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("person_consent_of", "person_consent", ["channel", "key", "position"])
