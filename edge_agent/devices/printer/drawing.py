"""From a job's payload to the bytes that the printer gets; slow enough (tens of ms) to belong into a thread."""

from __future__ import annotations

from edge_agent.devices.printer.escpos import receipt_bytes
from edge_agent.devices.printer.layout import picture_of
from edge_agent.devices.printer.receipt import decode
from edge_agent.devices.printer.spool import Job


def job_bytes(job: Job, width_dots: int) -> bytes:
    """Draw a receipt, marked if it is a reprint; a drawer's payload is bytes already.

    Raises UnreadablePayload, FontMissing.
    """
    if job.kind == "drawer":
        return job.payload
    receipt = decode(job.payload, reprint_number=job.copy_number)
    return receipt_bytes(picture_of(receipt, width_dots))
