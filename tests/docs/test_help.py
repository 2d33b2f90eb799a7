"""Every command and every option of the three programs explains itself: what, default, environment variable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from edge_agent.cli import main as agent
from hardware_sim.cli import main as simulator
from hub.cli.program import program as hub

PROGRAMS: dict[str, click.Command] = {"tillwire-agent": agent, "tillwire-hub": hub, "tillwire-sim": simulator}
_OF_CLICK = {"help", "version", "yes"}


def commands(context: click.Context) -> Iterator[click.Context]:
    """A program's own context, and those of all commands below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            yield from commands(click.Context(command, parent=context, info_name=name, **command.context_settings))


def contexts() -> list[click.Context]:
    """All commands of all programs."""
    roots = [click.Context(root, info_name=name, **root.context_settings) for name, root in PROGRAMS.items()]
    return [context for root in roots for context in commands(root)]


@pytest.mark.parametrize("context", contexts(), ids=lambda context: context.command_path)
def test_every_command_and_option_explains_itself(context: click.Context) -> None:
    """A command has a sentence; an option has one too, and its help names its variable and its default."""
    assert (context.command.help or "").strip(), f"{context.command_path} has no help"
    for option in context.command.params:
        if not isinstance(option, click.Option) or option.name in _OF_CLICK:
            continue
        _, text = option.get_help_record(context) or ("", "")
        name = f"{context.command_path} {option.opts[0]}"
        assert option.help, f"{name} has no help"
        assert "env var:" in text, f"{name} does not name its environment variable"
        if isinstance(option.default, str | int | float | Path) and option.default not in ("", False):
            assert "default:" in text, f"{name} does not state its default"
