"""The logo on receipts: black and white, never wider than the paper, and never a reason for no receipt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from edge_agent.devices.errors import LogoUnusable
from edge_agent.devices.printer import receipt
from edge_agent.devices.printer.drawing import job_parts, rows_of_job
from edge_agent.devices.printer.logo import logo_of
from edge_agent.devices.printer.rows import Figure
from edge_agent.devices.printer.settings import Paper
from edge_agent.devices.printer.spool import Job
from tests.unit.edge_agent.devices.paper_examples import AT, sale


def a_logo(path: Path, size: tuple[int, int] = (800, 300), colour: str = "navy") -> str:
    """A PNG with a transparent edge."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    picture.paste(Image.new("RGBA", (size[0] // 2, size[1] // 2), colour), (size[0] // 4, size[1] // 4))
    picture.save(path)
    return str(path)


def a_job() -> Job:
    """A receipt in the spool."""
    return Job(job_id="j", kind="receipt", receipt_number="R", payload=receipt.encode(sale()), state="queued",
               reason="", copy_number=0, tries=0, created_at=AT, changed_at=AT)  # fmt: skip


@pytest.mark.parametrize("width_dots", [576, 384])
def test_it_is_black_and_white_and_fits(tmp_path: Path, width_dots: int) -> None:
    """Scaled down only, its transparent edge white, its dark part ink."""
    logo = logo_of(a_logo(tmp_path / "logo.png"), width_dots)
    assert logo.mode == "1"
    assert logo.width <= width_dots * 0.7
    assert logo.height <= 260
    assert logo.getpixel((0, 0)) == 255
    assert logo.getpixel((logo.width // 2, logo.height // 2)) == 0
    small = logo_of(a_logo(tmp_path / "small.png", (90, 40)), width_dots)
    assert small.size == (90, 40)


def test_a_new_file_is_read_and_an_old_one_is_not_read_again(tmp_path: Path) -> None:
    """By its time: nobody restarts a till for a new logo."""
    path = tmp_path / "logo.png"
    first = logo_of(a_logo(path), 576)
    assert logo_of(str(path), 576) is first
    a_logo(path, (100, 100))
    os.utime(path, (1, 1))
    assert logo_of(str(path), 576).size == (100, 100)


@pytest.mark.parametrize("content", [b"no picture", b"\x89PNG\r\n\x1a\n" + b"x" * 50, None])
def test_a_logo_that_cannot_be_used_is_left_out(tmp_path: Path, content: bytes | None) -> None:
    """It is told with the file's name; the receipt is drawn all the same."""
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LogoUnusable, match=r"logo\.png"):
        logo_of(str(path), 576)
    rows = rows_of_job(a_job(), Paper(logo=str(path)))
    assert not any(isinstance(row, Figure) for row in rows)


@pytest.mark.parametrize("mode", ["raster", "text"])
def test_it_is_on_the_receipt(tmp_path: Path, mode: str) -> None:
    """Drawn in both modes; in text mode as a raster image between the letters."""
    paper = Paper(logo=a_logo(tmp_path / "logo.png"), mode=mode)  # type: ignore[arg-type]  # one of both
    assert any(isinstance(row, Figure) for row in rows_of_job(a_job(), paper))
    assert b"\x1dv0" in b"".join(job_parts(a_job(), paper))
