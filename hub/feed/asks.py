"""Tills' questions, without I/O: asks in, answers out.

A question is answered once, soon or not at all: nobody waits for longer than some seconds, so what could not be
answered by then is forgotten, and a lost answer is not repeated. Who asks too often is let wait by silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from hub.storage.port import AnswerStore, KeyRing
from hub.storage.refusals import Refusals
from protocol.errors import BadFrame, InvalidId, OversizedFrame
from protocol.frame import decode, encode
from protocol.ids import StoreId, TerminalId
from protocol.link import Publish
from protocol.messages import Answer, Ask, Elsewhere, FoundReceipt
from protocol.topics import parse_terminal_topic, terminal_topic

NUL = "\x00"
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class AskLimits:
    """How much may be asked. `per_s` and `burst` are of one terminal; `patience_s` is more than any till waits."""

    per_s: float = 5.0
    burst: int = 10
    waiting_max: int = 2_000
    answers_per_poll_max: int = 50
    patience_s: float = 5.0


@dataclass(frozen=True)
class _Asked:
    store: StoreId
    terminal: TerminalId
    ask: Ask
    at_s: float


@dataclass
class _Allowance:
    """How many questions a terminal may ask at once; refilled with time."""

    left: float
    at_s: float

    def take(self, now_s: float, limits: AskLimits) -> bool:
        self.left = min(float(limits.burst), self.left + (now_s - self.at_s) * limits.per_s)
        self.at_s = now_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class AskSession:
    """One answerer. `poll` reads the database, so the shell calls it in a thread."""

    store: AnswerStore
    keys: KeyRing
    limits: AskLimits = field(default_factory=AskLimits)

    def __post_init__(self) -> None:
        self._asked: deque[_Asked] = deque()
        # Bounded by the number of terminals that have a key.
        self._allowances: dict[tuple[StoreId, TerminalId], _Allowance] = {}
        self._answerers: Mapping[str, Callable[[_Asked], FoundReceipt | Elsewhere | None]] = {
            "receipt": lambda asked: self.store.find_receipt(asked.ask.key, asked.store),
            "availability": lambda asked: self.store.elsewhere(asked.ask.key),
        }
        self.refused = Refusals()
        self.let_go = 0

    @property
    def waiting(self) -> int:
        """How many questions wait for an answer."""
        return len(self._asked)

    def receive(self, topic: str, payload: bytes, now_s: float) -> None:
        """Take a message of an ask topic. Never raises for what is in it."""
        try:
            place = parse_terminal_topic(topic)
            key = self.keys.terminal_key(place.store, place.terminal)
            if key is None:
                text = f"{place.store}/{place.terminal} is not enrolled here, or was revoked"
                self.refused.refuse(topic, payload, "unknown_terminal", text)
                return
            ask = decode(payload, Ask, topic=topic, key=key)
        except (BadFrame, InvalidId) as error:
            self.refused.refuse_error(topic, payload, error)
            return
        if NUL in ask.id + ask.kind + ask.key:
            self.refused.refuse(topic, payload, "unreadable", "a zero character in a question")
            return
        who = (place.store, place.terminal)
        allowance = self._allowances.setdefault(who, _Allowance(float(self.limits.burst), now_s))
        if not allowance.take(now_s, self.limits) or len(self._asked) >= self.limits.waiting_max:
            self.let_go += 1  # no refusal, which would raise an alarm about keys
            return
        self._asked.append(_Asked(place.store, place.terminal, ask, now_s))

    def poll(self, now_s: float, *, room_bytes: int) -> list[Publish]:
        """Answer what was asked, while the link has room. Raises StorageUnavailable; what waits is kept then."""
        publishes: list[Publish] = []
        while self._asked and room_bytes > 0 and len(publishes) < self.limits.answers_per_poll_max:
            asked = self._asked[0]
            answer = None if now_s - asked.at_s > self.limits.patience_s else self._answer(asked)
            self._asked.popleft()
            if answer is not None:
                room_bytes -= len(answer.payload)
                publishes.append(answer)
        return publishes

    def _answer(self, asked: _Asked) -> Publish | None:
        key = self.keys.terminal_key(asked.store, asked.terminal)
        if key is None:
            return None
        ask = asked.ask
        answerer = self._answerers.get(ask.kind)
        found = answerer(asked) if answerer is not None else None
        if found is not None:
            answer = Answer(id=ask.id, kind=ask.kind, key=ask.key, body=msgspec.Raw(_encoder.encode(found)))
        else:
            problem = "unknown" if answerer is None else "not_found"
            answer = Answer(id=ask.id, kind=ask.kind, key=ask.key, problem=problem)
        topic = terminal_topic(asked.store, asked.terminal, "told")
        try:
            return Publish(topic, encode(answer, topic=topic, key=key))
        except OversizedFrame as error:
            self.refused.refuse_error(topic, b"", error)
            return None
