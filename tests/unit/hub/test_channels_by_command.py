"""Channels by command: set up, mapped, checked, replayed; what is said of a slip of the pen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_outbox import Claim, SqlOutbox, tell
from hub.storage.channel_records import Message
from hub.storage.database import Database, open_database, parse_url
from tests.channel_stage import START
from tests.channels.pretend.serving import serving
from tests.channels.pretend.shop import Shop
from tests.unit.hub.commands import hub
from tests.unit.hub.test_documents_by_command import settings
from tests.unit.hub.test_stock_by_command import said

__all__ = ["settings"]

GOODS = "sku,name,price,currency\ntea,Trà,10,VND\npho,Phở,20,VND\nbun,Bún,20,VND\n"


@pytest.fixture
def hub_file(settings: Path, tmp_path: Path) -> Path:
    """A hub that finds the pretended kind, with a store, three SKUs, and some of two."""
    settings.write_text(settings.read_text() + '[channels]\npackages = ["tests.channels"]\n')
    (tmp_path / "goods.csv").write_text(GOODS)
    (tmp_path / "levels.csv").write_text("sku,quantity\ntea,5\npho,5\nbun,0\n")
    assert hub(settings, "catalogue", "import", str(tmp_path / "goods.csv")) == 0
    assert hub(settings, "stock", "set", "hanoi", str(tmp_path / "levels.csv")) == 0
    return settings


@pytest.fixture
def database(hub_file: Path, tmp_path: Path) -> Iterator[Database]:
    """What the commands work on."""
    assert hub_file.exists()
    opened = open_database(parse_url(f"sqlite:///{tmp_path / 'data' / 'hub.db'}"))
    yield opened
    opened.close()


def test_a_channel_is_set_up_by_command(hub_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the kinds that there are to one that is switched on; the secret is nowhere shown."""
    assert "pretend\tA shop for tests\t" in said(hub_file, capsys, "channel", "kinds")
    assert "No channels yet" in said(hub_file, capsys, "channel", "list")
    heard = said(hub_file, capsys, "channel", "add", "web", "pretend", "url=http://shop.example")
    assert "tillwire-hub channel enable web" in heard
    secret = tmp_path / "token"
    secret.write_text("s3cr3t\n")
    assert "web has its token." in said(hub_file, capsys, "channel", "secret", "web", "token", "--file", str(secret))
    assert "web is on." in said(hub_file, capsys, "channel", "enable", "web")
    shown = json.loads(said(hub_file, capsys, "channel", "show", "web", "--json"))
    assert (shown["enabled"], shown["settings"], shown["secrets"]) == (True, {"url": "http://shop.example"}, ["token"])
    assert "s3cr3t" not in json.dumps(shown)
    assert "web\tpretend\ton\t0 wait\t0 parked" in said(hub_file, capsys, "channel", "list")
    said(hub_file, capsys, "channel", "set", "web", "url=", "sales=no")
    assert json.loads(said(hub_file, capsys, "channel", "show", "web", "--json"))["settings"] == {"sales": "no"}
    assert "switched on" in said(hub_file, capsys, "channel", "remove", "web", code=1)
    said(hub_file, capsys, "channel", "disable", "web")
    assert "web is gone." in said(hub_file, capsys, "channel", "remove", "web")
    assert "No channels yet" in said(hub_file, capsys, "channel", "list")


def test_a_secret_is_read_from_standard_input(hub_file: Path) -> None:
    """So that a pipe from a vault works, and no list of processes shows it."""
    assert hub(hub_file, "channel", "add", "web", "pretend") == 0
    program = [sys.executable, "-c", "from hub.cli import main; main()", "--config", str(hub_file)]
    command = [*program, "channel", "secret", "web", "token", "--file", "-"]
    subprocess.run(command, input=b"hush\n", check=True, capture_output=True)  # noqa: S603 - our own words
    empty = subprocess.run(command, input=b"\n", check=False, capture_output=True)  # noqa: S603 - as above
    assert empty.returncode == 2
    assert b"the secret is empty" in empty.stderr


