"""How long to wait before the same is tried again. Pure: chance is an argument."""

from __future__ import annotations

from dataclasses import dataclass

_DOUBLINGS_MAX = 32


@dataclass(frozen=True)
class Backoff:
    """Seconds: what the first failure costs at most, where doubling ends, and what a channel may ask for at most."""

    first_s: float = 1.0
    most_s: float = 300.0
    asked_most_s: float = 3_600.0


def delay_s(backoff: Backoff, failures: int, chance: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after so many failures in a row; `chance` is 0 to 1.

    Half of it is certain, so that nobody is called again at once; half is chance, so that those who failed together do
    not come again together. What the channel asks for is the least, with a tenth of it added by chance.
    """
    doubled = backoff.first_s * 2.0 ** min(max(failures - 1, 0), _DOUBLINGS_MAX)
    own = min(backoff.most_s, doubled) * (0.5 + 0.5 * chance)
    if retry_after_s is None or retry_after_s <= 0:
        return own
    asked = min(retry_after_s, backoff.asked_most_s)
    return max(own, asked * (1.0 + 0.1 * chance))
