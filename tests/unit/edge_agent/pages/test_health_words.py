"""What a cashier reads about the PC itself, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge_agent.pages.environment import speech_of
from edge_agent.pages.health_words import health_pills
from edge_agent.pages.port import Language
from edge_agent.pages.words import Pill
from edge_agent.till.health import DamageView, HealthView
from edge_agent.till.view import LinkView

NOW = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
LINK = LinkView(online=False, backlog=3)
DAMAGE = DamageView(at=NOW, folder="damaged-20261128T170000Z-chain", saved=12)


def pills(health: HealthView, language: Language = "en", link: LinkView = LINK) -> dict[str, Pill]:
    """The pills by key."""
    return {pill.key: pill for pill in health_pills(health, link, NOW, speech_of(language))}


def test_what_is_well_has_no_pill() -> None:
    """The bar stays quiet."""
    assert pills(HealthView()) == {}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    "health",
    [
        HealthView(disk="low"), HealthView(disk="short"), HealthView(disk="full"), HealthView(clock="behind"),
        HealthView(clock="off", clock_off_min=525_600), HealthView(clock="off", clock_off_min=-3),
        HealthView(damage=DAMAGE), HealthView(twin="fork"), HealthView(twin="restored"),
        HealthView(damage=replace(DAMAGE, missing=2, at_least=True, aside=1, lost=("shift", "catalogue"))),
    ],
)  # fmt: skip
def test_each_trouble_says_what_happened_and_what_to_do(health: HealthView, language: Language) -> None:
    """A label that fits, a sentence, steps."""
    [pill] = pills(health, language).values()
    assert 0 < len(pill.label) <= 22
    assert pill.happened
    assert pill.remedy


def test_a_disk_is_amber_then_red() -> None:
    """Soon, then now."""
    tones = [pills(HealthView(disk=level))["disk"].tone for level in ("low", "short", "full")]
    assert tones == ["look", "act", "act"]


def test_what_was_saved_and_what_was_not_is_counted_and_the_file_is_named() -> None:
    """Amber when nothing is missing, red when something is; it goes when somebody has read it."""
    whole = pills(HealthView(damage=DAMAGE))["journal"]
    assert (whole.tone, whole.read) == ("look", "trouble_read")
    assert "12 entries that had not been sent were saved" in whole.happened
    assert any(DAMAGE.folder in step for step in whole.remedy)
    broken = pills(HealthView(damage=replace(DAMAGE, missing=2, at_least=True, lost=("shift",))))["journal"]
    assert broken.tone == "act"
    assert "At least 2 could not be read" in broken.happened
    assert "the shift's sums" in broken.happened
    assert any("Count the drawer" in step for step in broken.remedy)
    unknown = pills(HealthView(damage=replace(DAMAGE, at_least=True)))["journal"]
    assert unknown.tone == "act"
    assert "Nobody can say whether entries are missing" in unknown.happened


def test_a_twin_is_told_while_the_epoch_is_lost_and_until_it_was_read() -> None:
    """A PC that was copied, or a till that was enrolled twice: who has to be switched off is said."""
    asking = pills(HealthView(), link=replace(LINK, epoch_problem="fork"))["twin"]
    assert (asking.tone, asking.read) == ("act", "")
    granted = pills(HealthView(twin="fork"))["twin"]
    assert granted.read == "trouble_read"
    assert any("switch it off" in step for step in granted.remedy)


def test_a_clock_says_by_how_much_it_is_wrong() -> None:
    """Ahead or behind, in days."""
    assert "365 days ahead" in pills(HealthView(clock="off", clock_off_min=525_600))["clock"].happened
    assert "2 days behind" in pills(HealthView(clock="off", clock_off_min=-2 * 1440))["clock"].happened
