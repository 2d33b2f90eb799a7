"""Whether the words on the wire were held to Square's own description at all."""

from __future__ import annotations

import pytest

from tests.contract.square.shop import Shop
from tests.contract.square.wire import DESCRIPTION, description

needs_description = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="Square's description is not here: set TILLWIRE_SPECS to the folder of the specs"
)


@needs_description
def test_words_on_the_wire_are_held_to_the_description(shop: Shop) -> None:
    """Each request and each answer of these tests is checked, and a wrong one is found."""
    assert shop.channel.catalogue is not None
    shop.channel.catalogue.changed("")
    assert shop.wire.checked == 1
    held = description()
    assert held is not None
    asked = shop.service.heard[-1]
    assert held.wrong_answer(asked, 200, {"objects": [{"type": "ITEM"}]}) != []
    assert held.wrong_answer(asked, 200, {"objects": [{"type": "ITEM", "id": "1", "colour": "red"}]}) != []
