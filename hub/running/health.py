"""Whether the hub can do its work; see `hub.api.port.Health`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.api.port import Ready
from hub.broker.client import ControlClient
from hub.errors import StorageError
from hub.ingest.inbox import Inbox
from hub.ingest.mqtt_reader import JournalReader
from hub.ingest.worker import IngestWorker
from hub.running.control import ControlThread
from hub.storage.queries import SqlQueries


@dataclass(frozen=True)
class HubHealth:
    """Asks the parts."""

    queries: SqlQueries
    reader: JournalReader
    client: ControlClient
    inbox: Inbox
    worker: IngestWorker
    control: ControlThread

    def readiness(self) -> Sequence[Ready]:
        """See Health."""
        return [self._database(), self._broker(), self._ingest(), self._feeds()]

    def _database(self) -> Ready:
        try:
            self.queries.ping()
        except StorageError as error:
            return Ready("database", ok=False, detail=str(error))
        return Ready("database", ok=True)

    def _broker(self) -> Ready:
        problem = self.reader.problem or self.client.problem
        return Ready("broker", ok=self.reader.connected and self.client.connected, detail=problem)

    def _ingest(self) -> Ready:
        waiting = len(self.inbox)
        detail = self.worker.problem or (f"{waiting} messages wait" if waiting else "")
        return Ready("ingest", ok=self.worker.alive and not self.worker.problem, detail=detail)

    def _feeds(self) -> Ready:
        return Ready("feeds", ok=self.control.alive and not self.control.problem, detail=self.control.problem)
