"""What the simulators may lean on."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "hardware_sim"
ALLOWED = set(sys.stdlib_module_names) | {"PIL", "click", "hardware_sim"}
SERVICES = {"httpx", "msgspec", "uvicorn"}
"""What speaks HTTP may lean on these, too: a server, a client that sends webhooks, JSON with exact decimals.

That the hub reads JSON with the same codec hides nothing: these are held to the vendor's schema, or to the real one."""


def test_only_the_standard_library_pillow_and_click_are_imported() -> None:
    """Code shared with a driver would share its faults."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            speaks_http = "vendors" in path.parts or path.name == "square_shop.py"
            allowed = ALLOWED | SERVICES if speaks_http else ALLOWED
            assert {name.split(".")[0] for name in names} <= allowed, path


def test_everything_can_be_imported_where_there_are_no_terminals() -> None:
    """Windows has neither termios nor pty; TCP printers and drawers work there."""
    script = (
        "import sys\n"
        "for name in ('termios', 'pty', 'tty', 'fcntl'): sys.modules[name] = None\n"
        "import hardware_sim.cli, hardware_sim.scanner, hardware_sim.printer, hardware_sim.drawer, asyncio\n"
        "from hardware_sim.errors import NoPty\n"
        "try: asyncio.run(hardware_sim.scanner.SimulatedScanner().start())\n"
        "except NoPty as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  ours
    assert done.returncode == 0, done.stderr
    assert "on Linux, or use TCP" in done.stdout
