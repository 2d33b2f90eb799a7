"""`python -m hardware_sim.vendors.medusa`: a simulated Medusa with something to sell, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from datetime import UTC, datetime

from hardware_sim.vendors.medusa.running import running
from hardware_sim.vendors.medusa.seed import seeded, told
from hardware_sim.vendors.medusa.service import MedusaService


def main() -> int:
    """Serve, and say where and with what keys, as one line of JSON."""
    parser = argparse.ArgumentParser(prog="hardware_sim.vendors.medusa", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port on loopback; 0, the default: one that is free")
    parser.add_argument("--companion", action="store_true", help="as if our companion plugin were installed")
    asked = parser.parse_args()
    shop = seeded(lambda: datetime.now(UTC), companion=asked.companion)  # noqa: TID251 - a program's own clock
    try:
        with running(MedusaService(shop), asked.port) as address:
            sys.stdout.write(json.dumps(told(shop, address)) + "\n")
            sys.stdout.flush()
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        sys.stderr.write(f"port {asked.port}: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
