"""What the web part needs from the rest of the hub, beside the rows of `hub.storage.reading`.

Synchronous methods may block: they are called in worker threads, from several at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from prometheus_client import CollectorRegistry

from hub.api.channel_desk import ChannelDesk
from hub.api.desk import Desk
from hub.api.office import MoneyOffice, PeopleOffice
from hub.api.snapshots import SnapshotDesk
from hub.storage.reading import Queries

ChangeKind = Literal["sales", "stock", "terminals", "alarms", "catalogue"]


@dataclass(frozen=True)
class Change:
    """Something changed. `keys` are SKUs for "stock", store ids otherwise; empty means: too many to name."""

    kind: ChangeKind
    keys: frozenset[str] = frozenset()


class Changes(Protocol):
    """Tells readers that something committed. It tells which, not what: readers ask `Queries`."""

    def subscribe(self) -> AsyncIterator[Change]:
        """Changes from now on, coalesced by kind, so a slow reader costs no memory.

        The iterator ends when the hub stops: that is what ends the pages' open streams.
        """
        ...


@dataclass(frozen=True)
class Ready:
    """One thing the hub needs. `name` is a word such as "database", "broker", "ingest"; `detail` says what is wrong."""

    name: str
    ok: bool
    detail: str = ""


class Health(Protocol):
    """Whether the hub can do its work."""

    def readiness(self) -> Sequence[Ready]:
        """The parts and how they are, including the ingest lag; may block for a second, is asked in a thread."""
        ...


class Identity(Protocol):
    """Who may see the dashboard. One admin access key, made on request; only its hash is kept."""

    @property
    def session_secret(self) -> bytes:
        """At least 32 random bytes, kept in the database, so that sessions outlive a restart and work on any worker."""
        ...

    def verify_admin_key(self, text: str) -> bool:
        """Tell whether this is the admin access key, in constant time."""
        ...

    def redeem_login_token(self, token_id: str, expires_at: datetime) -> bool:
        """Mark a one-time token as used; False if it was used before. It may be forgotten after `expires_at`."""
        ...


class WebhookDesk(Protocol):
    """Takes webhooks of channels; see `hub.channels.webhooks`."""

    def hear(self, channel: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Verify and keep a webhook; returns what became of it, in a word.

        Raises UnknownChannel, ForgedWebhook; ConfigError, ChannelUnavailable and StorageUnavailable: send it again.
        """
        ...


@dataclass(frozen=True)
class WebPorts:
    """All that the web part is given. `clock` gives the present (aware, UTC); `registry` is what /metrics shows.

    Without `money` or `people` there are no pages about them.
    """

    queries: Queries
    changes: Changes
    health: Health
    identity: Identity
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    desk: Desk
    snapshots: SnapshotDesk | None = None
    money: MoneyOffice | None = None
    people: PeopleOffice | None = None
    webhooks: WebhookDesk | None = None
    channels: ChannelDesk | None = None
