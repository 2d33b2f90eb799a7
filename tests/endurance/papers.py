"""What a print job must look like on paper: its bytes, printed on a printer of our own that nobody disturbs."""

from __future__ import annotations

from edge_agent.devices.printer.drawing import job_parts
from edge_agent.devices.printer.settings import Paper as PaperSettings
from edge_agent.devices.printer.spool import Job
from hardware_sim.escpos.machine import Machine
from hardware_sim.escpos.paper import Paper
from hardware_sim.printer import WIDTH_80_MM

_ROWS = 100_000


def digest_of(job: Job) -> str:
    """The dots of this job as it would be sent now, marked as a reprint if it is one; see `Receipt.raster_sha256`."""
    data = b"".join(job_parts(job, PaperSettings()))
    machine = Machine(Paper(WIDTH_80_MM), buffer_bytes=len(data))
    machine.receive(data)
    while machine.step(_ROWS).more:
        pass
    [paper] = machine.paper.receipts
    assert paper.complete
    return paper.raster_sha256
