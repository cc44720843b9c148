"""What the extension gives to the application."""

import pytest
import readings


def test_a_line_becomes_a_reading():
    (reading,) = readings.read("ABC-1,2026-01-02T03:04:05Z,21.5\n")
    assert (reading.station, reading.value, reading.at.year) == ("ABC-1", 21.5, 2026)


def test_an_odd_station_is_refused():
    with pytest.raises(ValueError, match="`abc` is no station"):
        readings.read("abc,2026-01-02T03:04:05Z,1\n")
