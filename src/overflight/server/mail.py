"""Mail by SMTP, over TLS unless the server is on this machine."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from overflight.errors import InputError, ParameterError
from overflight.server.address import LOOPBACK
from overflight.server.telling import ADVISORY, line

TIMEOUT_S: Final = 20.0


@dataclass(frozen=True)
class Mail:
    """Through whom mail goes.

    Attributes:
        host, port: of the server.
        sender: whose name stands on it.
        user, password: for the server; None where it asks for none.
    """

    host: str
    port: int
    sender: str
    user: str | None
    password: str | None

    @classmethod
    def of(cls, address: str, sender: str | None, password: str | None) -> Self:
        """Read "smtp://USER@HOST:PORT".

        Raises:
            ParameterError: it is no such address, or nobody sends.
        """
        try:
            parts = urlsplit(address)
            port = parts.port or 587
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "smtp" or not parts.hostname or parts.password is not None or port == 0:
            remedy = "write it like smtp://USER@HOST:587, with the password in OVERFLIGHT_SMTP_PASSWORD"
            raise ParameterError("--smtp", parts.hostname or "", "is no address of a mail server", remedy=remedy)
        if sender is None:
            raise ParameterError("--smtp-from", "", "is missing", remedy="say from whom mail comes")
        user = None if parts.username is None else unquote(parts.username)
        return cls(parts.hostname, port, sender, user, password)

    def send(self, target: str, message_id: str, entry: dict[str, Any]) -> str:
        """Send a notice; returns what was done.

        Raises:
            InputError: it could not be sent.
        """
        message = EmailMessage()
        message["From"], message["To"] = self.sender, target
        message["Subject"] = f"Overflight: {line(entry)}"[:200]
        message["X-Overflight-Notice"] = message_id
        event = entry["event"]
        place = "unknown" if event["latitude"] is None else f"{event['latitude']:.4f}, {event['longitude']:.4f}"
        parts = [
            line(entry),
            "",
            f"From {event['start']} to {event['end']}.",
            f"Place: {place}.",
            f"Event {event['id']}.",
        ]
        message.set_content("\n".join([*parts, "", ADVISORY, ""]))
        try:
            with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S) as server:
                if self.host not in LOOPBACK or server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise InputError(f"cannot be told ({' '.join(str(error).split())})", path=target) from None
        return f"given to {self.host}"
