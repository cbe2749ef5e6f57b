"""Results of look-ups of context as one page: values by providers, every answer folded below."""

from typing import Any, ClassVar, Final

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.enrich.ti.results_page import KNOWN, ResultsPage
from huntkit.tables import kind_of, to_polars

_NAMES: Final = {"Observable": "Ioc", "ObservableType": "IocType", "SafeObservable": "SafeIoc"}


class ContextPage(ResultsPage):
    """A page of results of context, known values first; it judges nothing.

    Args:
        data: what `lookup_observables` gave.
        title: the page's title.

    Examples:
        >>> found = pl.DataFrame({"Observable": ["web01"], "ObservableType": ["hostname"],
        ...                       "Provider": ["ServiceNow"], "Status": ["ok"]})
        >>> page = ContextPage(found).to_html()
        >>> "web01" in page, "1 value, 1 provider; 1 known" in page
        (True, True)
    """

    what: ClassVar[str] = "value"
    judged: ClassVar[bool] = False

    def __init__(self, data: Any, *, title: str = "What is known about our own") -> None:
        super().__init__(_renamed(data), title=title, defanged=False)
        self._data = data  # so that rows keep their names


def _renamed(data: Any) -> Any:
    pandas = kind_of(data) == "pandas"
    columns = list(data.columns if pandas else to_polars(data).columns)
    for name in ("Observable", "Provider", "Status"):
        if name not in columns:
            raise UnknownColumn(name, columns, hint="give what lookup_observables gave")
    if pandas:
        return data.rename(columns=_NAMES).assign(Severity=KNOWN)
    return to_polars(data).rename(_NAMES, strict=False).with_columns(Severity=pl.lit(KNOWN))
