"""The one big button: the commonest next step, decided from the picture alone.

Pure. Enter does it too, so it must never be a surprise: what it is called stands on it.
"""

from __future__ import annotations

from typing import Literal

from edge_agent.till.view import CounterView

Step = Literal[
    "sign_in", "allow", "answer", "finish_work", "open_shift", "new_sale", "nothing", "wait", "give_back", "finish",
    "cash", "tender",
]  # fmt: skip


def next_step(view: CounterView) -> Step:
    """Name what is most likely to be done next."""
    first: tuple[tuple[bool, Step], ...] = (
        (view.has_staff and view.person is None, "sign_in"),
        (view.waiting is not None, "allow"),
        (view.work is not None, "finish_work"),
        (not view.lines and view.last_sale is not None, "new_sale"),
        (needs_shift(view), "open_shift"),
        (not view.lines, "nothing"),
        (view.asking is not None, "answer"),
        (is_waiting_for_money(view), "wait"),
        (view.left < 0, "give_back"),
        (view.left == 0, "finish"),
        ("cash" in view.tenders or not view.tenders, "cash"),
    )
    return next((step for holds, step in first if holds), "tender")


def needs_shift(view: CounterView) -> bool:
    """Whether a shift must be opened before money can be taken."""
    return view.requires_shift and view.shift is None and not view.training


def is_waiting_for_money(view: CounterView) -> bool:
    """Whether a bank or a machine is being asked for money now."""
    return view.attempt is not None and view.attempt.state in {"created", "pending", "in_progress", "unknown"}
