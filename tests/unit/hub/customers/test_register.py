"""Who is who: by e-mail, by phone, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.customers.register import Register, Said, consent_for
from hub.storage.people_records import TILLS, Place, pair_of, person_id

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
Groups = set[frozenset[Place]]


def said(key: str, email: str = "", phone: str = "", *, channel: str = "web", **more: object) -> Said:
    """A customer of a channel."""
    return Said(channel=channel, key=key, version=str(more.pop("version", "1")), email=email, phone=phone, **more)  # type: ignore[arg-type]  # as given


def groups(register: Register) -> Groups:
    """Which identities are one person."""
    return {frozenset(register.places_of(person)) for person in register.persons if any(register.places_of(person))}


def open_pairs(register: Register) -> set[tuple[str, str]]:
    """Which persons are proposed to be one."""
    return {pair for pair, proposal in register.proposals.items() if proposal.state == "open"}


def closed(register: Register) -> Groups:
    """Which identities are one person or proposed to be."""
    parent = {person: person for person in register.persons}
    for one, other in open_pairs(register):
        root = parent[other]
        parent = {person: parent[one] if found == root else found for person, found in parent.items()}
    merged: dict[str, set[Place]] = {}
    for person, root in parent.items():
        merged.setdefault(root, set()).update(register.places_of(person))
    return {frozenset(places) for places in merged.values() if places}


def connected(people: list[Said]) -> Groups:
    """Which identities have, in one or more steps, an address or a number in common."""
    found: list[tuple[set[str], set[Place]]] = []
    for one in people:
        values, places = {value for value in (one.email, one.phone) if value}, {(one.channel, one.key)}
        apart = []
        for others, more in found:
            if others & values:
                values, places = values | others, places | more
            else:
                apart.append((others, more))
        found = [*apart, (values, places)]
    return {frozenset(places) for _, places in found}


_EMAILS = st.sampled_from(["", "", "a@x", "b@x", "c@x"])
_PHONES = st.sampled_from(["", "", "+841", "+842", "+843"])


@st.composite
def people(draw: st.DrawFn) -> list[Said]:
    """Customers of two channels and the tills, many of whom have something in common."""
    rows = draw(st.lists(st.tuples(_EMAILS, _PHONES, st.sampled_from(["web", "square", TILLS])), max_size=9))
    return [said(f"k{number}", email, phone, channel=channel) for number, (email, phone, channel) in enumerate(rows)]


def taken(said_: list[Said]) -> Register:
    """A register that has taken these in."""
    register = Register()
    for one in said_:
        register.take(one, NOW)
    return register


@given(people(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_leads_to_the_same_people(customers: list[Said], chance: Random) -> None:
    """Who is one or proposed to be one is the same in every order; where nothing is proposed, so are the persons."""
    shuffled = [*customers]
    chance.shuffle(shuffled)
    first, second = taken(customers), taken(shuffled)
    assert closed(first) == closed(second) == connected(customers)
    if not open_pairs(first) and not open_pairs(second):
        assert groups(first) == groups(second)


@given(people())
def test_all_of_one_address_are_one_person(customers: list[Said]) -> None:
    """An e-mail address names one person, whoever came first."""
    register = taken(customers)
    for email in {one.email for one in customers if one.email}:
        assert len({one.person for one in register.identities.values() if one.email == email}) == 1


@given(people(), people())
def test_nobody_who_is_there_is_merged_or_torn_apart_by_itself(before: list[Said], after: list[Said]) -> None:
    """What comes later adds to persons, makes new ones, and proposes; it moves nobody."""
    register = taken(before)
    known = {place: one.person for place, one in register.identities.items()}
    for one in after:
        changed = Said(channel=one.channel, key=one.key, version="2", email=one.email, phone=one.phone)
        register.take(changed, NOW)
    assert {place: register.identities[place].person for place in known} == known
    assert all(person.state == "alive" for person in register.persons.values())


@given(people())
def test_the_same_again_changes_nothing(customers: list[Said]) -> None:
    """A poll that overlaps tells everything twice."""
    register = taken(customers)
    identities, proposals, consents = dict(register.identities), dict(register.proposals), list(register.consents)
    for one in customers:
        register.take(one, NOW)
    assert (register.identities, register.proposals, register.consents) == (identities, proposals, consents)


@given(people(), st.data())
def test_merge_then_take_back_restores(customers: list[Said], data: st.DataObject) -> None:
    """Persons, their identities and what is proposed or refused are as before."""
    register = taken(customers)
    alive = sorted(register.persons)
    if len(alive) < 2:
        return
    for _ in range(data.draw(st.integers(0, 2))):
        one, other = data.draw(st.permutations(alive))[:2]
        register.keep_apart(one, other, NOW)
    before = (groups(register), open_pairs(register), refused(register), dict(register.persons))
    keep, other = data.draw(st.permutations(alive))[:2]
    merged = register.merge(keep, other, NOW)
    assert len(groups(register)) == len(before[0]) - 1
    register.unmerge(keep, other, merged, NOW)
    assert (groups(register), open_pairs(register), refused(register), dict(register.persons)) == before


@given(people(), st.data())
def test_split_then_take_back_restores(customers: list[Said], data: st.DataObject) -> None:
    """A split keeps the two apart; taken back, all is as before, and the new id leads to the old person."""
    register = taken(customers)
    several = [person for person in sorted(register.persons) if len(list(register.places_of(person))) > 1]
    if not several:
        return
    person = data.draw(st.sampled_from(several))
    places = data.draw(st.sets(st.sampled_from(list(register.places_of(person))), min_size=1))
    if len(places) == len(list(register.places_of(person))):
        return
    before = (groups(register), open_pairs(register))
    register.split(person, places, "new", NOW)
    assert pair_of(person, "new") not in open_pairs(register)
    assert set(register.places_of("new")) == places
    register.unsplit(person, "new", places, NOW)
    assert (groups(register), open_pairs(register)) == before
    assert register.persons["new"].into == person


def refused(register: Register) -> set[tuple[str, str]]:
    """Who was said to be two."""
    return {pair for pair, proposal in register.proposals.items() if proposal.state == "refused"}


def test_an_address_of_one_and_a_number_of_another_merge_nobody() -> None:
    """She is the one with her address; that the number is another's is proposed, not decided."""
    register = taken([said("1", "a@x"), said("2", phone="+841"), said("3", "a@x", "+841")])
    one, two = person_id("web", "1"), person_id("web", "2")
    assert groups(register) == {frozenset({("web", "1"), ("web", "3")}), frozenset({("web", "2")})}
    assert {pair: proposal.why for pair, proposal in register.proposals.items()} == {pair_of(one, two): "phone"}


