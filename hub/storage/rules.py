"""Safety stock as rules, on a real database; what they change is numbered, so that web shops hear of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from hub.errors import RuleRefused
from hub.stock.safety import RULES_MAX, Rule, Scope
from hub.storage import schema
from hub.storage.changed_skus import COUNTER, counter_locked, number_changes
from hub.storage.database import Database
from hub.storage.shelves import wholes_of
from hub.storage.upserts import upsert

_COLUMNS = schema.stock_rule.c
_RULES = sa.select(_COLUMNS.store, _COLUMNS.sku, _COLUMNS.category, _COLUMNS.quantity)


class SqlRuleStore:
    """Rules of safety stock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.state(COUNTER, "0")

    def rules(self, *, limit: int = RULES_MAX, offset: int = 0) -> Sequence[Rule]:
        """All rules, by store, category and SKU."""
        rule = schema.stock_rule.c
        query = _RULES.order_by(rule.store, rule.category, rule.sku)
        with self._database.read() as connection:
            return [Rule(*row) for row in connection.execute(query.limit(limit).offset(offset))]

    def set(self, rules: Sequence[Rule]) -> int:
        """Set rules, all or none; returns how many are new or other than before. Raises RuleRefused."""
        for rule in rules:
            _check(rule)
        with self._database.write() as connection:
            counter = counter_locked(connection)  # rules change one after the other, and take their numbers at once
            known = {(row.store, row.sku, row.category): Rule(*row) for row in connection.execute(_RULES)}
            changed = [rule for rule in rules if known.get(rule[:3]) != rule]
            if len(known) + sum(rule[:3] not in known for rule in changed) > RULES_MAX:
                raise RuleRefused(f"there may be {RULES_MAX} rules at most; use a category instead of many SKUs")
            for store in sorted({rule.store for rule in changed} - {""}):
                if connection.execute(sa.select(schema.store.c.id).where(schema.store.c.id == store)).first() is None:
                    raise RuleRefused(
                        f"store {store}: there is none of this name; `tillwire-hub store list` shows them"
                    )
            upsert(connection, schema.stock_rule, [rule._asdict() for rule in changed], replace=["quantity"])
            _number(connection, [rule[:3] for rule in changed], counter)
        return len(changed)

    def delete(self, scopes: Collection[Scope]) -> int:
        """Take rules away; returns how many there were."""
        rule = schema.stock_rule.c
        with self._database.write() as connection:
            counter = counter_locked(connection)
            gone = [
                scope
                for scope in scopes
                if connection.execute(
                    sa.delete(schema.stock_rule).where(
                        rule.store == scope[0], rule.sku == scope[1], rule.category == scope[2]
                    )
                ).rowcount
            ]
            _number(connection, gone, counter)
        return len(gone)


def _check(rule: Rule) -> None:
    if rule.sku and rule.category:
        raise RuleRefused(f"SKU {rule.sku}: a rule is for a SKU or for a category, not for both; make it two rules")
    if not 0 <= rule.quantity <= 10**12:
        raise RuleRefused("quantity: must not be negative; 0 holds nothing back, also where a wider rule does")


def _number(connection: sa.Connection, scopes: Sequence[Scope], counter: int) -> None:
    level, item = schema.level.c, schema.item.c
    skus: set[str] = set()
    for store, sku, category in scopes:
        query = sa.select(level.sku).distinct()
        if store:
            query = query.where(level.store == store)
        if sku:
            query = query.where(level.sku == sku)
        if category:
            query = query.where(level.sku.in_(sa.select(item.sku).where(item.category == category)))
        skus.update(connection.execute(query).scalars())
    number_changes(connection, skus | wholes_of(connection, skus), counter)
