"""H3 cells: their level, parents and children, which their bits tell.

A cell of H3 (https://h3geo.org/docs/core-library/h3Indexing) is 64 bits: a zero, the mode (1 for
cells) in four, three zeros, the resolution in four, the base cell in seven, then three for each
of 15 digits, 7 where the cell has none. Where a point lies is geometry, and not known here.
"""

from collections.abc import Iterator

from huntkit.kql.language.emit.duckdb.registry import python
from huntkit.kql.language.emit.duckdb.values import dump

_PENTAGONS = frozenset([4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117])
_LEVELS = 15
_DEEPEST_FAMILY = 5


def _place(level: int) -> int:
    return 3 * (_LEVELS - level)


def _digit(cell: int, level: int) -> int:
    return cell >> _place(level) & 7


def _cell(text: str | None) -> tuple[int, int] | None:
    """The bits of a cell and its level; None where it is none."""
    if not text or len(text) > 16 or not text.isascii() or not text.isalnum():
        return None
    try:
        cell = int(text, 16)
    except ValueError:
        return None
    level, base = cell >> 52 & 15, cell >> 45 & 127
    if cell >> 56 != 0x08 or base > 121:
        return None
    digits = [_digit(cell, each) for each in range(1, _LEVELS + 1)]
    if 7 in digits[:level] or any(each != 7 for each in digits[level:]):
        return None
    first = next((each for each in digits[:level] if each), 0)
    return None if base in _PENTAGONS and first == 1 else (cell, level)


def _at(cell: int, level: int) -> int:
    """The cell with another level; the digits beyond are cleared to 7."""
    return cell & ~(15 << 52) | level << 52 | (1 << _place(level)) - 1


@python("geo_h3cell_level", "V", "L")
def _level(text: str | None) -> int | None:
    found = _cell(text)
    return None if found is None else found[1]


@python("geo_h3cell_parent", "VL", "V")
def _parent(text: str | None, level: int | None) -> str:
    found = _cell(text)
    if found is None:
        return ""
    cell, own = found
    wanted = own - 1 if level is None else level
    return f"{_at(cell, wanted):x}" if 0 <= wanted < own or wanted == level == own else ""


@python("geo_h3cell_children", "VL", "V")
def _children(text: str | None, level: int | None) -> str | None:
    found = _cell(text)
    if found is None:
        return None
    cell, own = found
    wanted = own + 1 if level is None else level
    if not own < wanted <= min(own + _DEEPEST_FAMILY, _LEVELS):
        return None
    cells = [cell]
    for each in range(own + 1, wanted + 1):
        cells = [child for parent in cells for child in _family(parent, each)]
    return dump([f"{each:x}" for each in cells])


def _family(parent: int, level: int) -> Iterator[int]:
    """The seven cells of the next level inside one; six inside a pentagon."""
    bare = _at(parent, level) & ~(7 << _place(level))
    center = not any(_digit(parent, each) for each in range(1, level))
    pentagon = center and (parent >> 45 & 127) in _PENTAGONS
    for digit in range(7):
        if not (pentagon and digit == 1):
            yield bare | digit << _place(level)
