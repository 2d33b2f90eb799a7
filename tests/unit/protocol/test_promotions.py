"""A promotion's document: one deal, clear conditions, and room for deals that are not invented yet."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from protocol.promotions import Promotion, Spend
from tests.unit.edge_agent.till.pricing.baskets import promotions

DEALS = {
    "buy_pay": '{"goods":{"skus":["SUA"]},"buy":3,"pay":2}',
    "group_price": '{"goods":{"brands":["Vinamilk"]},"count":3,"price":50000,"mixed":true}',
    "cheapest_off": '{"goods":{"categories":["do-uong"]},"count":2,"percent_bp":5000}',
    "off": '{"goods":{"everything":true},"percent_bp":1000}',
    "bundle": '{"parts":[{"goods":{"skus":["A"]}},{"goods":{"skus":["B"]},"off_bp":10000}]}',
    "spend": '{"from_amount":500000,"amount":50000,"each":true}',
}


def read(text: str) -> Promotion:
    """A document's body, as a till reads it."""
    return msgspec.json.decode(text, type=Promotion)


@given(promotions)
def test_a_promotion_survives_its_document(promotion: Promotion) -> None:
    """What the hub wrote is what the till reads."""
    assert msgspec.json.decode(msgspec.json.encode(promotion), type=Promotion) == promotion


@pytest.mark.parametrize("kind", DEALS)
def test_each_deal_is_written_under_its_own_name(kind: str) -> None:
    """The field's name is the kind; short documents have the defaults that a reader expects."""
    promotion = read(f'{{"promotion":"a","name":"b","{kind}":{DEALS[kind]}}}')
    assert promotion.deal is getattr(promotion, kind)
    assert (promotion.combining, promotion.priority, promotion.max_uses, promotion.active) == ("once", 0, None, True)


def test_a_threshold_is_about_everything_unless_it_says_otherwise() -> None:
    """A sum has a natural meaning for the whole receipt; goods never are "everything" by accident."""
    assert Spend(amount=1).goods.everything
    deal = read('{"promotion":"a","name":"b","off":{"goods":{},"amount":1}}').off
    assert deal is not None
    assert not deal.goods.everything


def test_a_deal_of_a_newer_hub_is_no_deal() -> None:
    """The document is read, the field is not: the till sells at plain prices instead of failing."""
    promotion = read('{"promotion":"a","name":"b","tombola":{"chances":3},"combining":"by_moonlight"}')
    assert promotion.deal is None


@pytest.mark.parametrize(
    ("deal", "why"),
    [
        ('"buy_pay":{"goods":{},"buy":2,"pay":2}', "pay for fewer"),
        ('"cheapest_off":{"goods":{},"count":2,"cheapest":3}', "not so many"),
        ('"off":{"goods":{}}', "exactly one"),
        ('"off":{"goods":{},"percent_bp":100,"price":0}', "exactly one"),
        ('"bundle":{"parts":[{"goods":{}},{"goods":{}}]}', "exactly one"),
        ('"bundle":{"parts":[{"goods":{}},{"goods":{},"off_bp":1}],"price":1}', "exactly one"),
        ('"bundle":{"parts":[{"goods":{}}],"price":1}', "length >= 2"),
        ('"spend":{}', "exactly one"),
        ('"spend":{"percent_bp":10001}', "<= 10000"),
        ('"spend":{"percent_bp":1000,"from_amount":5,"each":true}', "each needs an amount"),
        ('"spend":{"amount":1000,"each":true}', "each needs an amount"),
        ('"spend":{"amount":1},"off":{"goods":{},"amount":1}', "one deal"),
        ('"spend":{"amount":1},"hours":[{"start":"08:00:00+07:00","end":"09:00:00"}]', "without a zone"),
        ('"spend":{"amount":1},"weekdays":[0]', ">= 1"),
        ('"spend":{"amount":1},"max_uses":0', ">= 1"),
    ],
)
def test_a_promotion_that_contradicts_itself_is_refused(deal: str, why: str) -> None:
    """With a reason in words, for whoever writes promotions."""
    with pytest.raises(msgspec.ValidationError, match=why):
        read(f'{{"promotion":"a","name":"b",{deal}}}')
