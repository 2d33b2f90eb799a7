"""A printer that cannot be reached is told as such, whatever stands in the configuration."""

from __future__ import annotations

import pytest

from edge_agent.devices.errors import PrinterUnreachable
from edge_agent.devices.printer.settings import PrinterSettings, TcpReach
from edge_agent.devices.printer.transports.opening import open_line

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["p" * 80, "a..b", "x" * 70 + ".example"])
async def test_a_host_that_is_no_name_is_unreachable(host: str) -> None:
    """A name that cannot even be asked for is one more reason to be unreachable, not a fault of ours in the log."""
    with pytest.raises(PrinterUnreachable):
        async with open_line(PrinterSettings(reach=TcpReach(host=host)), lambda: None):
            pass
