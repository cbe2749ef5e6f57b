"""The contract of providers of context: what the organisation's own systems know about a value."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from huntkit.enrich.ti.http_provider import HttpLookupProvider
from huntkit.enrich.ti.provider import LookupProvider


class ContextProvider(LookupProvider):
    """Somebody inside the organisation who knows hosts, addresses, users or resources.

    It declares and answers as a provider of threat intelligence does, and gives no severity: what
    is known here is no verdict.

    Attributes:
        takes: which types of values it knows (`CONTEXT_TYPES`), each with its sub-queries.
        internal: it may be asked about private addresses and internal names.
        kept_s: how long an answer is good; an hour.
    """

    section: ClassVar[str] = "ContextProviders"
    takes: ClassVar[Mapping[str, Sequence[str]]]
    internal: ClassVar[bool] = True
    kept_s: ClassVar[float] = 3600.0

    @property
    def identity(self) -> str:
        """What tells this provider's answers from those of others, also of the same name."""
        return f"context {super().identity}"


class HttpContextProvider(HttpLookupProvider, ContextProvider):
    """A provider of context whose sub-queries are endpoints."""

    @property
    def identity(self) -> str:
        """Another address is another service, and none of threat intelligence."""
        return f"context {super().identity}"
