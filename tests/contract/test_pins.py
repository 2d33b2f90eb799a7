"""A PIN that the hub stores is the one that a till takes."""

from __future__ import annotations

import pytest

from edge_agent.till.pins import fits
from hub.identity.pins import hash_pin


@pytest.mark.parametrize("pin", ["4711", "000000", "mật khẩu dài hơn", "x" * 64])
def test_a_till_takes_the_pin_that_the_hub_stored(pin: str) -> None:
    """Hub and till share no code for it, only the format; so both are held to each other."""
    stored = hash_pin(pin)
    assert fits(pin, stored)
    assert not fits(f"{pin}1"[:64] if len(pin) < 64 else pin[:-1], stored)
