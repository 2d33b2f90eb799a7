"""Availability for web shops: what it says, how cheaply it can be asked again, and how it refuses."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.admin.memory import MemoryItem
from hub.api.availability import SKUS_MAX, matches, strong_etag
from hub.api.settings import WebSettings
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import client

visible = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=30)


def hub_with(*skus: str, web: WebSettings | None = None) -> SampleHub:
    """A hub where the first store has 12, the second 0.642 of each SKU."""
    hub = SampleHub(web or WebSettings())
    for sku in skus:
        hub.queries.put_item(MemoryItem(sku, f"Goods {sku}"))
        hub.queries.set_level("st01", sku, 12_000, hub.now)
        hub.queries.set_level("st02", sku, 642, hub.now)
    return hub


def ask(hub: SampleHub, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """One request to a fresh application over the hub."""

    async def asking() -> httpx.Response:
        async with client(hub.kept_web) as http:
            return await http.request(method, path, headers=headers)

    return asyncio.run(asking())


def test_a_sku_has_its_total_and_its_locations_in_units_and_thousandths() -> None:
    """Both forms say the same: a decimal text for people and JSON, an integer to reckon with."""
    answer = ask(hub_with("COLA-330"), "/v1/availability/COLA-330")
    assert answer.status_code == 200
    assert answer.json() == {
        "sku": "COLA-330",
        "unit": "piece",
        "available": "12.642",
        "available_milli": 12_642,
        "locations": [
            {"store": "st01", "available": "12", "available_milli": 12_000},
            {"store": "st02", "available": "0.642", "available_milli": 642},
        ],
        "as_of": 3,
    }
    assert answer.headers["cache-control"] == "public, max-age=2, stale-while-revalidate=10, stale-if-error=300"


def test_one_location_can_be_asked_for() -> None:
    """?store= counts that location alone."""
    answer = ask(hub_with("A"), "/v1/availability/A?store=st02").json()
    assert (answer["available_milli"], len(answer["locations"])) == (642, 1)


def test_goods_without_any_level_are_unknown_not_zero() -> None:
    """A shop must be able to tell "none left" from "nobody knows"."""
    hub = SampleHub()
    hub.queries.put_item(MemoryItem("NEW", "New"))
    answer = ask(hub, "/v1/availability/NEW").json()
    assert answer["available"] is None
    assert answer["available_milli"] is None


def test_oversold_goods_are_none_to_the_web() -> None:
    """A level below zero is the shop's business; the web sees zero."""
    hub = hub_with("A")
    hub.queries.set_level("st01", "A", -3_000, hub.now)
    assert ask(hub, "/v1/availability/A?store=st01").json()["available"] == "0"


def test_the_etag_answers_304_until_something_changes() -> None:
    """The same ETag comes from every worker, is refused after a change, and a 304 has no body."""
    hub = hub_with("A")
    etag = ask(hub, "/v1/availability/A").headers["etag"]
    assert not etag.startswith("W/")
    unchanged = ask(hub, "/v1/availability/A", **{"if-none-match": f'"other", {etag}'})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
    hub.queries.set_level("st01", "A", 11_000, hub.now)
    assert ask(hub, "/v1/availability/A", **{"if-none-match": etag}).status_code == 200


@given(st.binary(), st.binary())
def test_other_bytes_have_another_etag(first: bytes, second: bytes) -> None:
    """A strong ETag names the bytes."""
    assert (strong_etag(first) == strong_etag(second)) == (first == second)
    assert matches(f"W/{strong_etag(first)}", strong_etag(first))
    assert matches("*", strong_etag(first))
    assert not matches(None, strong_etag(first))


def test_head_says_what_get_would() -> None:
    """The same head, the length of the body, and no body."""
    hub = hub_with("A")
    get, head = ask(hub, "/v1/availability/A"), ask(hub, "/v1/availability/A", "HEAD")
    assert head.content == b""
    assert (head.headers["etag"], head.headers["content-length"]) == (get.headers["etag"], str(len(get.content)))


