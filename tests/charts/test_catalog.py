from types import ModuleType

import pytest

import huntkit.charts
from huntkit.charts.catalog import _door, charts
from huntkit.core.errors import HuntkitError, UnknownPlugin


def test_every_chart_is_found_by_its_module_and_is_a_public_door() -> None:
    for name in charts().names():
        assert name in huntkit.charts.__all__
        assert charts().load(name) is getattr(huntkit.charts, name)


def test_a_module_without_its_door_is_named() -> None:
    with pytest.raises(HuntkitError, match="heatmap"):
        _door(ModuleType("somewhere.heatmap"))


def test_a_chart_that_is_switched_off_is_not_listed_and_says_so() -> None:
    found = charts(("chart.timeline", "driver.x"))
    assert "timeline" not in found.names()
    assert "matrix" in found
    with pytest.raises(UnknownPlugin, match="'timeline' is switched off"):
        found.load("timeline")
