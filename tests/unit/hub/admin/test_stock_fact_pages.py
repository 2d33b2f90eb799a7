"""Orders, the reasons of levels, safety stock, accuracy and what was set aside, as a shopkeeper sees them."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

import httpx
import pytest

from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.admin.test_pages import ask, hub, text_of
from tests.unit.hub.api.asgi import BEARER, client

__all__ = ["hub"]


def post(hub: SampleHub, path: str, form: dict[str, str]) -> httpx.Response:
    """A form, sent by somebody who is logged in."""

    async def asking() -> httpx.Response:
        async with client(hub.kept_web) as http:
            return await http.post(path, data=form, headers={**BEARER, "accept": "text/html"})

    return asyncio.run(asking())


def test_a_level_is_explained_in_sentences_and_by_its_ledger(hub: SampleHub) -> None:
    """In both languages; the late sale is said to be seen; lots, promises and goods on their way stand beside."""
    text = text_of(ask(hub, "/stock/level?sku=COLA-330&store=st01").text)
    assert "Hoa counted 40 on" in text
    assert "So 31 is on hand. 2 is promised (web-10031). 3 is kept back as safety stock (COLA-330 · st01)." in text
    assert "The web may sell 22 of it." in text
    for words in ("seen by the count already", "PN-0117", "L2411", "CK-88", "without a lot"):
        assert words in text
    vietnamese = text_of(ask(hub, "/stock/level?sku=COLA-330&store=st01", accept_language="vi").text)
    assert "Web được bán 22." in vietnamese
    assert not re.search(r"\b(the|sold|promised|counted)\b", vietnamese)
    assert ask(hub, "/stock/level?sku=NONE&store=st01").status_code == 404


def test_orders_are_shown_by_state_and_cancelled(hub: SampleHub) -> None:
    """What is missing is red; a cancelled order says so; an id with a slash has its page."""
    text = text_of(ask(hub, "/orders").text)
    assert "goods missing 1" in text
    assert "Nguyễn Thị Lan" in text
    assert "Nguyễn Thị Lan" not in text_of(ask(hub, "/orders?state=oversold").text)
    assert "2 MILO-180" in text_of(ask(hub, "/orders/web-10029").text)
    answer = post(hub, f"/orders/{quote('A/B 10027', safe='')}/cancel", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders/A%2FB%2010027")
    shown = text_of(ask(hub, "/orders/A%2FB%2010027").text)
    assert "cancelled" in shown
    assert "Cancel this order" not in shown
    assert ask(hub, "/orders/none").status_code == 404


def test_rules_are_set_and_deleted_on_their_page_and_a_mistake_keeps_what_was_typed(hub: SampleHub) -> None:
    """The message is above the form."""
    wrong = post(hub, "/stock/rules", {"quantity": "two", "sku": "G7-21"})
    assert wrong.status_code == 422
    assert "write a number" in wrong.text
    assert 'value="G7-21"' in wrong.text
    assert post(hub, "/stock/rules", {"quantity": "2,5", "sku": "G7-21"}).status_code == 303
    assert "2.5" in text_of(ask(hub, "/stock/rules").text)
    assert post(hub, "/stock/rules/delete", {"sku": "G7-21"}).status_code == 303
    assert "2.5" not in text_of(ask(hub, "/stock/rules").text)


def test_accuracy_stands_against_its_line(hub: SampleHub) -> None:
    """By store and day, by number and by value."""
    text = text_of(ask(hub, "/stock/accuracy").text)
    assert "below the line of 99.5 %" in text
    assert "99.53 %" in text
    assert "93.37 %" in text
    assert "above the line of 99.5 %" in text_of(ask(hub, "/stock/accuracy?store=st01").text)


def test_what_was_set_aside_is_told_in_a_shopkeepers_words(hub: SampleHub) -> None:
    """Why, what to do, and a button that counts in what can be read."""
    text = text_of(ask(hub, "/parked/7").text)
    assert "The till is of a newer version" in text
    assert "Count in what can be read now" in text
    answer = post(hub, "/parked/replay", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alarms?counted_in=0#parked")
    assert "0 entries were counted in." in text_of(ask(hub, "/alarms?counted_in=0").text)
    assert ask(hub, "/parked/8").status_code == 404


@pytest.mark.parametrize("path", ["/orders", "/stock/rules", "/stock/accuracy"])
def test_the_new_pages_say_what_will_be_there(path: str) -> None:
    """Empty, they teach how to begin."""
    assert 'class="calm"' in ask(SampleHub(), path).text
