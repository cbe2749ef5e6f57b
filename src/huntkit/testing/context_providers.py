"""Does a provider of context keep the promises of its contract?"""

from collections.abc import Mapping

from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.context.values import CONTEXT_TYPES, context_item
from huntkit.runtime.session import Session
from huntkit.testing.lookup_providers import answers, declares, must


def check_context_provider(
    provider: type[ContextProvider],
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
        known: value -> type, of what the stand-in knows, at least one for each type.
        unknown: the same of what it does not know.
        session: a session whose cache nobody else uses; a new one by default.

    Raises:
        AssertionError: what is not as promised.
    """
    declares(provider, CONTEXT_TYPES)
    must(provider.section == "ContextProviders", "it stands in another section of the settings")
    must(provider.internal, "it may not be asked about private addresses")
    if settings is None:
        return
    for finding in answers(provider, settings, known, unknown, session, context_item):
        facts = finding.facts
        must(facts is not None and bool(facts.details), f"{finding.item.value}: no details")
        must(facts is not None and facts.severity == "unknown", "context is no verdict")
