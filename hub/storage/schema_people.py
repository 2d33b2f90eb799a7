"""The tables of people: persons, what each channel says of them, who may be who, what was decided by hand, consent."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, Table, Text, text

from hub.storage.columns import POSITION
from hub.storage.columns import number_column as _number
from hub.storage.columns import text_column as _text
from hub.storage.metadata import metadata

_EMPTY = text("''")

person = Table(
    "person",
    metadata,
    _text("id", key=True),
    _text("state"),
    _text("into"),
    _number("created_us"),
)
"""A UUID for each; `state` is alive, merged (`into` another one) or erased."""

person_identity = Table(
    "person_identity",
    metadata,
    _text("channel", key=True),
    _text("key", key=True),
    _text("person"),
    _text("version"),
    _text("name"),
    _text("email"),
    _text("phone"),
    Column("consent", Boolean, nullable=True),
    _number("consent_us", null=True),
    Column("deleted", Boolean, nullable=False),
    Column("erased", Boolean, nullable=False),
    _number("heard_us"),
)
"""A customer as a channel knows her; channel "~till" is the tills' own."""
Index("person_identity_person", person_identity.c.person)
_has_email: ColumnElement[bool] = person_identity.c.email != _EMPTY
_has_phone: ColumnElement[bool] = person_identity.c.phone != _EMPTY
Index("person_identity_email", person_identity.c.email, sqlite_where=_has_email, postgresql_where=_has_email)
Index("person_identity_phone", person_identity.c.phone, sqlite_where=_has_phone, postgresql_where=_has_phone)

person_consent = Table(
    "person_consent",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("channel"),
    _text("key"),
    Column("consent", Boolean, nullable=False),
    _number("at_us"),
    _text("source"),
)
"""Each consent that was given or taken back, by whom it was heard; rows are only added."""
Index("person_consent_of", person_consent.c.channel, person_consent.c.key, person_consent.c.position)

person_proposal = Table(
    "person_proposal",
    metadata,
    _text("one", key=True),
    _text("other", key=True),
    _text("why"),
    _text("state"),
    _number("since_us"),
    Column("via", Text, nullable=False, server_default=_EMPTY),
)
"""Two persons (the smaller id first) who may be one: open, merged, refused, gone."""
Index("person_proposal_other", person_proposal.c.other)
_open: ColumnElement[bool] = person_proposal.c.state == text("'open'")
Index("person_proposal_open", person_proposal.c.since_us, sqlite_where=_open, postgresql_where=_open)

person_history = Table(
    "person_history",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _number("at_us"),
    _text("by"),
    _text("action"),
    _text("person"),
    _text("other"),
    _text("moved"),
    _text("before"),
    _text("note"),
    Column("undoes", BigInteger, nullable=True),
)
"""What people did to persons; rows are only added. `moved` is JSON, the identities that changed sides."""
Index("person_history_person", person_history.c.person, person_history.c.position)

person_ignored = Table("person_ignored", metadata, _text("value", key=True), _number("at_us"), _text("by"))
"""Addresses and numbers that name nobody, such as the shop's own."""

person_told = Table(
    "person_told",
    metadata,
    _text("channel", key=True),
    _text("key", key=True),
    _text("said"),
    _number("at_us"),
)
"""What each channel was last told of a customer of its own (JSON), so that it is told changes only."""

person_shown = Table("person_shown", metadata, _text("person", key=True), _text("digest"))
"""Whom the hub shows at tills because a channel knows her: the document of her id, as it was last written.

A document that says something else was changed by a till or by the office, and is theirs since."""
