"""A press page as a source: its text and date, and the page itself kept as evidence.

The text is taken out by trafilatura. The page is kept as it came in a WARC file (ISO 28500, through warcio), named by a salted
digest: SHA-256 of 32 random bytes and the page. Who knows only the digest can neither find the page nor guess it; who is given the file
can prove that it is the one.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from overflight.errors import InputError
from overflight.files import whole_file
from overflight.incidents.evidence import salted_digest

MOST_BYTES: Final = 10_000_000
TIMEOUT_S: Final = 20.0
_SALT: Final = "Overflight-Salt"


@dataclass(frozen=True)
class Page:
    """A page as it came: its address (as a URI), how it is named as a source, its bytes, and what it says."""

    address: str
    source: str
    content: bytes
    text: str
    title: str
    date: str | None


def read_page(name: str) -> Page:
    """Read a page from a file, or by http or https.

    Raises:
        InputError: it cannot be read or fetched, is too large, or there is no text in it.
    """
    fetched = urlsplit(name).scheme in {"http", "https"}
    content = _fetched(name) if fetched else _read(Path(name))
    import trafilatura

    found = trafilatura.bare_extraction(
        content, url=name if fetched else None, with_metadata=True, include_comments=False
    )
    text = getattr(found, "text", None)
    if not text:
        raise InputError("has no text that could be taken out", path=name, remedy="give the page as HTML")
    file = Path(name).name
    address, source = (name, name.partition("://")[2]) if fetched else (f"urn:page:{quote(file)}", file)
    return Page(address, source, content, text, getattr(found, "title", None) or "", getattr(found, "date", None))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=str(path)) from None
    if len(content) > MOST_BYTES:
        raise InputError(f"is larger than {MOST_BYTES // 1_000_000} MB", path=str(path))
    return content


def _fetched(address: str) -> bytes:
    try:
        with urlopen(Request(address, headers={"User-Agent": "overflight"}), timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise InputError(
            f"cannot be fetched ({error})", path=address, remedy="save the page and give the file"
        ) from None
    if len(content) > MOST_BYTES:
        raise InputError(f"is larger than {MOST_BYTES // 1_000_000} MB", path=address)
    return content


def keep(page: Page, folder: Path) -> Path:
    """Keep a page as evidence in a folder; returns the file, which is named by the salted digest.

    Raises:
        InputError: the folder cannot be written to.
    """
    warcio: Any = import_module("warcio.warcwriter")  # it has no types
    salt = secrets.token_bytes(32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made ({error.strerror})", path=str(folder)) from None
    path = folder / f"{salted_digest(salt, page.content)}.warc.gz"
    with whole_file(path) as temporary, temporary.open("wb") as file:
        writer = warcio.WARCWriter(file, gzip=True)
        record = writer.create_warc_record(
            page.address,
            "resource",
            payload=io.BytesIO(page.content),
            length=len(page.content),
            warc_content_type="text/html",
            warc_headers_dict={_SALT: salt.hex()},
        )
        writer.write_record(record)
    return path


def kept(path: Path) -> bytes:
    """Return the page that a file of evidence holds.

    Raises:
        InputError: it is no such file, or its page is not the one that the name says.
    """
    warcio: Any = import_module("warcio.archiveiterator")
    try:
        with path.open("rb") as file:
            (told,) = (
                (r.rec_headers.get_header(_SALT), r.content_stream().read()) for r in warcio.ArchiveIterator(file)
            )
        salt, content = bytes.fromhex(told[0]), cast("bytes", told[1])
    except Exception as error:  # a damaged archive raises whatever its parts do
        raise InputError(f"is no page kept as evidence ({error})", path=str(path)) from None
    if salted_digest(salt, content) != path.name.removesuffix(".warc.gz"):
        raise InputError("is not the page that its name says", path=str(path), remedy="ask for the file again")
    return content
