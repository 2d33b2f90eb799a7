"""`tillwire-sim`: simulated shop hardware from the command line.

Exit codes: 0 done as asked (Ctrl-C is the usual way to end a device), 1 some input was refused or lost, 2 wrong usage,
3 the device could not be set up or reached, 4 no host came.
"""

import click

from hardware_sim.cli.display_command import display
from hardware_sim.cli.printer_command import drawer, printer, tell
from hardware_sim.cli.scale_command import scale
from hardware_sim.cli.scanner_command import scanner
from hardware_sim.cli.square_command import square
from hardware_sim.cli.terminal_command import terminal
from hardware_sim.cli.typing_command import keyboard, wedge

__all__ = ["main"]


@click.group(
    context_settings={"auto_envvar_prefix": "TILLWIRE_SIM", "help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done as asked, 1 some input was refused or lost, 2 wrong usage, 3 the device could not be "
    "set up or reached, 4 no host came.",
)
def main() -> None:
    """Simulated shop hardware, byte for byte: scanners, scale, printer, drawer, display, card terminal; and Square."""


main.add_command(scanner)
main.add_command(keyboard)
main.add_command(wedge)
main.add_command(scale)
main.add_command(display)
main.add_command(terminal)
main.add_command(square)
main.add_command(printer)
main.add_command(drawer)
main.add_command(tell)
