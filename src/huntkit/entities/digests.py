"""Digests of files and fingerprints of programs: which texts can be one, and why others can't."""

import re

DIGEST_SIZES = {"md5_hash": 32, "sha1_hash": 40, "sha256_hash": 64, "sha512_hash": 128}

_HEX = re.compile(r"[0-9a-f]+")
_SSDEEP = re.compile(r"(\d{1,10}):([0-9A-Za-z+/]{6,64}):([0-9A-Za-z+/]{3,64})", re.ASCII)
_JA4 = re.compile(
    r"[tqd](?:[0-3]\d|s[23]|d[1-3])[di]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}", re.ASCII
)


def digest(ioc_type: str, text: str) -> str | None:
    """A digest in lower case, or None if it has the wrong size or can't be one.

    Examples:
        >>> digest("md5_hash", "9F3F0F1D5C3A4B5C6D7E8F901234ABCD")
        '9f3f0f1d5c3a4b5c6d7e8f901234abcd'
    """
    text = text.lower()
    if len(text) != DIGEST_SIZES[ioc_type] or not _HEX.fullmatch(text):
        return None
    return None if filler(text) else text


def filler(digits: str) -> str:
    """Why hexadecimal digits are no digest of anything; empty if they may be one.

    A digest without any letter has odds of 1 in 3 million; one of only four different digits,
    such as a mask of bits, of 1 in 10 ** 16.

    Examples:
        >>> filler("0" * 32), filler("ab" * 16)
        ('all zeros: no hash was computed', 'too few different digits for a hash')
    """
    kinds = set(digits.lower())
    if kinds == {"0"}:
        return "all zeros: no hash was computed"
    if len(kinds) <= 4:
        return "too few different digits for a hash"
    return "only decimal digits: a number" if digits.isdecimal() else ""


def ssdeep(text: str) -> str | None:
    """A fuzzy hash as it is, or None: its block size must be 3 times a power of two.

    Examples:
        >>> ssdeep("3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C")
        '3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C'
        >>> ssdeep("10:202020:3030") is None
        True
    """
    match = _SSDEEP.fullmatch(text)
    if match is None:
        return None
    size, rest = divmod(int(match[1]), 3)
    if rest or size < 1 or size & (size - 1) or match[1].startswith("0"):
        return None
    letters = match[2] + match[3]
    # The digits of base64 are equally frequent; a time or a list of numbers has no letters.
    mixed = any(c.islower() for c in letters) and any(c.isupper() for c in letters)
    return text if mixed else None


def ja4(text: str) -> str | None:
    """A JA4 fingerprint of a TLS client in lower case, or None.

    Examples:
        >>> ja4("t13d1516h2_8daaf6152771_b186095e22b6")
        't13d1516h2_8daaf6152771_b186095e22b6'
    """
    text = text.lower()
    return text if _JA4.fullmatch(text) else None
