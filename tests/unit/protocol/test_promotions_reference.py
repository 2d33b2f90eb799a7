"""The promotions that the reference page shows are promotions that a till reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from edge_agent.till.pricing.priced import MessageCode
from protocol.promotions import Promotion

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/promotions.md").read_text("utf-8")
SHOWN = [
    document for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) for document in re.split(r"\n(?=\{)", block)
]


@pytest.mark.parametrize("text", SHOWN, ids=range(len(SHOWN)))
def test_a_promotion_that_is_shown_can_be_read(text: str) -> None:
    """Without a field that nobody knows, and with a deal."""
    promotion = msgspec.json.decode(text, type=Promotion)
    assert promotion.deal is not None
    assert msgspec.json.decode(msgspec.json.encode(promotion)) == msgspec.json.decode(text)


@pytest.mark.parametrize("field", [field for field in Promotion.__struct_fields__ if field != "promotion"])
def test_every_field_is_on_the_page(field: str) -> None:
    """What a document can say is explained."""
    assert f"`{field}`" in PAGE


@pytest.mark.parametrize("code", get_args(MessageCode))
def test_every_message_is_on_the_page(code: str) -> None:
    """What a cashier can hear is explained."""
    assert f"`{code}`" in PAGE
