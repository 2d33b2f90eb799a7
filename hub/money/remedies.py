"""What can be done about a difference, the likeliest first. Pure.

A remedy is a person's decision that is written down; the hub books no sale and moves no money by itself.
"""

from __future__ import annotations

from hub.storage.money_records import Action, Line


def remedies(line: Line) -> tuple[Action, ...]:
    """What may be decided about a line, the likeliest first; nothing where there is no difference."""
    match line.outcome:
        case "missing_here":
            return _missing_here(line)
        case "missing_there":
            return ("wait", "ask_cashier", "settled") if line.note == "may_come" else ("ask_cashier", "settled", "wait")
        case "amount_differs":
            return ("ask_cashier", "ask_provider", "settled")
        case "refund_of":
            return ("enter_refund", "ask_cashier", "settled")
        case "fee_differs":
            return ("ask_provider", "settled")
        case _:
            return ()


def _missing_here(line: Line) -> tuple[Action, ...]:
    if line.note == "unmapped":
        return ("map_location", "settled")
    if line.note == "same_reference":
        return ("give_back", "ask_cashier", "import_sale", "settled")
    if line.paid < 0:
        return ("enter_refund", "ask_cashier", "settled")
    return ("import_sale", "ask_cashier", "give_back", "settled")
