"""Every kind of paper looks exactly as when a person last looked at it: text and dots, both widths, both languages.

After a change that is wanted: `python -m tests.unit.edge_agent.devices.paper_examples` with the folder `paper` beside
this file, and then look at each picture that git says has changed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from edge_agent.devices.printer import picture
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.receipt import Language
from tests.unit.edge_agent.devices.paper_examples import WIDTHS, all_examples, example_rows, text_of

PAPER = Path(__file__).with_name("paper")
CASES = [pytest.param(*case, id="-".join(map(str, case))) for case in all_examples()]


@pytest.mark.parametrize(("name", "language", "width_dots"), CASES)
def test_the_words_are_those_that_were_looked_at(name: str, language: Language, width_dots: int) -> None:
    """What stands on the paper, line by line."""
    known = (PAPER / f"{name}-{language}-{width_dots}.txt").read_text("utf-8")
    assert text_of(example_rows(name, language, width_dots)) == known


@pytest.mark.parametrize(("name", "language", "width_dots"), CASES)
def test_the_dots_are_those_that_were_looked_at(name: str, language: Language, width_dots: int) -> None:
    """Pixel for pixel: the font comes with the checkout and the drawing library is pinned, so no machine differs."""
    with Image.open(PAPER / f"{name}-{language}-{width_dots}.png") as file:
        known = file.convert("1")
    drawn = draw(example_rows(name, language, width_dots), width_dots)
    assert drawn.size == known.size
    assert drawn.tobytes() == known.tobytes()


def test_papers_drawn_in_many_threads_at_once_are_the_same() -> None:
    """Two printers draw at the same time: a font that two threads ask would bring the whole till down."""
    cases = [(name, width) for name in ("plain", "cuts", "z_report", "pick_ticket") for width in WIDTHS]

    def drawn(case: tuple[str, int]) -> bytes:
        return draw(example_rows(case[0], "vi", case[1]), case[1]).tobytes()

    def drawn_afresh(case: tuple[str, int]) -> bytes:
        picture.forget_letters()
        return drawn(case)

    alone = [drawn(case) for case in cases]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(drawn_afresh, cases * 4)) == alone * 4


def test_no_picture_is_left_of_paper_that_is_no_more() -> None:
    """The folder holds what is compared, and nothing else."""
    wanted = {f"{name}-{language}-{width}{end}" for name, language, width in all_examples() for end in (".png", ".txt")}
    assert {path.name for path in PAPER.iterdir()} == wanted
