"""Where decoding one text ends, whatever is in it, and what is left of each allowance."""

import time
from dataclasses import dataclass, fields

from huntkit.core.errors import UsageError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Where decoding stops; the result names the limit that it met by its name here.

    The limit of time is a last resort, as results would differ between machines; the others stop
    everything that was tried within a fraction of it.

    Attributes:
        depth: layers inside one another, compression and archives included.
        size_bytes: what all layers of one text have together, those that were tried in vain too.
        ratio: unpacked to packed size, once beyond 1 MiB.
        pieces: layers of one text.
        files: files that come out of the archives in one text.
        seconds: time for one text.
        table_ratio: bytes of all layers of a table to bytes of its texts, once beyond 64 MiB.

    Examples:
        >>> DecodeLimits(depth=3).depth
        3
        >>> DecodeLimits(depth=0)
        Traceback (most recent call last):
        ...
        huntkit.core.errors.UsageError: the limit depth must be more than 0, not 0
    """

    depth: int = 20
    size_bytes: int = 8 * MIB
    ratio: int = 100
    pieces: int = 1000
    files: int = 1000
    seconds: float = 5.0
    table_ratio: int = 4

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not value > 0:
                raise UsageError(f"the limit {each.name} must be more than 0, not {value!r:.40}")


class Room:
    """How many bytes may still be made of all texts of a table."""

    def __init__(self, size: int) -> None:
        self.left = size


class Budget:
    """What one text may still cost."""

    def __init__(self, limits: DecodeLimits, table: Room) -> None:
        self.limits = limits
        self.table = table
        self.files = limits.files
        self._left = limits.size_bytes
        self._seconds = limits.seconds
        self._until = 0.0

    def start(self) -> None:
        """Time runs from here."""
        self._until = time.monotonic() + self._seconds

    def pause(self) -> None:
        """Time is spent on another text."""
        self._seconds = self._until - time.monotonic()

    @property
    def room(self) -> int:
        """How many more bytes may be made."""
        return max(0, min(self._left, self.table.left))

    def spend(self, size: int) -> None:
        """Note that so many bytes were made."""
        self._left -= size
        self.table.left -= size

    def met(self, *, depth: int = 0, pieces: int = 0) -> str:
        """The name of the limit that was reached; empty if there is none."""
        if time.monotonic() > self._until:
            return "seconds"
        if depth >= self.limits.depth:
            return "depth"
        if pieces >= self.limits.pieces:
            return "pieces"
        return "" if self.room else self.named("size_bytes")

    def named(self, limit: str) -> str:
        """The limit of size that holds: that of the text, or that of the table."""
        if limit == "size_bytes" and self.table.left < self._left:
            return "table_ratio"
        return limit


def stopped(limit: str, limits: DecodeLimits) -> str:
    """What to say where a limit was met.

    Examples:
        >>> stopped("depth", DecodeLimits())
        'stopped: more than 20 layers'
    """
    said = {
        "depth": f"more than {limits.depth} layers",
        "size_bytes": f"more than {limits.size_bytes:,} bytes",
        "ratio": f"more than {limits.ratio} times the packed size",
        "pieces": f"more than {limits.pieces:,} pieces",
        "files": f"more than {limits.files:,} files",
        "seconds": f"more than {limits.seconds:g} s",
        "table_ratio": f"the table's layers have more than {limits.table_ratio} times its size",
    }
    return f"stopped: {said[limit]}"
