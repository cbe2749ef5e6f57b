"""Bytes that were masked with one byte: which key, and what was there."""

import re

_KEYS = tuple(bytes(value ^ key for value in range(256)) for key in range(256))
_PLAIN = re.compile(rb"[\t\r\n\x20-\x7e]*")
_SAMPLE = 512


def unmasked(data: bytes, *, sure: bool = False) -> tuple[int, bytes]:
    """The key and the plain bytes; key 0 if no key gives a text or a program.

    Of several keys that give printable text the one with the most small letters and blanks wins:
    a key that differs by 0x20 only swaps capitals and small letters.

    Examples:
        >>> unmasked(bytes(value ^ 0x23 for value in b"http://evil.example.com/stage two"))
        (35, b'http://evil.example.com/stage two')
    """
    if len(data) < (8 if sure else 16):
        return 0, b""
    key = data[0] ^ 0x4D
    if key and data[1] ^ 0x5A == key and b"This program" in data[:256].translate(_KEYS[key]):
        return key, data.translate(_KEYS[key])
    sample = data[:_SAMPLE]
    best, best_score = 0, 0
    for each in range(1, 256):
        plain = sample.translate(_KEYS[each])
        found = _PLAIN.match(plain)
        if found is None or found.end() < len(plain):
            continue
        score = _score(plain)
        if score > best_score:
            best, best_score = each, score
    if not best or best_score < 2 * len(sample):
        return 0, b""
    return best, data.translate(_KEYS[best])


def _score(plain: bytes) -> int:
    """How much like words and code it reads: random printable bytes have less than 2 a byte."""
    lower = sum(97 <= value <= 122 for value in plain)
    blanks = plain.count(b" ")
    other = sum(48 <= value <= 57 or 65 <= value <= 90 or value in b"/:.-_" for value in plain)
    return 3 * (lower + blanks) + 2 * other
