"""What other channels are to be told of a person: what they lack, and which person of ours she is.

A channel is told of customers that it has, never of others, and nothing that it says itself is overwritten: blanks are
filled from what another channel said last. Consent is the channel's own and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import sqlalchemy as sa

from hub.channels.ports import ChannelCustomer
from hub.customers.register import Register
from hub.storage.moments import to_us
from hub.storage.people_records import Identity
from hub.storage.schema_people import person_told
from hub.storage.upserts import upsert


class CustomerOutbox(Protocol):
    """Where what is to be told waits, in the transaction that decides it."""

    def add(  # noqa: PLR0913 - the columns of an outbox row
        self, connection: sa.Connection, channel: str, *, lane: str, kind: str, key: str, body: str, now: datetime
    ) -> None:
        """Add a row; the same (channel, kind, key) twice is one."""
        ...


def tell(
    connection: sa.Connection, outbox: CustomerOutbox, channels: Collection[str], changed: Register, now: datetime
) -> int:
    """Write down what channels are to be told of these persons; returns how much is new."""
    wanted = [
        (identity, msgspec.json.encode(said).decode())
        for person in changed.persons
        for identity, said in news_of(_identities(changed, person), channels, erased=_is_erased(changed, person))
    ]
    told = person_told.c
    new = 0
    for identity, body in wanted:
        mine = sa.and_(told.channel == identity.channel, told.key == identity.key)
        if connection.execute(sa.select(told.said).where(mine)).scalar() == body:
            continue
        outbox.add(
            connection, identity.channel, lane=f"customer:{identity.key}", kind="customer",
            key=f"{identity.key}@{to_us(now)}", body=body, now=now,
        )  # fmt: skip
        row = {"channel": identity.channel, "key": identity.key, "said": body, "at_us": to_us(now)}
        upsert(connection, person_told, [row], replace=["said", "at_us"])
        new += 1
    return new


def news_of(
    identities: Sequence[Identity], channels: Collection[str], *, erased: bool
) -> Iterator[tuple[Identity, ChannelCustomer]]:
    """What each of these channels should know of a person whom it has; pure."""
    newest = sorted(identities, key=lambda one: (one.heard_at, one.place), reverse=True)

    def filled(own: str, name: str) -> str:
        return own or next((str(value) for one in newest if (value := getattr(one, name))), "")

    for identity in sorted(identities, key=lambda one: one.place):
        if identity.channel not in channels or identity.deleted:
            continue
        if erased:
            yield identity, ChannelCustomer(key=identity.key, version="", deleted=True, ours=identity.person)
            continue
        yield (
            identity,
            ChannelCustomer(
                key=identity.key, version="", name=filled(identity.name, "name"),
                email=filled(identity.email, "email"), phone=filled(identity.phone, "phone"), ours=identity.person,
            ),
        )  # fmt: skip


def _identities(register: Register, person: str) -> list[Identity]:
    return [register.identities[place] for place in register.places_of(person)]


def _is_erased(register: Register, person: str) -> bool:
    return register.persons[person].state == "erased"
