"""One module for each language that queries are written in."""

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from huntkit.sources.queries.environments import Language

if TYPE_CHECKING:
    from huntkit.sources.queries.language import Dialect

_MODULES = {"clickhouse": "sql"}


def dialect(language: Language, text: str = "") -> "Dialect":
    """The language of that name, for a template; its module is imported when first asked for.

    Raises:
        UsageError: the template is none that values can be entered into.
    """
    return cast("Dialect", _module(language).dialect(language, text))


@cache
def _module(language: Language) -> Any:
    return importlib.import_module(f"{__name__}.{_MODULES.get(language, language)}")
