"""Keeping secrets out of everything that is shown: texts, errors, and other libraries' logs."""

import json
import logging
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final
from urllib.parse import quote, quote_plus

SHOWN: Final = "****"

# A shorter one may be a word that stands in an answer for other reasons.
_ECHO: Final = 16

# Shorter ones are in every text; they are hidden by where they stand, not by what they are.
_SHORTEST: Final = 4

_LOGGERS: Final = ("connection", "http11", "http2", "proxy", "socks")


class Redactor:
    """Hides the secrets that it was told of, in whatever spelling they may appear.

    Examples:
        >>> redactor = Redactor()
        >>> redactor.learn("s3cr/t key")
        >>> redactor.text("GET /x?key=s3cr%2Ft+key failed for s3cr/t key")
        'GET /x?key=**** failed for ****'
        >>> redactor
        <Redactor of 1 secret>
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._spellings: tuple[str, ...] = ()
        self._echoes: tuple[bytes, ...] = ()
        self._lock = threading.Lock()

    def learn(self, *secrets: str) -> None:
        """Hide these from now on."""
        new = {secret for secret in secrets if len(secret) >= _SHORTEST} - self._known
        if not new:
            return
        with self._lock:
            self._known |= new
            spellings = {each for secret in self._known for each in _spellings(secret)}
            # The longest first: a secret may be a part of another.
            self._spellings = tuple(sorted(spellings, key=len, reverse=True))
            self._echoes = tuple(s.encode() for s in self._spellings if len(s) >= _ECHO)

    def text(self, text: str) -> str:
        """The text without any of the secrets."""
        for each in self._spellings:
            if each in text:
                text = text.replace(each, SHOWN)
        return text

    def echo(self, content: bytes) -> bytes:
        """A reply without the secrets that it repeats; those of fewer than 16 letters stay."""
        for each in self._echoes:
            if each in content:
                content = content.replace(each, SHOWN.encode())
        return content

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._known)} secret{'s' * (len(self._known) != 1)}>"


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]


_UNDER_WAY: ContextVar[Redactor | None] = ContextVar("huntkit_redactor", default=None)
"""Whose request the current task is sending."""


def hide_from_logs(redactor: Redactor) -> None:
    """Hide these secrets in what the HTTP library logs for the current task."""
    _filter_logs()
    _UNDER_WAY.set(redactor)


class _Filter(logging.Filter):
    """At DEBUG the HTTP library logs the headers of replies, which may repeat what was sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        redactor = _UNDER_WAY.get()
        if redactor is not None:
            record.msg = redactor.text(record.getMessage())
            record.args = None
        return True


_FILTER: Final = _Filter("huntkit")


def _filter_logs() -> None:
    # Where nobody of ours sends, the filter lets every record through as it is.
    for name in _LOGGERS:
        logging.getLogger(f"httpcore2.{name}").addFilter(_FILTER)  # the same one is added once
