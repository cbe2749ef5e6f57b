"""All providers of context that there are: built in, and from other packages."""

from typing import Final

from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.ti.catalog import Catalog

CONTEXT_PROVIDERS: Final = Catalog(
    "context provider",
    "huntkit.enrich.context.providers",
    ContextProvider,  # type: ignore[type-abstract]  # concrete ones are picked
)
