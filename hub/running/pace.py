"""What Python's interpreter is told in a process that takes journals."""

from __future__ import annotations

import gc
import sys

COLLECT_AFTER = (100_000, 20, 50)
"""How many objects may come before Python looks for cycles: a commit of a thousand sales makes tens of thousands, none
of them in a cycle, and the default looked after every 700: a quarter of all the work of taking sales in."""
SWITCH_S = 0.02
"""How long a thread may keep the interpreter while others wait for it (Python's own is 0.005): planning a backlog's
commit takes 40 ms, and each switch in the middle finds both cores' caches full of the other lane's sales. A commit of
a few sales is over long before, so this says nothing of how soon a till or a page is answered on an ordinary day."""


def set_pace() -> None:
    """Set both."""
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_S)
