"""The shop; whatever a test does, every word on the wire must be one of Square's own description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.square.shop import Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop whose wire is looked at in the end."""
    opened = open_shop()
    yield opened
    assert opened.wire.wrong == []
