"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final

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


def locked_file(folder: Path, name: str) -> BinaryIO:
    """Open a file of a folder to read and to add to it; both are made where they are missing. One process at a time has it.

    Raises:
        InputError: it cannot be written, or another process has it.
    """
    file: BinaryIO | None = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if file is not None:
            file.close()
        if isinstance(error, BlockingIOError):
            remedy = "stop that one, or name another folder"
            raise InputError("is in use by another process", path=str(folder), remedy=remedy) from None
        remedy = "name a folder that you may write to"
        raise InputError(f"cannot be written ({error.strerror})", path=str(folder), remedy=remedy) from None
    return file
