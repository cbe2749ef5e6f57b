"""The command that says where addresses are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from huntkit.cli.asking import lines_of
from huntkit.cli.case import TEXTS_IN_PYTHON, opened, python_open, show_python
from huntkit.cli.frame import counted, note
from huntkit.cli.options import General, Reading, Writing
from huntkit.cli.output import emit
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.enrich import GeoLiteLookup, Networks, ip_networks
from huntkit.enrich.parsed_addresses import bare_address
from huntkit.entities.addresses import address_scope, parse_address
from huntkit.report import encoded, indicators
from huntkit.report.layouts import layouts
from huntkit.report.texts import distinct_texts
from huntkit.runtime import Session

_KINDS = ("ipv4", "ipv6")
_TEXTS = ("Address", "Asked")
_LEFT_OUT = ("TimeGenerated", "Type", "IpAddress")


@dataclass(frozen=True, slots=True)
class _Known:
    """What addresses are looked up in."""

    lookup: GeoLiteLookup
    networks: Networks | None


def geo(
    words: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    files: Sequence[str],
    networks: Sequence[str],
    update: bool,
) -> None:
    """Where given addresses are, or those that evidence holds."""
    check_output(writing)
    owners = Networks.from_files(list(networks)) if networks else None
    with _session(general) as session:
        lookup = GeoLiteLookup(db_file=list(files) or None, session=session)
        if update:
            _update(lookup, files)
        if not words:
            if update:
                return
            raise UsageError("geo takes addresses or PATHS", hint="huntkit geo 203.0.113.45")
        given = [word for word in words if _is_address(word)]
        paths = [word for word in words if word not in given]
        if given and not any(map(_is_place, paths)):
            given, paths = list(words), []  # each has a row, as it has in a file of values
        if given and paths:
            raise UsageError(
                f"{given[0]!r} is an address and {next(filter(_is_place, paths))!r} is evidence",
                hint="ask for addresses and for evidence one after the other",
            )
        if paths:
            _of_evidence(paths, _Known(lookup, owners), reading, writing, general)
        else:
            _of_addresses(given, _Known(lookup, owners), writing, general)


def _is_address(word: str) -> bool:
    return word == "-" or word.startswith("@") or parse_address(bare_address(word)) is not None


def _is_place(word: str) -> bool:
    """Whether there is evidence of that name, or it is a pattern for some."""
    if any(sign in word for sign in "*?"):
        return True
    try:
        return Path(word).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a null, nobody's home: no name at all
        return False


def _session(general: General) -> Session:
    return Session().changed(offline=True) if general.offline else Session()


def _update(lookup: GeoLiteLookup, files: Sequence[str]) -> None:
    if files:
        raise UsageError("--update fetches GeoLite2; with --geo your own files are used")
    for each in lookup.update():
        note(f"{'downloaded' if each.downloaded else 'up to date'}: {each.source}  {each.path}")


def _of_addresses(words: Sequence[str], known: _Known, writing: Writing, general: General) -> None:
    if general.show_python:
        show_python("import huntkit", "", "huntkit.GeoLiteLookup().df_lookup_ip(frame, 'Address')")
    if words.count("-") > 1:
        raise UsageError("- (stdin) can be read only once")
    asked = [text for word in words for line in lines_of(word) if (text := line.strip())]
    if not asked:
        raise UsageError("there is no value to look up", hint="huntkit geo 203.0.113.45")
    texts = [bare_address(text) for text in asked]
    wrong = [text for text in texts if parse_address(text) is None]
    if wrong:
        are = "is" if len(wrong) == 1 else "are"
        note(f"huntkit: {counted(len(wrong), 'value')} {are} no address, such as {wrong[0]!r:.80}")
    rows = pl.DataFrame({"Address": texts, "Asked": asked}, schema=dict.fromkeys(_TEXTS, pl.String))
    emit(_places(rows, "Address", known), writing, title="Addresses")


def _of_evidence(
    paths: Sequence[str],
    known: _Known,
    reading: Reading,
    writing: Writing,
    general: General,
) -> None:
    missing = [path for path in paths if not Path(path).expanduser().exists() and "*" not in path]
    if missing:
        raise UsageError(
            f"{missing[0]!r} is neither an address nor a file",
            hint="an address, @FILE with one a line, - for stdin, or evidence",
        )
    if general.show_python:
        call = f"indicators.indicators(texts, decoded=encoded.encoded(texts), ioc_types={_KINDS!r})"
        look = "huntkit.GeoLiteLookup().df_lookup_ip(found, 'Observable')"
        show_python(python_open(paths, reading), TEXTS_IN_PYTHON, f"found = {call}", look)
    with opened(paths, reading) as case:
        problems: list[str] = []
        texts = distinct_texts(case.evidence, layouts(case.evidence), problems)
        rows = indicators.indicators(
            texts, decoded=encoded.encoded(texts), ioc_types=_KINDS, progress=case.bars
        )
        for problem in problems:
            note(f"huntkit: warning: {problem}")
        if not rows.height:
            note("huntkit: no addresses found")
        emit(_places(rows.rename({"Observable": "Address"}), "Address", known), writing,
             title="Addresses")  # fmt: skip


def _places(rows: pl.DataFrame, column: str, known: _Known) -> pl.DataFrame:
    """The address, its scope and its place first, then what else is known of the row."""
    bare = rows.drop("IoCType", "Scope", strict=False)
    found: pl.DataFrame = known.lookup.df_lookup_ip(bare, column)
    if known.networks is not None:
        found = ip_networks(found, column, networks=known.networks).rename(
            {f"{column}_Network": "Network", f"{column}_NetworkName": "NetworkName"}
        )
    scopes = found[column].map_elements(address_scope, return_dtype=pl.String)
    placed = found.drop(_LEFT_OUT).with_columns(scopes.alias("Scope"))
    start = placed.columns.index("CountryCode")
    first = [column, "Scope", *placed.columns[start:-1]]
    return placed.select(*first, pl.exclude(first))
