"""What other channels are to be told of a person: what they lack, and which person of ours she is.

A channel is told of customers that it has, never of others, and nothing that it says itself is overwritten: blanks are
filled from what another channel said last. Consent is the channel's own and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.channels.ports import ChannelCustomer
from hub.customers.register import Register
from hub.storage.channel_outbox import tell
from hub.storage.channel_records import Message
from hub.storage.moments import to_us
from hub.storage.people_records import Identity
from hub.storage.schema_people import person_told
from hub.storage.upserts import upsert

CUSTOMER = "customer"
"""The kind of these rows of the outbox."""


def tell_channels(connection: sa.Connection, channels: Collection[str], changed: Register, now: datetime) -> int:
    """Put into the outbox what these channels are to be told of these persons; returns how much is new."""
    new = 0
    for person in sorted(changed.persons):
        erased = changed.persons[person].state == "erased"
        identities = [changed.identities[place] for place in changed.places_of(person)]
        for identity, said in news_of(identities, channels, erased=erased):
            new += _tell(connection, identity, said, now)
    return new


def news_of(
    identities: Sequence[Identity], channels: Collection[str], *, erased: bool
) -> Iterator[tuple[Identity, ChannelCustomer]]:
    """What each of these channels lacks of a person whom it has: empty is what it is to leave as it is. Pure."""
    newest = sorted(identities, key=lambda one: (one.heard_at, one.place), reverse=True)

    def lacking(own: Identity, name: str) -> str:
        return "" if getattr(own, name) else next((str(value) for one in newest if (value := getattr(one, name))), "")

    for identity in sorted(identities, key=lambda one: one.place):
        if identity.channel not in channels or identity.deleted:
            continue
        said = ChannelCustomer(key=identity.key, version="", deleted=erased, ours=identity.person)
        if not erased:
            name, email, phone = (lacking(identity, field) for field in ("name", "email", "phone"))
            said = replace(said, name=name, email=email, phone=phone)
        yield identity, said


def _tell(connection: sa.Connection, identity: Identity, said: ChannelCustomer, now: datetime) -> bool:
    told = person_told.c
    mine = sa.and_(told.channel == identity.channel, told.key == identity.key)
    before = connection.execute(sa.select(told.said).where(mine)).scalar()
    body = msgspec.json.encode(said).decode()
    if before is not None:
        known = msgspec.json.decode(before, type=ChannelCustomer)
        lacks_nothing = not (said.name or said.email or said.phone or said.deleted)
        if said == known or (lacks_nothing and said.ours == known.ours):
            return False
    message = Message(f"customer:{identity.key}", CUSTOMER, f"{identity.key}@{to_us(now)}", body)
    tell(connection, identity.channel, [message], now)
    row = {"channel": identity.channel, "key": identity.key, "said": body, "at_us": to_us(now)}
    upsert(connection, person_told, [row], replace=["said", "at_us"])
    return True
