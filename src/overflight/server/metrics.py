"""What a monitor asks for, as Prometheus reads it: nothing here names a flight or a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from overflight.server.service import Service

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STATES: Final = ("starting", "running", "slow", "ended", "failed")


class Metrics:
    """Counts answers, and reads the service when it is asked."""

    def __init__(self, service: Service) -> None:
        """Make a registry of its own."""
        self._registry = CollectorRegistry()
        self._registry.register(_Reader(service))
        labels = ("method", "route", "status")
        self.answers = Counter("overflight_http_answers", "Answers by route.", labels, registry=self._registry)
        self.seconds = Histogram("overflight_http_seconds", "Time to answer.", ("route",), registry=self._registry)

    def text(self) -> bytes:
        """Return everything, as text."""
        return generate_latest(self._registry)


class _Reader(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Give what the service says of itself."""
        service = self._service
        told = service.status()
        state = GaugeMetricFamily("overflight_loop", "1 for the state that the loop is in.", labels=["state"])
        for name in _STATES:
            state.add_metric([name], float(told["state"] == name))
        yield state
        yield GaugeMetricFamily("overflight_tracks_in_sight", "Tracks heard in the last minute.", told["in_sight"])
        yield CounterMetricFamily("overflight_positions", "Positions judged.", told["rows"])
        yield CounterMetricFamily("overflight_dropped", "Positions that could not be used.", told["dropped"])
        if told["watermark"] is not None:
            behind_s = time.time() - datetime.fromisoformat(told["watermark"]).timestamp()
            yield GaugeMetricFamily(
                "overflight_watermark_behind_seconds", "How far judging is behind the clock.", behind_s
            )
        yield from _sources(told["sources"])
        watchers = service.pictures.watchers
        yield GaugeMetricFamily("overflight_watchers", "Open lines on which the sky is sent.", len(watchers))
        yield CounterMetricFamily("overflight_notices_delivered", "Notices delivered.", service.notices.delivered)
        yield CounterMetricFamily(
            "overflight_notices_failed", "Attempts to deliver that failed.", service.notices.failed
        )


def _sources(told: list[dict[str, Any]]) -> Iterator[Metric]:
    silent = GaugeMetricFamily("overflight_source_silent_seconds", "Time since a source was heard.", labels=["source"])
    stale = GaugeMetricFamily("overflight_source_stale", "1 where that is an alarm.", labels=["source"])
    for one in told:
        if one["silent_s"] is not None:
            silent.add_metric([one["name"]], one["silent_s"])
        stale.add_metric([one["name"]], float(one["stale"]))
    yield silent
    yield stale
