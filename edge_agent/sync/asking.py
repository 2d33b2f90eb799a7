"""The till's questions to the hub, without I/O: which are open, and which answers still matter.

A question goes out once. Lost questions and lost answers cost the asker the wait and nothing else; an answer that
comes late, twice, or for another question changes nothing. An older hub does not know questions and never answers.
"""

from __future__ import annotations

from collections import deque

from protocol.messages import Answer, Ask

OPEN_MAX = 32
"""Questions open at once; more than a counter can ask in the time that one waits."""

OPEN_S = 10.0
"""Longer than any asker waits: what is older is forgotten."""


class Asking:
    """Open questions. `nonce` is unique to this start of this PC, so an answer to a former start's is no answer."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._asked = 0
        self._open: dict[str, tuple[Ask, float]] = {}
        self._unsent: deque[Ask] = deque()

    @property
    def waiting(self) -> bool:
        """Whether a question has yet to go out."""
        return bool(self._unsent)

    def ask(self, kind: str, key: str, now_s: float) -> str | None:
        """Open a question and return its id; None if too many are open, or it is none that the hub would take."""
        for request, (_, asked_at_s) in list(self._open.items()):
            if now_s - asked_at_s >= OPEN_S:
                del self._open[request]
        if len(self._open) >= OPEN_MAX or not 0 < len(kind) <= 32 or not 0 < len(key) <= 128:  # noqa: PLR2004 - as Ask
            return None
        self._asked += 1
        question = Ask(id=f"{self._nonce}-q{self._asked}", kind=kind, key=key)
        self._open[question.id] = (question, now_s)
        self._unsent.append(question)
        return question.id

    def next(self) -> Ask | None:
        """The next question to send."""
        return self._unsent.popleft() if self._unsent else None

    def disconnect(self) -> None:
        """The link is down: nothing that was asked on it will be answered."""
        self._open.clear()
        self._unsent.clear()

    def receive(self, answer: Answer) -> Answer | None:
        """The answer, if it belongs to an open question, which it closes."""
        question, _ = self._open.get(answer.id, (None, 0.0))
        if question is None or (answer.kind, answer.key) != (question.kind, question.key):
            return None
        del self._open[answer.id]
        return answer
