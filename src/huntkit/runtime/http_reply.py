"""What a service answered."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import BadReply
from huntkit.core.text import visible

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_SNIPPET: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole reply; a cut or oversized one never becomes a Reply.

    Attributes:
        service: the name of the service.
        url: what was asked, with ``****`` for secrets.
        status_code: the HTTP status.
        headers: names in lower case; values of a repeated header are joined by ", ".
        content: the body, decompressed.
        elapsed_s: how long the last attempt took.
        attempts: how many attempts it took.
        hide: takes secrets out of a text; used for messages.
    """

    service: str
    url: str
    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    elapsed_s: float
    attempts: int = 1
    hide: Callable[[str], str] = field(default=str, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The body as text, by its declared charset, else UTF-8; what is no text becomes a mark."""
        declared = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.content.decode(declared.group(1) if declared else "utf-8-sig", "replace")
        except LookupError:
            return self.content.decode("utf-8-sig", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            BadReply: it is none, such as an HTML page of a proxy.
        """
        try:
            with no_collecting():
                return orjson.loads(self.content)
        except orjson.JSONDecodeError as problem:
            reason = str(problem).partition(":")[0]
        raise BadReply(
            f"{self.service} answered with something that is no JSON ({reason}): {self.snippet()}",
            service=self.service,
            status=self.status_code,
            hint=f"asked was {self.url}",
        )

    def snippet(self) -> str:
        """What it is and how it begins, for messages."""
        if not self.content.strip():
            return "an empty body"
        kind = self.headers.get("content-type", "").partition(";")[0].strip() or "no content type"
        begins = self.hide(" ".join(self.text[: 20 * _SNIPPET].split()))  # before it is cut off
        kind, start = visible(self.hide(kind), limit=60), visible(begins, limit=_SNIPPET)
        return f"{kind}, {len(self.content):,} bytes, begins {start!r}"


def status_text(status: int) -> str:
    """A status as people say it.

    Examples:
        >>> status_text(429), status_text(799)
        ('429 Too Many Requests', '799')
    """
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
