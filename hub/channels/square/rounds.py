"""A round through several of Square's lists: which is read next, and what the cursor says afterwards. Pure.

A round begins at `now`, reads every list page by page from `since`, and moves `since` to its own beginning, less an
overlap: Square's lists show what is new after seconds only, and clocks differ. What comes twice is told by its version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from hub.channels.square.words import Round, moment, round_of, stamp

OVERLAP = timedelta(minutes=5)
DEEP_EVERY = timedelta(hours=1)
DEEP_BACK = timedelta(hours=73)
"""Square's POS may send an order 72 h after it was made; it then carries its first `created_at`."""


def begun(cursor: str, stages: Sequence[str], now: datetime) -> Round:
    """The round that a cursor is in, or a new one. `stages` are the lists' names, sorted; none is an empty round."""
    at = round_of(cursor) if cursor else Round(since=stamp(now), deep=stamp(now))
    if not at.began:
        return msgspec.structs.replace(at, began=stamp(now), stage=stages[0] if stages else "", page="")
    if at.stage not in stages:  # a list that is no more: on with the next one
        following = [stage for stage in stages if stage > at.stage]
        return msgspec.structs.replace(at, stage=following[0] if following else "", page="")
    return at


def after(at: Round, page: str | None, stages: Sequence[str]) -> tuple[Round, bool]:
    """Where a round stands after a page, and whether there is more at once."""
    if page:
        return msgspec.structs.replace(at, page=page), True
    following = [stage for stage in stages if stage > at.stage]
    if at.stage and following:
        return msgspec.structs.replace(at, stage=following[0], page=""), True
    since = moment(at.began) - OVERLAP
    since = max(since, moment(at.since))
    deep = at.began if any(is_deep(stage) for stage in stages) else at.deep
    return Round(since=stamp(since), deep=deep), False


def again(at: Round) -> Round:
    """The same list from its beginning: Square did not know the page's cursor any more. What comes twice is known."""
    return msgspec.structs.replace(at, page="")


def deep_is_due(cursor: str, now: datetime) -> bool:
    """Whether this round looks for late ones, too. A round that began so ends so."""
    if not cursor:
        return False
    at = round_of(cursor)
    looked = at.deep or at.since
    return (moment(at.began) if at.began else now) - moment(looked) >= DEEP_EVERY


def is_deep(stage: str) -> bool:
    """Whether a list is one of the late ones."""
    return stage.startswith("~")


def deep(stage: str) -> str:
    """The name of a list's late part; it sorts behind all others."""
    return f"~{stage}"
