"""Where URLs start and end in running text."""

import re
from collections.abc import Iterator

from huntkit.entities.domains import is_top_level
from huntkit.entities.indicators import MAX_URL, URL_SCHEMES

_SCHEME_BACK = re.compile(r"[A-Za-z0-9+.\-]{1,20}")  # read from right to left
_AUTHORITY_END = re.compile(r"[/?#\\]")
_HOST_RUN = re.compile(r"[\w.\-]+")
_GLUED = re.compile(r"[,;]$")
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_NEXT_VALUE = re.compile(r"[;,&][\w-]{1,40}=[A-Za-z]:$")
_PORT = re.compile(r":\d{1,5}(?!\d)")


def url_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every URL; each starts behind the end of the one before.

    Blanks and quotes end no URL here: they ended the piece of text before. The end
    leaves out what belongs to the sentence or the program around it.

    Examples:
        >>> text = "(see http://a.example/b(c).html), then"
        >>> [text[start:end] for start, end in url_spans(text)]
        ['http://a.example/b(c).html']
    """
    floor, mark = 0, text.find("://")
    while mark >= 0:
        start = _scheme_start(text, mark, floor)
        next_mark = text.find("://", mark + 3)
        if start is None:
            mark = next_mark
            continue
        end = _url_end(text, mark + 3, min(len(text), start + MAX_URL))
        while 0 <= next_mark < end:  # "http://a,http://b" are two, "http://a/http://b" is one
            cut = _scheme_start(text, next_mark, mark + 3)
            if cut is not None and _GLUED.search(text[cut - 1 : cut]):
                end = _url_end(text, mark + 3, cut)
                break
            next_mark = text.find("://", next_mark + 3)
        if end > mark + 3:
            yield start, end
            floor = end
        mark = text.find("://", max(end, mark + 3))


def _scheme_start(text: str, mark: int, floor: int) -> int | None:
    match = _SCHEME_BACK.match(text[max(floor, mark - 20) : mark][::-1])
    if match is None:
        return None
    name = match[0][::-1].lower()
    if name in URL_SCHEMES:
        return mark - len(name)
    for glued in ("https", "http", "ftp"):  # xhttp://, uri.http://, git+https://
        if name.endswith(glued):
            return mark - len(glued)
    tail = re.split(r"[^a-z0-9]", name)[-1]
    return mark - len(tail) if tail in URL_SCHEMES else None


def _url_end(text: str, start: int, end: int) -> int:
    """Cut at what can't be in a URL, at a bracket closed but never opened, at punctuation.

    Returns `start` where no host stands: a template such as ``http://{0}/``.
    """
    back = text.find("\\", start, end)
    if back >= 0:  # what a path of Windows in the next value left: ";SavedTo=D:" of D:\a
        value = _NEXT_VALUE.search(text, max(start, back - 64), back)
        end = value.start() if value else back
    stop = _AUTHORITY_END.search(text, start, end)
    authority_end = stop.start() if stop else end
    host_start = text.rfind("@", start, authority_end) + 1 or start
    if text.startswith("[", host_start):
        host_end = text.find("]", host_start, authority_end) + 1
    else:
        match = _HOST_RUN.match(text, host_start, authority_end)
        host_end = _before_tag(text, host_start, match.end()) if match else 0
    if host_end <= host_start or text[host_end : host_end + 1] in {"{", "%", "$", "*", "+", "="}:
        return start
    port = _PORT.match(text, host_end, end)
    here = port.end() if port else host_end
    if here < end and text[here] not in "/?#":
        return _trimmed(text, start, here)
    return _trimmed(text, start, _first_unopened(text, here, end))


def _before_tag(text: str, start: int, end: int) -> int:
    """Leave out what registry keys write behind a name: ``a.example.com_MBI_SSL``."""
    label = text.rfind(".", start, end) + 1
    tag = text.find("_", label, end) if label else -1
    return tag if tag > label and is_top_level(text[label:tag]) else end


def _first_unopened(text: str, start: int, end: int) -> int:
    depth = {")": 0, "]": 0, "}": 0}
    for match in _BRACKET.finditer(text, start, end):
        letter = match[0]
        if letter in _CLOSES:
            depth[_CLOSES[letter]] += 1
        else:
            depth[letter] -= 1
            if depth[letter] < 0:
                return match.start()
    return end


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in ".,;:!?*^\u2026([{":
        end -= 1
    return end
