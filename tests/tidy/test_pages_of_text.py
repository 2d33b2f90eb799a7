"""The Markdown pages: what they link to is there, and what they tell the reader to type exists."""

from __future__ import annotations

import re

from installers.workplace import checks
from tests.tidy.checkout import ROOT, files, report, text_of
from tests.tidy.test_dev import DEV

# A link that is neither an address nor a place in the same page; and a call as it is shown to be typed.
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
DEV_CALL = re.compile(r"(?:^|`)(?:\./|py )dev ([a-z]+)", re.MULTILINE)


def test_links_lead_somewhere() -> None:
    """Every relative link of every page names a file or folder of the checkout."""
    dead = [
        f"{page.as_posix()}: {target}"
        for page in files()
        if page.suffix == ".md"
        for target in LINK.findall(text_of(page) or "")
        if not (ROOT / page.parent / target).exists()
    ]
    assert not dead, report("a relative link leads to a file that exists", dead)


def test_pages_name_only_verbs_that_exist() -> None:
    """`./dev` has each verb that a page, a workflow or a message tells somebody to call."""
    wrong = [
        f"{page.as_posix()}: ./dev {verb}"
        for page in files()
        if page.suffix in {".md", ".py", ".yaml", ""}
        for verb in DEV_CALL.findall(text_of(page) or "")
        if verb not in DEV.VERBS and page.parts[0] != "tests"
    ]
    assert not wrong, report("only verbs of ./dev are named", wrong)


def test_the_readme_opens_with_the_picture_and_the_two_commands() -> None:
    """The first screen shows the flow, how to run it, and how to test it."""
    first = "\n".join((text_of(ROOT / "README.md") or "").splitlines()[:30])
    assert first.index("```mermaid") < first.index("./dev demo") < first.index("./dev test")


def test_all_code_is_checked() -> None:
    """No folder with Python in it is left out by the type check."""
    tops = {path.parts[0] for path in files() if path.suffix == ".py" or path.name == "dev"}
    assert tops == set(checks.CODE)
