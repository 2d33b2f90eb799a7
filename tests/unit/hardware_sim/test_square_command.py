"""`tillwire-sim square`: a hub or a till can be pointed at it, and a script can be its buyers."""

from __future__ import annotations

import httpx

from tests.unit.hardware_sim.test_small_devices import device


def test_a_script_sells_orders_and_pays() -> None:
    """It tells where it is; what is sold by its lines is in its lists, and its faults come as told."""
    with device("square", "--port", "0", "--each", "pay", ends_with=1) as square:
        ready = square.event("ready")
        client = httpx.Client(base_url=ready["url"], headers={"authorization": "Bearer token-of-a-seller"})
        with client:
            square.say("!sell TRA-SEN 2")
            sold = square.event("sold")["order"]
            assert client.get(f"/v2/orders/{sold}").json()["order"]["state"] == "COMPLETED"
            square.say("!order CA-PHE")
            assert client.get(f"/v2/orders/{square.event('ordered')['order']}").json()["order"]["state"] == "OPEN"
            square.say("!fail busy 1")
            square.say("!state")
            assert square.event("state")["taken"] == 820
            assert client.get("/v2/locations").status_code == 429
            assert len(client.get("/v2/locations").json()["locations"]) == 2
        square.say("!sell NOTHING")
