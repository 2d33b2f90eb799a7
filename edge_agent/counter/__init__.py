"""The counter: everything that a cashier can do, as orders to one place, and one picture that shows the result."""

from edge_agent.counter.counter import Counter
from edge_agent.counter.orders import Till

__all__ = ["Counter", "Till"]
