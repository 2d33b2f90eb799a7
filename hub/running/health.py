"""Whether the hub can do its work; see `hub.api.port.Health`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.api.port import Ready
from hub.broker.client import ControlClient
from hub.channels.runner import ChannelRunner
from hub.errors import StorageError
from hub.running.control import ControlThread
from hub.running.lanes import Lanes
from hub.storage.queries import SqlQueries


@dataclass(frozen=True)
class HubHealth:
    """Asks the parts."""

    queries: SqlQueries
    lanes: Lanes
    client: ControlClient
    control: ControlThread
    channels: ChannelRunner | None = None

    def readiness(self) -> Sequence[Ready]:
        """See Health."""
        parts = [self._database(), self._broker(), self._ingest(), self._feeds()]
        return parts if self.channels is None else [*parts, self._channels(self.channels)]

    def _database(self) -> Ready:
        try:
            self.queries.ping()
        except StorageError as error:
            return Ready("database", ok=False, detail=str(error))
        return Ready("database", ok=True)

    def _broker(self) -> Ready:
        problem = self.lanes.line_problem or self.client.problem
        return Ready("broker", ok=self.lanes.connected and self.client.connected, detail=problem)

    def _ingest(self) -> Ready:
        waiting, problem = self.lanes.waiting, self.lanes.problem
        detail = problem or (f"{waiting} messages wait" if waiting else "")
        return Ready("ingest", ok=self.lanes.alive and not problem, detail=detail)

    def _feeds(self) -> Ready:
        return Ready("feeds", ok=self.control.alive and not self.control.problem, detail=self.control.problem)

    def _channels(self, runner: ChannelRunner) -> Ready:
        """A channel that is away is the channel's trouble: the hub does its work all the same."""
        return Ready("channels", ok=runner.alive and not runner.problem, detail=runner.problem)
