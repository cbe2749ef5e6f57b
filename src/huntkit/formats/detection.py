"""Which format some bytes are, found by content; the name only breaks ties."""

import importlib
import pkgutil
from functools import cache
from typing import cast

from huntkit.formats import kinds
from huntkit.formats.format import Format, Head


@cache
def known() -> tuple[Format, ...]:
    """All formats, by name; each is a module of `huntkit.formats.kinds`."""
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    return tuple(
        cast("Format", importlib.import_module(f"{kinds.__name__}.{each}")) for each in names
    )


def detect(head: bytes, name: str = "", *, complete: bool | None = None) -> Format | None:
    r"""The format that fits best, or None if the bytes are no known kind of log.

    Args:
        head: the file's first 64 KiB, or all of it.
        name: the file's name; it decides between formats that fit equally well.
        complete: `head` is the whole file (assumed if it is much shorter than 64 KiB).

    Examples:
        >>> detect(b'{"a": 1}\n').name
        'json'
        >>> detect(bytes(range(256)) * 9, "junk.json") is None
        True
    """
    look = Head(head, name, complete=complete)
    best: tuple[int, bool] = (0, False)
    winner: Format | None = None
    for each in known():
        score = (each.sniff(look), look.suffix in getattr(each, "suffixes", ()))
        if score[0] > 0 and score > best:
            best, winner = score, each
    return winner
