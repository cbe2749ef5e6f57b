"""Results of context as a page: known first, nothing that runs, no verdicts."""

import polars as pl
import pytest

from huntkit.core.errors import UnknownColumn
from huntkit.enrich.context import ContextLookup

HOSTILE = "</script><img src=x onerror=alert(1)>"
FOUND = pl.DataFrame(
    {
        "Observable": ["web02", "web01", HOSTILE],
        "ObservableType": ["hostname"] * 3,
        "SafeObservable": ["web02", "web01", ""],
        "Provider": ["ServiceNow"] * 3,
        "Details": ["{}", f'{{"name": "web01", "os": "{HOSTILE}"}}', '{"reason": "no value"}'],
        "Status": ["not found", "ok", "bad input"],
        "Reference": ["", "https://acme.service-now.com/x", ""],
    }
)


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_known_values_come_first_and_nothing_runs(kind):
    data = {"polars": FOUND, "pandas": FOUND.to_pandas(), "arrow": FOUND.to_arrow()}[kind]
    page = ContextLookup.browse_results(data)
    text = page.to_html()
    assert "3 values, 1 provider; 1 known" in text
    assert text.index("web01") < text.index("web02")
    assert "<img" not in text
    assert "severity" not in text.casefold()
    assert "warning" not in text.partition("</style>")[2]
    columns = getattr(page.rows([1]), "column_names", None) or list(page.rows([1]).columns)
    assert columns == FOUND.columns


def test_what_is_no_result_is_refused():
    with pytest.raises(UnknownColumn):
        ContextLookup.browse(FOUND.drop("Status"))
    with pytest.raises(UnknownColumn):
        ContextLookup.browse(FOUND.rename({"Observable": "Ioc"}))
