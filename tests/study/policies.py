"""What the hub holds back from the web, by policy: a number of units of one shelf at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from hub.stock.offline_buffer import offline_buffer, units_quantile
from hub.stock.sales_rate import Expected, expected_sales, silence_minutes
from hub.stock.silence import SilentTill, TillContact, silent_since, units_held_back
from tests.study.hub_view import HubView
from tests.study.trade import WEEK

EVERYTHING = 10**9
_BEGIN = datetime(1970, 1, 5, tzinfo=UTC)

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
        Policy("1 %: all, not as long again", "steps", when_silent(by_the_clock(0.01, again=False))),
        Policy("1 %: all, by the clock", "steps", when_silent(by_the_clock(0.01, again=True))),
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


def by_the_clock(risk: float, *, again: bool) -> Hold:
    """Week profile, pooled rate, spread of rates and quantities; the silence as long again, not its trade."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        expected = expectation(hub, shelf, now, again=again)
        return units_quantile(expected.mean, expected.variance, risk)

    return hold


def shipped(risk: float) -> Hold:
    """What ships, by the functions that ship: as much trade again, from the moment on at which a till is silent."""

    def hold(hub: HubView, shelf: int, now: float) -> int:
        till = silent_till(hub, shelf, now)
        if till is None:
            return 0
        return units_held_back([till.expects(hub.recent(shelf), till.part(instant(now)))], risk)

    return hold


def silent_till(hub: HubView, shelf: int, now: float) -> SilentTill | None:
    """The shelf's store as one till, if the hub takes it for silent by now."""
    heard = hub.silent_since(shelf)
    assert heard is not None
    contact = TillContact("", "", online=False, backlog=0, oldest_unsent_at=None, last_contact=instant(heard))
    since = silent_since(contact, instant(now))
    if since is None:
        return None
    profile, habit = hub.of_silence(shelf)
    return SilentTill(since, hub.weeks(shelf), habit, profile, UTC)


def instant(minute: float) -> datetime:
    """A minute of the study as a moment; its weeks begin where those of the shipped profile do."""
    return _BEGIN + timedelta(minutes=minute)


def expectation(hub: HubView, shelf: int, now: float, *, again: bool) -> Expected:
    """Return the expectation for a shelf of a silent store, of a silence by the clock."""
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
