"""All charts there are: the package's own, and those that other packages bring."""

from collections.abc import Callable
from functools import cache
from types import ModuleType

from huntkit.charts.chart import Chart
from huntkit.core.errors import HuntkitError
from huntkit.core.registry import Registry, switched_off

Draw = Callable[..., Chart]


@cache
def charts(disabled_plugins: tuple[str, ...] = ()) -> Registry[Draw]:
    """Every chart by name, but for those that settings switch off; listing them imports none.

    Examples:
        >>> "timeline" in charts(), "timeline" in charts(("chart.timeline",))
        (True, False)
    """
    off = switched_off("chart", disabled_plugins)
    return Registry("chart", "huntkit.charts.kinds", pick=_door, disabled=off)


def _door(module: ModuleType) -> Draw:
    name = module.__name__.rpartition(".")[2]
    door = getattr(module, name, None)
    if not callable(door):
        raise HuntkitError(f"{module.__name__} has no function {name!r}")
    return door  # type: ignore[no-any-return]
