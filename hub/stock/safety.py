"""Safety stock: what a shop never offers to the web, by rules of which the closest one holds. Pure.

The promise: exactly one rule holds for a store and SKU, the most exact one: SKU in a store, SKU, category in a store,
category, store, everything. None at all means nothing is held back. Quantities are thousandths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

RULES_MAX = 10_000
"""So many rules may stand; a shop that needs more wants a category."""


class Rule(NamedTuple):
    """Hold `quantity` back; "" stands for every store, SKU or category. A rule names a SKU, a category or neither."""

    store: str
    sku: str
    category: str
    quantity: int


Scope = tuple[str, str, str]
"""Store, SKU, category."""


def scopes_of(store: str, sku: str, category: str) -> tuple[Scope, ...]:
    """The scopes whose rule may hold, the closest first."""
    by_category = ((store, "", category), ("", "", category)) if category else ()
    return ((store, sku, ""), ("", sku, ""), *by_category, (store, "", ""), ("", "", ""))


class SafetyStock:
    """The rules that stand."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = {(rule.store, rule.sku, rule.category): rule for rule in rules}

    def rule_for(self, store: str, sku: str, category: str) -> Rule | None:
        """The rule that holds; None for none."""
        if not self._rules:
            return None
        found = (self._rules.get(scope) for scope in scopes_of(store, sku, category))
        return next((rule for rule in found if rule is not None), None)

    def held(self, store: str, sku: str, category: str) -> int:
        """How much is held back."""
        rule = self.rule_for(store, sku, category)
        return rule.quantity if rule is not None else 0
