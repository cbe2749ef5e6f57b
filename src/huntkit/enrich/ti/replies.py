"""Reading what providers answer: a reply of another shape is an error, never "nothing known"."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.provider import Severity
from huntkit.runtime.http_reply import Reply

Steps = Sequence[tuple[float, Severity]]
"""From the worst down: at least this much is that severity."""


def record(reply: Reply) -> dict[str, Any]:
    """The reply's JSON object.

    Raises:
        BadReply: it is no JSON, or no object.
    """
    return as_record(reply.json(), "the reply")


def needed(body: Mapping[str, Any], *names: str) -> None:
    """Nothing, if at least one of the members is there.

    Raises:
        BadReply: none is: this is another reply than was asked for.
    """
    if not any(name in body for name in names):
        raise BadReply(
            f"the provider's reply has another shape than published: there is no {names[0]!r}"
        )


def as_record(value: Any, what: str) -> dict[str, Any]:
    """A value that must be an object.

    Raises:
        BadReply: it is something else.
    """
    if not isinstance(value, dict):
        raise _unforeseen(what, "object", value)
    return value


def member(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name; empty where there is none.

    Raises:
        BadReply: something else stands there.

    Examples:
        >>> member({"data": {"a": 1}}, "data"), member({"data": None}, "data")
        ({'a': 1}, {})
    """
    value = body.get(name)
    return {} if value is None else as_record(value, repr(name))


def members(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the list under a name; empty where there is none.

    Raises:
        BadReply: something else stands there.
    """
    return [as_record(each, f"an element of {name!r}") for each in values(body, name)]


def listed(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the list under a name, which must be there: an empty list is an answer.

    Raises:
        BadReply: there is no such list, or something else is in it.

    Examples:
        >>> listed({"results": []}, "results")
        []
    """
    needed(body, name)
    if body[name] is None:
        raise _unforeseen(repr(name), "list", None)
    return members(body, name)


def values(body: Mapping[str, Any], name: str) -> list[Any]:
    """The list under a name; empty where there is none.

    Raises:
        BadReply: something else stands there.
    """
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unforeseen(repr(name), "list", value)
    return value


def number(body: Mapping[str, Any], name: str) -> float | None:
    """The number under a name; None where there is none. Text of a number is one, too.

    Raises:
        BadReply: something else stands there.

    Examples:
        >>> number({"score": "7.5"}, "score"), number({}, "score")
        (7.5, None)
    """
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    raise _unforeseen(repr(name), "number", value)


def said(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named members that say something.

    Examples:
        >>> said({"a": 0, "b": None, "c": [], "d": "x"}, "a", "b", "c", "d", "e")
        {'a': 0, 'd': 'x'}
    """
    return {name: body[name] for name in names if body.get(name) not in (None, "", [], {})}


def severity_of(score: float, steps: Steps) -> Severity:
    """The severity of the first step that the score reaches; ``unknown`` below all.

    Examples:
        >>> severity_of(80, [(75, "high"), (25, "warning")]), severity_of(1, [(75, "high")])
        ('high', 'unknown')
    """
    return next((severity for least, severity in steps if score >= least), "unknown")


def shown_number(value: float) -> str:
    """A number as people write it: no ``.0``.

    Examples:
        >>> shown_number(7.0), shown_number(7.5)
        ('7', '7.5')
    """
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def _unforeseen(what: str, wanted: str, value: Any) -> BadReply:
    return BadReply(
        f"the provider's reply has another shape than published: {what} is no {wanted} but "
        f"{type(value).__name__}"
    )
