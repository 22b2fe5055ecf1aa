"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

from overflight.errors import InputError

STDOUT: Final = Path("-")


def refuse_missing_folder(path: Path) -> None:
    """Say that there is no folder to write to, before any work is done for it.

    Raises:
        InputError: there is none.
    """
    if not path.parent.is_dir():
        raise InputError("cannot be written (there is no such folder)", path=str(path), remedy="make the folder first")


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; what is written there takes its place when the block ends without an error.

    Raises:
        InputError: the folder does not exist or cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            path=str(path),
            remedy="name a folder that exists and that you may write to",
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", path=str(path), remedy="free some space, or name another place"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
