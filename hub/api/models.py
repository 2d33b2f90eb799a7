"""The API's answers as OpenAPI shows them. The answers themselves are written by `availability.py`, byte for byte."""

from __future__ import annotations

from pydantic import BaseModel, Field


class LocationAvailability(BaseModel):
    """What one location can give."""

    store: str = Field(description="The location's id.", examples=["hn01"])
    available: str = Field(description="In units, as a decimal number.", examples=["12"])
    available_milli: int = Field(description="The same in thousandths of a unit.", examples=[12000])


class SkuAvailability(BaseModel):
    """What the web may sell of one SKU: on hand less reserved and less what is held back, never below zero."""

    sku: str = Field(examples=["COLA-330"])
    unit: str = Field(description="What is counted.", examples=["piece"])
    available: str | None = Field(
        description="Over all locations, in units; null if no location has ever had a level, which is not zero.",
        examples=["15.5"],
    )
    available_milli: int | None = Field(description="The same in thousandths of a unit.", examples=[15500])
    locations: list[LocationAvailability]
    as_of: int = Field(description="The hub's revision at which this SKU last changed.", examples=[48213])


class ManyAvailabilities(BaseModel):
    """Several SKUs at once, in the order of the request."""

    items: list[SkuAvailability]
    unknown: list[str] = Field(description="Asked for, and not in the catalogue.", examples=[["COLA-33"]])


class CurrencySums(BaseModel):
    """What a day's receipts in one currency add up to, in minor units; refunds count against tenders and turnover."""

    currency: str = Field(examples=["VND"])
    sales: int = Field(description="How many sales.", examples=[412])
    sold: int = Field(description="Their totals.", examples=[38_120_000])
    refunds: int = Field(description="How many refunds.", examples=[3])
    refunded: int = Field(description="Their totals.", examples=[240_000])
    exchanges: int = Field(description="How many of the refunds belong to a sale.", examples=[1])
    turnover: int = Field(description="Sold less refunded.", examples=[37_880_000])
    tax_total: int = Field(examples=[2_805_925])
    rounding: int = Field(description="What cash made it round to, beside the turnover.", examples=[0])
    discounted: int = Field(description="What promotions and people took off sold goods.", examples=[1_150_000])
    account_paid: int = Field(description="What customers paid into their accounts.", examples=[500_000])
    tenders: dict[str, int] = Field(description="What was taken, by way of paying.", examples=[{"cash": 38_380_000}])


class DaySummary(BaseModel):
    """A store's business day, of what has arrived."""

    store: str = Field(examples=["hn01"])
    day: str = Field(examples=["2026-11-22"])
    currencies: list[CurrencySums]


class Alive(BaseModel):
    """The process runs."""

    status: str = Field(examples=["alive"])
    version: str = Field(examples=["0.1.0"])


class PartReadiness(BaseModel):
    """One thing the hub needs."""

    name: str = Field(examples=["database"])
    ok: bool
    detail: str = Field(description="What is wrong; empty if nothing is.", examples=[""])


class Readiness(BaseModel):
    """Whether the hub can take sales and answer questions."""

    ready: bool
    parts: list[PartReadiness]


class OrderLineRequest(BaseModel):
    """A line of an order: `quantity` or `quantity_milli`, not both."""

    sku: str = Field(examples=["COLA-330"])
    quantity: str | None = Field(None, description="In units, as a decimal text.", examples=["2"])
    quantity_milli: int | None = Field(None, description="In thousandths of a unit.", examples=[2000])


class OrderRequest(BaseModel):
    """An order as a shop places it."""

    order: str = Field(description="Your id, which makes the request idempotent.", examples=["web-10027"])
    lines: list[OrderLineRequest]
    channel: str = Field("", description="Where it was placed.", examples=["shop"])
    number: str = Field("", description="What the customer calls it.", examples=["10027"])
    way: str = Field("delivery", description='"delivery" or "pickup".')
    store: str = Field("", description="The store that the customer chose; needed for a pick-up.", examples=["hn01"])
    customer: str = Field("", description="What the pick ticket calls her.")
    note: str = ""
    placed_at: str | None = Field(None, description="Aware time, RFC 3339; now if left out.")
    due_at: str | None = Field(None, description="Aware time, RFC 3339.")


class OrderGoods(BaseModel):
    """How much of what."""

    sku: str
    quantity: str = Field(examples=["2"])
    quantity_milli: int = Field(examples=[2000])


class OrderParcel(BaseModel):
    """A store's part of an order; packs are named by their pieces."""

    store: str = Field(examples=["hn01"])
    state: str = Field(description="open, picked or handed_over.")
    lines: list[OrderGoods]
    short: list[OrderGoods] = Field(description="What the store was asked for and has not got.")


class OrderAnswer(BaseModel):
    """How an order is."""

    order: str
    number: str
    channel: str
    way: str
    store: str | None
    customer: str
    state: str = Field(description="open, short, picked, handed_over, oversold or cancelled.")
    placed_at: str
    cancelled_at: str | None
    lines: list[OrderGoods]
    parcels: list[OrderParcel]
    missing: list[OrderGoods] = Field(description="What no store has; it is asked for again as goods come.")
