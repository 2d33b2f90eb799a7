"""Who is who: customers of all channels put together to persons, by e-mail and phone, and by hand. Pure.

What is done by itself is only this: somebody who was never heard of joins the one person who has her address, else the
one who has her number. Two persons that are there are never made one, nor is one ever torn apart; where an address or
a number is shared by two, that is kept as a proposal for a person to decide. So whatever the order of arrival, those
who are one or proposed to be one are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.storage.people_records import (
    Identity,
    Pair,
    Person,
    Place,
    Proposal,
    ProposalState,
    SaidConsent,
    pair_of,
    person_id,
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as a channel tells her now, address and number normalised. `ours` is the person the channel means."""

    channel: str
    key: str
    version: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    consent: bool | None = None
    consent_at: datetime | None = None
    source: str = ""
    deleted: bool = False
    ours: str = ""


class Merged(NamedTuple):
    """What a merge moved, and what stood between the two before: the state of their proposal, "" for none."""

    moved: tuple[Place, ...]
    before: str


@dataclass
class Register:
    """Persons, identities and proposals: all of them, or all that what is to be done can touch."""

    persons: dict[str, Person] = field(default_factory=dict)
    identities: dict[Place, Identity] = field(default_factory=dict)
    proposals: dict[Pair, Proposal] = field(default_factory=dict)
    consents: list[SaidConsent] = field(default_factory=list)
    ignored: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._holders: defaultdict[str, set[Place]] = defaultdict(set)
        self._of: defaultdict[str, set[Place]] = defaultdict(set)
        for identity in self.identities.values():
            self._index(identity)

    def take(self, said: Said, now: datetime) -> str:
        """Take in what a channel says of a customer; returns who she is. The same version again changes nothing.

        "" is nobody: a customer who is deleted before anything was heard of her.
        """
        place = (said.channel, said.key)
        before = self.identities.get(place)
        if before is None and said.deleted:
            return ""
        if before is not None and (before.erased or (said.version and before.version == said.version)):
            return before.person
        person = before.person if before is not None else self._find(said) or self._new(said, now)
        consent, consent_at = self._consent(said, before, now)
        gone = said.deleted
        after = Identity(
            channel=said.channel, key=said.key, person=person, version=said.version, name="" if gone else said.name,
            email="" if gone else said.email, phone="" if gone else said.phone, consent=None if gone else consent,
            consent_at=None if gone else consent_at, deleted=gone, heard_at=now,
        )  # fmt: skip
        if before is not None and msgspec.structs.replace(after, heard_at=before.heard_at) == before:
            return person
        self._put(after)
        self._propose(person, now)
        return person

    def merge(self, keep: str, other: str, now: datetime) -> Merged:
        """Make two persons one, by hand. Both are alive, and not the same."""
        moved = tuple(sorted(self._of[other]))
        self._move(moved, keep)
        self.persons[other] = msgspec.structs.replace(self.persons[other], state="merged", into=keep)
        pair = pair_of(keep, other)
        known = self.proposals.get(pair)
        self.proposals[pair] = msgspec.structs.replace(known or Proposal(pair=pair, why="", since=now), state="merged")
        self._inherit(other, keep)
        self._propose(keep, now)
        self._propose(other, now)
        return Merged(moved, known.state if known is not None else "")

    def unmerge(self, keep: str, other: str, merged: Merged, now: datetime) -> None:
        """Take a merge back: what moved then and is still there goes back; what came since stays."""
        self.persons[other] = msgspec.structs.replace(self.persons[other], state="alive", into="")
        self._move([place for place in merged.moved if place in self._of[keep]], other)
        self._back(pair_of(keep, other), merged.before)
        for pair, proposal in list(self.proposals.items()):
            if keep in pair and proposal.via == other:
                self.proposals[pair] = msgspec.structs.replace(proposal, state="gone", via="")
        self._propose(keep, now)
        self._propose(other, now)

    def split(self, person: str, places: Collection[Place], new: str, now: datetime) -> None:
        """Make some identities of a person a new person, by hand. The two will not be proposed to be one again."""
        self.persons[new] = Person(id=new, created_at=now)
        self._move(sorted(places), new)
        self.keep_apart(person, new, now)

    def unsplit(self, person: str, new: str, moved: Collection[Place], now: datetime) -> None:
        """Take a split back; who has got other identities since stays a person, and is proposed to be one again."""
        self._move([place for place in sorted(moved) if place in self._of[new]], person)
        if not self._of[new]:
            self.persons[new] = msgspec.structs.replace(self.persons[new], state="merged", into=person)
        self.together_again(person, new, "", now)

    def keep_apart(self, one: str, other: str, now: datetime) -> str:
        """Say that two persons are two, whatever they have in common; returns what stood between them before."""
        pair = pair_of(one, other)
        why = self._why(one, other)
        known = self.proposals.get(pair)
        changed = known or Proposal(pair=pair, why=why, since=now)
        self.proposals[pair] = msgspec.structs.replace(changed, state="refused", why=why or changed.why)
        self._propose(one, now)
        self._propose(other, now)
        return known.state if known is not None else ""

    def together_again(self, one: str, other: str, before: str, now: datetime) -> None:
        """Take back that two persons are two; what stood between them before stands again."""
        self._back(pair_of(one, other), before)
        self._propose(one, now)
        self._propose(other, now)

    def erase(self, person: str, now: datetime) -> None:
        """Forget name, address and number of a person, for good; her id and her sales stay."""
        for place in sorted(self._of[person]):
            identity = self.identities[place]
            self._put(
                Identity(
                    channel=identity.channel, key=identity.key, person=person, version=identity.version,
                    deleted=identity.deleted, erased=True, heard_at=now,
                )
            )  # fmt: skip
        self.persons[person] = msgspec.structs.replace(self.persons[person], state="erased")
        self._propose(person, now)

    def places_of(self, person: str) -> Iterator[Place]:
        """The identities of a person."""
        return iter(sorted(self._of[person]))

    def _find(self, said: Said) -> str:
        meant = self._alive(said.ours)
        if meant:
            return meant
        if said.deleted:
            return ""
        for value in (said.email, said.phone):
            holders = [self.identities[place] for place in self._holders[value]] if value in self._holders else []
            persons = {one.person for one in holders}
            if len(persons) == 1:
                return persons.pop()
            if persons:
                # Several have it, and nobody has decided yet: one who says just the same as somebody before is that
                # one, so that a shared number does not bring another person with each visit.
                alike = {one.person for one in holders if (one.email, one.phone) == (said.email, said.phone)}
                return min(alike, default="")
        return ""

    def _alive(self, person: str) -> str:
        for _ in range(len(self.persons)):
            found = self.persons.get(person)
            if found is None or found.state != "merged":
                return person if found is not None and found.state == "alive" else ""
            person = found.into
        return ""

    def _new(self, said: Said, now: datetime) -> str:
        made = said.ours if said.ours and said.ours not in self.persons and _is_id(said.ours) else ""
        made = made or person_id(said.channel, said.key)
        self.persons.setdefault(made, Person(id=made, created_at=now))
        return made

    def _consent(self, said: Said, before: Identity | None, now: datetime) -> tuple[bool | None, datetime | None]:
        """What a channel says about writing to her holds for that channel; not saying anything changes nothing."""
        known = (before.consent, before.consent_at) if before is not None else (None, None)
        if said.consent is None or said.consent == known[0]:
            return known
        if not said.deleted:
            self.consents.append(
                SaidConsent(said.channel, said.key, said.consent, said.consent_at or now, said.source or said.channel)
            )
        return said.consent, said.consent_at or now

    def _back(self, pair: Pair, before: str) -> None:
        """Let a proposal be as it was; whether it is open, what the two have in common says."""
        state: ProposalState = "refused" if before == "refused" else "gone"
        self.proposals[pair] = msgspec.structs.replace(self.proposals[pair], state=state)

    def _move(self, places: Iterable[Place], person: str) -> None:
        for place in places:
            self._put(msgspec.structs.replace(self.identities[place], person=person))

    def _inherit(self, other: str, keep: str) -> None:
        """Whom the one was said not to be, the other is not either."""
        for pair, proposal in list(self.proposals.items()):
            if other in pair and proposal.state == "refused":
                third = pair[0] if pair[1] == other else pair[1]
                if third != keep and pair_of(keep, third) not in self.proposals:
                    inherited = msgspec.structs.replace(proposal, pair=pair_of(keep, third), via=other)
                    self.proposals[pair_of(keep, third)] = inherited

    def _propose(self, person: str, now: datetime) -> None:
        """Bring the proposals about a person up to date with what she has in common with others."""
        wanted = {
            self.identities[holder].person
            for place in self._of[person]
            for value in self._values(self.identities[place])
            for holder in self._holders[value]
        } - {person}
        for other in sorted(wanted):
            pair, why = pair_of(person, other), self._why(person, other)
            known = self.proposals.get(pair)
            if known is None:
                self.proposals[pair] = Proposal(pair=pair, why=why, since=now)
            elif known.state in ("gone", "merged") or (known.state == "open" and known.why != why):
                self.proposals[pair] = msgspec.structs.replace(known, state="open", why=why)
        for pair, known in list(self.proposals.items()):
            if known.state == "open" and person in pair and not wanted & set(pair):
                self.proposals[pair] = msgspec.structs.replace(known, state="gone")

    def _why(self, one: str, other: str) -> str:
        both = [{*self._said(person, "email")} for person in (one, other)]
        numbers = [{*self._said(person, "phone")} for person in (one, other)]
        words = [name for name, (a, b) in (("email", both), ("phone", numbers)) if a & b]
        return ",".join(words)

    def _said(self, person: str, name: str) -> Iterator[str]:
        for place in self._of[person]:
            value: str = getattr(self.identities[place], name)
            if value and value not in self.ignored:
                yield value

    def _values(self, identity: Identity) -> Iterator[str]:
        return (value for value in (identity.email, identity.phone) if value and value not in self.ignored)

    def _put(self, identity: Identity) -> None:
        before = self.identities.get(identity.place)
        if before is not None:
            self._of[before.person].discard(before.place)
            for value in self._values(before):
                self._holders[value].discard(before.place)
        self.identities[identity.place] = identity
        self._index(identity)

    def _index(self, identity: Identity) -> None:
        self._of[identity.person].add(identity.place)
        for value in self._values(identity):
            self._holders[value].add(identity.place)


def consent_for(identities: Iterable[Identity], channel: str) -> bool | None:
    """Whether a person may be written to by a channel: what was said there, and a no goes before a yes.

    What she said to another channel says nothing here, so a merge never makes it more than it was.
    """
    said = {one.consent for one in identities if one.channel == channel and one.consent is not None}
    return None if not said else False not in said


def _is_id(text: str) -> bool:
    return len(text) == len("00000000-0000-0000-0000-000000000000") and text.count("-") == 4  # noqa: PLR2004 - a UUID's
