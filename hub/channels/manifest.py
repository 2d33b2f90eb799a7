"""What a channel's folder says of itself, before anything is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import httpx

from hub.channels.links import LinkKind, Links
from hub.channels.ports import Channel, PortName, WebhookReader


@dataclass(frozen=True)
class Setting:
    """A setting of a channel of this kind. A secret is kept apart, never shown and never logged."""

    name: str
    title: str
    secret: bool = False
    default: str | None = None
    """None: it must be given."""


@dataclass(frozen=True)
class RateBudget:
    """How much the vendor bears: calls a second on the long run, and how many at once after a rest."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Connecting:
    """What a channel is connected with.

    `transport` keeps to the channel's rate: every call of the connector goes through it (tests give one of their own).
    `links` is asked anew at each call, so that a changed mapping holds at once.
    """

    name: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    links: Callable[[], Links]
    now: Callable[[], datetime]
    transport: httpx.BaseTransport | None = None


@dataclass(frozen=True)
class Manifest:
    """A kind of channel. `open` connects nothing yet: the first call does, so that a vendor may be away at start."""

    kind: str
    title: str
    ports: frozenset[PortName]
    settings: tuple[Setting, ...]
    rate: RateBudget
    open: Callable[[Connecting], Channel]
    needs: tuple[LinkKind, ...] = ("item", "location")
    """Which mappings it cannot do without."""
    webhook_reader: Callable[[Connecting], WebhookReader] | None = None
    poll_s: Mapping[PortName, float] = field(default_factory=dict)
    """How often each incoming port is asked when no webhook tells; a default of the framework otherwise."""
    owner: Mapping[str, Literal["hub", "channel"]] = field(default_factory=dict)
    """By field (price, name, barcodes, customer): who is right when they differ; the shop may choose otherwise."""
