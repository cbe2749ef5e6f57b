"""What services write by themselves: words of refusal, and links."""

from typing import Final

from huntkit.core.errors import AccessDenied, RateLimited, RequestFailed

MAX_RAW: Final = 100
"""So many entries of a list are kept in `Facts.raw`; the details say how many there were."""


def https_link(text: object) -> str:
    """A text if it is a link by https, else nothing.

    Examples:
        >>> https_link("https://a.example/1"), https_link("javascript:alert(1)"), https_link(None)
        ('https://a.example/1', '', '')
    """
    plain = web_link(text)
    return plain if plain.startswith("https://") else ""


def web_link(text: object) -> str:
    r"""A text if it is a web address of letters that all can be seen, else nothing.

    Examples:
        >>> web_link("http://a.example/1"), web_link("https://a.example/\x1b[2J")
        ('http://a.example/1', '')
    """
    plain = text if isinstance(text, str) else ""
    good = plain.startswith(("https://", "http://")) and plain.isprintable()
    return plain if good and not any(c.isspace() or c in "<>\"'" for c in plain) else ""


def refusal(service: str, word: str) -> RequestFailed:
    """The error for a service's own word of refusal.

    Examples:
        >>> refusal("ThreatFox", "unknown_auth_key").code
        'access_denied'
    """
    plain = word.casefold()
    if any(each in plain for each in ("auth", "key", "forbidden", "login", "denied")):
        return AccessDenied(f"{service} refused the key: {word[:200]}", service=service)
    if any(each in plain for each in ("limit", "quota", "too many")):
        return RateLimited(f"{service} has had enough of questions: {word[:200]}", service=service)
    return RequestFailed(f"{service} answered {word[:200]!r}", service=service)
