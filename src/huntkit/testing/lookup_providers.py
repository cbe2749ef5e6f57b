"""What every provider that is looked up promises, whatever it knows."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import orjson

from huntkit.core.errors import HuntkitError
from huntkit.enrich.ti.asking import Wanted, ask_all, planned
from huntkit.enrich.ti.http_provider import HttpLookupProvider
from huntkit.enrich.ti.inputs import Item
from huntkit.enrich.ti.provider import SEVERITIES, LookupProvider
from huntkit.enrich.ti.results import Finding
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

ItemOf = Callable[[str, str], Item]


def declares(provider: type[LookupProvider], types: Collection[str]) -> None:
    """Check what a class declares; `types` are those of values that there are."""
    must(bool(provider.name.isidentifier()), f"{provider.name!r} is no plain name")
    must(bool((provider.__doc__ or "").strip()), "it has no docstring")
    must(bool(provider.takes), "it takes nothing")
    for ioc_type, subtypes in provider.takes.items():
        must(ioc_type in types, f"{ioc_type!r} is no type of value")
        must(not isinstance(subtypes, str), f"the sub-queries of {ioc_type} are one text")
        must("" in subtypes, f"{ioc_type} has no usual query")
    must(is_dataclass(provider.settings), "settings is no dataclass")
    kind: Any = provider.settings
    must(kind.__dataclass_params__.frozen, "settings is not frozen")
    must(isinstance(provider.limits, Limits), "limits is no Limits")
    must(provider.batch >= 1, "batch is below 1")
    waits = inspect.iscoroutinefunction(provider.ask_many)
    must(not provider.splits or waits, "a batch is split only where ask_many is awaitable")
    words = ("key", "token", "secret", "password", "pat")
    for each in fields(kind):
        if each.name.casefold().split("_")[-1] in words:
            must("Secret" in str(each.type), f"the setting {each.name} is a secret and no Secret")
    if provider.keyless:
        provider.settings()
    if issubclass(provider, HttpLookupProvider):
        for ioc_type, subtypes in provider.takes.items():
            for subtype in subtypes:
                found = (ioc_type, subtype) in provider.endpoints or ("*", subtype) in (
                    provider.endpoints
                )
                own = provider.ask is not HttpLookupProvider.ask or provider.batch > 1
                must(found or own, f"no endpoint for {ioc_type} {subtype!r}")


def answers(
    kind: type[LookupProvider],
    settings: object,
    known: Mapping[str, str] | None,
    unknown: Mapping[str, str] | None,
    session: Session | None,
    item_of: ItemOf,
) -> list[Finding]:
    """Ask for what is known and for what is not; give the answers to what is known."""
    session = session or Session()
    provider = kind(settings, session)
    _shows_no_secret(provider)
    given = _answers(provider, known or {}, unknown or {}, session, item_of)
    _shows_no_secret(provider)
    return given


def _answers(
    provider: LookupProvider,
    known: Mapping[str, str],
    unknown: Mapping[str, str],
    session: Session,
    item_of: ItemOf,
) -> list[Finding]:
    missing = set(provider.takes) - set(known.values())
    must(not missing, f"no known indicator is given for {sorted(missing)}")
    given: list[Finding] = []
    subtypes = dict.fromkeys(each for its in provider.takes.values() for each in its)
    for subtype in subtypes:
        asked = {v: k for v, k in known.items() if subtype in provider.subtypes(k)}
        for finding in _found(provider, asked, subtype, session, item_of):
            must(finding.status == "ok", f"{finding.item.value}: {finding.status} {finding.reason}")
            _well_formed(finding)
            given.append(finding)
    for finding in _found(provider, unknown, "", session, item_of):
        must(
            finding.status == "not found",
            f"{finding.item.value}: {finding.status} {finding.reason}",
        )
    return given


def _found(
    provider: LookupProvider,
    asked: Mapping[str, str],
    subtype: str,
    session: Session,
    item_of: ItemOf,
) -> list[Finding]:
    items = [item_of(value, kind) for value, kind in asked.items()]
    for item in items:
        must(item.problem in ("", "refused"), f"{item.given!r} is no {item.ioc_type}")
    wanted = Wanted(subtype=subtype, refresh=True)
    return ask_all(planned(items, {provider.name: provider}, wanted, session), session)


def _well_formed(finding: Finding) -> None:
    facts = finding.facts
    if facts is None:
        raise AssertionError(f"{finding.item.value}: ok without facts")
    must(facts.severity in SEVERITIES, f"{facts.severity!r} is no severity")
    if facts.severity != "unknown":
        must(bool(facts.reason), f"{finding.item.value}: a severity without a reason")
    must(not facts.reference or facts.reference.startswith("https://"), "the reference is no https")
    try:
        orjson.dumps({"details": dict(facts.details), "raw": facts.raw})
    except TypeError as problem:
        raise AssertionError(f"details or raw are not JSON: {problem}") from problem


def _shows_no_secret(provider: LookupProvider) -> None:
    """Check that nothing that a provider shows holds one of its secrets."""
    chosen = provider.chosen
    if not is_dataclass(chosen):
        return
    shown = f"{provider!r} {provider} {provider.identity} {chosen!r}"
    for each in fields(chosen):
        value = getattr(chosen, each.name)
        if isinstance(value, Secret):
            try:
                secret = value.reveal()
            except HuntkitError:
                continue
            must(secret not in shown, "a secret is shown")


def must(holds: bool, message: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise AssertionError(message)
