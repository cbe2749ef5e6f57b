"""Decode one text to its last layer, within hard limits: its content is hostile."""

import base64
import binascii
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from huntkit.extract.encoded_bytes import Opened, open_bytes

MIN_RUN = 20  # characters of base64 without context: 15 bytes that are all printable by chance are
# one in two million; shorter runs are words


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Where decoding one text stops; the result says which limit it was.

    The limit of time is a last resort, as results would differ between machines; the others stop
    everything that was tried within a fraction of it.
    """

    depth: int = 20
    size_bytes: int = 32 * 1024 * 1024  # of all layers together
    ratio: int = 1000  # decompressed to compressed, once beyond 1 MiB
    pieces: int = 1000
    seconds: float = 20.0


class Layer(NamedTuple):
    """One decoded piece. `start` and `end` are places in the text that it was found in."""

    number: int
    parent: int  # 0 is the searched text itself
    depth: int
    encoding: str
    text: str
    start: int
    end: int
    size: int
    note: str
    announced: bool  # something says that this is a command or hidden code, see `decode_text`


class _Run(NamedTuple):
    start: int
    end: int
    body: str
    sure: bool  # the context says that it is encoded
    wide: bool  # PowerShell's -EncodedCommand: always UTF-16


_BODY = r"[A-Za-z0-9+/_\-]"
# Runs of the alphabet are matched whole and never given back ("++"), so the search is linear.
_LONG = re.compile(rf"(?<!{_BODY[:-1]}]){_BODY}{{{MIN_RUN},}}+={{0,2}}")
_NEXT = re.compile(rf"{_BODY}+={{0,2}}")
_JOINED = re.compile(r"[\"']\s{0,8}\+\s{0,8}[\"']|\\?[\r\n]{1,2}")
# Short runs count where the context announces them: the abbreviations of -EncodedCommand, calls.
_ANNOUNCED = re.compile(
    r"(?:(?P<wide>[-/\u2013\u2014\u2015](?:e|ec|ea|encodedarguments|en[codeman^`]{0,24})\s{1,16}"
    r"[\"']?)|base64string\)?[\"']?\s{0,4}[(,]{1,2}\s{0,4}\(?[\"']|base64\s?,|b64decode\(b?[\"'])"
    rf"(?P<body>{_BODY}{{4,}}+={{0,2}})",
    re.IGNORECASE,
)
# What decodes base64, anywhere in the text: the run may stand in a variable far from the call.
# Lower case and plain, as looking for words is several times faster than an expression.
_DECODERS = (
    "base64string", "b64decode", "decode64", "decodebase64", "base64_decode", "encodedcommand",
    "atob(", "/base64/",
)  # fmt: skip
_BASE64_D = re.compile(r"base64['\"]?[\s,]{1,4}-{1,2}d|openssl\s{1,4}(?:enc|base64)\b")
_COMMAND = re.compile(
    r"/dev/(?:tcp|udp)/|\bpowershell\b|\bcmd(?:\.exe)?\s{1,4}/c|/bin/[a-z]{0,3}sh\b|\b[a-z]{0,3}sh\s-[ci]"
    r"|\biex\b|\binvoke-|downloadstring|\b(?:curl|wget)\s.{0,80}://|^#!/",
    re.IGNORECASE,
)
_PROGRAMS = ("binary: Windows program", "binary: ELF program")
_HEX_OR_GUID = re.compile(r"[0-9A-Fa-f\-]+|[0-9]+|[A-Za-z]+[0-9]{0,4}")
_LINES = (64, 76)


class Memory:
    """Runs that were opened before: logs repeat the same launcher in thousands of events.

    Only small results are kept, so that it stays below 100 MB whatever the input.
    """

    def __init__(self) -> None:
        self._known: dict[_Run, Opened | None] = {}

    def opened(self, run: _Run, room: int, depth: int) -> Opened | None:
        """What the run opens to, within these limits."""
        key = run._replace(start=0, end=0)
        if key in self._known:
            known = self._known[key]
            if known is None or (known.size <= room and len(known.encodings) <= depth):
                return known
        opened = _opened(run, room, depth)
        small = opened is None or (opened.size <= 65_536 and not opened.note)
        if small and len(run.body) <= 65_536 and len(self._known) < 500:
            self._known[key] = opened
        return opened


def decode_text(
    text: str, limits: DecodeLimits | None = None, memory: Memory | None = None
) -> list[Layer]:
    """All layers below a text: first those found in it, then those found in these, and so on.

    A layer is announced if its context says that it is encoded (``-enc``, ``FromBase64String(``), a
    call that decodes base64 stands anywhere in the text, it was compressed, is a program, is
    UTF-16 as PowerShell's commands are, calls a shell, or lies inside an announced one. Others are
    mostly data: ids, tokens, documents.

    Examples:
        >>> [layer.text for layer in decode_text("powershell -enc ZABpAHIAIABjADoA")]
        ['dir c:']
    """
    return _Decoder(limits or DecodeLimits(), memory or Memory()).run(text)


class _Decoder:
    """One text's budget and the layers found so far."""

    def __init__(self, limits: DecodeLimits, memory: Memory) -> None:
        self.limits = limits
        self.memory = memory
        self.room = limits.size_bytes
        self.until = time.monotonic() + limits.seconds
        self.layers: list[Layer] = []

    def run(self, text: str) -> list[Layer]:
        todo = [(0, 0, text, False)]
        while todo:
            number, depth, inner, announced = todo.pop(0)
            told: bool | None = None  # asked of the text only where nothing else tells
            for run in _runs(inner):
                stop = self._stopped(depth)
                if stop:
                    if _opened(run, 1 << 16, 1) is not None:
                        self._mark(number, f"stopped: {stop}")
                        return self.layers
                    continue
                layer, is_text = self._decode(run, number, depth + 1, announced=announced)
                if layer is None:
                    continue
                if not layer.announced:
                    told = _calls_a_decoder(inner) if told is None else told
                    layer = layer._replace(announced=told)
                self.layers.append(layer)
                if is_text:
                    todo.append((layer.number, layer.depth, layer.text, layer.announced))
        return self.layers

    def _decode(
        self, run: _Run, parent: int, depth: int, *, announced: bool
    ) -> tuple[Layer | None, bool]:
        room = min(self.room, max(1 << 20, len(run.body) * self.limits.ratio))
        opened = self.memory.opened(run, room, self.limits.depth - depth + 1)
        if opened is None:
            return None, False
        self.room -= opened.size
        encoding = " > ".join(("base64", *opened.encodings))
        return (
            Layer(
                len(self.layers) + 1, parent, depth, encoding, opened.text, run.start, run.end,
                opened.size, opened.note, announced or run.sure or _hides_code(opened),
            ),
            opened.is_text,
        )  # fmt: skip

    def _stopped(self, depth: int) -> str:
        if depth >= self.limits.depth:
            return f"more than {self.limits.depth} layers"
        if len(self.layers) >= self.limits.pieces:
            return f"more than {self.limits.pieces:,} pieces"
        if self.room <= 0:
            return f"more than {self.limits.size_bytes:,} bytes"
        if time.monotonic() > self.until:
            return f"more than {self.limits.seconds:g} s"
        return ""

    def _mark(self, number: int, note: str) -> None:
        """Say on the layer in which work stopped (or on the last one) that it did."""
        place = number - 1 if number else len(self.layers) - 1
        if place >= 0:
            layer = self.layers[place]
            joined = f"{layer.note}; {note}" if layer.note else note
            self.layers[place] = layer._replace(note=joined)


def _calls_a_decoder(text: str) -> bool:
    text = text.lower()
    if any(word in text for word in _DECODERS):
        return True
    if "certutil" in text and "decode" in text:
        return True
    return ("base64" in text or "openssl" in text) and _BASE64_D.search(text) is not None


def _hides_code(opened: Opened) -> bool:
    """Whether what came out says by itself that somebody packed a command or a program."""
    is_packed = len(opened.encodings) > (1 if opened.is_text else 0)
    is_wide = opened.encodings[-1:] == ("utf-16-le",)
    return (
        is_packed
        or is_wide
        or opened.note.startswith(_PROGRAMS)
        or (opened.is_text and _COMMAND.search(opened.text) is not None)
    )


def may_be_encoded(run: str) -> bool:
    """A quick look at the start of a run without context: may it decode to something?

    Examples:
        >>> [may_be_encoded(run) for run in ("aHR0cDovL2V2aWwuZXhhbXBsZS8", "SystemSettingsFlows1")]
        [True, False]
    """
    return any(
        _opened(_Run(0, 0, part[: _glance(part)], sure=False, wide=False), 4096, 2) is not None
        for part in _parts(run)
    )


def _glance(run: str) -> int:
    """How much of a run to try; what tells a Windows program comes late in its first page."""
    return 1400 if run.startswith("TV") else 88


def _runs(text: str) -> Iterator[_Run]:
    """Runs that may be base64, in order, each with what its context says."""
    announced = {match.start("body"): match for match in _ANNOUNCED.finditer(text)}
    starts = sorted({*announced, *(match.start() for match in _LONG.finditer(text))})
    floor = 0
    for start in starts:
        if start < floor:
            continue  # a part of the run before
        body, floor = _joined(text, start)
        told = announced.get(start)
        if told is not None:
            yield _Run(start, floor, body, sure=True, wide=told["wide"] is not None)
        else:
            yield from _placed(body, start, floor)


def _joined(text: str, start: int) -> tuple[str, int]:
    """The run with those that 'a' + 'b' or a fixed line length continue it with."""
    pieces: list[str] = []
    while True:
        match = _NEXT.match(text, start)
        if match is None:
            break
        pieces.append(match[0])
        end = match.end()
        joint = None if match[0].endswith("=") else _JOINED.match(text, end)
        if joint is None or (joint[0][0] not in "\"'" and len(match[0]) not in _LINES):
            break
        start = joint.end()
    return "".join(pieces), end


def _placed(body: str, start: int, end: int) -> Iterator[_Run]:
    if len(body) != end - start:  # put together from pieces: no places inside
        yield _Run(start, end, body, sure=False, wide=False)
        return
    for part in _parts(body):
        left = start + body.find(part)
        yield _Run(left, left + len(part), part, sure=False, wide=False)


def _parts(run: str) -> list[str]:
    """The run itself, or the parts of a path or option of which one may be base64."""
    mark = run.lower().rfind("/base64/")
    if mark >= 0:  # of a URL: /Basic/Command/Base64/...
        run = run[mark + len("/base64/") :]
    if _HEX_OR_GUID.fullmatch(run):
        # A digest, a GUID, a number, one long word: base64 of text has capitals, digits and more.
        return [run] if run.isalpha() and not run.islower() and not run.istitle() else []
    if ("-" in run or "_" in run) and ("/" in run or "+" in run):
        return [part for part in re.split(r"[-_]+", run) if len(part) >= MIN_RUN]
    stripped = run.strip("-_")
    if "/" in run and not run.endswith("=") and run.count("/") * 16 > len(run):
        return [part for part in run.split("/") if len(part) >= MIN_RUN]
    return [stripped] if len(stripped) >= MIN_RUN else []


def _opened(run: _Run, room: int, depth: int) -> Opened | None:
    body = run.body.rstrip("=").translate(_STANDARD)
    spare = len(body) % 4
    if spare == 1:  # no base64 has this length: the last character is something else's
        body, spare = body[:-1], 0
    try:
        data = base64.b64decode(body + "=" * (-spare % 4))
    except (binascii.Error, ValueError):
        return None
    opened = open_bytes(data, room=room, max_depth=depth, sure=run.sure)
    if opened is None:
        return None
    if run.wide and opened.encodings[-1:] != ("utf-16-le",):
        return opened if len(run.body) >= MIN_RUN and opened.is_text else None
    if not run.sure and not _convincing(opened):
        return None
    return opened


_STANDARD = str.maketrans("-_", "+/")


def _convincing(opened: Opened) -> bool:
    """Without context, text must look like one: no odd scripts that random bytes may spell."""
    if not opened.is_text:
        return True
    text = opened.text[:512]
    plain = sum(c.isascii() for c in text)
    if plain * 10 < len(text) * 9 and len(text) < 40:
        return False
    return sum(c.isalnum() or c == " " for c in text) * 2 >= len(text)
