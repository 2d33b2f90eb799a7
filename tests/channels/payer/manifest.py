"""What the provider says of itself; it is in this very process, found by its name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.channels.manifest import Connecting, Manifest, RateBudget, Setting
from hub.channels.ports import Channel, ChannelCustomer, ChannelPayment, Page


@dataclass
class Provider:
    """What it has. Each change gets the next number; a cursor is the number from which on is asked."""

    payments: list[ChannelPayment] = field(default_factory=list)
    people: list[ChannelCustomer] = field(default_factory=list)
    told: list[ChannelCustomer] = field(default_factory=list)


PROVIDERS: dict[str, Provider] = {}


@dataclass(frozen=True)
class Payments:
    """See PaymentSource."""

    provider: Provider

    def changed(self, cursor: str) -> Page[ChannelPayment]:
        """See PaymentSource."""
        return Page(self.provider.payments[int(cursor or 0) :], str(len(self.provider.payments)))

    def between(self, start: datetime, end: datetime, locations: Collection[str]) -> Sequence[ChannelPayment]:
        """See PaymentSource."""
        return [one for one in self.provider.payments if start <= one.at < end and one.location in locations]


@dataclass(frozen=True)
class Customers:
    """See CustomerSync. What is put comes back as a change, as at real vendors."""

    provider: Provider

    def changed(self, cursor: str) -> Page[ChannelCustomer]:
        """See CustomerSync."""
        return Page(self.provider.people[int(cursor or 0) :], str(len(self.provider.people)))

    def find(self, email: str, phone: str) -> Sequence[ChannelCustomer]:
        """See CustomerSync."""
        return [one for one in self.provider.people if (email and one.email == email) or (phone and one.phone == phone)]

    def put(self, customer: ChannelCustomer) -> str:
        """See CustomerSync; what is empty stays."""
        self.provider.told.append(customer)
        known = next(one for one in reversed(self.provider.people) if one.key == customer.key)
        changed = replace(
            known, version=f"{known.version}+", name=customer.name or known.name, email=customer.email or known.email,
            phone=customer.phone or known.phone, ours=customer.ours,
        )  # fmt: skip
        self.provider.people.append(changed)
        return customer.key


def _open(connecting: Connecting) -> Channel:
    provider = PROVIDERS[connecting.settings["provider"]]
    return Channel(customers=Customers(provider), payments=Payments(provider))


MANIFEST = Manifest(
    kind="payer",
    title="A provider of payments",
    ports=frozenset({"customers", "payments"}),
    settings=(Setting("provider", "Which one"),),
    rate=RateBudget(per_second=1_000, burst=1_000),
    open=_open,
    poll_s={"customers": 0.1, "payments": 0.1},
)
