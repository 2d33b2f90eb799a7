"""A line's cuts as a receipt and an event write them: one label, in the language of the receipt."""

from __future__ import annotations

from typing import Literal

from edge_agent.till.pricing.priced import Cut, PricedLine
from protocol.sale_events import PriceCut


def label_of(cut: Cut, language: Literal["vi", "en"]) -> str:
    """The promotion's name as the customer reads it; the first language's where there is no English one."""
    return (cut.label_en if language == "en" else cut.label) or cut.label


def price_cuts(line: PricedLine, language: Literal["vi", "en"]) -> tuple[PriceCut, ...]:
    """What the event says about a line: its amounts add up to what the line's price fell by.

    `source` is the coupon's code where one was used, else the promotion's id, else "".
    """
    return tuple(
        PriceCut(
            kind=cut.kind, amount=cut.amount, label=label_of(cut, language), source=cut.coupon or cut.promotion,
            by=cut.by,
        )
        for cut in line.cuts
    )  # fmt: skip