def test_an_unknown_sku_is_a_problem_document() -> None:
    """404 in the form of RFC 9457, with a type that a program can rely on; never cached."""
    answer = ask(hub_with("A"), "/v1/availability/B")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "urn:tillwire:problem:unknown-sku",
        "title": "Not found",
        "status": 404,
        "detail": "SKU 'B' is not in the catalogue.",
        "instance": "/v1/availability/B",
    }


@settings(deadline=None, max_examples=30)  # each makes an application
@given(visible, visible)
def test_any_visible_sku_can_be_asked_for(left: str, right: str) -> None:
    """Slashes, spaces, dots and letters of any script: by path, encoded, and by ?sku=."""
    sku = f"{left}/{right} .."
    hub = hub_with(sku)
    by_path = ask(hub, f"/v1/availability/{quote(sku, safe='')}")
    by_query = ask(hub, f"/v1/availability?sku={quote(sku, safe='')}")
    assert by_path.json()["sku"] == sku
    assert by_query.json()["items"] == [by_path.json()]


@pytest.mark.parametrize("sku", ["stream", ".", "..", "a//b"])
def test_skus_that_paths_mangle_are_asked_for_by_query(sku: str) -> None:
    """The query form has no exception."""
    assert ask(hub_with(sku), f"/v1/availability?sku={quote(sku, safe='')}").json()["items"][0]["sku"] == sku


@settings(deadline=None, max_examples=50)  # each makes an application
@given(st.text(max_size=80))
def test_no_text_at_all_breaks_it(text: str) -> None:
    """Whatever is asked, the answer is the SKU or a problem document that says what is wrong."""
    answer = ask(hub_with("A"), f"/v1/availability?sku={quote(text, safe='')}")
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert answer.json()["type"] == "urn:tillwire:problem:invalid-id"


def test_many_skus_come_in_the_order_asked_with_the_unknown_named() -> None:
    """A repeated SKU counts once."""
    answer = ask(hub_with("A", "B"), "/v1/availability?sku=B&sku=nix&sku=A&sku=B").json()
    assert [item["sku"] for item in answer["items"]] == ["B", "A"]
    assert answer["unknown"] == ["nix"]


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v1/availability?" + "&".join(f"sku=S{n}" for n in range(SKUS_MAX + 1)), 400, "too-many-skus"),
        ("/v1/availability", 422, "invalid-parameter"),
        ("/v1/availability/A?store=no%20store", 400, "invalid-id"),
        ("/v1/availability/A?store=" + "s" * 33, 422, "invalid-parameter"),
        ("/v1/availability/stream?sku=%0a", 400, "invalid-id"),
        ("/v1/nothing", 401, "not-logged-in"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(path: str, status: int, kind: str) -> None:
    """Each with its own type."""
    answer = ask(hub_with("A"), path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:tillwire:problem:{kind}")


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    """429 with Retry-After, after the burst; others are not held up by it."""
    web = hub_with("A", web=WebSettings(public_burst=3, public_requests_per_second=0.5)).web()

    async def asking() -> list[httpx.Response]:
        async with client(web) as http:
            return [await http.get("/v1/availability/A") for _ in range(4)]

    answers = asyncio.run(asking())
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2


def test_only_named_shops_may_read_from_a_browser() -> None:
    """CORS is off until an origin is named, and then for availability alone."""
    origin = "https://shop.example"
    assert "access-control-allow-origin" not in ask(hub_with("A"), "/v1/availability/A", origin=origin).headers
    hub = hub_with("A", web=WebSettings(shop_origins=(origin,)))
    answer = ask(hub, "/v1/availability/A", origin=origin)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in ask(hub, "/v1/availability/A", origin="https://evil.example").headers
    assert "access-control-allow-origin" not in ask(hub, "/healthz", origin=origin).headers
    preflight = ask(hub, "/v1/availability/A", "OPTIONS", origin=origin, **{"access-control-request-method": "GET"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, origin)
