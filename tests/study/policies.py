"""What the hub holds back from the web, by policy: a number of units of one shelf at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hub.stock.offline_buffer import offline_buffer, units_quantile
from hub.stock.sales_rate import Expected, expected_sales, silence_minutes
from tests.study.hub_view import HubView
from tests.study.trade import WEEK

EVERYTHING = 10**9

RECOMMENDED = 1.0
"""The accepted risk in percent that the hub should start with."""

Regime = Literal["pickup", "shipped"]
"""Picked up where the customer chose, or shipped from where most is available."""

Hold = Callable[[HubView, int, float], int]
"""Units that the hub holds back of a shelf now."""


@dataclass(frozen=True)
class Policy:
    """A policy under its name, of a family that the picture draws in one colour."""

    name: str
    family: str
    hold: Hold
    heard_first: bool = False
    """Whether a store that is heard is preferred to one with more goods, where the hub may choose."""


def policies(regime: Regime) -> tuple[Policy, ...]:
    """All policies that are compared in a regime, the simplest first."""
    if regime == "pickup":
        return _anywhere()
    shipping = when_silent(shipped(RECOMMENDED / 100))
    return (
        *_anywhere(),
        Policy("naive, heard first", "first", constant(0), heard_first=True),
        Policy(f"{buffer_at(RECOMMENDED)}, heard first", "first", shipping, heard_first=True),
    )


def _anywhere() -> tuple[Policy, ...]:
    return (
        Policy("naive", "naive", constant(0)),
        *(Policy(f"safety stock {units}", "safety", constant(units)) for units in (1, 2, 3)),
        *(Policy(f"hold {units} while silent", "silent", when_silent(constant(units))) for units in (1, 2)),
        Policy("closed while silent", "silent", when_silent(constant(EVERYTHING))),
        *(Policy(f"plain rate, {risk:.4g} %", "plain", when_silent(plain_rate(risk / 100))) for risk in (5, 1, 0.1)),
        Policy("1 %: per selling hour", "steps", when_silent(selling_hours(0.01))),
        Policy("1 %: as long again", "steps", when_silent(plain_rate(0.01, again=True))),
        Policy("1 %: + week profile", "steps", when_silent(profiled(0.01))),
        Policy("1 %: + pooled rates", "steps", when_silent(pooled(0.01))),
        Policy("1 %: all, not as long again", "steps", when_silent(shipped(0.01, again=False))),
        *(Policy(buffer_at(risk), "buffer", when_silent(shipped(risk / 100))) for risk in (5, RECOMMENDED, 0.1, 0.01)),
    )


def buffer_at(risk_percent: float) -> str:
    """Return the name of the buffer that ships at a risk."""
    return f"offline buffer, {risk_percent:.4g} %"


def constant(units: int) -> Hold:
    """Hold back a fixed number."""
    return lambda _hub, _shelf, _now: units


def when_silent(hold: Hold) -> Hold:
    """Hold back nothing of a store that is heard."""
    return lambda hub, shelf, now: 0 if hub.silent_since(shelf) is None else hold(hub, shelf, now)


def plain_rate(risk: float, *, again: bool = False) -> Hold:
    """The Poisson quantile at the units a minute of the last four weeks, day and night alike."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        start, end = silence(hub, shelf, now, again=again)
        return offline_buffer(hub.recent(shelf).units / (hub.weeks(shelf) * WEEK), end - start, risk)

    return hold


def selling_hours(risk: float) -> Hold:
    """Units a minute of the hours in which the store sold anything, over all minutes of the silence."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        start, end = silence(hub, shelf, now, again=False)
        return offline_buffer(hub.recent(shelf).units / max(1.0, hub.selling_minutes(shelf)), end - start, risk)

    return hold


def profiled(risk: float) -> Hold:
    """As long again, with the hours of the week weighted by the store's trade."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        mean = hub.recent(shelf).units / hub.weeks(shelf) * part_of_week(hub, shelf, now, again=True)
        return units_quantile(mean, mean, risk)

    return hold


def pooled(risk: float) -> Hold:
    """The same, with the rate drawn towards the store's average, still Poisson."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        mean = expectation(hub, shelf, now, again=True).mean
        return units_quantile(mean, mean, risk)

    return hold


def shipped(risk: float, *, again: bool = True) -> Hold:
    """What ships: week profile, pooled rate, spread of rates and quantities, the silence as long again."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        expected = expectation(hub, shelf, now, again=again)
        return units_quantile(expected.mean, expected.variance, risk)

    return hold


def expectation(hub: HubView, shelf: int, now: float, *, again: bool) -> Expected:
    """Return the shipped expectation for a shelf of a silent store."""
    _, habit = hub.of_silence(shelf)
    return expected_sales(hub.recent(shelf), hub.weeks(shelf), habit, part_of_week(hub, shelf, now, again=again))


def part_of_week(hub: HubView, shelf: int, now: float, *, again: bool) -> float:
    """Return which part of the store's week falls into the silence."""
    profile, _ = hub.of_silence(shelf)
    return profile.weeks(*silence(hub, shelf, now, again=again))


def silence(hub: HubView, shelf: int, now: float, *, again: bool) -> tuple[float, float]:
    """Return begin and end of the silence to reckon with."""
    heard = hub.silent_since(shelf)
    assert heard is not None
    return silence_minutes(heard, now) if again else (heard, now)
