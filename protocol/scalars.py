"""The smallest words of the link: amounts, quantities, texts, moments, with their units and bounds.

Quantities are thousandths (`quantity.py`), amounts are minor units (`money.py`), times are aware and UTC, rates are
basis points (8 % is 800).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Amount = Annotated[int, msgspec.Meta(ge=-(10**17), le=10**17, description="minor units of the currency")]
Thousandths = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15, description="thousandths of the item's unit")]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="aware; written in UTC")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
TaxRate = Annotated[int, msgspec.Meta(ge=0, le=10_000, description="basis points: 8 % is 800")]


class Fact(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Facts do not change; what is left out has its default, so that a sale stays small on the wire."""