def test_a_refused_proposal_is_not_made_again() -> None:
    """Neither by new versions nor by others who have the same."""
    register = taken([said("1", "a@x"), said("2", phone="+841"), said("3", "a@x", "+841")])
    register.keep_apart(person_id("web", "1"), person_id("web", "2"), NOW)
    register.take(said("4", "a@x", "+841"), NOW)
    register.take(said("3", "a@x", "+841", version="2", name="Lan"), NOW)
    assert open_pairs(register) == set()


def test_a_shared_number_brings_no_new_person_with_each_visit() -> None:
    """Guests who give only a number that two persons have are one more person, not a hundred."""
    register = taken([said("1", "a@x", "+841"), said("2", "b@x")])
    register.take(said("2", "b@x", "+841", version="2"), NOW)
    for number in range(100):
        register.take(said(f"guest{number}", phone="+841"), NOW)
    assert len(groups(register)) == 3


def test_a_number_that_names_nobody_is_ignored() -> None:
    """The shop's own number stands on many customers."""
    register = Register(ignored=frozenset({"+841"}))
    register.take(said("1", phone="+841"), NOW)
    register.take(said("2", phone="+841"), NOW)
    assert len(groups(register)) == 2


def test_consent_is_the_channels_own_and_no_goes_before_yes() -> None:
    """A yes in the shop says nothing about the web; merged, a no of one of two identities of a channel holds."""
    register = taken([said("1", "a@x", consent=True), said("2", "a@x", channel="square")])
    mine = register.identities.values()
    assert [consent_for(mine, channel) for channel in ("web", "square")] == [True, None]
    register.take(said("3", phone="+841", consent=False), NOW)
    register.merge(person_id("web", "1"), person_id("web", "3"), NOW)
    assert consent_for(register.identities.values(), "web") is False
    register.take(said("1", "a@x", version="2"), NOW)
    assert [(one.key, one.consent) for one in register.consents] == [("1", True), ("3", False)]
    assert register.identities["web", "1"].consent is True


def test_a_deleted_customer_loses_what_was_known_of_her_there() -> None:
    """At that channel only; the person stays for as long as somebody else knows her."""
    register = taken([said("1", "a@x", name="Lan"), said("2", "a@x", channel="square", name="Lan")])
    register.take(said("1", version="2", deleted=True), NOW)
    gone = register.identities["web", "1"]
    assert (gone.name, gone.email, gone.deleted) == ("", "", True)
    assert register.identities["square", "2"].email == "a@x"
    assert register.take(said("9", deleted=True), NOW) == ""


def test_who_was_erased_stays_erased() -> None:
    """A channel that has not forgotten her tells of her again: nothing is taken in."""
    register = taken([said("1", "a@x", name="Lan")])
    register.erase(person_id("web", "1"), NOW)
    register.take(said("1", "a@x", name="Lan", version="2"), NOW)
    [identity] = register.identities.values()
    assert (identity.name, identity.email, identity.erased) == ("", "", True)
    assert register.persons[identity.person].state == "erased"


def test_a_channel_that_names_our_person_is_believed() -> None:
    """What the hub wrote there comes back with the person's id, also after she was merged."""
    register = taken([said("1", "a@x"), said("2", "b@x")])
    one, two = person_id("web", "1"), person_id("web", "2")
    register.merge(one, two, NOW)
    assert register.take(said("7", "c@x", channel="square", ours=two), NOW) == one


@pytest.mark.parametrize("key", ["0198c0de-7a11-7000-8000-00000000002a", "KH-001"])
def test_a_tills_customer_keeps_her_id_where_it_is_a_uuid(key: str) -> None:
    """Tills make UUIDs; an office's own numbers get one that is always the same."""
    made = person_id(TILLS, key)
    assert (made == key) is (len(key) == 36)
    assert person_id(TILLS, key) == made != person_id("web", key)
