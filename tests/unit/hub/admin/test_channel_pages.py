"""Channels as a shopkeeper sees them: how each is, what was parked and why, which word is whose, and mending it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.running.channel_desk import SqlChannelDesk
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_outbox import SqlOutbox
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.stores import open_stores
from protocol.frame import Key
from tests.databases import sqlite_database
from tests.unit.hub.admin.sample_channels import sample_channels
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.admin.test_pages import ask, text_of
from tests.unit.hub.admin.test_stock_fact_pages import post
from tests.unit.hub.api.asgi import client


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one, in a file."""
    opened = sqlite_database(tmp_path / "hub.db")
    open_stores(opened, new_lineage="one", new_global_key=Key(bytes(32)))
    yield opened
    opened.close()


@pytest.fixture
def hub(database: Database) -> SampleHub:
    """A hub with three channels."""
    sample = SampleHub().fill(3)
    sample.channels = sample_channels(database, sample.now)
    return sample


def test_each_channel_says_how_it_is_and_since_when(hub: SampleHub) -> None:
    """Away, switched off, or fine but for some things, with the vendor's own words."""
    text = text_of(ask(hub, "/channels").text)
    assert re.search(
        r"square-hn square does not work .* 1 .* 1 orders from the channel: connect\.squareup\.com: 503", text
    )
    assert re.search(r"web medusa needs a look .* 1 .* 4", text)
    assert "pos-cu square switched off" in text
    vietnamese = text_of(ask(hub, "/channels", accept_language="vi").text)
    assert "không hoạt động" in vietnamese
    assert not re.search(r"\b(works|switched|parked|waits)\b", vietnamese, re.IGNORECASE)


def test_a_channel_shows_what_was_parked_in_the_words_of_whoever_refused_it(hub: SampleHub) -> None:
    """Out and in, each with its bytes where there are any, and what has no counterpart."""
    text = text_of(ask(hub, "/channels/web").text)
    for words in (
        "sale HN-0003121", "does not have the required inventory", "order order_01KB4ZB1H2M7", "AO-THUN-XL",
        "item: a variant without a SKU", "Without a counterpart: SKUs 7", "Without a counterpart: stores 1",
        "stock to the channel works",
    ):  # fmt: skip
        assert words in text
    failing = text_of(ask(hub, "/channels/square-hn").text)
    assert "next try" in failing
    assert "tried 3 times" in failing
    assert "Nothing is parked" in text_of(ask(hub, "/channels/pos-cu").text)
    assert ask(hub, "/channels/nobody").status_code == 404


