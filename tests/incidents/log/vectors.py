"""Where the published vectors are."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
TESSERA = VECTORS / "tessera/testdata/log"
TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def merkle(kind: str) -> list[Any]:
    """Return the vectors of "inclusion" or "consistency"."""
    files = sorted((VECTORS / "transparency-dev-merkle/testdata" / kind).rglob("*.json"))
    return [json.loads(path.read_text("utf-8")) for path in files]


def decoded(text: str | None) -> bytes:
    """Decode Base64; nothing is nothing."""
    return base64.b64decode(text or "")
