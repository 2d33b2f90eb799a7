"""A hub's process: its settings, its database from outside, and the stores and tills that are set up in it.

As a program it only sets up, for another release's database.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from hub.config import DatabaseConfig, DataConfig, HubConfig, now
from hub.fleet.enrolment import Credentials, HubPlace, as_json
from hub.identity.admin_key import new_link_key
from hub.ingest.stocktake import set_stock
from hub.projections.rebuild import differences
from hub.running.data import open_data
from protocol.documents import Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, Sku, store_feed
from tests.demo.processes import command, free_port
from tests.faults.rig.plan import OPENING, Place, Plan
from tests.faults.rig.programs import START_S_MAX, Program


@dataclass
class HubPlaces:
    """Where one hub has its folder, its database and its broker. `url` empty: SQLite, in `data` or in the folder."""

    folder: Path
    broker_port: int
    url: str = ""
    web_port: int = field(default_factory=free_port)
    data: Path | None = None

    @property
    def file(self) -> Path:
        """Where its settings are."""
        return self.folder / "hub.toml"

    @property
    def is_embedded(self) -> bool:
        """Whether broker and database are inside the hub."""
        return not self.url

    @property
    def data_folder(self) -> Path:
        """Where its own files are."""
        return self.data or self.folder / "data"

    @property
    def config(self) -> HubConfig:
        """The settings, for a look into its database."""
        return HubConfig(data=DataConfig(str(self.data_folder)), database=DatabaseConfig(self.url))

    def engine(self) -> sa.Engine:
        """The database from outside; each look has a connection of its own."""
        url = self.url.replace("postgresql://", "postgresql+psycopg://", 1)
        return sa.create_engine(url or f"sqlite:///{self.data_folder / 'hub.db'}", poolclass=sa.pool.NullPool)

    def write(self) -> Path:
        """Write the settings' file."""
        file = self.file
        file.write_text(
            f"[data]\nfolder = {json.dumps(str(self.data_folder))}\n[database]\nurl = {json.dumps(self.url)}\n"
            f'[broker]\nmode = "{"embedded" if self.is_embedded else "external"}"\nport = {self.broker_port}\n'
            f"[web]\nport = {self.web_port}\n",
            encoding="utf-8",
        )
        return file


class HubProcess(Program):
    """`tillwire-hub run`, or another release's hub if `program` says how that is called."""

    def __init__(self, places: HubPlaces, *, name: str = "hub", program: tuple[str, ...] = ()) -> None:
        self.places = places
        file = places.write()
        whole = (*(program or command("tillwire-hub")), "--config", str(file), "run")
        super().__init__(name, whole, places.folder / f"{name}.log")

    @property
    def ready_url(self) -> str:
        """Answers 200 when it can work."""
        return f"http://127.0.0.1:{self.places.web_port}/readyz"

    async def answers(self) -> None:
        """Wait until it is ready: its database and broker must be there."""
        await self.ready(self.ready_url, START_S_MAX)

    @property
    def log(self) -> Path:
        """What it said."""
        return self._log


def set_up(places: HubPlaces, plan: Plan) -> Mapping[Place, bytes]:
    """Put stores, goods, opening stock and terminals into a new database; returns each terminal's credentials."""
    opened = open_data(places.config)
    try:
        fleet, given = opened.stores.fleet, {}
        opened.stores.catalogue.put_items(plan.items, now())
        for store in sorted({place.store for place in plan.places}):
            fleet.add_store(store, Settings(store_name=f"Chợ {store}", require_shift=False), Key(new_link_key()), now())
            set_stock(opened.stores.ledger, store, {Sku(item.sku): OPENING for item in plan.items}, now())
        for place in plan.places:
            key = Key(new_link_key())
            epoch = fleet.add_terminal(place.store, place.terminal, str(place.terminal), key, now())
            feeds = fleet.keys().feeds
            where = HubPlace("127.0.0.1", places.broker_port, tls=False)
            keys = (key.hex(), feeds[store_feed(place.store)].hex(), feeds[GLOBAL_FEED].hex())
            # Made by hand: `credentials` takes other things in another release, which may be the one that runs here.
            given[place] = as_json(Credentials(place.store, place.terminal, epoch, *keys, where))
        return given
    finally:
        opened.close()


def _main(asked: str) -> None:
    """Set up as `release.set_up` asks, with whichever release is found first on the path."""
    told = json.loads(asked)
    plan = Plan(**{**told["plan"], "postgres": tuple(told["plan"]["postgres"])})
    given = set_up(HubPlaces(Path(told["folder"]), told["broker_port"], told["url"]), plan)
    sys.stdout.write(json.dumps([(place.store, place.terminal, file.decode()) for place, file in given.items()]) + "\n")


def rebuilt(places: HubPlaces, plan: Plan) -> list[str]:
    """What `stock rebuild` finds: each level that its ledger does not say."""
    opened = open_data(places.config)
    try:
        return [
            f"{found.store} {found.sku}: the level is {found.stored.on_hand}, its ledger says {found.derived.on_hand}"
            for store in sorted({place.store for place in plan.places})
            for found in differences(opened.stores.ledger, opened.database, store)
        ]
    finally:
        opened.close()


if __name__ == "__main__":
    _main(sys.argv[1])
