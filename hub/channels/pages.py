"""What a channel gives when it is asked for what changed: a page, and what of it could not be translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """A part of what changed. `cursor` (opaque, the connector's own) goes into the next call once this is stored.

    `more` says that the next call will find something at once. Pages overlap by design: what comes again is told by id
    and version, so that nothing falls between two pages. `unread` is what came and could not be translated: it is
    parked, never dropped.
    """

    found: Sequence[T_co]
    cursor: str
    more: bool = False
    unread: Sequence[Unread] = ()


@dataclass(frozen=True)
class Unread:
    """Something of the vendor's that could not be translated: its id, why, and its own bytes, for when it can be."""

    kind: str
    key: str
    why: str
    raw: bytes
