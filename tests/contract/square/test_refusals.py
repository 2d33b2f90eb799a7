"""What goes wrong between the hub and Square, in words that say what to do."""

from __future__ import annotations

from typing import Literal

import pytest

from hardware_sim.vendors.square.world import Fault
from hub.errors import ChannelError, ChannelRefused, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown
from tests.contract.square.shop import Shop, open_shop


@pytest.mark.parametrize(
    ("kind", "reading", "writing"),
    [
        ("gone", ChannelUnavailable, ChannelUnavailable),
        ("lost", ChannelUnavailable, OutcomeUnknown),
        ("down", ChannelUnavailable, OutcomeUnknown),
        ("busy", ChannelUnavailable, ChannelUnavailable),
        ("expired", ChannelUnauthorised, ChannelUnauthorised),
    ],
)
def test_each_fault_has_its_error(
    shop: Shop,
    kind: Literal["busy", "down", "lost", "gone", "expired"],
    reading: type[ChannelError],
    writing: type[ChannelError],
) -> None:
    """A line that broke after a write may have done it; a refused connection has not; asking is never unknown."""
    for where, error in (("POST /v2/orders/search", reading), ("POST /v2/inventory", writing)):
        shop.world.faults.append(Fault(where, kind))
        with pytest.raises(ChannelError) as caught:
            shop.orders("") if "search" in where else shop.stock({"A-1": 1})
        assert type(caught.value) is error
        assert "channel square" in str(caught.value)
        shop.world.faults.clear()
    assert [each.outcome for each in shop.stock({"A-1": 1})] == ["done"]


def test_one_call_is_one_request(shop: Shop) -> None:
    """The SDK tries by itself and sleeps; that is switched off, for who waits is the framework's to say."""
    shop.world.faults.append(Fault("POST /v2/orders/search", "down", times=5))
    with pytest.raises(ChannelUnavailable):
        shop.orders("")
    assert shop.heard("POST /v2/orders/search") == 1


def test_an_expired_token_is_renewed_where_we_may() -> None:
    """With a refresh token the same call goes through, and the new token is used from then on."""
    shop = open_shop({"application_id": "app-1"}, {"refresh_token": "refresh-of-a-seller", "application_secret": "s3"})
    shop.world.tokens = {"another"}
    shop.orders("")
    shop.orders("")
    assert shop.heard("POST /oauth2/token") == 1
    assert shop.wire.wrong == []


def test_rights_that_were_taken_away_are_told(shop: Shop) -> None:
    """Square's own words, and the remedy."""
    shop.people.revoke()
    with pytest.raises(ChannelUnauthorised, match=r"AUTHENTICATION_ERROR UNAUTHORIZED.*renew the access token"):
        shop.orders("")


def test_a_refusal_has_category_code_detail_and_field(shop: Shop) -> None:
    """All that Square says stands in the parked row."""
    (pushed,) = shop.stock({"A-1": 1, "B-1": 1})[:1]
    assert pushed.outcome == "done"
    shop.people.delist(shop.goods["A-1"])
    (pushed,) = shop.stock({"A-1": 2})
    assert pushed.words.endswith(
        "Square said 400 INVALID_REQUEST_ERROR NOT_FOUND: Unable to find catalog object. "
        "(changes[0].physical_count.catalog_object_id)"
    )


def test_no_secret_is_in_what_is_shown(shop: Shop) -> None:
    """Neither in errors nor in what a debugger prints."""
    shop.people.revoke()
    with pytest.raises(ChannelUnauthorised) as caught:
        shop.orders("")
    assert "token-of-a-seller" not in f"{caught.value!r} {shop.connecting!r}"
    assert not isinstance(caught.value, ChannelRefused)
