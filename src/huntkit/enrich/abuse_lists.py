"""Lists of bad names and of bad certificates, of files that you have; offline.

Read are lists with a name or a URL a line, hosts files (``0.0.0.0 bad.example``), filter lists
(``||bad.example^``), CSV with a name, a URL or a fingerprint in any column, such as abuse.ch's
SSLBL and URLhaus, and lists of SHA-1 or SHA-256 fingerprints. What a line holds beside them is the
reason.
"""

import csv
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich.certificates import Certificate
from huntkit.enrich.name_parts import host_of, url_components
from huntkit.enrich.parsed_addresses import texts_in
from huntkit.entities.addresses import address_scope, parse_address
from huntkit.entities.domains import split_domain, to_ascii
from huntkit.tables import step

Files: TypeAlias = str | Path | Sequence[str | Path]
_LARGEST: Final = 256 << 20
_FINGERPRINT: Final = re.compile(r"(?i)(?:[0-9a-f]{40}|[0-9a-f]{64})")
_REASON: Final = 200
_LONGEST: Final = 4_096
_NOWHERE: Final = ("unspecified", "loopback", "broadcast")  # hosts files send names there


@dataclass(frozen=True, slots=True)
class Listed:
    """Why something is on a list.

    Attributes:
        file: the list's name.
        entry: what stands on it: the name itself, or one that it lies under, or a fingerprint.
        reason: what else the line says.
    """

    file: str
    entry: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.entry}" + (f" ({self.reason})" if self.reason else "")


class AbuseLists:
    """Names, addresses and fingerprints of certificates that somebody lists as bad.

    Args:
        files: the lists.

    Attributes:
        skipped: how many lines held nothing that is known how to read, such as headings.

    Raises:
        UsageError: no file, or one that can't be read.
        FormatError: a list holds nothing that is known how to read, so that it would say of
            everything that it is not listed.
    """

    def __init__(self, files: Files) -> None:
        paths = [files] if isinstance(files, str | Path) else list(files)
        if not paths:
            raise UsageError("no list is given, so nothing could be on it")
        self._entries: dict[str, Listed] = {}  # a name, an address, or a URL without its scheme
        self._fingerprints: dict[str, Listed] = {}
        self.skipped = 0
        for path in map(Path, paths):
            self._read(path.expanduser())

    @property
    def has_certificates(self) -> bool:
        """Whether any list holds fingerprints."""
        return bool(self._fingerprints)

    def find(self, url_domain: str) -> Listed | None:
        """Why a URL or a name is listed: itself, its host, or a registered name above that.

        A list that holds ``example.com`` lists ``a.example.com``; one that holds ``a.example.com``
        says nothing of ``example.com``, nor does one that holds a page of it.
        """
        host = host_of(url_domain)
        keys = [_page(url_domain if "://" in url_domain else f"http://{url_domain}"), host]
        if parse_address(host) is None:
            labels = (to_ascii(host) or "").split(".")
            above = (".".join(labels[at:]) for at in range(len(labels)))
            keys[1:] = [name for name in above if parse_address(name) is None]
        return next(filter(None, map(self._entries.get, keys)), None)

    def find_certificate(self, shown: Certificate | str) -> Listed | None:
        """Why a certificate, or a fingerprint in hexadecimal digits, is listed."""
        given = (shown,) if isinstance(shown, str) else (shown.sha1, shown.sha256)
        digits = (each.replace(":", "").strip().lower() for each in given)
        return next(filter(None, map(self._fingerprints.get, digits)), None)

    def __len__(self) -> int:
        return len(self._entries) + len(self._fingerprints)

    def __repr__(self) -> str:
        names, digests = len(self._entries), len(self._fingerprints)
        more = f", {self.skipped:,} lines skipped" if self.skipped else ""
        return f"<AbuseLists: {names:,} names and URLs, {digests:,} certificates{more}>"

    def _read(self, path: Path) -> None:
        before = len(self)
        for line in _lines(path):
            known = False
            for key, reason in _keys(line):
                listed = Listed(path.name, key, reason)
                kind = self._fingerprints if _FINGERPRINT.fullmatch(key) else self._entries
                kind.setdefault(key, listed)
                known = True
            self.skipped += not known
        if len(self) == before:
            raise FormatError(
                f"{str(path)!r} holds no names and no fingerprints",
                hint="one name a line, a hosts file, or CSV such as abuse.ch's SSLBL",
            )


