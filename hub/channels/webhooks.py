"""Webhooks: verified by the channel's own reader, kept, and the part that they concern woken; no more is done here.

What a webhook says is a hint, so one that is lost costs the time until the next poll, and one that was forged would
cost a poll. Forged ones are counted and now and then one is kept as a sample, of which the database keeps the newest
only: a stranger can fill no disk with them.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.channels.linked import LinkBook
from hub.channels.manifest import Connecting, Manifest
from hub.channels.owners import takes_counts
from hub.channels.ports import Hint, WebhookReader
from hub.channels.settings import check_secrets, complete
from hub.errors import ChannelUnavailable, ForgedWebhook, UnknownChannel, UnreadableWebhook
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import WEBHOOK, HeardHint, SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_records import ChannelSetup
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.port import BadFrame, WatchStore

SAMPLE_EVERY_S = 10.0
SAMPLE_BYTES = 512
HINTS_MAX = 1_000
_log = logging.getLogger(__name__)

WebhookResult = Literal["new", "again", "nothing", "parked"]
"""Kept; kept before; knowingly of no interest; genuine and not understood."""


class Kinds(Protocol):
    """Where manifests are found; see `registry.py`."""

    def manifest(self, kind: str) -> Manifest:
        """What a kind says of itself. Raises ConfigError for one that is not there."""
        ...


@dataclass(frozen=True)
class WebhookStores:
    """What is read and written."""

    setups: SqlChannelSetups
    links: SqlChannelLinks
    heard: SqlHeardStore
    asides: SqlAsideStore
    watch: WatchStore


@dataclass(frozen=True)
class _Reading:
    """A channel's reader. Without `counts` nobody takes in what people count there, nor a hint of it."""

    reader: WebhookReader
    counts: bool

    def hints(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Hint]:
        found = self.reader.read(headers, body, now)
        return found if self.counts else [hint for hint in found if hint.port != "counts"]


class Webhooks:
    """All channels' webhooks. Thread-safe. `wake` makes a part of a channel run at once, if it runs in this process."""

    def __init__(
        self, stores: WebhookStores, kinds: Kinds, wake: Callable[[str, str], None], clock_s: Callable[[], float]
    ) -> None:
        self._stores = stores
        self._kinds = kinds
        self._wake = wake
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._readers: dict[str, tuple[ChannelSetup, _Reading | None]] = {}
        self._sample_at_s = float("-inf")

    def hear(self, channel: str, headers: Mapping[str, str], body: bytes, now: datetime) -> WebhookResult:
        """Take a webhook: header names in lower case, the body as it came.

        Raises UnknownChannel (none of this name is switched on, or it has no webhooks), ForgedWebhook, ConfigError (the
        channel is not set up), ChannelUnavailable, StorageUnavailable: then the vendor is to send it again.
        """
        reading = self._reading(channel, now)
        try:
            hints = reading.hints(headers, body, now)
        except ForgedWebhook as error:
            self._sample(channel, error, body, now)
            raise
        except UnreadableWebhook as error:
            return self._park(channel, str(error), body, now)
        except Exception as error:
            # A mistake of the reader's. Nobody knows whether it is genuine, so nothing of it is kept but a sample.
            if self._sample(channel, error, body, now):
                _log.exception("reading a webhook failed", extra={"channel": channel})
            raise ChannelUnavailable(f"channel {channel}: a mistake of ours: {type(error).__name__}") from error
        if not hints:
            return "nothing"
        new = self._stores.heard.hear(channel, _by_port(hints), (headers, body), now)
        if new:
            for port in {hint.port for hint in hints}:
                self._wake(channel, port)
        return "new" if new else "again"

    def _park(self, channel: str, why: str, body: bytes, now: datetime) -> WebhookResult:
        key = hashlib.sha256(body).hexdigest()
        self._stores.asides.put((channel, WEBHOOK, key), why, body, now)
        return "parked"

    def _reading(self, channel: str, now: datetime) -> _Reading:
        setup = self._stores.setups.get(channel)
        with self._lock:
            known = self._readers.get(channel)
        if known is None or known[0] != setup:
            known = (setup, self._open(setup, now) if setup.enabled else None)
            with self._lock:
                self._readers[channel] = known
        if known[1] is None:
            raise UnknownChannel(f"channel {channel}: takes no webhooks, or is switched off")
        return known[1]

    def _open(self, setup: ChannelSetup, now: datetime) -> _Reading | None:
        manifest = self._kinds.manifest(setup.kind)
        if manifest.webhook_reader is None:
            return None
        secrets = self._stores.setups.secrets(setup.name)
        check_secrets(setup.name, manifest, secrets)
        settings = complete(setup.name, manifest, setup.settings)
        book = LinkBook(self._stores.links, setup.name, self._clock_s)
        reader = manifest.webhook_reader(Connecting(setup.name, settings, secrets, book.now, lambda: now))
        return _Reading(reader, counts=takes_counts(manifest, settings))

    def _sample(self, channel: str, error: Exception, body: bytes, now: datetime) -> bool:
        with self._lock:
            if self._clock_s() - self._sample_at_s < SAMPLE_EVERY_S:
                return False
            self._sample_at_s = self._clock_s()
        frame = BadFrame(now, f"webhook {channel}", "forged_webhook", str(error)[:SAMPLE_BYTES], body[:SAMPLE_BYTES])
        self._stores.watch.record_bad_frames([frame])
        return True


def _by_port(hints: Sequence[Hint]) -> dict[str, tuple[str, list[HeardHint]]]:
    found: dict[str, tuple[str, list[HeardHint]]] = {}
    for hint in hints:
        said = found.setdefault(hint.port, (hint.event, []))[1]
        if len(said) < HINTS_MAX:
            said.append(HeardHint(hint.key))
    # More than anybody asks for one by one: everything that changed is looked at instead.
    return {port: (event, [HeardHint()] if len(said) >= HINTS_MAX else said) for port, (event, said) in found.items()}
