"""Reading rules of safety stock as CSV, for the command. Pure: text in, rules or a named line out."""

from __future__ import annotations

from collections.abc import Sequence

from hub.catalogue.files import rows_of
from hub.errors import ImportFailed
from hub.stock.safety import Rule
from protocol.errors import ProtocolError
from protocol.ids import sku, store_id
from protocol.quantity import parse_quantity

COLUMNS = ("store", "sku", "category", "quantity")


def read_rules(name: str, text: str) -> Sequence[Rule]:
    """Read `store,sku,category,quantity` lines; empty is every store, SKU or category. Raises ImportFailed."""
    found: dict[tuple[str, str, str], Rule] = {}
    for number, row in rows_of(name, text, COLUMNS, ("quantity",)):
        try:
            rule = rule_of(row.get("store", ""), row.get("sku", ""), row.get("category", ""), row["quantity"])
        except (ProtocolError, ImportFailed) as error:
            raise ImportFailed(f"{name}:{number}: {error}") from error
        if rule[:3] in found:
            raise ImportFailed(f"{name}:{number}: a rule for this is in the file twice; keep one of the lines")
        found[rule[:3]] = rule
    return list(found.values())


def rule_of(store: str, sku_name: str, category: str, quantity: str) -> Rule:
    """A rule as a person writes it. Raises ProtocolError or ImportFailed, which name what is wrong."""
    if sku_name and category:
        raise ImportFailed("a rule is for a SKU or for a category, not for both; make it two rules")
    if store:
        store_id(store)
    if sku_name:
        sku(sku_name)
    thousandths = parse_quantity(quantity)
    if thousandths < 0:
        raise ImportFailed("quantity: must not be negative; 0 holds nothing back, also where a wider rule does")
    return Rule(store, sku_name, category, thousandths)
