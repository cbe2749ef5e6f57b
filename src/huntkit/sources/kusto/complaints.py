"""What services of the Kusto family say when something went wrong, told in one way."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from huntkit.core.errors import RequestFailed
from huntkit.runtime.http_reply import Reply
from huntkit.sources.driver import Gap
from huntkit.sources.errors import QueryRefused

# Codes and words that tell that there was too much, as Kusto's documentation of query limits
# (query-limits) and Log Analytics' service limits name them.
_TOO_MUCH: Final = re.compile(
    r"too_?large|exceed|truncat|size limit|record limit|limit of \d|out of memory|low memory"
    r"|E_RUNAWAY|E_QUERY_RESULT_SET|timed? ?out|timeout|80DA0003",
    re.IGNORECASE,
)
_MESSAGES: Final = ("@message", "message", "Message")
_INSIDE: Final = ("innererror", "InnerError", "details", "error", "InnerException", "innerError")


def messages(error: Any) -> list[str]:
    """All that an error object says, the outermost first, each once.

    Examples:
        >>> messages({"message": "bad", "innererror": {"message": "near 'whre'", "code": "SEM0"}})
        ['bad', "near 'whre' (SEM0)"]
    """
    return list(dict.fromkeys(_messages(error, depth=8)))


def _messages(error: Any, *, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(error, list):
        for each in error[:20]:
            yield from _messages(each, depth=depth - 1)
    elif isinstance(error, str) and error.strip():
        yield error.strip()[:1_000]
    elif isinstance(error, Mapping):
        text = next((error[k] for k in _MESSAGES if isinstance(error.get(k), str)), "")
        code = str(error.get("code") or error.get("Code") or "")
        said = " ".join(text.split())[:1_000]
        if said and code and code not in said and not said.startswith("A semantic"):
            said = f"{said} ({code})" if code.upper() == code or "_" in code else said
        if said:
            yield said
        for inner in _INSIDE:
            if inner in error:
                yield from _messages(error[inner], depth=depth - 1)


def refusal(service: str, reply: Reply) -> QueryRefused | RequestFailed:
    """The error that a reply of 400 stands for: a query that would be refused again, or not."""
    try:
        body = reply.json()
    except RequestFailed as problem:
        return problem
    error = body.get("error", body) if isinstance(body, Mapping) else body
    said = messages(error)
    text = ": ".join(said[:3]) or f"status {reply.status_code}"
    if isinstance(error, Mapping) and error.get("@permanent") is False:
        return RequestFailed(f"{service} failed: {text}", service=service, status=reply.status_code)
    return QueryRefused(
        f"{service} refused the query: {text}",
        hint="look at the place that the message names",
        context={"service": service, "messages": said},
    )


def gap(error: Any) -> Gap:
    """What is missing from an answer that came with an error beside its rows."""
    said = messages(error) or ["the service says that the answer is not complete"]
    text = ": ".join(said[:3])
    helps: Literal["shorter", "again"] = "shorter" if _TOO_MUCH.search(text) else "again"
    return Gap(text, helps=helps)
