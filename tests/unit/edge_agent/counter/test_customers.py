"""Customers: found as people write them, known at once when entered, never shown with the whole number."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.counter.desks.customer_changes import CustomerChangeView
from edge_agent.counter.desks.customers import CustomerFormView, CustomersView
from protocol.documents import Customer
from protocol.events import CustomerSaved, SaleCompleted
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.counter.shop import Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
HOA = Customer(customer="hoa", name="Nguyễn Thị Hoa", phone="+84912345678", email="hoa@example.com", card="KH1")
NAM = Customer(customer="nam", name="Trần Văn Nam", phone="+84987654321", owes=50_000, credit_limit=500_000)


async def found(shop: Shop, text: str) -> list[str]:
    """The ids that a text finds."""
    answer = await shop.counter.ask("customer", {"text": text})
    assert isinstance(answer, CustomersView)
    return [customer.id for customer in answer.found]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("0912345678", ["hoa"]), ("0912 345 678", ["hoa"]), ("+84 (0)912.345.678", ["hoa"]), ("5678", ["hoa"]),
        ("hoa@example.com", ["hoa"]), ("HOA@EXAMPLE.COM", ["hoa"]), ("KH1", ["hoa"]), ("nguyen hoa", ["hoa"]),
        ("Nguyễn thị", ["hoa"]), ("tran", ["nam"]), ("nam", ["nam"]), ("xyz", []), ("", []), ("78", []),
        ('" OR *', []), ("0" * 400, []),
    ],
)  # fmt: skip
async def test_any_way_of_saying_who(tmp_path: Path, text: str, ids: list[str]) -> None:
    """Numbers however they are written, their last digits, addresses, cards, names without accents."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA, "nam": NAM})
        assert await found(shop, text) == ids


async def test_documents_change_and_go(tmp_path: Path) -> None:
    """A new number finds her, the old one does not."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA})
        await load(
            shop.database, GLOBAL_FEED, "customer", {"hoa": Customer(customer="hoa", name="Hoa", phone="+84900000001")}
        )
        assert (await found(shop, "0912345678"), await found(shop, "0900000001")) == ([], ["hoa"])
        assert await found(shop, "nguyen") == []


async def test_a_new_customer_is_known_before_the_hub_answers(tmp_path: Path) -> None:
    """She is on this receipt, found by her number on the next, and becomes the hub's when its document comes."""
    async with shop_in(tmp_path) as shop:
        assert await shop.do("save_customer", name="Lê Bình", phone="0162 345 6789", consent="true") == "customer_saved"
        [fact] = await shop.facts()
        assert isinstance(fact, CustomerSaved)
        assert (fact.name, fact.phone, fact.consent, fact.consent_at is not None) == (
            "Lê Bình", "+84323456789", True, True,
        )  # fmt: skip
        view = shop.counter.view().customer
        assert view is not None
        assert (view.name, "3456" in view.phone) == ("Lê Bình", False)
        await shop.scan(WATER)
        await shop.do("pay_cash")
        sales = [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]
        assert [sale.customer for sale in sales] == [fact.customer]
    async with shop_in(tmp_path) as shop:
        assert await found(shop, "0323456789") == [fact.customer]
        assert await found(shop, "le b") == [fact.customer]
        await load(
            shop.database, GLOBAL_FEED, "customer",
            {fact.customer: Customer(customer=fact.customer, name="Lê Bình", phone="+84323456789", points=7)},
        )  # fmt: skip
        assert await found(shop, "0323456789") == [fact.customer]
        await shop.do("set_customer", customer=fact.customer)
        view = shop.counter.view().customer
        assert view is not None
        assert view.points == 7


async def test_nobody_is_entered_twice(tmp_path: Path) -> None:
    """A number that is known attaches whose it is."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA, "nam": NAM})
        assert await shop.do("save_customer", name="Hoa", phone="0912345678") == "customer_set"
        assert await shop.do("save_customer", phone="0911 111 111") == "customer_saved"
        assert await shop.do("save_customer", name="X", phone="0911111111") == "customer_set"
        assert len(await shop.facts()) == 1
        assert await shop.one("SELECT count(*) FROM customer_new") == 1


@pytest.mark.parametrize("fields", [{}, {"phone": "abc"}, {"phone": "12"}, {"email": "nobody"}, {"name": "  "}])
async def test_what_is_no_customer_is_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    """A wrong number is said to be wrong instead of being kept."""
    async with shop_in(tmp_path) as shop:
        assert await shop.do("save_customer", **fields) == "bad_input"
        assert await shop.facts() == []


async def test_what_she_owes_is_seen(tmp_path: Path) -> None:
    """Account and limit are in the picture; detached, nobody is."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"nam": NAM})
        assert await shop.do("set_customer", customer="nam") == "customer_set"
        view = shop.counter.view().customer
        assert view is not None
        assert (view.owes, view.credit_limit, view.phone) == (50_000, 500_000, "••• ••4 321")
        assert await shop.do("drop_customer") == "customer_dropped"
        assert shop.counter.view().customer is None
        assert await shop.do("set_customer", customer="nobody") == "customer_unknown"


