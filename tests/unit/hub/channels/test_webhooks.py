"""Webhooks: verified, kept once, and no way to fill a disk."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.channels.webhooks import Webhooks, WebhookStores
from hub.errors import ChannelUnavailable, ForgedWebhook, UnknownChannel
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import KEPT, HeardHint, SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from hub.storage.schema_channels import channel_heard
from hub.storage.watch import SqlWatchStore
from tests.channel_stage import START, Clock, Kinds, set_up
from tests.incoming_stage import Vendor, signature, vendor_manifest, webhook


class Post:
    """The hub's door for webhooks; `woken` are the parts that were woken."""

    def __init__(self, database: Database, **more: object) -> None:
        self.database = database
        self.clock = Clock()
        self.woken: list[tuple[str, str]] = []
        self.heard = SqlHeardStore(database)
        self.asides = SqlAsideStore(database)
        stores = WebhookStores(
            SqlChannelSetups(database), SqlChannelLinks(database), self.heard, self.asides, SqlWatchStore(database)
        )
        kinds = Kinds({"test": vendor_manifest(Vendor(), **more)})
        self.webhooks = Webhooks(stores, kinds, lambda *place: self.woken.append(place), self.clock.clock_s)
        set_up(database)

    def bring(self, headers: dict[str, str], body: bytes) -> str:
        """A webhook comes."""
        return self.webhooks.hear("web", headers, body, self.clock.now)

    def rows(self, table: sa.Table) -> int:
        """How many rows there are."""
        with self.database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_webhook_is_kept_once_and_wakes_its_part(database: Database) -> None:
    """Sent twice, it is answered twice and looked at once."""
    post = Post(database)
    assert [post.bring(*webhook("e1", "o1")), post.bring(*webhook("e1", "o1"))] == ["new", "again"]
    assert post.woken == [("web", "orders")]
    (heard,) = post.heard.new("web", "orders", 10)
    assert heard.hints == [HeardHint("o1")]
    with database.read() as connection:
        row = connection.execute(sa.select(channel_heard)).one()
    assert bytes(row.body) == webhook("e1", "o1")[1]
    assert "x-signature" in row.headers
    post.heard.done([heard.position], post.clock.now)
    assert post.bring(*webhook("e1", "o1")) == "again"
    assert post.heard.new("web", "orders", 10) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: ({**headers, "x-signature": "0" * 64}, body),
        lambda _, body: ({}, body),
        lambda _, body: ({"x-sent-at": "1", "x-signature": signature("1", body)}, body),
    ],
    ids=["body", "signature", "no_headers", "old"],
)
def test_forged_ones_are_refused_and_fill_nothing(database: Database, spoil: object) -> None:
    """However many come: one sample in ten seconds, of which the newest are kept."""
    post = Post(database)
    for number in range(30):
        with pytest.raises(ForgedWebhook):
            post.bring(*spoil(*webhook(f"e{number}", "o1")))  # type: ignore[operator]
    assert (post.rows(channel_heard), post.rows(schema.bad_frame), post.woken) == (0, 1, [])
    post.clock.pass_s(11)
    with pytest.raises(ForgedWebhook):
        post.bring(*spoil(*webhook("e", "o1")))  # type: ignore[operator]
    assert post.rows(schema.bad_frame) == 2


def test_what_is_genuine_and_not_understood_is_parked_once(database: Database) -> None:
    """With its bytes, for when somebody can read it; a replay lets the poll look for what it is about."""
    post = Post(database)
    body = b"no json"
    sent_at = str(int(START.timestamp()))
    headers = {"x-sent-at": sent_at, "x-signature": signature(sent_at, body)}
    assert [post.bring(headers, body), post.bring(headers, body)] == ["parked", "parked"]
    (aside,) = post.asides.waiting("web")
    assert (aside.kind, aside.raw, aside.count) == ("webhook", body, 2)
    assert post.heard.replay_aside("web", post.clock.now) == 1
    assert post.asides.waiting("web") == []
    assert [one.hints for one in post.heard.new("web", "orders", 10)] == [[HeardHint()]]


def test_what_is_of_no_interest_is_not_kept(database: Database) -> None:
    """A vendor sends more than anybody needs."""
    post = Post(database)
    assert post.bring(*webhook("e1", kind="weather")) == "nothing"
    assert post.rows(channel_heard) == 0


def test_who_is_not_there_or_switched_off_takes_none(database: Database) -> None:
    """An unknown name, a kind without webhooks, a channel that is switched off."""
    post = Post(database)
    with pytest.raises(UnknownChannel):
        post.webhooks.hear("nobody", *webhook("e1"), post.clock.now)
    assert post.bring(*webhook("e1")) == "new"
    SqlChannelSetups(database).enable("web", post.clock.now, enabled=False)
    with pytest.raises(UnknownChannel):
        post.bring(*webhook("e2"))


def test_a_kind_without_webhooks_takes_none(database: Database) -> None:
    """Its manifest has no reader."""
    with pytest.raises(UnknownChannel):
        Post(database, webhook_reader=None).bring(*webhook("e1"))


def test_a_mistake_of_a_reader_keeps_nothing_and_has_it_sent_again(database: Database) -> None:
    """Nobody knows whether it was genuine."""

    class Broken:
        def read(self, headers: object, body: object, now: object) -> list[object]:
            del headers, body, now
            raise RuntimeError("a mistake")

    post = Post(database, webhook_reader=lambda _: Broken())
    for _ in range(3):
        with pytest.raises(ChannelUnavailable, match="RuntimeError"):
            post.bring(*webhook("e1"))
    assert (post.rows(channel_heard), post.rows(schema.bad_frame)) == (0, 1)


def test_what_is_done_is_forgotten_after_no_vendor_sends_it_again(database: Database) -> None:
    """What waits stays."""
    post = Post(database)
    post.bring(*webhook("e1", "o1"))
    post.bring(*webhook("e2", "o2"))
    post.heard.done([post.heard.new("web", "orders", 1)[0].position], post.clock.now)
    assert post.heard.forget("web", START + KEPT) == 0
    assert post.heard.forget("web", START + KEPT + timedelta(seconds=1)) == 1
    assert post.rows(channel_heard) == 1


def test_a_look_for_what_is_new_does_not_go_through_all_that_was_heard(database: Database) -> None:
    """It is done every two seconds, and webhooks are kept for weeks."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        asked.append((statement, parameters))

    sa.event.listen(database.reading, "before_cursor_execute", note)
    SqlHeardStore(database).new("web", "orders", 10)
    query, parameters = asked[-1]
    with database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)
        assert "channel_heard_new" in " ".join(str(row) for row in plan)
