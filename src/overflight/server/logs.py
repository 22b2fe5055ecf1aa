"""Logs: one JSON object a line on standard error, with nothing that opens anything."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

_OURS: Final = ("path", "reason", "method", "status", "ms", "user", "party", "subscription", "attempt")


class JsonLines(logging.Formatter):
    """Writes a record as a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, where it comes from, what it says, and what else is known."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "says": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in _OURS if hasattr(record, name)}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def configure(level: int = logging.WARNING) -> None:
    """Let everything of the service, and of the server below it, be written so."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("overflight", "uvicorn", "uvicorn.error", "asyncio"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler] if name != "uvicorn.error" else [], name == "uvicorn.error"
        log.setLevel(level)
