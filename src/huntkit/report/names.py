"""Names of hosts: which of them are the same machine, and which one somebody meant."""

from collections.abc import Iterable, Sequence

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


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Names of hosts as they are, each with the one spelling that its machine gets.

    Examples:
        >>> one_spelling(["WS5", "WS5.A.EXAMPLE", "ws5.a.example"])["WS5"]
        'ws5.a.example'
    """
    known = sorted(set(names), key=lambda name: (name.isupper(), name))
    full = same_host(name for name in known if name)
    spelt: dict[str, str] = {}
    for name in known:
        spelt.setdefault(name.lower(), name)
    return {name: spelt[full.get(name.lower(), name.lower())] for name in known}


def with_domains(accounts: Iterable[str], known: Iterable[str]) -> list[str]:
    r"""Accounts, each with its domain where those that are known tell of one such account.

    A bare name that fits accounts of several domains stays: nothing says whose it is.

    Examples:
        >>> with_domains(["al", "bo", "AL"], [r"A\al", r"A\bo", r"B\bo"])
        ['A\\al', 'bo']
    """
    whole: dict[str, dict[str, str]] = {}
    for name in known:
        if "\\" in name:
            whole.setdefault(name.rpartition("\\")[2].lower(), {}).setdefault(name.lower(), name)
    found: dict[str, str] = {}
    for name in accounts:
        fits = list(whole.get(name.lower(), {}).values())
        told = fits[0] if len(fits) == 1 else name
        found.setdefault(told.lower(), told)
    return list(found.values())


def first_few(names: Sequence[str], most: int) -> str:
    """The first names, and how many are left out.

    Examples:
        >>> first_few(["a", "b", "c"], 2), first_few(["a", "b"], 2)
        ('a, b and 1 more', 'a, b')
    """
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left:,} more" if left > 0 else "")


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
