"""Messages that were refused, on their way to the counters and to the database: counted all, sampled some."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime

from hub.storage.port import BadFrame
from protocol.errors import BadFrame as UnreadableFrame
from protocol.errors import ForgedFrame, InvalidId, OversizedFrame

Sample = tuple[str, str, str, bytes]
"""Of a refused message: its topic, the reason in one word, a sentence for people, its first bytes."""


class Refusals:
    """Counts refused messages by reason and keeps the first bytes of the latest ones; bounded."""

    def __init__(self, samples_max: int = 50, sample_bytes_max: int = 512) -> None:
        self.counts: Counter[str] = Counter()
        self._given_up: Counter[str] = Counter()
        self._samples: deque[Sample] = deque(maxlen=samples_max)
        self._bytes_max = sample_bytes_max

    def refuse(self, topic: str, payload: bytes, reason: str, text: str) -> None:
        """Note a message that was refused, with one word for the counter and a sentence for people."""
        self.counts[reason] += 1
        self._samples.append((topic[:256], reason, text[:512], bytes(payload[: self._bytes_max])))

    def refuse_error(self, topic: str, payload: bytes, error: UnreadableFrame | InvalidId) -> None:
        """Note a message that could not be read."""
        self.refuse(topic, payload, _reason(error), str(error))

    def give_up(self) -> tuple[Counter[str], tuple[Sample, ...]]:
        """What was refused since the last call, for `take_in` of another's; one thread may refuse meanwhile."""
        counts = Counter(self.counts)
        new, self._given_up = counts - self._given_up, counts
        return new, tuple(self._samples.popleft() for _ in range(len(self._samples)))

    def take_in(self, counts: Counter[str], samples: Sequence[Sample]) -> None:
        """Count what another one gave up."""
        self.counts.update(counts)
        self._samples.extend(samples)

    def take_samples(self, now: datetime) -> Sequence[BadFrame]:
        """The samples since the last call."""
        samples = tuple(BadFrame(now, *sample) for sample in self._samples)
        self._samples.clear()
        return samples


def _reason(error: UnreadableFrame | InvalidId) -> str:
    match error:
        case InvalidId():
            return "topic"
        case ForgedFrame():
            return "forged"
        case OversizedFrame():
            return "oversized"
        case _:
            return "unreadable"
