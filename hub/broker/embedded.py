"""The broker inside the hub: iotcore (rumqttd) as a child process on loopback.

It knows no passwords and no topic rights, so it listens on this machine only, and every message carries an HMAC. It
keeps nothing over a restart; journals and hub acks make that harmless. The child ends by itself when our end of its
standard input closes, so a hub that was killed leaves none behind; its port may then be busy for a moment.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time

from iotcore import Broker

from hub.errors import BrokerUnavailable, PortInUse
from protocol.frame import FRAME_BYTES_MAX

START_TIMEOUT_S = 10.0
PORT_RETRY_S = 5.0
_PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX + 4096  # rumqttd counts the topic in
_FREE_PORT_TRIES = 5
_log = logging.getLogger(__name__)


class EmbeddedBroker:
    """The child process. `port` 0 takes a free one; `address` says which. Blocking: call it in a thread."""

    def __init__(self, host: str, port: int) -> None:
        self._host = "127.0.0.1" if host == "localhost" else host
        self._wanted = port
        self._port = port
        self._broker: Broker | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._host, self._port

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        return self._broker is not None and self._broker.is_running

    def start(self) -> None:
        """Start the child and wait until it listens. Raises PortInUse, BrokerUnavailable."""
        deadline = time.monotonic() + PORT_RETRY_S
        tries = 0
        while True:
            tries += 1
            if not self._wanted:
                self._port = _free_port(self._host)
            try:
                self._start_once()
            except OSError as error:
                if self._wanted and time.monotonic() > deadline:
                    raise PortInUse(
                        f"[broker] port: {self._host}:{self._port} is taken by another program (perhaps another hub); "
                        "stop it, or set another port"
                    ) from error
                if not self._wanted and tries >= _FREE_PORT_TRIES:
                    raise BrokerUnavailable(f"no free port for the broker on {self._host}: {error}") from error
                time.sleep(0.2)
            except RuntimeError as error:
                raise BrokerUnavailable(f"the embedded broker did not start: {error}") from error
            else:
                return

    def restart(self) -> None:
        """Start the child again on the same port after it has died. Raises as `start`."""
        self._wanted = self._port
        self.stop()
        self.start()

    def stop(self) -> None:
        """End the child."""
        if self._broker is not None:
            with contextlib.suppress(OSError):
                self._broker.stop()
            self._broker = None

    def _start_once(self) -> None:
        broker = Broker(port=self._port, listen=self._host, max_payload_size=_PAYLOAD_BYTES_MAX)
        broker.start(START_TIMEOUT_S)
        self._broker = broker


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
