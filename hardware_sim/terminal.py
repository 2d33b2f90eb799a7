"""A card terminal behind an ECR bridge, on TCP: lines in, lines out, and everything that goes wrong at a till.

`START id amount currency`, `ASK id`, `CANCEL id`; each is answered by `id IN_PROGRESS | APPROVED code | DECLINED |
CANCELLED | NONE`. What the customer and the bank do is set by hand: `decide`, or `next_decision` for the next charge.
`charges` is what the bank has booked, whatever was answered.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from hardware_sim.connection import bound_socket

Decision = Literal["approve", "decline", "cancel", "wait"]
_LINE_MAX = 256
_BUFFER_BYTES = 65_536


class SimulatedTerminal:
    """One terminal; `async with` switches it on and off. Port 0 lets the system choose, see `port`.

    `next_decision` is what becomes of the next charge at once ("wait": the customer takes her time), and
    `each_decision` what becomes of all others. `on_heard` is told of each line: verb, attempt, state afterwards.
    `drop_answers` answers to come are lost with their connection; the charge is booked all the same. `answer_after_s`
    is how long each answer takes. `die` forgets everything, as a battery that falls out does; `unplug` and `plug` are
    the network.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.next_decision: Decision | None = None
        self.each_decision: Decision = "wait"
        self.on_heard: Callable[[str, str, str], None] = lambda _verb, _name, _state: None
        self.drop_answers = 0
        self.answer_after_s = 0.0
        self.charges: list[tuple[str, int]] = []
        self.heard: list[str] = []
        self._attempts: dict[str, tuple[str, int]] = {}
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None
        self._codes = 100_000

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unplug()

    async def plug(self) -> None:
        """Be reachable, at the same port as before."""
        if self._server is None:
            self._socket = bound_socket(self.host, self.port, _BUFFER_BYTES)
            self.port = self._socket.getsockname()[1]
            self._server = await asyncio.start_server(self._serve, sock=self._socket, limit=_LINE_MAX)

    async def unplug(self) -> None:
        """Be unreachable: connections are refused."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await server.wait_closed()

    def decide(self, decision: Decision, attempt: str | None = None) -> int:
        """What the customer or the bank does now, with one attempt or all that are in progress; returns how many."""
        count = 0
        for name, (state, amount) in list(self._attempts.items()):
            if state == "IN_PROGRESS" and attempt in (None, name):
                self._attempts[name] = (self._after(decision, name, amount), amount)
                count += 1
        return count

    def die(self) -> None:
        """Lose all memory; what was booked stays booked."""
        self._attempts.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                answer = self._answer(line.decode("ascii", "replace").split())
                await asyncio.sleep(self.answer_after_s)
                if self.drop_answers > 0:
                    self.drop_answers -= 1
                    break
                writer.write(f"{answer}\n".encode("ascii"))
                await writer.drain()
        writer.close()

    def _answer(self, words: list[str]) -> str:
        self.heard.append(" ".join(words[:2]))
        match words:
            case ["START", name, amount, _currency]:
                if name not in self._attempts:
                    decision, self.next_decision = self.next_decision or self.each_decision, None
                    self._attempts[name] = (self._after(decision, name, int(amount)), int(amount))
            case ["CANCEL", name] if self._attempts.get(name, ("", 0))[0] == "IN_PROGRESS":
                self._attempts[name] = ("CANCELLED", 0)
            case ["ASK" | "CANCEL", name]:
                pass
            case _:
                return "ERROR"
        state = self._attempts.get(name, ("NONE", 0))[0]
        self.on_heard(words[0], name, state)
        return f"{name} {state}"

    def _after(self, decision: Decision, name: str, amount: int) -> str:
        match decision:
            case "approve":
                self.charges.append((name, amount))
                self._codes += 1
                return f"APPROVED {self._codes}"
            case "decline":
                return "DECLINED"
            case "cancel":
                return "CANCELLED"
            case "wait":
                return "IN_PROGRESS"
