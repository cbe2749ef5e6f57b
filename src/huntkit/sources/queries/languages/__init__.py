"""One module for each language that queries are written in."""

import importlib
from functools import cache
from typing import TYPE_CHECKING, cast

from huntkit.sources.queries.environments import Language

if TYPE_CHECKING:
    from huntkit.sources.queries.language import Dialect

_MODULES = {"clickhouse": "sql"}


@cache
def dialect(language: Language) -> "Dialect":
    """The language of that name; its module is imported when it is first asked for."""
    module = importlib.import_module(f"{__name__}.{_MODULES.get(language, language)}")
    return cast("Dialect", module.dialect(language))
