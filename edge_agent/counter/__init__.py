"""The counter: everything that a cashier can do, as orders to one place, and one picture that shows the result."""

from edge_agent.counter.books import Till
from edge_agent.counter.counter import Counter

__all__ = ["Counter", "Till"]
