"""jet1090 JSON lines: raw Mode S frames, one object a line.

Source: jet1090 (https://github.com/xoolive/rs1090), as the `traffic` library stores raw data. ``timestamp`` in s since
1970 (UTC), when the frame was received; ``frame`` in hexadecimal. A decode that may stand beside the frame is not used:
the frame is the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from overflight.surveillance.readers.json_lines import first_object, read_objects
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Frames, as `overflight.surveillance.mode_s.decode` takes them."""
    for frame in read_objects(source, {"timestamp": pl.Float64(), "frame": pl.String()}, drops):
        yield frame.select(seconds="timestamp", frame="frame", ref=pl.format("{}:{}", pl.lit(source.label), "line"))


JET1090 = Reader("jet1090-jsonl", "frames", lambda head: {"timestamp", "frame"} <= first_object(head).keys(), read)
