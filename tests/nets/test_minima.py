from __future__ import annotations

import pytest

from overflight.errors import ParameterError
from overflight.nets.minima import EN_ROUTE, NMAC, RADAR, WELL_CLEAR, Layer, parse_minima, with_tolerance


def test_minima_are_read_exactly() -> None:
    assert parse_minima("5 NM/1000 ft").layers == (Layer(-10_000.0, 5.0, 1000.0),)
    assert parse_minima("9.26 km / 304.8 m").layers == (Layer(-10_000.0, 5.0, 1000.0),)


@pytest.mark.parametrize(
    "text", ["5 NM", "5/1000", "0 NM/1000 ft", "5 NM/-1 ft", "1000 ft", "5 NM/1000 ft/2", "1000000 NM/1 ft"]
)
def test_what_are_no_minima_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        parse_minima(text)


def test_level_keeping_comes_off_assigned_levels_only() -> None:
    assert [layer.vertical_ft for layer in with_tolerance(RADAR, None).layers] == [800, 800, 1800]
    assert with_tolerance(WELL_CLEAR, None) == WELL_CLEAR
    assert with_tolerance(NMAC, None) == NMAC
    assert with_tolerance(WELL_CLEAR, 50.0).layers[0].vertical_ft == 400


@pytest.mark.parametrize("tolerance_ft", [450.0, 1000.0, -1.0])
def test_a_tolerance_that_leaves_nothing_is_refused(tolerance_ft: float) -> None:
    with pytest.raises(ParameterError, match="leaves nothing"):
        with_tolerance(WELL_CLEAR, tolerance_ft)


def test_the_layer_follows_the_altitude() -> None:
    assert RADAR.at(9_999.0).horizontal_nm == 3
    assert RADAR.at(10_000.0).horizontal_nm == 5
    assert EN_ROUTE.at(41_000.0).vertical_ft == 1000
    assert EN_ROUTE.at(43_000.0).vertical_ft == 2000
    assert RADAR.at(None) == RADAR.layers[-1]
