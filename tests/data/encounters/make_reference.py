"""Make reference.parquet of the answers that DAIDALUS gave: python make_reference.py FOLDER-WITH-THE-CSV-FILES."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

STATE = ["sx", "sy", "sz", "vx", "vy", "vz"]


def answers(folder: Path, config: str, levels: int, prefix: str) -> pl.DataFrame:
    table = pl.read_csv(folder / f"nrc_1hz__{config}.csv.gz", infer_schema_length=None)
    told = [
        column
        for k in range(1, levels + 1)
        for column in (
            pl.col(f"conflict{k}").cast(pl.Boolean).alias(f"{prefix}_conflict{k}"),
            pl.col(f"tin{k}").cast(pl.Float64).alias(f"{prefix}_in{k}"),
            pl.col(f"tout{k}").cast(pl.Float64).alias(f"{prefix}_out{k}"),
        )
    ]
    return table.select(
        pl.col("scenario").str.extract(r"(\d+)\.daa").cast(pl.UInt8).alias("encounter"),
        "time",
        *STATE,
        *told,
        pl.col("raw_alert").cast(pl.UInt8).alias(f"{prefix}_raw_alert"),
        pl.col("alert").cast(pl.UInt8).alias(f"{prefix}_alert"),
    )


def main() -> None:
    folder = Path(sys.argv[1])
    cylinder = answers(folder, "CD3D_5nm_1000ft", 1, "cd3d")
    well_clear = answers(folder, "DO_365A_no_SUM", 3, "do365")
    key = ["encounter", "time"]
    assert cylinder.select(*key, *STATE).equals(well_clear.select(*key, *STATE))
    both = pl.concat([cylinder, well_clear.drop(*key, *STATE)], how="horizontal").sort(*key, maintain_order=True)
    both.write_parquet(Path(__file__).with_name("reference.parquet"), compression="zstd", compression_level=19)


if __name__ == "__main__":
    main()
