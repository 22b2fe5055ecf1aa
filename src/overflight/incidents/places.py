"""Where logs are published: a folder that goes from hand to hand, or another party's server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from overflight.errors import InputError
from overflight.files import whole_file
from overflight.incidents.log import tiles

TIMEOUT_S: Final = 20.0
MOST_BYTES: Final = tiles.MOST_BUNDLE
MOST_FETCHED: Final = 8_000_000_000


class Folder:
    """A folder: a stick, a share."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which must be there."""
        if not folder.is_dir():
            raise InputError("is no folder", path=str(folder), remedy="make it first, or plug the stick in")
        self._folder, self.name = folder, str(folder)

    def read(self, path: str) -> bytes | None:
        """Return the content of a file."""
        file = self._folder / path
        try:
            if not file.is_file():
                return None
            if file.stat().st_size > MOST_BYTES:
                raise InputError("is larger than can be meant", path=str(file))
            return file.read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path=str(file)) from None

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        file = self._folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", path=str(file)) from None
        with whole_file(file) as temporary, temporary.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())  # a stick may be pulled out

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a folder of it."""
        folder = self._folder / path
        return sorted(file.name for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


class Http:
    """Another party's server (`overflight incident witness`)."""

    def __init__(self, address: str) -> None:
        """Take its address."""
        self.name = address.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """Fetch what is at a path."""
        try:
            return self._asked(Request(f"{self.name}/{path}"))
        except HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise InputError(f"answered {error.code}", path=f"{self.name}/{path}") from None

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a body; returns status and answer."""
        try:
            return 200, self._asked(Request(f"{self.name}/{path}", data=body, method="POST"))
        except HTTPError as error:
            with error:
                return error.code, error.read(MOST_BYTES)

    def _asked(self, asked: Request) -> bytes:
        try:
            with urlopen(asked, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read(MOST_BYTES + 1)
        except HTTPError:
            raise
        except (URLError, OSError, ValueError) as error:
            raise InputError(f"cannot be reached ({error})", path=asked.full_url) from None
        if len(content) > MOST_BYTES:
            raise InputError("answers with more than can be meant", path=asked.full_url)
        return content


def fetch(address: str, target: Path) -> None:
    """Fetch a file, a bundle of any size that can be meant.

    Raises:
        InputError: it cannot be reached, or is larger.
    """
    size = 0
    try:
        with (
            urlopen(Request(address, headers={"User-Agent": "overflight"}), timeout=TIMEOUT_S) as answer,
            target.open("wb") as file,
        ):
            while chunk := answer.read(1 << 20):
                size += len(chunk)
                if size > MOST_FETCHED:
                    raise InputError("is larger than can be meant", path=address)
                file.write(chunk)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise InputError(f"cannot be fetched ({error})", path=address) from None
