"""Who decides whether counts of a channel are taken: the shop, by a setting; until then nobody asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from hub.channels.incoming import IncomingPart
from hub.channels.incoming_parts import Incoming
from hub.channels.links import Link, Links
from hub.channels.manifest import Manifest
from hub.channels.owners import takes_counts
from hub.channels.part import Opened, Part
from hub.channels.ports import Channel, Hint, Page, StockFact, Unread
from hub.channels.settings import complete, settings_of
from hub.channels.webhooks import Webhooks, WebhookStores
from hub.errors import ConfigError
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import HeardHint, SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from hub.storage.settling_orders import AllotmentPolicy
from hub.storage.watch import SqlWatchStore
from tests.channel_stage import START, Kinds, manifest_of
from tests.contract.hub_storage.test_orders_contract import HANOI, TEA, Shop

TAKEN, LEFT = {"owner_counts": "channel"}, {"owner_counts": "hub"}
HOLDER = "this process"
LINKS = Links("web", [Link("location", "hanoi", "L1")])


class Told:
    """A vendor's history of counts. `named` are the ids that were asked for one by one."""

    def __init__(self) -> None:
        self.facts: list[StockFact] = []
        self.unread: list[Unread] = []
        self.asked: list[str] = []
        self.named: list[str] = []

    def changed(self, cursor: str) -> Page[StockFact]:
        """From where the cursor says."""
        self.asked.append(cursor)
        unread, self.unread = self.unread, []
        return Page(self.facts[int(cursor or 0) :], str(len(self.facts)), unread=unread)

    def fact(self, key: str) -> StockFact | None:
        """One of them."""
        self.named.append(key)
        return next((one for one in self.facts if one.key == key), None)


class Reader:
    """Each webhook says that orders changed, and that something was counted."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Hint]:
        """See WebhookReader."""
        del headers
        return [Hint(body.decode(), port, "", now) for port in ("orders", "counts") if port.encode() in body]


def kind_of(told: Told) -> Manifest:
    """A kind that tells counts."""
    channel = Channel(counts=told)
    return manifest_of(
        lambda _: channel,
        ports=frozenset({"orders", "counts"}),
        webhook_reader=lambda _: Reader(),
        poll_s={"counts": 300},
    )


def part_of(database: Database, told: Told, given: Mapping[str, str]) -> Part | None:
    """The part that takes counts in, as the shop has set the channel up."""
    manifest = kind_of(told)
    settings = complete("web", manifest, given)
    channel = Channel(counts=told)
    opened = Opened("web", manifest, settings, channel, lambda: LINKS, lambda _: None, HOLDER, START)
    kind = next(kind for kind in Incoming(database, AllotmentPolicy("nearest", ())).kinds() if kind.name == "counts")
    part = kind.make(opened)
    if part is not None:
        SqlChannelParts(database).take("web", "counts", HOLDER, START, START + timedelta(days=1))
    return part


def test_the_hub_is_right_until_the_shop_says_otherwise() -> None:
    """It is a setting of the framework's, which every kind has that tells counts, and no other."""
    manifest = kind_of(Told())
    assert [one.default for one in settings_of(manifest) if one.name == "owner_counts"] == ["hub"]
    assert not takes_counts(manifest, complete("web", manifest, {}))
    assert takes_counts(manifest, complete("web", manifest, TAKEN))
    with pytest.raises(ConfigError, match="owner_counts is 'me'; write hub or channel"):
        complete("web", manifest, {"owner_counts": "me"})
    other = manifest_of(lambda _: Channel())
    with pytest.raises(ConfigError, match="no setting of test"):
        complete("web", other, TAKEN)


def test_counts_are_taken_from_when_the_shop_wants_them(database: Database) -> None:
    """While it does not, nobody asks; and what was counted meanwhile is not taken afterwards."""
    told = Told()
    part = part_of(database, told, TAKEN)
    assert part is not None
    part.step(START)
    assert SqlChannelParts(database).state("web", "counts").cursor == "0"
    assert part_of(database, told, LEFT) is None
    assert ("web", "counts") not in SqlChannelParts(database).states("web")
    again = part_of(database, told, TAKEN)
    assert again is not None
    again.step(START)
    assert told.asked == ["", ""]


def test_hints_of_counts_are_for_who_takes_them(database: Database) -> None:
    """Otherwise they would be kept for nobody, for ever."""
    told, woken = Told(), list[tuple[str, str]]()
    heard, setups = SqlHeardStore(database), SqlChannelSetups(database)
    stores = WebhookStores(
        setups, SqlChannelLinks(database), heard, SqlAsideStore(database), SqlWatchStore(database)
    )  # fmt: skip
    webhooks = Webhooks(stores, Kinds({"test": kind_of(told)}), lambda *place: woken.append(place), lambda: 0.0)
    setups.add("web", "test", {}, START)
    setups.enable("web", START, enabled=True)
    assert webhooks.hear("web", {}, b"1 counts", START) == "nothing"
    assert webhooks.hear("web", {}, b"2 counts orders", START) == "new"
    assert (woken, heard.new("web", "counts", 9)) == ([("web", "orders")], [])
    setups.set("web", TAKEN, START + timedelta(seconds=1))
    assert webhooks.hear("web", {}, b"3 counts", START) == "new"
    assert woken[1:] == [("web", "counts")]
    assert len(heard.new("web", "counts", 9)) == 1


def test_many_hints_are_few_polls(database: Database) -> None:
    """Each push of our own may come back as a hint: the history is read at most three times a minute."""
    told = Told()
    part = part_of(database, told, TAKEN)
    assert part is not None
    heard = SqlHeardStore(database)
    for second in range(60):
        now = START + timedelta(seconds=second)
        heard.hear("web", {"counts": (f"e{second}", [HeardHint()])}, ({}, b""), now)
        part.step(now)
    assert len(told.asked) == 3
    assert heard.new("web", "counts", 9) == []
    part.step(START + timedelta(seconds=61))
    assert len(told.asked) == 4


def test_what_was_parked_is_asked_for_by_its_name(database: Database) -> None:
    """Never from the beginning of the history: what lies before the cursor has been taken in."""
    shop, told = Shop(database), Told()
    part = part_of(database, told, TAKEN)
    assert isinstance(part, IncomingPart)
    told.unread = [Unread("count", "c1", "its SKU is not mapped", b"raw")]
    part.step(START)
    told.facts.append(StockFact("c1", "counted", TEA, "L1", 3_000, START))
    assert SqlHeardStore(database).replay_aside("web", START) == 1
    part.step(START + timedelta(seconds=1))
    assert (told.named[-1:], told.asked) == (["c1"], [""])
    assert (shop.on_hand(HANOI), SqlAsideStore(database).waiting("web")) == (3_000, [])
