"""How often one client may ask: token buckets, bounded in number, fed with the time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

CLIENTS_MAX = 10_000
"""How many clients are remembered; beyond that the one that was silent longest starts with a full bucket again."""


@dataclass(frozen=True)
class _Bucket:
    tokens: float
    at_s: float


class TokenBuckets:
    """One bucket of `burst` tokens for each client, refilled with `rate_per_s`."""

    def __init__(self, rate_per_s: float, burst: float, clients_max: int = CLIENTS_MAX) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clients_max = clients_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, client: str, now_s: float) -> float:
        """How long the client has to wait for its next token; 0 if it has one. Takes none."""
        return max(0.0, (1.0 - self._tokens(client, now_s)) / self._rate_per_s)

    def take(self, client: str, now_s: float) -> float:
        """Take a token and return 0, or take none and return how long to wait for one, in seconds."""
        tokens = self._tokens(client, now_s)
        if tokens < 1.0:
            return (1.0 - tokens) / self._rate_per_s
        self._buckets[client] = _Bucket(tokens - 1.0, now_s)
        self._buckets.move_to_end(client)
        while len(self._buckets) > self._clients_max:
            self._buckets.popitem(last=False)
        return 0.0

    def _tokens(self, client: str, now_s: float) -> float:
        bucket = self._buckets.get(client)
        if bucket is None:
            return self._burst
        return min(self._burst, bucket.tokens + (now_s - bucket.at_s) * self._rate_per_s)
