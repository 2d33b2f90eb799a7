"""A simulated Square: locations, catalogue, inventory, orders, payments, customers, terminals, events and webhooks.

`world` is what it knows, `service` answers a request (no I/O), `people` is what sellers and buyers do, `asgi`
serves it. It is held to Square's own OpenAPI by a test. Where that is silent (order of inventory changes, states of an
order) the module says what it takes for true.
"""

from hardware_sim.vendors.square.people import People
from hardware_sim.vendors.square.service import Answer, LineLost, Request, SquareService
from hardware_sim.vendors.square.world import World

__all__ = ["Answer", "LineLost", "People", "Request", "SquareService", "World"]
