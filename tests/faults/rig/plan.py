"""How much there is of everything on the rig, and what the shops sell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protocol.documents import Item
from protocol.ids import StoreId, TerminalId

Kind = Literal["production", "embedded"]
"""Mosquitto and PostgreSQL, or the broker and the SQLite inside the hub."""

OPENING = 100_000_000
"""Thousandths of each good in each store: stock never runs out."""


@dataclass(frozen=True)
class Place:
    """One till."""

    store: StoreId
    terminal: TerminalId

    def __str__(self) -> str:
        """As it is told to people."""
        return f"{self.store}/{self.terminal}"


@dataclass(frozen=True)
class Plan:
    """`pause_s` is how long a cashier rests between two sales, on average; four tills at 0.1 s sell 25 a second.

    `hub_tree` and `agent_tree` are folders with another release of these ("": as they are here); see `release.py`.
    """

    kind: Kind = "production"
    stores: int = 2
    tills: int = 2
    goods: int = 8
    pause_s: float = 0.1
    broker_persists: bool = True
    postgres: tuple[str, ...] = ()
    hub_tree: str = ""
    agent_tree: str = ""

    @property
    def places(self) -> tuple[Place, ...]:
        """All tills."""
        return tuple(
            Place(StoreId(f"s{store + 1}"), TerminalId(f"t{till + 1}"))
            for store in range(self.stores)
            for till in range(self.tills)
        )

    @property
    def items(self) -> tuple[Item, ...]:
        """What there is to sell."""
        return tuple(
            Item(
                sku=f"SKU{number:03}", name=f"Nước suối số {number}", barcodes=(f"R-{number:05}",), price=5_000,
                currency="VND",
            )
            for number in range(self.goods)
        )  # fmt: skip


def sku_of(code: str) -> str:
    """Which of the goods has this code."""
    return f"SKU{int(code.removeprefix('R-')):03}"
