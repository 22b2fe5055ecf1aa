"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# `make test` tries the same examples every time, so that it fails only for a change; `make test-long` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("searching" if os.environ.get("OVERFLIGHT_LONG") else "steady")
