"""The hub, joined: the one place that picks the real clock, the real database, the real broker.

Start: database, broker, sessions, threads, web. Stop, in the reverse order of the data: stop reading, commit what is
buffered, publish the acks, then let broker and database go. A kill at any moment loses nothing that was acked.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from hub.admin.web import build_web
from hub.api.office import MoneyOffice, PeopleOffice
from hub.api.port import WebPorts
from hub.api.settings import WebSettings
from hub.api.snapshots import SnapshotDesk
from hub.broker.client import ControlClient
from hub.broker.embedded import EmbeddedBroker
from hub.broker.link import BrokerLink
from hub.channels.registry import Registry
from hub.channels.runner import ChannelRunner, RunnerClock
from hub.channels.stock_part import STOCK_PART
from hub.config import BASIS_POINTS, HubConfig, is_loopback, now, read_secret
from hub.customers.sending import customer_senders
from hub.customers.till_customers import TillCustomers
from hub.errors import HubError
from hub.feed.asks import AskSession
from hub.feed.session import FeedSession, FeedSessionLimits
from hub.feed.shelf import ShelfLimits, SnapshotShelf
from hub.fleet.keyring import CachedKeyRing
from hub.fleet.session import FleetSession
from hub.money.nightly import MoneyProjection
from hub.projections.availability import AvailabilityProjection
from hub.projections.expiry import EVERY_S as EXPIRY_EVERY_S
from hub.projections.expiry import ExpiryProjection
from hub.projections.matters import MatterProjection
from hub.projections.silence import SilenceProjection
from hub.running.access import HubIdentity
from hub.running.addresses import Addresses, forget_addresses, tell_addresses
from hub.running.changes import ChangeBoard
from hub.running.channel_desk import SqlChannelDesk
from hub.running.channels import (
    ChannelChores,
    ChannelMetrics,
    channel_runner,
    channel_stores,
    forget_former,
    holder_name,
    outgoing_kinds,
)
from hub.running.channels_in import incoming_kinds, webhook_desk
from hub.running.control import ControlParts, ControlThread
from hub.running.data import OpenData, open_data
from hub.running.desk import HubDesk
from hub.running.health import HubHealth
from hub.running.ingesting import IngestParts, make_lanes, share_out
from hub.running.installation import Installation
from hub.running.lane_process import LaneHooks
from hub.running.lanes import Lanes
from hub.running.lanes import forget_former as forget_former_lines
from hub.running.metrics import HubMetrics
from hub.running.people import people_of
from hub.running.silence import HeldBack, SilenceThread
from hub.running.web import WebServer
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.level_changes import ChangePruning
from hub.storage.money_decisions import MoneyDecisions
from hub.storage.queries_money import MoneyQueries
from hub.storage.queries_people import PeopleQueries
from hub.storage.refusals import Refusals
from protocol.feed_sender import PublishLimits
from protocol.topics import up_filter

STOP_TIMEOUT_S = 10.0
WATCH_S = 0.5
_log = logging.getLogger(__name__)


class Hub:
    """A hub in this process. `start` and `stop` once each; `failed` is set when it cannot go on."""

    def __init__(self, config: HubConfig) -> None:
        self._config = config
        self._installation: Installation | None = None
        self._broker: EmbeddedBroker | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._told = False
        self.metrics = HubMetrics()
        self._channel_metrics = ChannelMetrics(self.metrics.registry)
        self._web: WebServer | None = None
        self._data: OpenData | None = None
        self._parts: _Running | None = None

    @property
    def broker_address(self) -> tuple[str, int]:
        """Where terminals find the broker."""
        if self._broker is not None:
            return self._broker.address
        return self._config.broker.host, self._config.broker.port

    @property
    def web_address(self) -> tuple[str, int] | None:
        """Where the pages are; None when they are switched off."""
        return self._web.address if self._web is not None else None

    @property
    def data(self) -> OpenData:
        """The open database; only between `start` and `stop`."""
        assert self._data is not None
        return self._data

    async def start(self) -> None:
        """Start everything. Raises HubError; what was started is stopped again."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything in order; safe to call after a start that failed."""
        self._stopping = True
        if self._told:
            forget_addresses(self._config.folder)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        parts = self._parts
        if parts is not None:
            await asyncio.to_thread(parts.lanes.stop, STOP_TIMEOUT_S)
            parts.changes.close()
        if self._web is not None:
            await self._web.stop()
        if parts is not None:
            await asyncio.to_thread(parts.shelf.stop, STOP_TIMEOUT_S)
            await asyncio.to_thread(parts.silence.stop, STOP_TIMEOUT_S)
            if parts.channels is not None:
                await asyncio.to_thread(parts.channels.stop, STOP_TIMEOUT_S)
            await asyncio.to_thread(parts.control.stop, STOP_TIMEOUT_S)
            await asyncio.to_thread(parts.client.stop, 2.0)
        if self._broker is not None:
            await asyncio.to_thread(self._broker.stop)
        if self._data is not None:
            self._data.close()
        if self._installation is not None:
            self._installation.release()

    async def wait(self) -> None:
        """Return only by raising: HubError when a part has died that cannot be started again."""
        await asyncio.gather(*self._tasks)

    async def _start(self) -> None:
        config = self._config
        self._installation = Installation(config.folder)
        self._data = await asyncio.to_thread(open_data, config)
        if config.broker.mode == "embedded":
            self._broker = EmbeddedBroker(config.broker.host, config.broker.port)
            await asyncio.to_thread(self._broker.start)
        self._parts = parts = self._join(self._data)
        if config.web.enabled:
            self._web = WebServer(
                build_web(self._web_ports(self._data, parts), _web_settings(config)), config.web.host, config.web.port,
                trusted_proxies=config.web.trusted_proxies,
            )  # fmt: skip
            parts.shelf.url = _public_url(config, self._web.address)
            if not is_loopback(config.web.host) and not config.web.https:
                _log.warning(
                    "pages are served beyond this machine without TLS: put a TLS proxy in front, then set [web] https",
                    extra={"action": "web_without_tls", "host": config.web.host},
                )
        await asyncio.to_thread(parts.forget_former_lines)
        await asyncio.to_thread(parts.lanes.start)
        parts.control.start()
        parts.silence.start()
        if parts.channels is not None:
            parts.channels.start()
        if self._web is not None:
            parts.shelf.start()
        parts.client.start(parts.control.deliver, parts.control.connected)
        if self._web is not None:
            await self._web.start()
        self._told = True
        tell_addresses(config.folder, Addresses(self.broker_address, self.web_address))
        self._tasks.append(asyncio.create_task(self._watch(parts), name="watch"))

    def _join(self, data: OpenData) -> _Running:
        config, stores = self._config, data.stores
        keys = CachedKeyRing(stores.fleet.keys, time.monotonic)
        publish_limits = PublishLimits(
            interval_s=config.limits.feed_interval_ms / 1000, heartbeat_s=config.limits.feed_heartbeat_s
        )
        changes = ChangeBoard()
        shelf = SnapshotShelf(
            stores.snapshots, config.folder / "snapshots",
            limits=ShelfLimits(config.limits.snapshot_from), clock_s=time.monotonic,
        )  # fmt: skip
        link = self._link()
        filters = [up_filter("pull"), up_filter("status"), up_filter("epoch"), up_filter("ask")]
        client = ControlClient(link, filters)
        channels = self._channels(data)
        share = share_out(config, data)
        refusals = [Refusals() for _ in range(share.noted)]
        parts = ControlParts(
            feed=FeedSession(
                stores.feeds, keys, FeedSessionLimits(publish_limits), shelf if config.web.enabled else None
            ),
            fleet=FleetSession(stores.fleet, keys),
            asks=AskSession(stores.answers, keys),
            terminals=stores.fleet,
            feeds=stores.feeds,
            projection=AvailabilityProjection(data.database),
            matters=MatterProjection(data.database, data.policy),
            watch=stores.watch,
            queries=data.queries,
            keys=keys,
            changes=changes,
            metrics=self.metrics,
            journal_refusals=refusals,
            publish=client.publish,
            room_bytes=lambda: client.room_bytes,
            stock_moved=lambda: None if channels is None else channels.wake_all(STOCK_PART),
        )
        control = ControlThread(parts, time.monotonic, now)
        shelf.made = control.wake
        behind = (*_far_behind(config, data), ChannelChores(channel_stores(data.database), self._channel_metrics))
        silence = SilenceThread(behind, time.monotonic, now, control.wake)
        metrics = self.metrics
        hooks = LaneHooks(client.publish, control.counted, lambda _: metrics.failures.inc(), metrics.lane_restarts.inc)
        forget = partial(forget_former_lines, link, share.shares, config.folder)
        lanes = make_lanes(config, data, share, IngestParts(link, keys, hooks, refusals))
        return _Running(lanes, forget, client, control, silence, changes, shelf, keys, channels)

    def _channels(self, data: OpenData) -> ChannelRunner | None:
        if not self._config.channels.enabled:
            return None
        stores = channel_stores(data.database)
        assert self._installation is not None
        name = self._installation.name(lambda: uuid.uuid4().hex)
        forget_former(stores, name)
        clock = RunnerClock(time.monotonic, now, random.random, holder_name(name, uuid.uuid4().hex[:8]))
        registry = Registry(self._config.channels.packages)
        kinds = (
            *outgoing_kinds(stores, clock, self._channel_metrics, customer_senders),
            *incoming_kinds(data, people_of(data.database, registry)),
        )
        return channel_runner(stores, registry, kinds, clock)

    def _link(self) -> BrokerLink:
        broker = self._config.broker
        host, port = self.broker_address
        password = read_secret(Path(broker.password_file), "[broker] password_file") if broker.password_file else ""
        assert self._installation is not None
        client_id = broker.client_id or f"tillwire-hub-{self._installation.name(lambda: uuid.uuid4().hex)}"
        return BrokerLink(host, port, client_id, broker.user, password, broker.tls, broker.ca_file)

    def _web_ports(self, data: OpenData, parts: _Running) -> WebPorts:
        health = HubHealth(data.queries, parts.lanes, parts.client, parts.control, parts.channels)
        wake = parts.channels.wake if parts.channels is not None else lambda *_: None
        registry = Registry(self._config.channels.packages)
        return WebPorts(
            queries=data.queries,
            changes=parts.changes,
            health=health,
            identity=HubIdentity(data.access),
            registry=self.metrics.registry,
            clock=now,
            desk=HubDesk(data),
            snapshots=SnapshotDesk(parts.keys, parts.shelf.file),
            money=MoneyOffice(MoneyQueries(data.database), MoneyDecisions(data.database)),
            people=PeopleOffice(
                PeopleQueries(data.database), people_of(data.database, registry), SqlDocumentStore(data.database)
            ),
            webhooks=webhook_desk(data, registry, wake, time.monotonic),
            channels=SqlChannelDesk(data.database, wake),
        )

    async def _watch(self, parts: _Running) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            metrics = self.metrics
            metrics.inbox.set(parts.lanes.waiting)
            metrics.dropped.set(parts.client.dropped)
            metrics.reconnects.labels("journal").set(parts.lanes.reconnects)
            metrics.reconnects.labels("control").set(parts.client.reconnects)
            for name, alive in (
                ("ingest", parts.lanes.alive),
                ("control", parts.control.alive),
                ("silence", parts.silence.alive),
                ("channels", parts.channels is None or parts.channels.alive),
            ):
                if not alive and not self._stopping:
                    raise HubError(f"the {name} thread has died of an error of ours; see the log, then start again")
            if self._broker is not None and not self._broker.running and not self._stopping:
                _log.error("the embedded broker died and is started again", extra={"action": "broker_restart"})
                metrics.broker_restarts.inc()
                await asyncio.to_thread(self._broker.restart)


