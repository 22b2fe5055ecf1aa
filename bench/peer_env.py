"""Environments of their own for what Overflight is measured against, from PyPI, beside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(name: str, packages: Sequence[str]) -> Path:
    """The interpreter of the environment in the folder `name`, which is made where it is missing or holds something else."""
    folder = ROOT / name
    python, done = folder / "bin/python", folder / ".complete"
    if done.exists() and done.read_text().split() == " ".join(packages).split():
        return python
    print(f"making {name} with {', '.join(packages)} ...", flush=True)
    uv = shutil.which("uv") or ROOT / ".tools/bin/uv"
    if Path(uv).exists():
        steps = [[uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]]
        steps.append([uv, "pip", "install", "--quiet", "--python", python, *packages])
    else:
        steps = [[sys.executable, "-m", "venv", "--clear", folder]]
        steps.append([python, "-m", "pip", "install", "--quiet", *packages])
    for step in steps:
        subprocess.run(list(map(str, step)), check=True)
    done.write_text(" ".join(packages))
    return python
