"""Does a provider of threat intelligence keep the promises of its contract?"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import orjson

from huntkit.core.errors import HuntkitError
from huntkit.enrich.ti.asking import Wanted, ask_all, planned
from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.provider import SEVERITIES, TIProvider
from huntkit.enrich.ti.results import Finding
from huntkit.entities.indicators import IOC_TYPES
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session


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
    _declares(provider)
    if settings is None:
        return
    session = session or Session()
    made = provider(settings, session)
    _shows_no_secret(made)
    _answers(made, known or {}, unknown or {}, session)
    _shows_no_secret(made)


def _declares(provider: type[TIProvider]) -> None:
    _must(bool(provider.name.isidentifier()), f"{provider.name!r} is no plain name")
    _must(bool((provider.__doc__ or "").strip()), "it has no docstring")
    _must(bool(provider.takes), "it takes nothing")
    for ioc_type, subtypes in provider.takes.items():
        _must(ioc_type in IOC_TYPES, f"{ioc_type!r} is no type of indicator")
        _must(not isinstance(subtypes, str), f"the sub-queries of {ioc_type} are one text")
        _must("" in subtypes, f"{ioc_type} has no usual query")
    _must(is_dataclass(provider.settings), "settings is no dataclass")
    kind: Any = provider.settings
    _must(kind.__dataclass_params__.frozen, "settings is not frozen")
    _must(isinstance(provider.limits, Limits), "limits is no Limits")
    _must(provider.batch >= 1, "batch is below 1")
    words = ("key", "token", "secret", "password", "pat")
    for each in fields(kind):
        if each.name.casefold().split("_")[-1] in words:
            _must("Secret" in str(each.type), f"the setting {each.name} is a secret and no Secret")
    if provider.keyless:
        provider.settings()
    if issubclass(provider, HttpTIProvider):
        for ioc_type, subtypes in provider.takes.items():
            for subtype in subtypes:
                found = (ioc_type, subtype) in provider.endpoints or ("*", subtype) in (
                    provider.endpoints
                )
                own = provider.ask is not HttpTIProvider.ask or provider.batch > 1
                _must(found or own, f"no endpoint for {ioc_type} {subtype!r}")


def _answers(
    provider: TIProvider, known: Mapping[str, str], unknown: Mapping[str, str], session: Session
) -> None:
    missing = set(provider.takes) - set(known.values())
    _must(not missing, f"no known indicator is given for {sorted(missing)}")
    subtypes = dict.fromkeys(each for its in provider.takes.values() for each in its)
    for subtype in subtypes:
        asked = {v: k for v, k in known.items() if subtype in provider.subtypes(k)}
        for finding in _found(provider, asked, subtype, session):
            _must(
                finding.status == "ok", f"{finding.item.value}: {finding.status} {finding.reason}"
            )
            _well_formed(finding)
    for finding in _found(provider, unknown, "", session):
        _must(
            finding.status == "not found",
            f"{finding.item.value}: {finding.status} {finding.reason}",
        )


def _found(
    provider: TIProvider, asked: Mapping[str, str], subtype: str, session: Session
) -> list[Finding]:
    items = [item_of(value, kind) for value, kind in asked.items()]
    for item in items:
        _must(item.problem in ("", "refused"), f"{item.given!r} is no {item.ioc_type}")
    wanted = Wanted(subtype=subtype, refresh=True)
    return ask_all(planned(items, {provider.name: provider}, wanted, session), session)


def _well_formed(finding: Finding) -> None:
    facts = finding.facts
    if facts is None:
        raise AssertionError(f"{finding.item.value}: ok without facts")
    _must(facts.severity in SEVERITIES, f"{facts.severity!r} is no severity")
    if facts.severity != "unknown":
        _must(bool(facts.reason), f"{finding.item.value}: a severity without a reason")
    _must(
        not facts.reference or facts.reference.startswith("https://"), "the reference is no https"
    )
    try:
        orjson.dumps({"details": dict(facts.details), "raw": facts.raw})
    except TypeError as problem:
        raise AssertionError(f"details or raw are not JSON: {problem}") from problem


def _shows_no_secret(provider: TIProvider) -> None:
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
            _must(secret not in shown, "a secret is shown")


def _must(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
