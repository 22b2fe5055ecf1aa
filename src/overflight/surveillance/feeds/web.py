"""Asking a web server for one document, from the named host alone and with limits on everything."""

from __future__ import annotations

import base64
import http.client
import time
import zlib
from dataclasses import dataclass
from email.message import Message
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

MOST: Final = 64 << 20
"""Bytes of an answer, unpacked; a snapshot of the world has about 10 MiB."""
ANSWER_S: Final = 30.0
"""How long an answer may take in all."""
SILENT_S: Final = 10.0
"""How long it may be silent."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Message
    body: bytes


class NoAnswerError(OSError):
    """The server did not answer, or not as it should; said without any secret of the question."""


class _StayThere(HTTPRedirectHandler):
    """Nothing is asked of a host that the user did not name."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        return None


_OPENER: Final = build_opener(_StayThere)


def ask(url: str, headers: dict[str, str] | None = None, form: bytes | None = None) -> Answer:
    """Get `url`, or post `form` to it.

    Raises:
        NoAnswerError: there is none within the limits. A status other than 200 is an answer.
    """
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")
    request = Request(parts._replace(netloc=netloc[2]).geturl(), data=form, headers=headers or {})
    request.add_header("Accept-Encoding", "gzip")
    request.add_header("User-Agent", "overflight")
    if netloc[0]:
        user = base64.b64encode(unquote(netloc[0]).encode()).decode()
        request.add_header("Authorization", f"Basic {user}")
    try:
        with _OPENER.open(request, timeout=SILENT_S) as response:
            return Answer(response.status, response.headers, _body(response))
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, b"")
    except NoAnswerError:
        raise
    except URLError as error:
        reason = error.reason
        said = reason.strerror if isinstance(reason, OSError) and reason.strerror else "no answer"
        raise NoAnswerError("does not answer" if isinstance(reason, TimeoutError) else said.lower()) from None
    except TimeoutError:
        raise NoAnswerError("does not answer") from None
    except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
        raise NoAnswerError(f"the answer is damaged ({type(error).__name__})") from None


def _body(response: http.client.HTTPResponse) -> bytes:
    until = time.monotonic() + ANSWER_S
    parts: list[bytes] = []
    size = 0
    while part := response.read1(1 << 20):
        parts.append(part)
        size += len(part)
        if size > MOST:
            raise NoAnswerError(f"the answer has more than {MOST >> 20} MiB")
        if time.monotonic() > until:
            raise NoAnswerError(f"the answer takes more than {ANSWER_S:.0f} s")
    if response.length:
        raise NoAnswerError("the answer is cut short")
    body = b"".join(parts)
    if response.headers.get("Content-Encoding") == "gzip":
        unpacker = zlib.decompressobj(wbits=31)
        body = unpacker.decompress(body, MOST + 1)
        if len(body) > MOST:
            raise NoAnswerError(f"the answer has more than {MOST >> 20} MiB")
        if not unpacker.eof:
            raise NoAnswerError("the answer is cut short")
    return body
