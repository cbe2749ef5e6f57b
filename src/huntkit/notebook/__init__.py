"""What notebooks add: charts that answer."""

import importlib
from typing import TYPE_CHECKING, Any

from huntkit.charts.chart import Chart
from huntkit.core import extras

if TYPE_CHECKING:
    from huntkit.notebook.answering import LiveChart

__all__ = ["LiveChart", "live"]


def __getattr__(name: str) -> Any:
    if name != "LiveChart":
        raise AttributeError(f"module 'huntkit.notebook' has no attribute {name!r}")
    extras.require("anywidget", extra="notebook")
    return importlib.import_module("huntkit.notebook.answering").LiveChart


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def live(chart: Chart) -> "LiveChart":
    """The chart as a widget: what is chosen in it comes back to Python, and goes there.

    It is drawn in the same sandboxed frame, but needs the running notebook; display the chart
    itself where a page should stay. All live charts of a notebook share each library.

    Args:
        chart: any chart.

    Raises:
        MissingExtra: the extra ``notebook`` is not installed.

    Examples:
        >>> import huntkit.charts, polars as pl
        >>> logons = pl.DataFrame({"time": ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"]})
        >>> answering = live(huntkit.charts.timeline(logons))
        >>> answering.mark = 1  # or a click in the picture
        >>> answering.selection.height
        1
    """
    made: LiveChart = __getattr__("LiveChart")(chart)
    return made
