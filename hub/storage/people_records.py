"""The words of customers over all channels: a person, what each channel says of her, who may be who. Pure.

A person is a UUID and what stands behind it: her identities, one for each customer that a channel (or the tills) knows.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

TILLS = "~till"
"""Stands for a channel where the tills' own customers are meant; no channel can be called that."""

PersonState = Literal["alive", "merged", "erased"]
ProposalState = Literal["open", "merged", "refused", "gone"]
Place = tuple[str, str]
"""(channel, key): which customer of which channel."""

Pair = tuple[str, str]
"""Two persons, the smaller id first."""

_NAMES = uuid.UUID("6f1cbb0a-5d0c-5a0e-9d0e-7d6c2f0b3c11")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as a channel knows her, and which person she is.

    `email` and `phone` are normalised ("" for none that could name anybody). `consent` is what was said there, and
    `consent_at` when; None for nothing. `erased`: the person asked to be forgotten, so nothing is taken in any more.
    """

    channel: str
    key: str
    person: str
    version: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    consent: bool | None = None
    consent_at: datetime | None = None
    deleted: bool = False
    erased: bool = False
    heard_at: datetime

    @property
    def place(self) -> Place:
        """Which customer of which channel."""
        return self.channel, self.key


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody. `into` is the person that she was merged into, "" for none."""

    id: str
    state: PersonState = "alive"
    into: str = ""
    created_at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Two persons who have an e-mail address or a number in common; `why` is "email", "phone", or both with a comma.

    `via` is the merged person who was said not to be the other one, where that holds by a merge only.
    """

    pair: Pair
    why: str
    state: ProposalState = "open"
    since: datetime
    via: str = ""


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did: merge (`other` into `person`), split (`other` out of `person`), apart, erase, or undo.

    `moved` are the identities that changed sides, `before` is what stood between the two before.
    """

    position: int
    at: datetime
    by: str
    action: Literal["merge", "split", "apart", "erase", "undo"]
    person: str
    other: str = ""
    moved: tuple[Place, ...] = ()
    before: str = ""
    note: str = ""
    undoes: int | None = None


class SaidConsent(NamedTuple):
    """Consent as it was given or taken back, once for each change."""

    channel: str
    key: str
    consent: bool
    at: datetime
    source: str


def pair_of(one: str, other: str) -> Pair:
    """The pair of two persons, whichever comes first."""
    return (one, other) if one < other else (other, one)


def person_id(channel: str, key: str) -> str:
    """The id of a person who is first heard of as this customer: a till's own id if that is a UUID, else made of it."""
    if channel == TILLS:
        try:
            return str(uuid.UUID(key))
        except ValueError:
            pass
    return str(uuid.uuid5(_NAMES, f"{channel}\0{key}"))
