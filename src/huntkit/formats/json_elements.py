"""The borders of records in a JSON document of any size, found without parsing it whole.

A document is a run of objects and arrays. Objects at the outermost level are elements, and so
are the members of outermost arrays. An object too large to hold, such as ``{"Records": [...]}``
of 2 GB, is entered, and the members of its list are the elements. So are the members of the one
object that plaso writes, ``{"event_0": {...}, "event_1": {...}}`` (psort's output module json).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.json_shapes import LIST_KEYS, NOT_AN_OBJECT
from huntkit.formats.json_values import NOT_JSON
from huntkit.formats.limits import Limits, size_text
from huntkit.formats.lines import CUT_OFF
from huntkit.formats.streams import take

# Everything up to the next bracket outside of strings; possessive, so it never backtracks.
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
_LIST_START = re.compile(rb'"(?:' + "|".join((*LIST_KEYS, "hits")).encode() + rb')"\s*:\s*$')
_EVENT_NAME = rb'"event_\d{1,19}"\s*:\s*'
_EVENTS_START = re.compile(rb"\{\s*" + _EVENT_NAME + rb"(?=\{\s*\"__(?:container_)?type__\")")
_BETWEEN_EVENTS = re.compile(rb"[\s,]*" + _EVENT_NAME + rb"\Z")
_EVENT_LINE = re.compile(rb"\n[\s,]{0,8}" + _EVENT_NAME + rb"(?=\{)")
_BRACE_LINE = re.compile(rb"\n(?=\{)")
_LONGEST_NAME = 64  # of an event, with what is around it
_FILLER = b" \t\r\n,\0\x1e\xef\xbb\xbf"
_MOST_DEPTH = 1 << 20
_MOST_RESTARTS = 100


@dataclass(frozen=True, slots=True)
class Element:
    """The text of one element, or, with a reason, of something that is none."""

    text: bytes
    reason: str | None = None


class Elements:
    """Iterate over it once for the elements of `stream`; it raises the stream's own error last."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._buffer = b""
        self._at = 0  # everything before this was looked at
        self._depth = 0
        self._level = 0  # the depth at which elements begin
        self._start = -1  # where the element being read begins
        self._entered = False  # inside an object that was too large to hold
        self._named = False  # inside plaso's object, whose members have names
        self._over = False  # past the list of such an object, waiting for its end
        self._lost = False  # in the middle of something given up, looking for a line to go on at
        self._restarts = 0

    def __iter__(self) -> Iterator[Element]:
        failure: FormatError | None = None
        while failure is None:
            # A record that did not end is looked at again: so much more that it stays linear.
            size = max(self._limits.batch_bytes, self._held())
            data, failure = take(self._stream, size)
            if not data:
                break
            self._forget()
            self._buffer += data
            if self._lost and not self._found_again(0):
                continue
            yield from self._scan()
            while self._held() > self._limits.batch_bytes and not self._enter():
                if self._held() <= self._limits.max_document_bytes:
                    break
                limit = size_text(self._limits.max_document_bytes)
                yield from self._restart(f"JSON record over {limit}")
                if self._lost:
                    break
                yield from self._scan()
            else:
                yield from self._scan()
        yield from self._finish()
        if failure is not None:
            raise failure

    def _held(self) -> int:
        return len(self._buffer) - (self._start if self._start >= 0 else self._at)

    def _forget(self) -> None:
        keep = self._start if self._start >= 0 else self._at
        self._buffer = self._buffer[keep:]
        self._at -= keep
        self._start = 0 if self._start >= 0 else -1

    def _scan(self) -> Iterator[Element]:
        # Anchored: a search would look into a string whose end is not there yet.
        while found := _BRACKET.match(self._buffer, self._at):
            at, end = found.start(1), found.end()
            bracket = self._buffer[at]
            between = self._depth == self._level and not self._over
            if between:
                stray = self._buffer[self._at : at].strip(_FILLER)
                if stray and not (self._named and _BETWEEN_EVENTS.match(stray + b" ")):
                    yield Element(stray, NOT_AN_OBJECT if self._level else NOT_JSON)
            self._at = end
            if bracket in b"{[":
                if between and self._level == 0 and self._is_opened(at):
                    self._level = 1
                elif between:
                    self._start = at
                self._depth += 1
            elif self._depth:
                yield from self._close(end)

    def _is_opened(self, at: int) -> bool:
        """Whether the elements are inside of what begins here: an array, or plaso's object."""
        self._named = _EVENTS_START.match(self._buffer, at) is not None
        return self._named or self._buffer[at] == 0x5B

    def _close(self, end: int) -> Iterator[Element]:
        self._depth -= 1
        if self._start >= 0 and self._depth == self._level:
            yield Element(self._buffer[self._start : end])
            self._start = -1
        elif self._depth < self._level:
            self._over = self._entered and self._depth > 0
            self._level = 0
        if self._depth == 0:
            self._level, self._entered, self._over = 0, False, False

    def _enter(self) -> bool:
        """Make the list inside an oversized object the place where elements are, if it has one."""
        if self._start < 0 or self._level or self._buffer[self._start] != 0x7B:
            return False
        depth = 0
        before = self._start
        while found := _BRACKET.match(self._buffer, before, self._start + 65536):
            bracket = found[1]
            if bracket in b"{[":
                if bracket == b"[" and _LIST_START.search(self._buffer, before, found.start(1)):
                    self._depth = self._level = depth + 1
                    self._entered, self._start, self._at = True, -1, found.end()
                    return True
                depth += 1
            else:
                depth -= 1
            before = found.end()
        return False

    def _restart(self, reason: str) -> Iterator[Element]:
        """Give up the element being read; go on at the next line that begins as one."""
        yield Element(self._buffer[max(self._start, 0) :][:1024], reason)
        self._restarts += 1
        origin = self._start if self._start >= 0 else self._at
        self._start, self._depth = -1, self._level
        if self._restarts > _MOST_RESTARTS:
            raise FormatError("its JSON is too damaged to follow; the rest was not read")
        self._found_again(origin + 1)

    def _found_again(self, origin: int) -> bool:
        """Whether a line that begins with a brace, or a named event, was found, and is next."""
        found = (_EVENT_LINE if self._named else _BRACE_LINE).search(self._buffer, origin)
        self._lost = found is None
        if found is None:
            self._buffer, self._at = self._buffer[-_LONGEST_NAME:], 0
        else:
            self._at = found.end()
        return not self._lost

    def _finish(self) -> Iterator[Element]:
        while self._start >= 0:
            yield from self._restart(CUT_OFF)
            if self._lost:
                return
            yield from self._scan()
        stray = self._buffer[self._at :].strip(_FILLER)
        if stray and not self._over:
            yield Element(stray[:1024], CUT_OFF if self._depth else NOT_JSON)
