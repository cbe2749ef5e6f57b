"""What notebooks add: charts and pages of results that answer."""

import importlib
from typing import TYPE_CHECKING, Any, Final, overload

from huntkit.charts.chart import Chart
from huntkit.core import extras
from huntkit.enrich.ti.results_page import ResultsPage

if TYPE_CHECKING:
    from huntkit.notebook.answering import LiveChart
    from huntkit.notebook.choosing import LiveResults

__all__ = ["LiveChart", "LiveResults", "live"]

_DOORS: Final = {
    "LiveChart": "huntkit.notebook.answering",
    "LiveResults": "huntkit.notebook.choosing",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'huntkit.notebook' has no attribute {name!r}")
    extras.require("anywidget", extra="notebook")
    return getattr(importlib.import_module(_DOORS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@overload
def live(shown: Chart) -> "LiveChart": ...
@overload
def live(shown: ResultsPage) -> "LiveResults": ...
def live(shown: Chart | ResultsPage) -> "LiveChart | LiveResults":
    """A chart, or a page of look-up results, as a widget: what is chosen comes back to Python.

    It also goes there: what is set in Python is chosen in the picture. It is drawn in the same
    sandboxed frame, but needs the running notebook; display the chart or page itself where a page
    should stay. All live charts of a notebook share each library.

    Args:
        shown: any chart, or what ``TILookup.browse_results`` gave.

    Raises:
        MissingExtra: the extra ``notebook`` is not installed.
        UsageError: it is neither.

    Examples:
        >>> import huntkit.charts, polars as pl
        >>> logons = pl.DataFrame({"time": ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"]})
        >>> answering = live(huntkit.charts.timeline(logons))
        >>> answering.mark = 1  # or a click in the picture
        >>> answering.selection.height
        1

        >>> from huntkit import TILookup
        >>> found = pl.DataFrame({"Ioc": ["198.51.100.7", "evil.example"], "Provider": ["OTX"] * 2,
        ...                       "Severity": ["high"] * 2, "Status": ["ok"] * 2})
        >>> results = live(TILookup.browse_results(found))
        >>> results.selected = ["evil[.]example"]  # or a tick in the page
        >>> results.value["Ioc"].to_list()
        ['evil.example']
    """
    kind = "LiveChart" if isinstance(shown, Chart) else "LiveResults"
    made: LiveChart | LiveResults = __getattr__(kind)(shown)
    return made
