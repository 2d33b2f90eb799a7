"""What both databases promise about persons: the same people as the pure core makes of it, and one transaction each."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
import sqlalchemy as sa

from hub.channels.ports import ChannelCustomer
from hub.customers.people import Act, People
from hub.customers.register import Register, Said
from hub.customers.till_customers import TillCustomers
from hub.errors import DecisionRefused
from hub.storage.channel_outbox import SqlOutbox
from hub.storage.database import Database
from hub.storage.people_records import TILLS, pair_of, person_id
from hub.storage.queries_people import PeopleQueries
from hub.storage.records import DocumentPut
from hub.storage.schema_people import person_consent, person_identity, person_proposal
from hub.storage.stores import open_stores
from protocol.documents import Customer
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED
from tests.unit.hub.journals import at

LAN = Act("lan", at(0))


def outbox(database: Database) -> list[tuple[str, ChannelCustomer]]:
    """What channels are to be told: (channel, person)."""
    rows = [row for channel in ("web", "square") for row in SqlOutbox(database).rows(channel)]
    return [(row.channel, msgspec.json.decode(row.body, type=ChannelCustomer)) for row in rows]


def said(key: str, email: str = "", phone: str = "", *, channel: str = "web", version: str = "1") -> Said:
    """A customer of a channel."""
    return Said(channel=channel, key=key, version=version, email=email, phone=phone)


def groups(database: Database) -> set[frozenset[tuple[str, str]]]:
    """Which identities are one person."""
    found: dict[str, set[tuple[str, str]]] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(person_identity)):
            found.setdefault(row.person, set()).add((row.channel, row.key))
    return {frozenset(places) for places in found.values()}


def open_pairs(database: Database) -> set[tuple[str, str]]:
    """Who is proposed to be one."""
    with database.read() as connection:
        rows = connection.execute(sa.select(person_proposal).where(person_proposal.c.state == "open"))
        return {(row.one, row.other) for row in rows}


@pytest.mark.parametrize("seed", range(15))
def test_a_part_of_the_register_is_enough(database: Database, seed: int) -> None:
    """Reading only what can be touched leads to the very persons and proposals that the whole register has."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    people, whole = People(database), Register()
    for step in range(40):
        channel, key = chance.choice(["web", "square", TILLS]), f"k{chance.randrange(10)}"
        email, phone = chance.choice(["", "a@x", "b@x", "c@x"]), chance.choice(["", "+841", "+842", "+843"])
        one = said(key, email, phone, channel=channel, version=str(step))
        assert people.take_all(channel, [one], at(step)) == [whole.take(one, at(step))]
        alive = sorted(person for person, known in whole.persons.items() if known.state == "alive")
        if chance.random() < 0.3 and len(alive) > 1:
            keep, other = chance.sample(alive, 2)
            act, now = Act("lan", at(step)), at(step)
            match chance.choice(["merge", "apart", "undo", "split"]):
                case "merge":
                    people.merge(keep, other, act)
                    whole.merge(keep, other, now)
                case "apart":
                    people.keep_apart(keep, other, act)
                    whole.keep_apart(keep, other, now)
                case "undo":
                    number = people.merge(keep, other, act)
                    people.undo(number, act)
                    whole.unmerge(keep, other, whole.merge(keep, other, now), now)
                case _:
                    places = list(whole.places_of(keep))
                    if len(places) > 1:
                        _, new = people.split(keep, places[:1], act)
                        whole.split(keep, places[:1], new, now)
    kept = {frozenset(whole.places_of(person)) for person in whole.persons if any(whole.places_of(person))}
    assert groups(database) == kept
    assert open_pairs(database) == {pair for pair, one in whole.proposals.items() if one.state == "open"}


def test_the_same_version_twice_is_taken_once(database: Database) -> None:
    """A poll that overlaps with a webhook; what is said of consent is kept once, with its time."""
    people = People(database, "VN")
    customer = ChannelCustomer(key="1", version="7", name="Lan", email=" Lan@X.vn", phone="0901234567", consent=True)
    first = people.take("web", customer, at(0))
    assert people.take("web", customer, at(60)) == first
    [view] = PeopleQueries(database).find("lan@x.vn", 10)
    assert [(one.phone, one.consent, one.heard_at) for one in view.identities] == [("+84901234567", True, at(0))]
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(person_consent)).scalar() == 1


def test_merged_by_hand_and_taken_back(database: Database) -> None:
    """The identities move and come back; the merged id leads to the one who is left; both deeds are on record."""
    people, queries = People(database), PeopleQueries(database)
    one, other = people.take_all("web", [said("1", "a@x"), said("2", "b@x")], at(0))
    number = people.merge(one, other, Act("lan", at(1), "same address on both cards"))
    shown = queries.person(other)
    assert shown is not None
    assert (shown.person.id, len(shown.identities)) == (one, 2)
    people.undo(number, LAN)
    assert len(groups(database)) == 2
    assert [(entry.action, entry.undoes) for entry in queries.history(10)] == [("undo", number), ("merge", None)]
    with pytest.raises(DecisionRefused, match="nothing that could be taken back"):
        people.undo(number, LAN)