@step(split="row", columns=("column",))
def abuse_listed(table: pl.DataFrame, column: str, *, lists: AbuseLists | Files) -> pl.DataFrame:
    """The table with whether the names or URLs of a column are on a list; offline.

    Args:
        table: any frame; rows and their order stay.
        column: names, addresses or URLs, also defanged.
        lists: what they are looked up in, or the files of it.

    Returns:
        The table with ``<column>_Listed`` and ``<column>_ListedWhy``. Not listed says nothing
        good. Null for null. A name that the table has already gets ``_name``.
    """
    values = texts_in(table, column)
    distinct = values.drop_nulls().unique(maintain_order=True)
    known = lists if isinstance(lists, AbuseLists) else AbuseLists(lists)
    found = [known.find(text) for text in distinct.to_list()]
    names = [_free(f"{column}_{name}", table.columns) for name in ("Listed", "ListedWhy")]
    key = "name" + "_" * sum(map(len, [*table.columns, *names]))
    keyed = pl.DataFrame(
        {
            key: distinct,
            names[0]: pl.Series([each is not None for each in found], dtype=pl.Boolean),
            names[1]: pl.Series([str(each) if each else None for each in found], dtype=pl.String),
        }
    )
    joined = values.alias(key).to_frame().join(keyed, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))


def _lines(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FormatError(f"{str(path)!r} is larger than any list")
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as problem:
        raise UsageError(f"can't read {str(path)!r}: {problem.strerror}") from None
    stripped = (line.strip() for line in text.replace("\0", "").splitlines())
    return (line for line in stripped if line and line[0] not in "#!;")


def _keys(line: str) -> Iterator[tuple[str, str]]:
    """What a line lists, with the reason; nothing where it lists nothing."""
    words = line.partition(" #")[0].split()
    if len(words) > 1 and parse_address(words[0]) is not None and "," not in line:  # a hosts file
        yield from ((key, "") for word in words[1:] if (key := _key(word)))
        return
    cells = _cells(line, words)
    keys = [_key(cell) for cell in cells]
    at = next((place for place, key in enumerate(keys) if key), None)
    if at is not None:
        rest = ", ".join(cell for place, cell in enumerate(cells) if place != at and cell)
        yield keys[at], rest[:_REASON]


def _cells(line: str, words: list[str]) -> list[str]:
    if "," in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line]))]
        except csv.Error:
            return []
    if line.startswith("||"):
        return [line[2:].partition("^")[0]]
    return [words[0], " ".join(words[1:])] if words else []


def _key(cell: str) -> str:
    """A fingerprint, a page, a name under a public suffix or an address; else nothing."""
    if _FINGERPRINT.fullmatch(cell):
        return cell.lower()
    if not cell or len(cell) > _LONGEST or " " in cell:
        return ""
    page = _page(cell if "://" in cell else f"http://{cell}")
    if page:
        return "" if _is_network(cell) else page
    host = host_of(cell).removeprefix("*.")
    if parse_address(host) is not None:
        return host if address_scope(host) not in _NOWHERE else ""
    return (to_ascii(host) or "") if split_domain(host) is not None else ""


def _is_network(cell: str) -> bool:
    """``203.0.113.0/24`` is no page of a host; networks are `Networks`' business."""
    try:
        ipaddress.ip_network(cell, strict=False)
    except ValueError:
        return False
    return True


def _page(text: str) -> str:
    """A URL that names more than its host, without its scheme; else nothing."""
    parts = url_components(text)
    rest = "".join((parts["path"] or "", "?" if parts["query"] else "", parts["query"] or ""))
    if not parts["host"] or rest in ("", "/"):
        return ""
    port = f":{parts['port']}" if parts["port"] else ""
    return f"{parts['host'].rstrip('.')}{port}{rest}"


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_name"
    return name
