"""What was read from one source file: its members, the rows they gave, and where these lie."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson

_PIECE = 1 << 20


@dataclass(slots=True)
class Reason:
    """Why source records were not kept: how many, and the first few of them."""

    reason: str
    count: int
    first: list[dict[str, Any]] = field(default_factory=list)  # number, sample


@dataclass(slots=True)
class MemberFacts:
    """One log file, or one member of an archive, as it was read.

    ``rows`` counts source records, and ``kept + skipped == rows`` always. ``error`` says why
    reading stopped early or never began; what came before it is kept. ``repaired`` counts what
    was mended in records that are kept, by what it was.
    """

    name: str  # "" for the file itself, "!inner/name" for a member
    sha256: str = ""
    format: str = ""
    rows: int = 0
    kept: int = 0
    skipped: int = 0
    reasons: list[Reason] = field(default_factory=list)
    error: str = ""
    notes: list[str] = field(default_factory=list)
    repaired: dict[str, int] = field(default_factory=dict)

    def count_repairs(self, context: Mapping[str, Any]) -> None:
        """Add the repairs that a batch tells of in its context.

        Examples:
            >>> facts = MemberFacts(name="")
            >>> facts.count_repairs({"repaired": {"invalid UTF-8": 2}})
            >>> facts.count_repairs({"repaired": {"invalid UTF-8": 1}, "path": "conn"})
            >>> facts.repaired
            {'invalid UTF-8': 3}
        """
        if repaired := context.get("repaired"):
            self.repaired = dict(Counter(self.repaired) + Counter(repaired))

    @property
    def partial(self) -> bool:
        """True where something of this file is missing from the tables beyond single records."""
        return bool(self.error) or self.skipped * 100 > self.rows


@dataclass(slots=True)
class Part:
    """One Parquet file with rows of one table.

    Where it lies in the cache, ``size`` is in bytes, ``stamp`` says when the file was written, and
    ``crc`` is the CRC-32 of all its bytes.
    """

    table: str
    file: str
    rows: int
    size: int = 0
    stamp: str = ""
    crc: int = 0
    first: str = ""  # ISO, UTC
    last: str = ""
    hosts: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)  # name -> KQL type
    names: dict[str, str] = field(default_factory=dict)  # stored name -> own, where they differ
    held: bool = False  # waits for the merge over the whole evidence
    origins: list[str] = field(default_factory=list)

    def own(self, stored: str) -> str:
        """What a stored column is called in its table."""
        return self.names.get(stored, stored)


@dataclass(slots=True)
class Manifest:
    """All that one source file gave; ``folder`` holds the parts.

    ``digest`` is the hash of the manifest as it lies in the cache; empty where it does not.
    ``naming`` stands for the file's name where the tables depend on it.
    """

    sha256: str
    size: int
    members: list[MemberFacts]
    parts: list[Part]
    folder: Path = field(default_factory=Path)
    naming: str = ""
    digest: str = field(default="", compare=False)

    def to_json(self) -> bytes:
        """The manifest as it lies in the cache, without its own place and hash."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        plain.update(folder=None, digest=None)
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, text: bytes, folder: Path) -> "Manifest":
        """Read a manifest back."""
        plain = orjson.loads(text)
        return cls(
            sha256=plain["sha256"],
            size=plain["size"],
            members=[member_from(each) for each in plain["members"]],
            parts=[Part(**each) for each in plain["parts"]],
            folder=folder,
            naming=plain["naming"],
            digest=hashlib.sha256(text).hexdigest(),
        )


def unread(size: int, reason: str) -> Manifest:
    """What there is to say of a file that was not read."""
    return Manifest("", size, [MemberFacts(name="", error=reason)], [])


def member_from(plain: dict[str, Any]) -> MemberFacts:
    """One member's facts out of plain JSON values."""
    reasons = [Reason(**each) for each in plain.pop("reasons")]
    return MemberFacts(**plain, reasons=reasons)


def join_members(pieces: list[MemberFacts]) -> MemberFacts:
    """The facts of one file that was read in several pieces, in order."""
    joined = MemberFacts(name=pieces[0].name, format=pieces[0].format)
    reasons: dict[str, Reason] = {}
    for piece in pieces:
        joined.rows += piece.rows
        joined.kept += piece.kept
        joined.skipped += piece.skipped
        joined.error = joined.error or piece.error
        joined.count_repairs({"repaired": piece.repaired})
        joined.notes += [note for note in piece.notes if note not in joined.notes]
        for reason in piece.reasons:
            into = reasons.setdefault(reason.reason, Reason(reason.reason, 0))
            into.count += reason.count
            into.first = (into.first + reason.first)[:FIRST_FEW]
    joined.reasons = list(reasons.values())
    return joined


FIRST_FEW = 5  # skipped records that are shown for each reason


def crc_of(path: Path) -> int:
    """The CRC-32 of a file's bytes; -1 where it can't be read."""
    crc = 0
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                crc = zlib.crc32(piece, crc)
    except OSError:
        return -1
    return crc
