"""Pack the positions of NRC_Intercept*.daa files into encounters.parquet, beside this file. See README.md."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    rows = []
    for path in Path(sys.argv[1]).glob("NRC_Intercept*.daa"):
        number = int(path.stem.removeprefix("NRC_Intercept"))
        for line in path.read_text().splitlines()[2:]:
            name, lat, lon, alt, *_, time = (value.strip() for value in line.split(","))
            rows.append((number, name, float(time) * 1e3, float(lat) * 1e6, float(lon) * 1e6, float(alt)))
    schema = {
        "encounter": pl.UInt8,
        "name": pl.String,
        "time_ms": pl.Int32,
        "latitude": pl.Int32,
        "longitude": pl.Int32,
        "altitude": pl.Float32,
    }
    wide = pl.DataFrame(
        rows, schema={name: pl.Float64 if name != "name" else pl.String for name in schema}, orient="row"
    )
    whole = [pl.col(name).round().cast(kind) for name, kind in schema.items() if kind.is_integer()]
    table = (
        wide.with_columns(*whole, pl.col("altitude").cast(pl.Float32)).sort("encounter", "name", "time_ms").to_arrow()
    )
    table = table.set_column(1, "name", table["name"].cast(pa.string()))
    delta = dict.fromkeys(("time_ms", "latitude", "longitude"), "DELTA_BINARY_PACKED")
    pq.write_table(
        table,
        Path(__file__).with_name("encounters.parquet"),
        compression="zstd",
        compression_level=19,
        use_dictionary=["encounter", "name"],
        column_encoding={**delta, "altitude": "BYTE_STREAM_SPLIT"},
    )


if __name__ == "__main__":
    main()
