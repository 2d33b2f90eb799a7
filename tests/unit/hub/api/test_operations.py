"""Health, metrics and the API's own description."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
from prometheus_client import Counter

from hub.api.limits import TokenBuckets
from hub.api.operations import SEE_LOG
from hub.api.port import Ready
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import BEARER, client


def ask(hub: SampleHub, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
    """One request."""

    async def asking() -> httpx.Response:
        async with client(hub.web(), headers) as http:
            return await http.request(method, path)

    return asyncio.run(asking())


def test_alive_is_told_whatever_else_is_broken() -> None:
    """A supervisor restarts on this one, so a database that is away must not show here."""
    hub = SampleHub()
    hub.health.parts = [Ready("database", ok=False, detail="gone")]
    assert ask(hub, "/healthz").json() == {"status": "alive", "version": "0"}
    assert ask(hub, "/healthz", "HEAD").status_code == 200


def test_ready_says_which_part_is_missing() -> None:
    """503 takes the hub out of the balancer; the reasons are in the body."""
    hub = SampleHub()
    assert ask(hub, "/readyz").json()["ready"] is True
    hub.health.parts.append(Ready("ingest", ok=False, detail="12 s behind"))
    answer = ask(hub, "/readyz", headers=BEARER)
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert {"name": "ingest", "ok": False, "detail": "12 s behind"} in answer.json()["parts"]


def test_a_stranger_learns_that_a_part_is_missing_and_nothing_of_the_inside() -> None:
    """A driver's words name hosts, users and files; they are for whoever has the key, and for the log."""
    hub = SampleHub()
    hub.health.parts = [Ready("database", ok=False, detail="postgresql+psycopg://tillwire:***@10.0.0.7/db: refused")]
    answer = ask(hub, "/readyz")
    assert answer.status_code == 503
    assert "10.0.0.7" not in answer.text
    assert answer.json()["parts"] == [{"name": "database", "ok": False, "detail": SEE_LOG}]


def test_metrics_are_those_of_the_registry_and_need_the_key() -> None:
    """What other rooms count appears here."""
    hub = SampleHub()
    Counter("tillwire_sample", "A sample.", registry=hub.registry).inc(3)
    assert ask(hub, "/metrics").status_code == 401
    assert "tillwire_sample_total 3.0" in ask(hub, "/metrics", headers=BEARER).text


def test_the_api_describes_itself_with_errors_and_examples() -> None:
    """Every operation has a summary, a description, and says which problems it may answer with."""
    api = ask(SampleHub(), "/openapi.json").json()
    assert set(api["paths"]) == {
        "/v1/availability/{sku}",
        "/v1/availability",
        "/v1/availability/stream",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/sales/summary",
        "/v1/orders",
        "/v1/orders/{order}",
        "/v1/orders/{order}/cancel",
    }
    writing = {"/v1/orders", "/v1/orders/{order}/cancel"}
    for path, methods in api["paths"].items():
        assert set(methods) == ({"post"} if path in writing else {"get"})
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"]
    text = json.dumps(api)
    for name in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text):
        assert name in api["components"]["schemas"]
    assert "$defs" not in text
    problem = api["paths"]["/v1/availability/{sku}"]["get"]["responses"]["404"]
    assert "application/problem+json" in problem["content"]
    assert api["components"]["schemas"]["Problem"]["properties"]["type"]["examples"]


def test_a_bucket_fills_again_and_the_number_of_clients_is_bounded() -> None:
    """Rate, burst, and a memory that cannot be made to grow by asking under many addresses."""
    buckets = TokenBuckets(rate_per_s=2, burst=2, clients_max=3)
    assert [buckets.take("a", 0), buckets.take("a", 0), buckets.take("a", 0)] == [0, 0, 0.5]
    assert buckets.take("a", 0.5) == 0
    assert buckets.wait_s("a", 0.5) > 0
    for number in range(10):
        assert buckets.take(f"other {number}", 1) == 0
    assert buckets.wait_s("a", 1) == 0
