"""Is that the host that was asked for? Names are short in one system and full in the other."""

from collections.abc import Mapping


def host_matched(value: str, names: Mapping[str, str], domain: str = "") -> str:
    """Which of a record's names is the host's, in words; empty where none is.

    A short name is a full one's only where nothing says that the host is in another domain; a full
    one is a short one's if it begins with it.

    Args:
        value: the host's name in its normal form.
        names: what the record says, by column; empty texts say nothing.
        domain: the domain that the record says beside its names.

    Examples:
        >>> host_matched("web01.corp.example", {"name": "WEB01"})
        'name, which says no domain'
        >>> host_matched("web01.corp.example", {"name": "WEB01", "fqdn": "web01.lab.example"})
        ''
        >>> host_matched("web01", {"name": "web01.corp.example"})
        'name'
    """
    plain = {name: _plain(text) for name, text in names.items() if text.strip()}
    exact = next((name for name, text in plain.items() if text == value), "")
    if exact:
        return exact
    short, _, ours = value.partition(".")
    begins = [name for name, text in plain.items() if text.partition(".")[0] == short]
    if not ours:
        return begins[0] if begins else ""
    alone = [name for name in begins if plain[name] == short]
    if not alone:
        return ""
    theirs = _plain(domain)
    if theirs == ours:
        return f"{alone[0]} and its domain"
    elsewhere = theirs or any("." in text for text in plain.values())
    return "" if elsewhere else f"{alone[0]}, which says no domain"


def spellings(value: str) -> list[str]:
    """The names that such a host may have: the full one, and the short one.

    Examples:
        >>> spellings("web01.corp.example"), spellings("web01")
        (['web01.corp.example', 'web01'], ['web01'])
    """
    return list(dict.fromkeys([value, value.partition(".")[0]]))


def _plain(text: str) -> str:
    return text.strip().removesuffix(".").casefold()
