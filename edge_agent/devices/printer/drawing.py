"""From a job's payload to the bytes that the printer gets; slow enough (tens of ms) to belong into a thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PIL import Image

from edge_agent.devices.errors import LogoUnusable
from edge_agent.devices.printer import receipt, slip
from edge_agent.devices.printer.code_pages import NUMBERS
from edge_agent.devices.printer.commands import Parts
from edge_agent.devices.printer.escpos import picture_parts
from edge_agent.devices.printer.layout import rows_of
from edge_agent.devices.printer.logo import logo_of
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.rows import Row
from edge_agent.devices.printer.settings import Paper
from edge_agent.devices.printer.slip_layout import slip_rows
from edge_agent.devices.printer.spool import Job
from edge_agent.devices.printer.text_mode import Page, typed

_log = logging.getLogger(__name__)


def job_parts(job: Job, paper: Paper) -> Parts:
    """Set a receipt or slip, marked if it is a reprint; a drawer's payload is bytes already.

    Raises UnreadablePayload, FontMissing.
    """
    if job.kind == "drawer":
        return (job.payload,)
    rows = rows_of_job(job, paper)
    if paper.mode == "raster":
        return picture_parts(draw(rows, paper.width_dots))
    number = NUMBERS[paper.code_page] if paper.code_page_number is None else paper.code_page_number
    done = typed(rows, paper.width_dots, Page(paper.code_page, number))
    if done.lost:
        # Letters only, sorted: enough to choose a better code page, too little to read who bought what.
        _log.warning("printer: letters replaced", extra={"job": job.job_id, "letters": "".join(sorted(done.lost))})
    return done.parts


def rows_of_job(job: Job, paper: Paper) -> Sequence[Row]:
    """The rows of a receipt or slip. Raises UnreadablePayload."""
    if job.kind == "slip":
        return slip_rows(slip.decode(job.payload, reprint_number=job.copy_number), paper.width_dots, paper.mode)
    said = receipt.decode(job.payload, reprint_number=job.copy_number)
    return rows_of(said, paper.width_dots, paper.mode, logo=_logo(paper))


def _logo(paper: Paper) -> Image.Image | None:
    if not paper.logo:
        return None
    try:
        return logo_of(paper.logo, paper.width_dots)
    except LogoUnusable as exc:
        _log.warning("printer: no logo on the receipt", extra={"problem": str(exc)})
        return None
