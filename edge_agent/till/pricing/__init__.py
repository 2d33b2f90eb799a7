"""What a basket costs: the till's one pricing core. No I/O, no clock, no chance. The why: docs/explanation/pricing.md.

priced = price(Basket(lines=..., local_now=...), compile_rules(promotions, currency="VND", cash_step=500))
"""

from edge_agent.till.pricing.basket import Basket, BasketLine, HandCut, unit_price_of
from edge_agent.till.pricing.core import price
from edge_agent.till.pricing.priced import Cut, Message, PricedBasket, PricedLine, RateTax
from edge_agent.till.pricing.rules import PriceRules, compile_rules
from edge_agent.till.pricing.totals import CashDue, cash_due
from edge_agent.till.pricing.wording import label_of, price_cuts

__all__ = [
    "Basket",
    "BasketLine",
    "CashDue",
    "Cut",
    "HandCut",
    "Message",
    "PriceRules",
    "PricedBasket",
    "PricedLine",
    "RateTax",
    "cash_due",
    "compile_rules",
    "label_of",
    "price",
    "price_cuts",
    "unit_price_of",
]
