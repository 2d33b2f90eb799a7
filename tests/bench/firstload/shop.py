"""A hub with a catalogue of any size and tills that have nothing yet, each a process of its own.

The catalogue is written into the hub's tables as its own stores would, only faster: two hundred thousand customers one
by one take minutes, and how they came is not what is measured.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.config import DatabaseConfig, DataConfig, HubConfig, now
from hub.identity.admin_key import new_link_key
from hub.running.data import OpenData, open_data
from hub.storage import schema
from protocol.documents import Customer, Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed
from tests.bench.goods import goods
from tests.demo.processes import Child, command, free_port

STORE = StoreId("hn01")
_ROWS = 5_000
_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
_MIDDLE = ("Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thu", "Quốc", "Thanh", "Đức", "Kim")
_GIVEN = ("An", "Bình", "Chi", "Dung", "Hà", "Hải", "Hương", "Khoa", "Lan", "Long", "Mai", "Nam", "Oanh", "Phúc", "Sơn")


@dataclass(frozen=True)
class Catalogue:
    """How much a till of the store gets; every item has a level in it."""

    items: int
    customers: int


class LoadHub:
    """A hub process with its data folder. `web_url` is what tills are told, "" for where it is."""

    def __init__(self, folder: Path, *, snapshot_from: int = 5_000, web_url: str = "", broker_port: int = 0) -> None:
        """`broker_port`: an external broker's; 0 is the embedded one, on a free port."""
        self.folder = folder
        self.data = folder / "hub"
        self.snapshot_from = snapshot_from
        self.web_url = web_url
        self.web_port = free_port()
        self.mode = "external" if broker_port else "embedded"
        self.broker_port = broker_port or free_port()
        self.log = folder / "hub.log"
        self.child = Child("hub", command("tillwire-hub", "--config", str(folder / "hub.toml"), "run"), self.log)

    def make(self, catalogue: Catalogue, tills: Iterable[str], database_url: str = "") -> None:
        """Make the database and the tills' credentials."""
        self.database_url = database_url
        self.folder.mkdir(parents=True, exist_ok=True)
        opened = open_data(HubConfig(data=DataConfig(str(self.data)), database=DatabaseConfig(database_url)))
        try:
            fleet = opened.stores.fleet
            fleet.add_store(STORE, Settings(store_name="Cửa hàng Hàng Bài"), Key(new_link_key()), now())
            fill_tables(opened, catalogue)
            for till in tills:
                key = Key(new_link_key())
                epoch = fleet.add_terminal(STORE, TerminalId(till), till, key, now())
                self._write_credentials(opened, till, key, epoch)
        finally:
            opened.close()

    def configure(self) -> None:
        """Write the configuration; a start reads it."""
        web = f'public_url = "{self.web_url}"\n' if self.web_url else ""
        (self.folder / "hub.toml").write_text(
            f"[data]\nfolder = {json.dumps(str(self.data))}\n[database]\nurl = {json.dumps(self.database_url)}\n"
            f'[broker]\nmode = "{self.mode}"\nport = {self.broker_port}\n[web]\nport = {self.web_port}\n{web}'
            f"[limits]\nsnapshot_from = {self.snapshot_from}\n",
            encoding="utf-8",
        )

    async def start(self) -> None:
        """Start it and wait until it works."""
        self.configure()
        await self.child.start()
        await self.child.ready(f"http://127.0.0.1:{self.web_port}/readyz")

    def documents(self) -> dict[FeedName, dict[tuple[str, str], tuple[int, bytes]]]:
        """What tills of the store should have: by feed, kind and key, revision and body."""
        opened = open_data(HubConfig(data=DataConfig(str(self.data)), database=DatabaseConfig(self.database_url)))
        try:
            found = {}
            for feed in (GLOBAL_FEED, store_feed(STORE)):
                snapshot = opened.stores.feeds.snapshot(feed, 0)
                found[feed] = {
                    (each.kind, each.key): (each.revision, bytes(each.body))
                    for each in snapshot.documents
                    if not each.deleted
                }
            return found
        finally:
            opened.close()

    def said(self, action: str) -> list[dict[str, str]]:
        """The log's lines with this action, as their fields."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [
            dict(word.split("=", 1) for word in line.split() if "=" in word)
            for line in lines
            if f"action='{action}'" in line
        ]

    def _write_credentials(self, opened: OpenData, till: str, key: Key, epoch: int) -> None:
        feeds = opened.stores.fleet.keys().feeds
        folder = self.folder / till / "data"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "credentials.json"
        given = {
            "store": STORE, "terminal": till, "epoch": epoch, "terminal_key": key.hex(),
            "store_feed_key": feeds[store_feed(STORE)].hex(), "global_feed_key": feeds[GLOBAL_FEED].hex(),
        }  # fmt: skip
        file.write_text(json.dumps(given), "utf-8")
        file.chmod(0o600)


class LoadTill:
    """An agent process without devices, whose database can be looked into from outside."""

    def __init__(self, hub: LoadHub, name: str, *, broker_port: int = 0, extra: str = "") -> None:
        self.folder = hub.folder / name
        self.data = self.folder / "data"
        self.page_port = free_port()
        self.log = self.folder / "agent.log"
        config = self.folder / "agent.toml"
        config.write_text(
            f'[store]\nid = "{STORE}"\n[terminal]\nid = "{name}"\n'
            f'[hub]\nhost = "127.0.0.1"\nport = {broker_port or hub.broker_port}\n{extra}'
            f'[page]\nport = {self.page_port}\n[data]\nfolder = "data"\n[log]\nformat = "json"\n',
            encoding="utf-8",
        )
        self.child = Child(f"agent {name}", command("tillwire-agent", "run", "--config", str(config)), self.log)

    async def start(self) -> None:
        """Start it and wait until a cashier could sell."""
        await self.child.start()
        await self.child.ready(f"http://127.0.0.1:{self.page_port}/healthz")

    def page(self) -> str:
        """The page's address with its token."""
        return (self.data / "page-address").read_text("ascii")

    def revision(self, feed: FeedName) -> int:
        """How far a feed is applied."""
        return int(self.one("SELECT revision FROM feed_state WHERE feed = ?", feed) or 0)

    def staged(self, feed: FeedName) -> int:
        """How many documents of a coming state are there."""
        return int(
            self.one(
                "SELECT count(*) FROM document JOIN feed_generation USING (feed)"
                " WHERE feed = ? AND generation > current",
                feed,
            )
            or 0
        )

    def documents(self) -> dict[FeedName, dict[tuple[str, str], tuple[int, bytes]]]:
        """What the till has, as `LoadHub.documents`."""
        found: dict[FeedName, dict[tuple[str, str], tuple[int, bytes]]] = {}
        with self._looking() as connection:
            for feed in (GLOBAL_FEED, store_feed(STORE)):
                rows = connection.execute(
                    "SELECT kind, key, revision, body FROM document JOIN feed_generation USING (feed)"
                    " WHERE feed = ? AND generation = current",
                    (feed,),
                )
                found[feed] = {(kind, key): (revision, bytes(body)) for kind, key, revision, body in rows}
        return found

    def one(self, query: str, *values: str) -> Any:  # noqa: ANN401 - a row's first column
        """Ask the database from outside."""
        if not (self.data / "till.db").exists():
            return None
        with self._looking() as connection:
            row = connection.execute(query, values).fetchone()
            return row[0] if row is not None else None

    def said(self, message: str) -> list[dict[str, Any]]:
        """The log's records with this message."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return [record for record in records if record.get("message") == message]

    def _looking(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"{(self.data / 'till.db').as_uri()}?mode=ro", uri=True, timeout=10))


def fill_tables(opened: OpenData, catalogue: Catalogue) -> None:
    """Fill the tables."""
    made = goods(catalogue.items)
    while part := [good.item for good in islice(made, _ROWS)]:
        opened.stores.catalogue.put_items(part, now())
    with opened.database.write() as connection:
        revision = connection.execute(sa.select(schema.feed.c.revision).where(schema.feed.c.name == GLOBAL_FEED))
        after = revision.scalar_one() + 1
        _insert(connection, schema.document, _documents(catalogue, after))
        _insert(
            connection,
            schema.level,
            (
                {
                    "store": STORE, "sku": good.item.sku, "on_hand": (number % 97) * 1_000, "reserved": 0,
                    "counted_us": None, "revision": 2, "updated_us": 0,
                }
                for number, good in enumerate(goods(catalogue.items))
            ),
        )  # fmt: skip
        for feed, head in ((GLOBAL_FEED, after), (store_feed(STORE), 2)):
            connection.execute(sa.update(schema.feed).where(schema.feed.c.name == feed).values(revision=head))


def _documents(catalogue: Catalogue, revision: int) -> Iterator[dict[str, object]]:
    for number in range(catalogue.customers):
        key = f"C{number:07d}"
        yield _document("customer", key, customer(number, key), revision)


def customer(number: int, key: str) -> Customer:
    """A customer as shops have them: a name of three words, a phone number, every third an address, half a card."""
    digest = hashlib.sha256(key.encode()).digest()
    name = f"{_SURNAMES[digest[0] % 10]} {_MIDDLE[digest[1] % 10]} {_GIVEN[digest[2] % 15]}"
    return Customer(
        customer=key, name=name, phone=f"+849{int.from_bytes(digest[3:7]) % 10**8:08d}",
        email=f"khach{digest[7:11].hex()}@example.vn" if number % 3 == 0 else "",
        card=f"29{int.from_bytes(digest[11:16]) % 10**10:010d}" if number % 2 else "",
        consent=bool(number % 4), points=int.from_bytes(digest[16:18]) % 500,
    )  # fmt: skip


def _document(kind: str, key: str, body: msgspec.Struct, revision: int) -> dict[str, object]:
    text = msgspec.json.encode(body).decode()
    return {
        "feed": GLOBAL_FEED, "kind": kind, "key": key, "revision": revision, "deleted": False, "body": text,
        "base": text, "base_us": 0, "balance_us": None,
    }  # fmt: skip


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, object]]) -> None:
    every = iter(rows)
    while part := list(islice(every, _ROWS)):
        connection.execute(sa.insert(table), part)