def test_what_does_not_fit_is_refused(database: Database) -> None:
    """Nobody, herself, all of her identities, one who was merged, a merge whose person was merged on."""
    people = People(database)
    one, other, third = people.take_all("web", [said("1", "a@x"), said("2", "b@x"), said("3", "c@x")], at(0))
    for wrong in (
        lambda: people.merge(one, "nobody", LAN),
        lambda: people.merge(one, one, LAN),
        lambda: people.split(one, [("web", "1")], LAN),
        lambda: people.split(one, [("web", "2")], LAN),
        lambda: people.undo(99, LAN),
    ):
        with pytest.raises(DecisionRefused):
            wrong()
    first = people.merge(one, other, LAN)
    people.merge(third, one, LAN)
    for wrong in (lambda: people.merge(other, third, LAN), lambda: people.undo(first, LAN)):
        with pytest.raises(DecisionRefused):
            wrong()


def test_channels_are_told_what_they_lack_and_nothing_else(database: Database) -> None:
    """The web gets her number from the till, each thing once; a channel that does not know her hears nothing."""
    people = People(database, "VN", told=lambda: ["web", "square"])
    people.take_all(TILLS, [said("1", "a@x", "+84901234567", channel=TILLS)], at(0))
    assert outbox(database) == []
    people.take("web", ChannelCustomer(key="w", version="1", name="Lan", email="a@x", consent=True), at(1))
    told = ChannelCustomer(key="w", version="", phone="+84901234567", ours=person_id(TILLS, "1"))
    assert outbox(database) == [("web", told)]
    echo = ChannelCustomer(key="w", version="2", name="Lan", email="a@x", phone="0901234567", ours=told.ours)
    people.take("web", echo, at(2))
    people.take_all(TILLS, [said("1", "a@x", "+84901234567", channel=TILLS, version="2")], at(3))
    assert len(outbox(database)) == 1


def test_a_merge_tells_channels_whose_person_it_is_now(database: Database) -> None:
    """The id that the channel keeps leads to the one who is left; taken back, it is told again."""
    people = People(database, told=lambda: ["web", "square"])
    [one] = people.take_all("web", [said("1", "a@x")], at(0))
    [other] = people.take_all("square", [said("2", "b@x", channel="square")], at(1))
    number = people.merge(one, other, Act("lan", at(2)))
    people.undo(number, Act("lan", at(3)))
    assert [(channel, said.ours) for channel, said in outbox(database)] == [
        ("web", one), ("square", other), ("square", one), ("square", other),
    ]  # fmt: skip


def test_who_is_erased_is_told_and_forgotten(database: Database) -> None:
    """Name, address and number are gone; channels are told once; sales keep the id."""
    people = People(database, told=lambda: ["web"])
    [one] = people.take_all("web", [said("1", "a@x", "+841")], at(0))
    assert people.erase(one, Act("lan", at(1))) == (("web", "1"),)
    assert people.erase(one, Act("lan", at(2))) == (("web", "1"),)
    assert [said.deleted for _, said in outbox(database)] == [False, True]
    view = PeopleQueries(database).person(one)
    assert view is not None
    assert (view.person.state, view.name, {one.email for one in view.identities}) == ("erased", "", {""})


def test_the_tills_customers_are_persons_too(database: Database) -> None:
    """Imported, changed and deleted documents are followed; the web's customer of the same number is the same."""
    stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    people, queries = People(database, "VN"), PeopleQueries(database)
    follow = TillCustomers(database, people, 0)
    puts = [
        DocumentPut(f"KH{n}", Customer(customer=f"KH{n}", name=f"N{n}", phone=f"+8490123{n:04}")) for n in range(450)
    ]
    stores.documents.put(GLOBAL_FEED, "customer", puts, at(0))
    while follow.advance(at(1), 0):
        pass
    assert people.take("web", ChannelCustomer(key="w", version="1", phone="0901230449"), at(2)) == person_id(
        TILLS, "KH449"
    )
    stores.documents.delete(GLOBAL_FEED, "customer", ["KH449"], at(3))
    assert follow.advance(at(4), 1) == 1
    assert follow.advance(at(4), 2) == 0
    view = queries.person(person_id(TILLS, "KH449"))
    assert view is not None
    assert [(one.channel, one.deleted) for one in view.identities] == [("web", False), (TILLS, True)]


def test_proposals_are_listed_with_what_the_two_share(database: Database) -> None:
    """The oldest first; refused, it is gone for good."""
    people, queries = People(database), PeopleQueries(database)
    one, other, _ = people.take_all("web", [said("1", "a@x"), said("2", phone="+841"), said("3", "a@x", "+841")], at(0))
    [found], total = queries.proposals(10)
    assert (total, found.proposal.pair, found.shared, found.proposal.why) == (1, pair_of(one, other), ["+841"], "phone")
    people.keep_apart(one, other, LAN)
    assert queries.proposals(10) == ([], 0)
