"""What the commands share: the settings they were given, and the open database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from hub.config import HubConfig, load_config
from hub.running.data import OpenData, open_data

CONFIG_VARIABLE = "TILLWIRE_HUB_CONFIG"


@dataclass(frozen=True)
class Invocation:
    """How the command was called."""

    config_file: Path | None

    def config(self) -> HubConfig:
        """The settings. Raises ConfigError."""
        return load_config(self.config_file)

    @contextlib.contextmanager
    def data(self) -> Iterator[OpenData]:
        """The open database."""
        data = open_data(self.config())
        try:
            yield data
        finally:
            data.close()


file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
pass_invocation = click.make_pass_decorator(Invocation)


def read_text(file: Path) -> str:
    """Read a file that a person made. Raises click.FileError."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.FileError(str(file), hint=str(error)) from error


def tell_environment(command: click.Command) -> None:
    """Let the help of every option of a command, and of those below it, name its environment variable."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.show_envvar = True
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            tell_environment(inner)
