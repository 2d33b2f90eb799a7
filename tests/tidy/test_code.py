"""Sizes, names and docstrings: the rules of the house style that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.checkout import ROOT, Module, files, modules, report, text_of

MODULE_LINES_MAX = 399
FUNCTION_LINES_MAX = 49
VAGUE = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common", "stuff"})
# Two groups of folders whose members must not know each other.
INDEPENDENT = ("edge_agent/devices", "hub/channels")
PROGRAMS = frozenset({"edge_agent", "hardware_sim", "hub", "protocol"})
UNOWNED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?!\(#\d+\)|:? ?#\d+)")


def test_a_module_can_be_read_in_one_go() -> None:
    """No module has 400 lines: what grows beyond that has more than one job."""
    long = [f"{module.name}: {len(module.lines)} lines" for module in modules() if len(module.lines) > MODULE_LINES_MAX]
    assert not long, report("a module has less than 400 lines", long)


def test_a_function_can_be_seen_at_once() -> None:
    """No function has 50 lines, its docstring counted."""
    long = [
        f"{module.name}:{node.lineno} {node.name}: {lines} lines"
        for module in modules()
        for node in _definitions(module)
        if not isinstance(node, ast.ClassDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, report("a function has less than 50 lines", long)


def test_names_say_what_is_inside() -> None:
    """No folder, module, class or function is called after nothing in particular."""
    vague = [path.as_posix() for path in files() if any(_vague(part) for part in (*path.parent.parts, path.stem))]
    vague += [
        f"{module.name}:{node.lineno} {node.name}"
        for module in modules()
        for node in _definitions(module)
        if _vague(node.name)
    ]
    assert not vague, report(f"no name has one of these words: {', '.join(sorted(VAGUE))}", vague)


def test_every_module_says_what_it_is_for() -> None:
    """A module opens with a docstring whose first line is a sentence, not just its own name again."""
    silent = []
    for module in modules():
        text = ast.get_docstring(module.tree) or ""
        drawn = module.path.name == "errors.py" and "├" in text  # its tree is what there is to say
        if len(text.partition("\n")[0].split()) < 2 and not drawn:
            silent.append(module.name)
    assert not silent, report("a module opens with a docstring that says its job", silent)


def test_work_left_for_later_has_an_issue() -> None:
    """A note about work to be done names the issue that holds it."""
    unowned = [
        f"{path.as_posix()}:{number} {line.strip()}"
        for path in files()
        if path.suffix in {".py", ".js", ".css", ".html", ".toml", ".sh", ".sql", ""}
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if UNOWNED.search(line)
    ]
    assert not unowned, report("a note about later work carries an issue number, as in (#12)", unowned)


@pytest.mark.parametrize("folder", INDEPENDENT)
def test_drivers_and_channels_do_not_know_each_other(folder: str) -> None:
    """One driver can be removed, or replaced, without a look at the others."""
    package = folder.replace("/", ".")
    members = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
    entangled = [
        f"{module.name}:{line} imports {target}"
        for module in modules()
        if module.path.is_relative_to(folder) and (own := module.path.relative_to(folder).parts[0]) in members
        for line, target in _imports(module)
        if target.startswith(f"{package}.") and target.split(".")[2] in members - {own}
    ]
    assert not entangled, report(f"the folders of {folder} are independent of each other", entangled)


def test_no_cancellation_is_lost_in_asyncio_wait_for() -> None:
    """Programs wait with asyncio.timeout: wait_for of Python 3.11 drops a cancellation that meets its result."""
    waiting = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.path.parts[0] in PROGRAMS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for"
    ]
    assert not waiting, report("async with asyncio.timeout(...) in place of asyncio.wait_for", waiting)


@pytest.mark.parametrize(
    ("source", "found"),
    [("x = 1  # TO" + "DO: later", True), ("# TO" + "DO(#12): later", False), ("# FIX" + "ME #7 later", False)],
)
def test_a_note_without_an_issue_is_found(source: str, found: bool) -> None:
    """The rule about later work tells a note with an issue from one without."""
    assert bool(UNOWNED.search(source)) is found


@pytest.mark.parametrize(
    ("name", "vague"),
    [("utils", True), ("DeviceManager", True), ("test_helpers", True), ("commonest", False), ("Managed", False)],
)
def test_vague_words_are_found_in_every_spelling(name: str, vague: bool) -> None:
    """The rule about names reads snake_case and CamelCase, and whole words only."""
    assert _vague(name) is vague


def _definitions(module: Module) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = list(module.path.parent.parts)
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def _vague(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", Path(name).name)
    return any(word.lower() in VAGUE for word in words)
