"""The files of docs/how-to/run-on-mosquitto-and-postgresql.md, taken from the page itself and moved into a folder.

What the page says is run to the letter: only where things are, names of machines and ports are other ones.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.demo.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "run-on-mosquitto-and-postgresql.md"
HOST = "localhost"
_THEIRS = "mqtt.shop.example"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class HowTo:
    """The page's steps, done in `folder`. `hub_port` and `till_port` are the broker's two doors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub_port, self.till_port = free_port(), free_port()
        self._blocks: list[str] = [block for _, block in _FENCE.findall(PAGE.read_text("utf-8").replace(_THEIRS, HOST))]

    def make_certificates(self, name: str = "") -> None:
        """Step 1, in a folder of its own for an authority with another name."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        steps = self._block("openssl req -x509")
        subprocess.run(["/bin/sh", "-e", "-c", steps], cwd=folder, check=True, capture_output=True)  # noqa: S603 - of our page

    def broker_config(self, password: str) -> Path:
        """Step 2: the configuration, both access lists and the hub's password."""
        folder = self.folder
        text = self._block("per_listener_settings")
        moved: Mapping[str, str] = {
            "/etc/mosquitto/certs/": f"{folder}/",
            "/etc/mosquitto/": f"{folder}/",
            "/var/lib/mosquitto/": f"{folder}/kept/",
            "listener 8883": f"listener {self.hub_port} 127.0.0.1",
            "listener 8884": f"listener {self.till_port} 127.0.0.1",
        }
        for there, here in moved.items():
            assert there in text, f"{PAGE.name} says nothing of {there} any more"
            text = text.replace(there, here)
        (folder / "kept").mkdir()
        (folder / "acl-hub").write_text(self._block("user tillwire-hub"))
        (folder / "acl-tills").write_text(self._block("user HangBai-T1"))
        config = folder / "tillwire.conf"
        # The service of the Debian package runs as a user of its own; here it is whoever runs the test.
        config.write_text(f"user root\nlog_type error\n{text}")
        subprocess.run(  # noqa: S603 - words of our own
            ["mosquitto_passwd", "-b", "-c", str(folder / "passwords"), "tillwire-hub", password],  # noqa: S607 - Debian's
            check=True, capture_output=True,
        )  # fmt: skip
        return config

    def hub_toml(self, database_url: str, password: str, extra: str) -> Path:
        """Step 4: the hub's settings; `extra` is a `[web]` section."""
        secret = self.folder / "broker-password"
        secret.write_text(password)
        secret.chmod(0o600)
        text = self._block('folder = "/var/lib/tillwire"')
        text = re.sub(r"^url = .*$\n^password_file = .*$", f'url = "{database_url}"', text, count=1, flags=re.MULTILINE)
        text = text.replace("/var/lib/tillwire", f"{self.folder}/hub").replace("/etc/tillwire/", f"{self.folder}/")
        return self._written("hub.toml", text.replace("port = 8883", f"port = {self.hub_port}") + extra)

    def agent_toml(self, page_port: int) -> Path:
        """Step 5: a till's settings, beside its certificate."""
        till = self.folder / "till"
        till.mkdir()
        for name in ("ca.crt", "HangBai-T1.crt", "HangBai-T1.key"):
            shutil.copy(self.folder / name, till)
        hub = self._block('cert_file = "HangBai-T1.crt"').replace("port = 8884", f"port = {self.till_port}")
        return self._written(
            "till/agent.toml",
            f'[store]\nid = "HangBai"\n[terminal]\nid = "T1"\n{hub}'
            f'[page]\nport = {page_port}\n[data]\nfolder = "data"\n[log]\nformat = "json"\n',
        )  # fmt: skip

    def _written(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text, "utf-8")
        return file

    def _block(self, part: str) -> str:
        return next(block for block in self._blocks if part in block)