@pytest.mark.parametrize(("text", "field"), [("0912", "phone"), ("a@b", "email"), ("Lan", "name")])
async def test_the_form_takes_over_what_was_searched(tmp_path: Path, text: str, field: str) -> None:
    """What was typed stands in its field; she types one more and presses Enter."""
    async with shop_in(tmp_path) as shop:
        form = await shop.counter.ask("customer_new", {"text": text})
        assert isinstance(form, CustomerFormView)
        assert getattr(form, field) == text


async def change(shop: Shop, customer: str = "hoa", **fields: str) -> str:
    """Change what is known of a customer."""
    return await shop.do("change_customer", about="", customer=customer, **fields)


async def saved(shop: Shop) -> list[CustomerSaved]:
    """What was written down about customers."""
    return [fact for fact in await shop.facts() if isinstance(fact, CustomerSaved)]


async def test_what_changed_of_a_customer_is_known_at_once(tmp_path: Path) -> None:
    """The event says all of her; the new number and card find her and the old ones do not, before the hub answers."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA, "nam": NAM})
        form = await shop.counter.ask("customer_edit", {"customer": "hoa"})
        assert isinstance(form, CustomerChangeView)
        assert HOA.phone not in str(form)
        assert HOA.email not in str(form)
        assert (
            await change(shop, name="Nguyễn Hoa", phone="0933 111 222", card="KH9", consent="true") == "customer_saved"
        )
        [fact] = await saved(shop)
        assert (fact.customer, fact.by, fact.name, fact.phone) == ("hoa", "lan", "Nguyễn Hoa", "+84933111222")
        assert (fact.email, fact.card, fact.consent, fact.consent_at is not None) == (HOA.email, "KH9", True, True)
        assert await found(shop, "0933111222") == ["hoa"]
        assert await found(shop, "KH9") == ["hoa"]
        assert await found(shop, "KH1") == []
        assert await change(shop, name="Nguyễn Hoa", consent="true") == "customer_saved"
        assert len(await saved(shop)) == 1  # nothing new is no event
        assert await change(shop, email="-", consent="") == "customer_saved"
        last = (await saved(shop))[-1]
        assert (last.email, last.phone, last.consent, last.consent_at is not None) == ("", "+84933111222", False, True)


async def test_the_hubs_later_word_counts(tmp_path: Path) -> None:
    """Points that come meanwhile are shown with the change; another name from the hub ends it."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA})
        assert await change(shop, name="Hoa Mới") == "customer_saved"
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": msgspec.structs.replace(HOA, points=70)})
        assert await shop.do("set_customer", customer="hoa") == "customer_set"
        view = shop.counter.view().customer
        assert view is not None
        assert (view.name, view.points) == ("Hoa Mới", 70)
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": msgspec.structs.replace(HOA, name="Hoa Hub")})
        shop.counter.refresh()
        form = await shop.counter.ask("customer_edit", {"customer": "hoa"})
        assert isinstance(form, CustomerChangeView)
        assert form.name == "Hoa Hub"
        assert await change(shop, customer="hoa", name="Hoa Ba") == "customer_saved"
        assert await shop.one("SELECT count(*) FROM customer_new") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"phone": "0987654321"}, "customer_taken"),
        ({"phone": "no number"}, "bad_input"),
        ({"email": "nobody"}, "bad_input"),
        ({"card": "4111 1111 1111 1111"}, "card_number_refused"),
        ({"customer": "nobody", "name": "X"}, "customer_unknown"),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(tmp_path: Path, fields: dict[str, str], said: str) -> None:
    """Another's number, nonsense, a bank card, nobody: a sentence, and no event."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"hoa": HOA, "nam": NAM})
        assert await change(shop, **fields) == said
        assert await saved(shop) == []
