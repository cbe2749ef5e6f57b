"""Names of hosts: which of them are the same machine, and which one somebody meant."""

from collections.abc import Iterable

from huntkit.core.errors import UsageError, did_you_mean

_LISTED = 8


def same_host(names: Iterable[str]) -> dict[str, str]:
    """Short names with the one full name that begins with them, both in lower case.

    A short name that fits several full names stays alone: nothing says which one it is.

    Examples:
        >>> same_host(["WS5", "ws5.a.example", "DC", "dc.a.example", "dc.b.example"])
        {'ws5': 'ws5.a.example'}
    """
    known = {name.lower() for name in names}
    full: dict[str, list[str]] = {}
    for name in sorted(known):
        short, dot, _ = name.partition(".")
        if dot and not short.isdigit():  # the first number of an address is no short name
            full.setdefault(short, []).append(name)
    return {short: found[0] for short, found in full.items() if short in known and len(found) == 1}


def hosts_meant(given: str, known: Iterable[str]) -> list[str]:
    """The names under which the evidence holds the host that somebody named, in any case.

    A short name means every host whose full name begins with it; a full name also means the
    short one.

    Raises:
        UsageError: there is no such host, with the nearest names.

    Examples:
        >>> hosts_meant("WS01", ["ws01.a.example", "dc01.a.example"])
        ['ws01.a.example']
    """
    names = sorted(set(known))
    wanted = given.strip().lower()
    short = wanted.partition(".")[0]
    found = [
        name
        for name in names
        if name.lower() in (wanted, short) or name.lower().startswith(wanted + ".")
    ]
    if found:
        return found
    near = did_you_mean(given, [*names, *(name.partition(".")[0] for name in names)])
    listed = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
    raise UsageError(
        f"there is no host {given!r} in this evidence",
        hint=near or (f"hosts: {listed}" if names else "no table of this evidence names a host"),
    )
