"""How the hub reads `[database] url`: as PostgreSQL's own programs would, several servers included."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from hub.errors import ConfigError
from hub.storage.database import parse_url


def told(text: str) -> dict[str, object]:
    """What the driver is told for such an address."""
    url = parse_url(text)
    _, given = url.get_dialect()().create_connect_args(url)
    return {name: given.get(name) for name in ("host", "port", "user", "dbname", "target_session_attrs")}


def test_several_servers_are_tried_in_turn_for_the_one_that_takes_writes() -> None:
    """A database with a stand-by is named as PostgreSQL names it; nobody must remember the word for "the primary"."""
    assert told("postgresql://tillwire@db1.example:5432,db2.example:5433/tillwire") == {
        "host": "db1.example,db2.example", "port": "5432,5433", "user": "tillwire", "dbname": "tillwire",
        "target_session_attrs": "read-write",
    }  # fmt: skip


def test_ports_may_be_left_out_and_words_of_ones_own_stay() -> None:
    """Each server has PostgreSQL's port then; whoever asks for another kind of session gets that."""
    given = told("postgresql://tillwire:p%40ss@db1,db2/tillwire?target_session_attrs=primary")
    assert (given["host"], given["target_session_attrs"]) == ("db1,db2", "primary")
    assert parse_url("postgresql://tillwire:p%40ss@db1,db2/tillwire").password == "p@ss"  # noqa: S105 - an example


def test_one_server_is_told_as_before() -> None:
    """Nothing is added to an address with one host."""
    url = parse_url("postgresql://tillwire@db1:5433/tillwire")
    assert url == sa.make_url("postgresql+psycopg://tillwire@db1:5433/tillwire")


@pytest.mark.parametrize("text", ["postgresql://u@db1:x/name", "postgresql://u@db1:x,db2/name", "nonsense"])
def test_what_is_no_address_is_named_with_its_remedy(text: str) -> None:
    """Never a traceback: a wrong port is a wrong setting."""
    with pytest.raises(ConfigError, match=r"database\.url"):
        parse_url(text)