def test_parked_things_are_tried_again_one_by_one_or_all(hub: SampleHub, database: Database) -> None:
    """Those of the outbox wait again; those that came in are asked for anew."""
    outbox = SqlOutbox(database)
    first = outbox.rows("web", state="parked")[0]
    answer = post(hub, "/channels/web/again", {"what": "out", "key": str(first.position)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/channels/web?done=1")
    assert len(outbox.rows("web", state="parked")) == 1
    assert "1 thing is tried again now" in text_of(ask(hub, "/channels/web?done=1").text)
    post(hub, "/channels/web/again", {"what": "out"})
    assert outbox.rows("web", state="parked") == []
    post(hub, "/channels/web/again", {"what": "in", "key": "orders order_01KB4ZB1H2M7"})
    (heard,) = SqlHeardStore(database).new("web", "orders", 10)
    assert [hint.key for hint in heard.hints] == ["order_01KB4ZB1H2M7"]
    assert SqlHeardStore(database).new("web", "catalogue", 10) == []
    assert post(hub, "/channels/web/again", {"what": "stock"}).headers["location"] == "/channels/web?done=0"
    assert post(hub, "/channels/web/again", {"what": "everything"}).status_code == 422
    assert post(hub, "/channels/nobody/again", {"what": "in"}).status_code == 404


def test_links_are_found_mapped_and_taken_away(hub: SampleHub, database: Database) -> None:
    """By either side's word; what a person maps keeps what the connector knows of the thing."""
    text = text_of(ask(hub, "/channels/web/links?search=sku-00003").text)
    assert "SKU-00003 Sữa tươi" in text
    assert "variant_01KBYHAND by hand" in text
    assert "SKU-00004" in text_of(ask(hub, "/channels/web/links?search=variant_01k00000004").text)
    assert "Nothing here begins so" in text_of(ask(hub, "/channels/web/links?search=zzz").text)
    answer = post(hub, "/channels/web/links", {"kind": "item", "ours": " SKU-00055 ", "theirs": "variant_01K00000004"})
    assert answer.status_code == 303
    (link,) = SqlChannelLinks(database).find("web", "item", ours="SKU-00055")
    assert (link.theirs, link.more, link.by_hand) == ("variant_01K00000004", {"product": "prod_4"}, True)
    assert "Hàng Bài sloc_01J8HANGBAI" in text_of(ask(hub, "/channels/web/links?kind=location").text)
    assert post(hub, "/channels/web/links/delete", {"kind": "location", "ours": "st01"}).status_code == 303
    assert "Hàng Bài" not in text_of(ask(hub, "/channels/web/links?kind=location&search=st01").text)


def test_what_has_no_counterpart_is_listed(hub: SampleHub) -> None:
    """SKUs and stores, with their names."""
    text = text_of(ask(hub, "/channels/web/links?kind=item&missing=1").text)
    assert "SKU-00053" in text
    assert "1 to 7 of 7" in text
    page = ask(hub, "/channels/web/links?kind=location&missing=1").text
    assert "st03 Vincom Đồng Khởi" in text_of(page)
    assert "1 to 1 of 1" in text_of(page)
    assert 'value="st03"' in ask(hub, "/channels/web/links?kind=location&ours=st03").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "item", "ours": "SKU-XYZ", "theirs": "v"}, "not in the hub&#39;s catalogue"),
        ({"kind": "location", "ours": "nowhere", "theirs": "v"}, "there is none of this name"),
        ({"kind": "item", "ours": "SKU-00001", "theirs": " "}, "write a word"),
        ({"kind": "order", "ours": "a", "theirs": "b"}, "nothing that is mapped by hand"),
        ({"kind": "tax", "ours": "a\x00b", "theirs": "b"}, "write a word"),
    ],
)
def test_a_wrong_word_is_named_and_what_was_typed_stays(hub: SampleHub, form: dict[str, str], words: str) -> None:
    """Above the form, as a problem with the form and not of the hub."""
    answer = post(hub, "/channels/web/links", form)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["theirs"]}"' in answer.text


def test_an_empty_hub_says_how_a_channel_is_added(database: Database) -> None:
    """And one that cannot have any says so."""
    hub = SampleHub()
    hub.channels = SqlChannelDesk(database, lambda *_: None)
    assert "tillwire-hub channel add" in ask(hub, "/channels").text
    assert ask(SampleHub(), "/channels").status_code == 404


def test_nobody_sees_or_changes_them_without_the_key(hub: SampleHub) -> None:
    """Another site's page neither."""

    async def asking() -> list[int]:
        async with client(hub.kept_web) as http:
            seen = await http.get("/channels/web", headers={"accept": "text/html"})
            sent = await http.post("/channels/web/again", data={"what": "in"}, headers={"origin": "http://elsewhere"})
            return [seen.status_code, sent.status_code]

    assert asyncio.run(asking()) == [303, 403]


def test_a_hundred_thousand_links_are_paged_and_searched(hub: SampleHub, database: Database) -> None:
    """No page reads them all."""
    many = [LinkRow("item", f"BIG-{number:06}", f"v{number}") for number in range(100_000)]
    SqlChannelLinks(database).put("web", many, hub.now)
    text = text_of(ask(hub, "/channels/web/links?page=2000").text)
    assert "99.951 to 100.000 of 100.053" in text.replace(",", ".")
    assert "BIG-077777" in text_of(ask(hub, "/channels/web/links?search=big-077777").text)
    assert len(SqlAsideStore(database).waiting("web")) == 2
