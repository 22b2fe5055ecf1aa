"""The compiled inner loops of Overflight: arrays in, arrays out."""

from overflight_kernels._kernels import (
    Areas,
    Crowd,
    CrowdLimits,
    GateLimits,
    TrackGate,
    ahead,
    losses,
    losses_between,
    order_by_track,
    order_ties,
    stays,
)

__all__ = [
    "Areas",
    "Crowd",
    "CrowdLimits",
    "GateLimits",
    "TrackGate",
    "ahead",
    "losses",
    "losses_between",
    "order_by_track",
    "order_ties",
    "stays",
]
