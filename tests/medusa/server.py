"""A real Medusa of our own: set up by a test bed's script, then started, stopped and killed from here.

The script installs and seeds one (its verbs: `up`, `stop`; its home, ports and version come from the environment).
After that its app is made what we want to test: a stock Medusa, or one with our companion plugin.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
COMPANION = ROOT / "hub/channels/medusa/companion"
SCRIPT, HOME = "TILLWIRE_MEDUSA_TESTBED", "TILLWIRE_MEDUSA_HOME"
SECRET = "a-secret-of-this-test"  # noqa: S105 - of this test
UP_S, READY_S, STOP_S = 900, 120, 20
_CONFIG = """import { defineConfig } from "@medusajs/framework/utils"
export default defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: { storeCors: "http://localhost:8000", adminCors: "http://localhost:9000", authCors: "http://localhost:9000",
      jwtSecret: "testbed-jwt", cookieSecret: "testbed-cookie" },
  },
  admin: { disable: true },
  plugins: [PLUGINS],
})
"""
_PLUGIN = """{ resolve: "@tillwire/medusa-companion", options: {} }"""
_OURS_IN_THE_DATABASE = 'drop table if exists tillwire_level; drop index if exists "UQ_tillwire_pos_sale_id"'


def script() -> Path | None:
    """The test bed's script: named by the environment, else in the shared folder beside the checkout."""
    named = os.environ.get(SCRIPT, "")  # noqa: TID251 - a developer's own choice
    found = Path(named) if named else ROOT.parent / "shared" / "medusa" / "testbed.sh"
    return found if found.is_file() else None


@dataclass
class MedusaServer:
    """One Medusa, in a folder of its own outside of the checkout, kept for the next time: its packages are 700 MB."""

    script: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    address: str = ""

    @classmethod
    def at_home(cls, script: Path) -> MedusaServer:
        """In the folder that the environment names, else in the system's for temporary files."""
        named = os.environ.get(HOME, "")  # noqa: TID251 - a developer's own choice
        return cls(script, Path(named) if named else Path(tempfile.gettempdir()) / "tillwire-medusa")

    @property
    def seed(self) -> Path:
        """What the script wrote down: address, keys, ids."""
        return self.home / "seed.json"

    @property
    def told(self) -> Mapping[str, Any]:
        """The same, read."""
        return dict(json.loads(self.seed.read_text("utf-8")))

    def set_up(self) -> None:
        """Install, make the database, seed. Some minutes at first, seconds later."""
        self.home.mkdir(parents=True, exist_ok=True)
        kept = self.home / "ports.json"
        if not kept.exists():
            kept.write_text(json.dumps([free_port(), free_port()]))
        port, database_port = json.loads(kept.read_text())
        self.address = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,  # noqa: TID251 - node and npm need a person's own
            "MEDUSA_HOME": str(self.home),
            "MEDUSA_PORT": str(port),
            "MEDUSA_PGPORT": str(database_port),
            "MEDUSA_DISABLE_TELEMETRY": "true",
            "DATABASE_URL": f"postgres://medusa@127.0.0.1:{database_port}/medusa",
        }
        self._script("up")
        self._stop_the_scripts_own()

    def stop_all(self) -> None:
        """Stop the server and its database."""
        self.stop()
        self._script("stop")

    def make(self, *, companion: bool) -> None:
        """Make it a stock Medusa, or one with our companion; it must not be running."""
        app = self.home / "app"
        for made in ("subscribers", "api", "migration-scripts"):
            shutil.rmtree(app / "src" / made, ignore_errors=True)
            (app / "src" / made).mkdir()
        (app / "medusa-config.ts").write_text(_CONFIG.replace("PLUGINS", _PLUGIN if companion else ""), "utf-8")
        package = app / "node_modules" / "@tillwire" / "medusa-companion"
        shutil.rmtree(package, ignore_errors=True)
        if companion:
            self._build(package)
            self._medusa("db:migrate", "--execute-safe-links")
        else:
            self.sql(_OURS_IN_THE_DATABASE)
            self.sql("delete from mikro_orm_migrations where name like 'Migration20261128%'")

    def _build(self, package: Path) -> None:
        """As `npm run build` and `npm install` do it, with the app's own packages instead of a second download."""
        workshop = self.home / "companion"
        shutil.rmtree(workshop, ignore_errors=True)
        shutil.copytree(COMPANION, workshop, ignore=shutil.ignore_patterns("node_modules", ".medusa"))
        (workshop / "node_modules").symlink_to(self.home / "app" / "node_modules")
        self._medusa("plugin:build", folder=workshop)
        package.mkdir(parents=True)
        shutil.copy(workshop / "package.json", package)
        shutil.copytree(workshop / ".medusa", package / ".medusa")

    def start(self, **environment: str) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log."""
        log = (self.home / "log" / "medusa.log").open("ab")
        command = [
            "node",
            "node_modules/.bin/medusa",
            "start",
            "-p",
            self.address.rpartition(":")[2],
            "-H",
            "127.0.0.1",
        ]
        self.process = subprocess.Popen(  # noqa: S603 - the app that was installed
            command, cwd=self.home / "app", env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        ends_s = time.monotonic() + READY_S
        while time.monotonic() < ends_s and self.process.poll() is None:
            try:
                if httpx.get(f"{self.address}/health", timeout=2, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError(f"Medusa did not start: {self.log_end()}")

    def stop(self, *, kill: bool = False) -> None:
        """End it, properly or not."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_S)
        self.process = None

    def log_end(self) -> str:
        """The last of what it said."""
        log = self.home / "log" / "medusa.log"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""

    def sql(self, statement: str) -> str:
        """Ask its database."""
        url = self.environment["DATABASE_URL"]
        done = subprocess.run(  # noqa: S603 - a statement of this package's
            ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", url, "-c", statement],  # noqa: S607 - the system's
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def _script(self, verb: str) -> None:
        done = subprocess.run(  # noqa: S603 - the script that the caller chose
            ["bash", str(self.script), verb],  # noqa: S607 - the system's
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=UP_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.script} {verb} ended with {done.returncode}: {done.stderr[-2000:]}")

    def _stop_the_scripts_own(self) -> None:
        """The script started a server to seed it; ours is started as we want it."""
        kept = self.home / "server.pid"
        if kept.exists():
            pid = int(kept.read_text())
            os.kill(pid, signal.SIGTERM)
            ends_s = time.monotonic() + STOP_S
            while Path(f"/proc/{pid}").exists() and time.monotonic() < ends_s:
                time.sleep(0.1)
            kept.unlink()

    def _medusa(self, *arguments: str, folder: Path | None = None) -> None:
        done = subprocess.run(  # noqa: S603 - the app that was installed
            ["node", "node_modules/.bin/medusa", *arguments],  # noqa: S607 - the system's
            cwd=folder or self.home / "app", env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=UP_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"medusa {' '.join(arguments)}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
