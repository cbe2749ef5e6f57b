"""Does a provider of threat intelligence keep the promises of its contract?"""

from collections.abc import Mapping

from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.provider import TIProvider
from huntkit.entities.indicators import IOC_TYPES
from huntkit.runtime.session import Session
from huntkit.testing.lookup_providers import answers, declares


def check_ti_provider(
    provider: type[TIProvider],
    *,
    settings: object = None,
    known: Mapping[str, str] | None = None,
    unknown: Mapping[str, str] | None = None,
    session: Session | None = None,
) -> None:
    """Check a provider: its declaration, and its answers where a stand-in is given.

    Args:
        provider: the class.
        settings: an instance of its settings that leads to a stand-in; None checks the
            declaration only.
        known: indicator -> type, of what the stand-in knows, at least one for each type.
        unknown: the same of what it does not know.
        session: a session whose cache nobody else uses; a new one by default.

    Raises:
        AssertionError: what is not as promised.
    """
    declares(provider, IOC_TYPES)
    if settings is not None:
        answers(provider, settings, known, unknown, session, item_of)
