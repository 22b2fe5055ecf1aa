"""Registers as processes of their own, and clients that ask them all at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.coordination.dss.standing import AUDIENCE, keys_file


@contextmanager
def server(place: Path | str, folder: Path, *more: str) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """A register over a database; gives its address and its process."""
    command = [
        str(Path(sys.executable).with_name("overflight")),
        "register",
        "--keys",
        str(keys_file(folder)),
        "--audience",
        AUDIENCE,
    ]
    if isinstance(place, str):
        command += ["--database", place]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", *more], stdout=subprocess.PIPE, text=True, cwd=folder
    )
    with process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("The register is at http://127.0.0.1:"), said
            yield said.split()[4].removesuffix("/dss/v1"), process
        finally:
            process.terminate()