@dataclass(frozen=True)
class _Running:
    lanes: Lanes
    forget_former_lines: Callable[[], None]
    client: ControlClient
    control: ControlThread
    silence: SilenceThread
    changes: ChangeBoard
    shelf: SnapshotShelf
    keys: CachedKeyRing
    channels: ChannelRunner | None


def _far_behind(config: HubConfig, data: OpenData) -> Sequence[HeldBack]:
    """What may come seconds after the sales."""
    risk = config.stock.offline_risk_bp / BASIS_POINTS
    return (
        SilenceProjection(data.database, risk=risk),
        ExpiryProjection(data.database, EXPIRY_EVERY_S),
        ChangePruning(data.database),
        MoneyProjection(data.database),
        TillCustomers(data.database, people_of(data.database, Registry(config.channels.packages))),
    )


def _public_url(config: HubConfig, address: tuple[str, int]) -> str:
    """Where tills reach the web. Tills of the embedded broker are on this machine; of others, somebody has to say."""
    if config.web.public_url or config.broker.mode == "external":
        return config.web.public_url
    host = address[0] if is_loopback(address[0]) else "127.0.0.1"
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"


def _web_settings(config: HubConfig) -> WebSettings:
    web = config.web
    public = urlsplit(web.public_url).hostname
    names = ("localhost", "127.0.0.1", "::1", *web.allowed_hosts, *([public] if public else []))
    return WebSettings(
        version=version("tillwire"), allowed_hosts=names, shop_origins=web.shop_origins, https=web.https,
        session_hours=web.session_hours, latency_goal_ms=web.latency_goal_ms, logins_per_minute=web.logins_per_minute,
        public_requests_per_second=web.public_requests_per_second, public_burst=web.public_burst,
        streams_max=web.streams_max, availability_max_age_s=web.availability_max_age_s, language=web.language,
        time_zone=web.time_zone,
    )  # fmt: skip
