"""The bounds that keep memory and time in hand for any input."""

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of anything is read before it is refused, visibly.

    The defaults fit an analyst's laptop; no honest log file met so far comes near them.

    Attributes:
        max_line_bytes: a longer line is skipped and counted.
        max_document_bytes: a longer JSON element or XML event is skipped and counted.
        max_ratio: unpacked to packed size, once `ratio_floor_bytes` were unpacked; it holds for a
            member alone and for everything that comes out of one outermost archive.
        max_member_bytes: unpacked size of one archive member or file.
        max_total_bytes: unpacked size of all that comes out of one outermost archive.
        max_members: members of one outermost archive, nested ones included.
        max_depth: archives inside archives.
        max_open_events: audit events that may wait for further lines at one time.
        max_fields: fields of one record that are taken apart; the rest stays as text.
        batch_bytes: how much of a file goes into one batch.
        batch_rows: how many records go into one batch at most.
        spool_bytes: an unpacked member larger than this goes to an unnamed temporary file.
    """

    max_line_bytes: int = 64 * MIB
    max_document_bytes: int = 64 * MIB
    max_ratio: int = 1000
    ratio_floor_bytes: int = 64 * MIB
    max_member_bytes: int = 64 * GIB
    max_total_bytes: int = 1024 * GIB
    max_members: int = 100_000
    max_depth: int = 5
    max_open_events: int = 10_000
    max_fields: int = 10_000
    batch_bytes: int = MIB // 2  # records that stay in the processor's cache map twice as fast
    batch_rows: int = 65_536
    spool_bytes: int = 32 * MIB


DEFAULT = Limits()


def size_text(size: int) -> str:
    """A size as people say it.

    Examples:
        >>> size_text(64 * 1024 * 1024), size_text(1500), size_text(12)
        ('64 MiB', '1.5 KiB', '12 bytes')
    """
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"