@pytest.mark.parametrize(
    "slip",
    [
        ("add web nowhere", 2, "channel kind 'nowhere': there is none; there are"),
        ("add Web! pretend", 2, "channel 'Web!': a name is 1 to 24 of a-z, 0-9 and -"),
        ("add shop pretend", 1, "channel shop: is there already"),
        ("add web pretend colour=red", 2, "channel web: colour is no setting of pretend; it has"),
        ("add web pretend token=abc", 2, "is a secret: give it with `tillwire-hub channel secret web token`"),
        ("add web pretend url", 2, "'url': write SETTING=VALUE"),
        ("set shop sales=maybe", 2, "sales is 'maybe'; write yes or no"),
        ("set other url=x", 1, "channel other: there is none of this name"),
        ("secret shop key --file {file}", 2, "key is no secret of pretend; it has token"),
        ("map shop location hue x", 1, "store hue: there is none"),
        ("map shop item cola x", 1, "item cola: not in the catalogue"),
        ("map shop colour a b", 2, "'colour' is not one of"),
        ("map shop item tea", 2, "give KIND, OURS and THEIRS"),
        ("unmap shop item tea", 1, "some of these were not linked"),
        ("replay shop 77", 1, "some of these numbers are not parked"),
        ("push other", 1, "channel other"),
        ("parked other", 1, "channel other"),
    ],
)  # fmt: skip
def test_slips_of_the_pen_are_named(
    hub_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], slip: tuple[str, int, str]
) -> None:
    """Who, what, and the remedy; and nothing has changed."""
    arguments, code, words = slip
    file = tmp_path / "secret"
    file.write_text("x\n")
    assert hub(hub_file, "channel", "add", "shop", "pretend") == 0
    assert words in said(hub_file, capsys, "channel", *arguments.format(file=file).split(), code=code)
    assert said(hub_file, capsys, "channel", "list") == "shop\tpretend\toff\t0 wait\t0 parked\n"


