"""One request as its caller wrote it: secrets are references in it until the moment it is sent."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from huntkit.core.errors import SettingsError, UsageError, did_you_mean
from huntkit.runtime.redaction import SHOWN
from huntkit.runtime.secrets import Secret

Plain = str | int | float | bool
Part = Plain | Secret
"""What may stand in a path, a parameter or a header; a tuple of these is put together."""

Parts = Part | tuple[Part, ...]

_HOLE: Final = re.compile(r"\{(\w+)\}")
_UNSAFE_IN_HEADERS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")
_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~%"


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a secret password, for services that want HTTP basic authentication.

    Examples:
        >>> Basic("analyst", Secret.held("hunter2"))
        Basic(name='analyst', password=Secret('****'))
    """

    name: str | Secret
    password: str | Secret

    def secrets(self) -> "Iterator[Secret]":
        """The secrets among the two."""
        return _secrets_in((self.name, self.password))

    def header(self) -> str:
        """The value of the header, with the password in it."""
        pair = f"{revealed(self.name)}:{revealed(self.password)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request with its secrets still hidden; its text form is safe to show.

    Attributes:
        method: GET, POST ...
        url: absolute, with ``{holes}`` in the path where `fill` has values.
        fill: values of the holes; they can't leave their place in the path.
        params: what stands after the question mark; None is left out, a list is repeated.
        headers: names and values; a tuple is put together, such as ``("Bearer ", token)``.
        auth: a name and a password.
        json: a body that is sent as JSON; secrets may stand anywhere in it.
        form: a body that is sent as a form.
        content: a body as it is.
        repeatable: whether sending it twice does no harm.
    """

    method: str
    url: str
    fill: Mapping[str, Part] = field(default_factory=dict)
    params: Mapping[str, Parts | Sequence[Part] | None] = field(default_factory=dict)
    headers: Mapping[str, Parts] = field(default_factory=dict)
    auth: Basic | None = None
    json: Any = None
    form: Mapping[str, Parts | None] | None = None
    content: bytes | str | None = field(default=None, repr=False)
    repeatable: bool = True

    @property
    def host(self) -> str:
        """Which host is asked, with its port if one is given."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def shown_url(self) -> str:
        """The URL with ``****`` for every secret."""
        return self._url(shown)

    def sent_url(self) -> str:
        """The URL with every secret in it: for sending only."""
        return self._url(revealed)

    def sent_headers(self) -> list[tuple[str, str]]:
        """The headers with every secret in them: for sending only.

        Raises:
            SettingsError: a value that can't stand in a header, such as one with a line break.
        """
        sent = [(name, _joined(value, revealed)) for name, value in self.headers.items()]
        if self.auth is not None:
            sent.append(("Authorization", self.auth.header()))
        bad = [name for name, value in sent if _UNSAFE_IN_HEADERS.search(name + value)]
        del sent[len(sent) * (not bad) :]  # nothing of them may stay for a traceback to show
        if bad:
            raise SettingsError(
                f"the value of the header {bad[0]!r} holds a line break or a letter that headers "
                "can't hold",
                hint="look whether the key was copied whole and alone",
            )
        return sent

    def sent_body(self) -> tuple[bytes | None, str | None]:
        """The body with every secret in it, and its type: for sending only."""
        if self.json is not None:
            return orjson.dumps(_opened(self.json)), "application/json"
        if self.form is not None:
            pairs = [(k, _joined(v, revealed)) for k, v in self.form.items() if v is not None]
            return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        if isinstance(self.content, str):
            return self.content.encode(), "text/plain; charset=utf-8"
        return self.content, None

    def secrets(self) -> Iterator[Secret]:
        """Every secret that stands somewhere in the request."""
        yield from _secrets_in(self.fill)
        yield from _secrets_in(self.params)
        yield from _secrets_in(self.headers)
        yield from _secrets_in((self.json, self.form))
        if self.auth is not None:
            yield from self.auth.secrets()

    def __repr__(self) -> str:
        return f"<{self.method} {self.shown_url}>"

    def _url(self, opened: "_Opener") -> str:
        scheme, netloc, path, query, _ = urlsplit(self.url)

        def fill(hole: re.Match[str]) -> str:
            if hole.group(1) not in self.fill:
                near = did_you_mean(hole.group(1), self.fill)
                raise UsageError(f"nothing fills {hole.group()} in {self.url!r}", hint=near)
            return _in_path(opened(self.fill[hole.group(1)]), hole.group(1))

        path = _HOLE.sub(fill, quote(path, safe=_PATH_SAFE + "{}"))
        pairs = []
        for name, value in self.params.items():
            several = value if isinstance(value, list) else [value]
            pairs += [(name, _joined(each, opened)) for each in several if each is not None]
        more = urlencode(pairs, quote_via=quote, safe=SHOWN if opened is shown else "")
        query = "&".join(filter(None, [quote(query, safe=_PATH_SAFE + "?[]"), more]))
        return f"{scheme}://{netloc}{path or '/'}" + (f"?{query}" if query else "")


class _Opener:
    """Either shows a part or opens it; two objects, so that they can be told apart."""

    def __init__(self, *, opens: bool) -> None:
        self._opens = opens

    def __call__(self, part: Part) -> str:
        if isinstance(part, Secret):
            return part.reveal() if self._opens else SHOWN
        if isinstance(part, bool):
            return "true" if part else "false"
        return str(part)


shown: Final = _Opener(opens=False)
revealed: Final = _Opener(opens=True)


def _joined(value: Any, opened: _Opener) -> str:
    if isinstance(value, tuple):
        return "".join(opened(each) for each in value)
    return opened(value)


def _in_path(text: str, name: str) -> str:
    if text in ("", ".", ".."):
        raise UsageError(f"{text!r} can't stand for {{{name}}} in the path of a URL")
    return SHOWN if text == SHOWN else quote(text, safe="")


def _opened(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: _opened(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_opened(each) for each in value]
    return value


def _secrets_in(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets_in(each)
