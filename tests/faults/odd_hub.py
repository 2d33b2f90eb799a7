"""A hub with something wrong in it, to see what becomes of the events that it cannot apply.

`python -m tests.faults.odd_hub old ...` is a hub from before there were sales: it does not know their type.
`python -m tests.faults.odd_hub stumbling ...` fails, as by a mistake of ours, on every event that moves `STONE`.
All that follows is the command line of `tillwire-hub`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

import protocol.events
import protocol.movements
from protocol.events import EventData
from protocol.movements import Movement

STONE = "SKU000"
SALE = "com.tillwire.sale.completed.v1"
"""Known to no hub of this kind; see `main`."""


def program(kind: str) -> tuple[str, ...]:
    """How such a hub is called."""
    return (sys.executable, "-m", "tests.faults.odd_hub", kind)


def main() -> None:
    """Be that hub."""
    kind = sys.argv.pop(1)
    if kind == "old":
        del protocol.events.EVENT_TYPES[SALE]
    else:
        sound = protocol.movements.movements_of

        def stumbling(data: EventData, at: datetime) -> Iterable[Movement]:
            moved = tuple(sound(data, at))
            if any(movement.sku == STONE for movement in moved):
                raise ZeroDivisionError("a mistake of ours")
            return moved

        protocol.movements.movements_of = stumbling  # type: ignore[assignment] # in this process only
    # Only now: the hub takes both of them as it is imported.
    from hub.cli import main as hub  # noqa: PLC0415
    from hub.running import ingesting  # noqa: PLC0415 - as above

    ingesting.POSTGRES_PROCESSES = 1  # only this process is odd

    hub()


if __name__ == "__main__":
    main()
