"""People, both ways."""

from __future__ import annotations

import pytest

from hardware_sim.vendors.square import customers
from hardware_sim.vendors.square.world import Fault
from hub.channels.ports import ChannelCustomer
from hub.errors import ChannelRefused, OutcomeUnknown
from tests.contract.square.shop import Shop

_ANN = ChannelCustomer("", "", "Ann Lê", "ann@example.com", "+84901234567", ours="c-1")


def _put(shop: Shop, person: ChannelCustomer) -> str:
    assert shop.channel.customers is not None
    return shop.channel.customers.put(person)


def test_everybody_comes_first_then_who_changed_then_who_is_gone(shop: Shop) -> None:
    """Square lists no deleted people; its events tell of them."""
    ann = customers.add(shop.world, {"given_name": "Ann", "family_name": "Lê", "email_address": "Ann@Example.com"})
    customers.add(shop.world, {"given_name": "Bob", "phone_number": "0901234567"})
    shop.clock.forward(minutes=10)
    found, _, cursor = shop.people_found("")
    assert [(each.name, each.email, each.phone, each.consent) for each in found] == [
        ("Ann Lê", "ann@example.com", "", None), ("Bob", "", "", None),
    ]  # fmt: skip
    shop.clock.forward(hours=1)
    ann["preferences"]["email_unsubscribed"] = True
    customers.update(shop.world, (ann["id"],), {"phone_number": "+84 90 123 45 67"})
    found, _, cursor = shop.people_found(cursor)
    assert [(each.phone, each.consent) for each in found] == [("+84901234567", False)]
    shop.clock.forward(hours=1)
    customers.delete(shop.world, (ann["id"],), {})
    found, _, _ = shop.people_found(cursor)
    assert [(each.key, each.deleted) for each in found] == [(ann["id"], True)]


def test_a_person_is_added_once_even_where_the_answer_is_lost(shop: Shop) -> None:
    """The second try finds her by our id."""
    shop.world.faults.append(Fault("POST /v2/customers", "lost", exactly=True))
    with pytest.raises(OutcomeUnknown):
        _put(shop, _ANN)
    _put(shop, _ANN)
    _put(shop, _ANN)
    assert [each["reference_id"] for each in shop.world.customers.values()] == ["c-1"]


def test_who_is_there_already_is_changed_not_added(shop: Shop) -> None:
    """Found by her address; what is the same is not written."""
    known = customers.add(shop.world, {"given_name": "Ann", "family_name": "Lê", "email_address": "ann@example.com"})
    assert _put(shop, _ANN) == known["id"]
    assert (known["reference_id"], known["phone_number"], known["given_name"]) == ("c-1", "+84901234567", "Ann")
    assert _put(shop, _ANN) == known["id"]
    assert shop.heard("PUT /v2/customers") == 1


def test_an_address_of_two_people_is_for_somebody_to_look_at(shop: Shop) -> None:
    """Nobody is guessed."""
    for _ in range(2):
        customers.add(shop.world, {"given_name": "Ann", "email_address": "ann@example.com"})
    with pytest.raises(ChannelRefused, match="several people"):
        _put(shop, _ANN)


def test_people_are_found_by_exact_address_and_number(shop: Shop) -> None:
    """And each once."""
    ann = customers.add(
        shop.world, {"given_name": "Ann", "email_address": "ann@example.com", "phone_number": "+84901234567"}
    )
    customers.add(shop.world, {"given_name": "Annie", "email_address": "annie@example.com"})
    assert shop.channel.customers is not None
    found = shop.channel.customers.find("ann@example.com", "+84901234567")
    assert [each.key for each in found] == [ann["id"]]


def test_two_who_change_a_person_at_once_both_succeed(shop: Shop) -> None:
    """A version that is old is read again."""
    known = customers.add(shop.world, {"given_name": "Ann", "email_address": "ann@example.com", "reference_id": "c-1"})
    shop.world.faults.append(Fault("PUT /v2/customers", "lost"))
    with pytest.raises(OutcomeUnknown):
        _put(shop, _ANN)
    assert _put(shop, _ANN) == known["id"]
    assert known["given_name"] == "Ann Lê"
