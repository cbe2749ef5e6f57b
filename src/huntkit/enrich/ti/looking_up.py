"""One look-up from its questions to its frame, whatever the values are and whoever is asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from huntkit.enrich.ti.asking import Wanted, ask_all, planned
from huntkit.enrich.ti.forecast import forecast
from huntkit.enrich.ti.inputs import Item
from huntkit.enrich.ti.provider import LookupProvider
from huntkit.enrich.ti.results import Finding, warn_of_failures
from huntkit.enrich.ti.sub_queries import check_sub_query
from huntkit.runtime.session import Session
from huntkit.tables import as_kind


def looked_up(
    items: Sequence[Item],
    asked: Mapping[str, LookupProvider],
    wanted: Wanted,
    session: Session,
    frame_of: Callable[[Iterable[Finding], str], Any],
    *,
    show_not_supported: bool,
    dry_run: bool,
    kind: str,
) -> Any:
    """A row for each item and provider, as `frame_of` makes them; failures also as a warning.

    Args:
        items: the values.
        asked: the providers, by name.
        wanted: what is asked about the values.
        session: cache, progress, clock.
        frame_of: makes rows of findings, in a frame of that kind.
        show_not_supported: keep rows of providers that do not know that type.
        dry_run: ask nobody; the frame is a `forecast`.
        kind: the kind of frame.

    Raises:
        UsageError: nobody has such a sub-query.
    """
    check_sub_query(asked, wanted.subtype)
    plans = planned(items, asked, wanted, session)
    if dry_run:
        return as_kind(forecast(plans, session), kind)
    findings = ask_all(plans, session)
    if not show_not_supported:
        findings = [each for each in findings if each.status != "not supported"]
    warn_of_failures(findings)
    return frame_of(findings, kind)