def test_check_says_what_is_missing_on_either_side(hub_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SKU by SKU, location by location, each with what to do; when all is linked it says so, and is content."""
    shop = Shop(items={"v-tea": "tea", "v-cola": "cola"})
    with serving(shop) as url:
        said(hub_file, capsys, "channel", "add", "web", "pretend", f"url={url}")
        heard = said(hub_file, capsys, "channel", "check", "web", code=1)
        assert "location\thanoi is linked to no location" in heard
        assert "location\tware (Warehouse) has no store behind it" in heard
        assert "item\ttea is not linked (Trà; hanoi has some)\t`tillwire-hub channel map web item tea v-tea`" in heard
        assert "item\tpho is not linked (Phở; hanoi has some)\tadd it there under this SKU" in heard
        assert "item\tcola (v-cola) is in no catalogue of ours" in heard
        assert "bun" not in heard
        said(hub_file, capsys, "channel", "map", "web", "location", "hanoi", "elsewhere")
        said(hub_file, capsys, "channel", "map", "web", "item", "pho", "v-gone")
        missing = json.loads(said(hub_file, capsys, "channel", "check", "web", "--json", code=1))["missing"]
        broken = {(gap["word"], gap["says"]) for gap in missing if gap["side"] == "link"}
        assert broken == {
            ("hanoi", "is linked to elsewhere, which the channel does not have"),
            ("pho", "is linked to v-gone, which the channel does not have"),
        }
        shop.items = {"v-tea": "tea", "v-pho": "pho"}
        said(hub_file, capsys, "channel", "map", "web", "location", "hanoi", "ware")
        for sku in ("tea", "pho"):
            said(hub_file, capsys, "channel", "map", "web", "item", sku, f"v-{sku}")
        assert said(hub_file, capsys, "channel", "check", "web") == "Nothing is missing.\n"
        shop.fault("look", "away")
        assert "cannot be asked: 503" in said(hub_file, capsys, "channel", "check", "web", code=1)
    assert "that the hub knows of" in said(hub_file, capsys, "channel", "check", "web", "--offline")
    said(hub_file, capsys, "channel", "set", "web", "url=http://127.0.0.1:1")
    assert json.loads(said(hub_file, capsys, "channel", "check", "web", "--json", code=1))["connected"] is False


def test_a_mapping_goes_out_and_in_as_a_file(
    hub_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """What is listed can be read again; a faulty line stops all of it and is named."""
    said(hub_file, capsys, "channel", "add", "web", "pretend")
    file = tmp_path / "links.csv"
    file.write_text("kind,ours,theirs,product\nitem,tea,v1,p1\nitem,pho,v2,\nlocation,hanoi,ware,\n")
    assert "3 links given, 3 new or changed." in said(hub_file, capsys, "channel", "map", "web", "--file", str(file))
    assert "3 links given, 0 new or changed." in said(hub_file, capsys, "channel", "map", "web", "--file", str(file))
    listed = [json.loads(row) for row in said(hub_file, capsys, "channel", "mapping", "web", "--json").splitlines()]
    assert listed[1] == {"kind": "item", "ours": "tea", "theirs": "v1", "more": {"product": "p1"}, "by_hand": True}
    assert said(hub_file, capsys, "channel", "mapping", "web", "--kind", "location") == (
        "kind,ours,theirs\nlocation,hanoi,ware\n"
    )
    for text, words in (
        ("kind,ours\n", "line 1: no column theirs"),
        ("kind,ours,theirs\nthing,a,b\n", "line 2: kind 'thing'"),
        ("kind,ours,theirs\nitem,tea,\n", "line 2: theirs is empty"),
    ):
        file.write_text(text)
        assert words in said(hub_file, capsys, "channel", "map", "web", "--file", str(file), code=1)
    assert "1 links taken away." in said(hub_file, capsys, "channel", "unmap", "web", "item", "tea")


def test_what_is_parked_is_listed_and_replayed(
    hub_file: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """With the channel's words and a number to replay it by; a channel with something parked is not removed."""
    said(hub_file, capsys, "channel", "add", "web", "pretend")
    assert "Nothing is parked." in said(hub_file, capsys, "channel", "parked", "web")
    with database.write() as connection:
        tell(connection, "web", [Message("l", "sale", "e1", "{}"), Message("m", "sale", "e2", "{}")], START)
    outbox = SqlOutbox(database)
    for row in outbox.claim("web", ["sale"], Claim("a", START, START), 10):
        outbox.park(row, "a", "We do not want this.")
    heard = [json.loads(row) for row in said(hub_file, capsys, "channel", "parked", "web", "--json").splitlines()]
    assert [(row["what"], row["key"], row["words"]) for row in heard] == [
        ("sale", "e1", "We do not want this."), ("sale", "e2", "We do not want this."),
    ]  # fmt: skip
    assert "web\tpretend\toff\t0 wait\t2 parked" in said(hub_file, capsys, "channel", "list")
    assert "1 messages" in said(hub_file, capsys, "channel", "replay", "web", str(heard[0]["number"]))
    assert "1 messages and 0 levels" in said(hub_file, capsys, "channel", "replay", "web")
    assert "2 messages wait" in said(hub_file, capsys, "channel", "remove", "web", code=1)
    assert "when it is switched on" in said(hub_file, capsys, "channel", "push", "web")
    assert "web is gone." in said(hub_file, capsys, "channel", "remove", "web", "--give-up")


def test_what_came_and_could_not_be_taken_in_is_listed_and_looked_at_again(
    hub_file: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind what the channel refused, with the reason; a replay asks the channel for it anew."""
    said(hub_file, capsys, "channel", "add", "web", "pretend")
    SqlAsideStore(database).put(("web", "orders", "o1"), "'gold' is not in the catalogue", b"{}", START)
    heard = said(hub_file, capsys, "channel", "parked", "web")
    assert "from orders\to1\t" in heard
    assert "'gold' is not in the catalogue" in heard
    assert "Of what came from it, 1 parked are looked at again." in said(hub_file, capsys, "channel", "replay", "web")
    assert [one.hints[0].key for one in SqlHeardStore(database).new("web", "orders", 10)] == ["o1"]


def test_check_says_what_becomes_of_counts_at_the_channel(hub_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Overwritten, until the shop says otherwise; then two stores behind one location are too many."""
    said(hub_file, capsys, "channel", "add", "sq", "square", "currency=VND")
    token = hub_file.parent / "token"
    token.write_text("t")
    said(hub_file, capsys, "channel", "secret", "sq", "access_token", "--file", str(token))
    said(hub_file, capsys, "channel", "map", "sq", "location", "hanoi", "L1")
    heard = said(hub_file, capsys, "channel", "check", "sq", "--offline", code=1)
    assert "is overwritten (owner_counts=hub); `tillwire-hub channel set sq owner_counts=channel`" in heard
    said(hub_file, capsys, "channel", "set", "sq", "owner_counts=channel")
    said(hub_file, capsys, "store", "add", "hue", "--currency", "VND")
    said(hub_file, capsys, "channel", "map", "sq", "location", "hue", "L1")
    heard = said(hub_file, capsys, "channel", "check", "sq", "--offline", code=1)
    assert "is taken in (owner_counts=channel)" in heard
    assert "location\tL1 stands for hanoi, hue, so what people count there is parked" in heard
    assert "owner_counts is 'me'" in said(hub_file, capsys, "channel", "set", "sq", "owner_counts=me", code=2)
