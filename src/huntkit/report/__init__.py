"""One offline HTML file out of tables and charts."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.report.document import Report, report

_DOORS = {"Report": "huntkit.report.document", "report": "huntkit.report.document"}

__all__ = ["Report", "report"]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
