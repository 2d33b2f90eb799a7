"""Webhooks over HTTP: the raw body goes through untouched, and each end has the answer that its vendor acts on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest

from hub.admin.web import build_web
from hub.api.webhooks import FORGED_BURST, is_webhook
from hub.channels.webhooks import Webhooks, WebhookStores
from hub.config import DataConfig, HubConfig
from hub.errors import ChannelUnavailable, ConfigError, ForgedWebhook, StorageUnavailable, UnknownChannel
from hub.running.data import OpenData, open_data
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_setups import SqlChannelSetups
from tests.channel_stage import START, Kinds, set_up
from tests.incoming_stage import Vendor, vendor_manifest, webhook
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import client

INSIDE = "sqlite:///inside.db"
PATH = "/v1/channels/web/webhooks"


@dataclass
class Door:
    """Takes every webhook, or fails as it is told."""

    problem: Exception | None = None
    heard: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def hear(self, channel: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """See WebhookDesk."""
        del now
        if self.problem is not None:
            raise self.problem
        self.heard.append((channel, headers, body))
        return "new"


def over(door: object, hub: SampleHub | None = None) -> FastAPI:
    """An application with this door."""
    sample = hub or SampleHub()
    return build_web(replace(sample.ports(), webhooks=door), sample.settings)  # type: ignore[arg-type]


def post(web: FastAPI, path: str, body: bytes, headers: Mapping[str, str], times: int = 1) -> list[httpx.Response]:
    """What a vendor's server sends: no cookie, no origin, no key."""

    async def sending() -> list[httpx.Response]:
        async with client(web) as http:
            return [await http.post(path, content=body, headers=dict(headers)) for _ in range(times)]

    return asyncio.run(sending())


def test_headers_and_body_come_as_they_were_sent() -> None:
    """Each byte counts for the signature; header names are in lower case."""
    door = Door()
    body = b'{ "a" :\t1,\r\n"b": "\xff\x00" }'
    (answer,) = post(over(door), PATH, body, {"X-Signature": "AbC=", "Authorization": "Bearer the-vendor-s-own"})
    assert (answer.status_code, answer.json()) == (200, {"result": "new"})
    ((channel, headers, heard),) = door.heard
    assert (channel, headers["x-signature"], heard) == ("web", "AbC=", body)


@pytest.mark.parametrize(
    ("problem", "status", "kind"),
    [
        (ForgedWebhook(INSIDE), 401, "forged-webhook"),
        (UnknownChannel(INSIDE), 404, "unknown-channel"),
        (StorageUnavailable(INSIDE), 503, "cannot-be-kept"),
        (ChannelUnavailable(INSIDE), 503, "cannot-be-kept"),
        (ConfigError(INSIDE), 503, "cannot-be-kept"),
    ],
)
def test_each_end_has_its_answer_and_tells_nothing_of_the_inside(problem: Exception, status: int, kind: str) -> None:
    """The vendor sends again what could not be kept, and only that."""
    (answer,) = post(over(Door(problem)), PATH, b"{}", {})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:tillwire:problem:{kind}")
    assert INSIDE not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


def test_who_sends_forged_ones_is_made_to_wait_and_counted() -> None:
    """Each costs a signature, so there is an end to them; others are not kept waiting."""
    hub = SampleHub()
    answers = post(over(Door(ForgedWebhook("no")), hub), PATH, b"{}", {}, times=int(FORGED_BURST) + 5)
    assert [one.status_code for one in answers[: int(FORGED_BURST)]] == [401] * int(FORGED_BURST)
    assert answers[-1].status_code == 429
    counted = f'tillwire_webhooks_total{{channel="web",result="forged"}} {FORGED_BURST}'
    assert counted in generate_latest(hub.registry).decode()


def test_a_body_past_all_reason_is_not_read() -> None:
    """413, as everywhere."""
    (answer,) = post(over(Door()), PATH, b"x" * 70_000, {})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "open_"),
    [
        (PATH, True),
        ("/v1/channels//webhooks", True),
        ("/v1/channels/a/b/webhooks", False),
        ("/v1/channels/web", False),
        ("/v1/orders/webhooks", False),
    ],
)
def test_only_this_very_address_is_open(path: str, open_: bool) -> None:
    """And only for POST."""
    assert is_webhook(path) == open_

    async def getting() -> httpx.Response:
        async with client(over(Door())) as http:
            return await http.get(path)

    assert asyncio.run(getting()).status_code == 401


@pytest.fixture
def data(tmp_path: Path) -> Iterator[OpenData]:
    """A hub's own database."""
    opened = open_data(HubConfig(data=DataConfig(str(tmp_path))))
    yield opened
    opened.close()


def test_all_the_way_into_the_database_within_milliseconds(data: OpenData) -> None:
    """Verified, kept and answered; nobody was asked anything meanwhile."""
    set_up(data.database)
    stores = WebhookStores(
        SqlChannelSetups(data.database), SqlChannelLinks(data.database), SqlHeardStore(data.database),
        SqlAsideStore(data.database), data.stores.watch,
    )  # fmt: skip
    vendor = Vendor()
    door = Webhooks(stores, Kinds({"test": vendor_manifest(vendor)}), lambda *_: None, time.monotonic)
    sample = SampleHub(now=START)
    web = over(door, sample)
    headers, body = webhook("e1", "o1")
    assert [one.json() for one in post(web, PATH, body, headers, times=2)] == [{"result": "new"}, {"result": "again"}]
    (forged,) = post(web, PATH, body + b" ", headers)
    assert (forged.status_code, vendor.calls) == (401, [])
    assert len(SqlHeardStore(data.database).new("web", "orders", 10)) == 1
