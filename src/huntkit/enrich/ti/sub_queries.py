"""Is there anybody who answers such a question? Said before the first one is asked."""

from collections.abc import Mapping

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.enrich.ti.provider import LookupProvider


def check_sub_query(
    asked: Mapping[str, LookupProvider], subtype: str, ioc_type: str | None = None
) -> None:
    """Nothing, if at least one provider has the sub-query, and knows the type if one is given.

    Raises:
        UsageError: none has; it names what each of them has.
    """
    if not asked:
        return
    types = {name: [ioc_type] if ioc_type else list(each.takes) for name, each in asked.items()}
    known = {
        name: list(dict.fromkeys(sub for kind in types[name] for sub in each.takes.get(kind, ())))
        for name, each in asked.items()  # what this account may not ask is a row that says so
    }
    if any(subtype in each for each in known.values()):
        return
    if ioc_type and not any(known.values()):
        told = "; ".join(f"{name} takes {', '.join(each.takes)}" for name, each in asked.items())
        raise UsageError(f"none that is asked knows anything about {ioc_type}", hint=told)
    named = {name: [sub for sub in each if sub] for name, each in known.items()}
    told = "; ".join(f"{name} has {', '.join(map(repr, s)) or 'none'}" for name, s in named.items())
    near = did_you_mean(subtype, {sub for each in named.values() for sub in each})
    of_type = f" of {ioc_type}" if ioc_type else ""
    raise UsageError(f"none that is asked has a sub-query {subtype!r}{of_type}: {told}", hint=near)
