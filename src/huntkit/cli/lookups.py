"""The commands that ask others about addresses and names: whois, dns, screenshot."""

import contextlib
import functools
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import typer

from huntkit.cli.asking import lines_of
from huntkit.cli.case import show_python
from huntkit.cli.frame import Code, counted, note
from huntkit.cli.options import General, Writing
from huntkit.cli.output import emit, to_terminal
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import Cancelled, HuntkitError, Offline, UsageError
from huntkit.core.progress import Progress
from huntkit.enrich.dns_lookup import COLUMNS as DNS_COLUMNS
from huntkit.enrich.dns_lookup import record_rows, reverse_name
from huntkit.enrich.name_parts import host_of
from huntkit.enrich.screenshots import screenshot as take
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.whois_lookup import Registries, asn_rows, asn_text, ip_rows, name_rows
from huntkit.entities.addresses import address_scope, parse_address
from huntkit.entities.indicators import defang, refang
from huntkit.runtime.session import Session

_ADDRESS, _NAME, _NUMBER = "address", "name", "asn"
_REASONS = 3  # that are told in words
_NO_FILE_NAME = re.compile(r"[^a-z0-9.-]+")


def whois(
    values: Sequence[str], writing: Writing, general: General, *, refresh: bool, records: bool
) -> None:
    """Who holds addresses, names and autonomous systems: a row for each, in their order."""
    check_output(writing)
    texts = _texts(values, "huntkit whois 9.9.9.9")
    kinds = [_kind(text) for text in texts]
    if general.show_python:
        doors = {_ADDRESS: "ip_whois", _NAME: "domain_whois", _NUMBER: "asn_whois"}
        calls = [f"huntkit.enrich.{doors[kind]}([...])" for kind in dict.fromkeys(kinds)]
        show_python("import huntkit", "", *calls)
    asking = {_ADDRESS: ip_rows, _NAME: name_rows, _NUMBER: asn_rows}
    interrupt = Interrupt()
    parts: list[pl.DataFrame] = []
    with interrupt.watched(), _session(general, Bars(interrupt)) as session:
        for kind, ask in asking.items():
            mine = [(at, text) for at, text in enumerate(texts) if kinds[at] == kind]
            if mine:
                hosts = [host_of(text) for _, text in mine]
                put = functools.partial(ask, hosts, session, Registries(), refresh=refresh)
                rows = _placed(_answered(put, hosts, interrupt), kind, mine)
                parts.append(_one_form(rows) if kind == _ADDRESS else rows)
    found = pl.concat(parts, how="diagonal").sort("at").drop("at")
    first = [name for name in _WHOIS_FIRST if name in found.columns]
    found = found.select(*first, pl.exclude(first))
    shown = found.drop("nets", *([] if records else ["raw"]), strict=False)
    _give(shown, writing, "Who holds it", interrupt)


def _one_form(rows: pl.DataFrame) -> pl.DataFrame:
    """Autonomous systems of addresses written as they are for numbers: ``AS13335``."""
    if "asn" not in rows.columns:
        return rows
    return rows.with_columns(asn="AS" + pl.col("asn").str.strip_prefix("AS"))


_WHOIS_FIRST = (
    "query", "kind", "status", "name", "domain", "organisation", "registrar", "registrant",
    "abuse_email", "asn", "asn_description", "asn_country_code", "asn_registry", "cidr", "range",
    "created", "updated", "expires", "name_servers", "problem",
)  # fmt: skip


def dns(
    values: Sequence[str],
    writing: Writing,
    general: General,
    *,
    types: Sequence[str],
    servers: Sequence[str],
    refresh: bool,
    internal: bool,
) -> None:
    """What DNS says about names, and which names addresses have: a row for each and each type."""
    check_output(writing)
    texts = _texts(values, "huntkit dns www.example.com")
    wanted = [name for each in types for name in each.split(",") if name] or ["A", "AAAA"]
    hosts, port = _servers(servers)
    if general.show_python:
        calls = [f"huntkit.enrich.dns_resolve_df([...], {name!r})" for name in wanted]
        show_python("import huntkit", "", *calls, "huntkit.enrich.ip_rev_resolve_df([...])")
    kept = {} if internal else {at: why for at, each in enumerate(texts) if (why := _inside(each))}
    asked_of = [(at, each) for at, each in enumerate(texts) if at not in kept]
    addresses = [(at, each) for at, each in asked_of if _kind(each) == _ADDRESS]
    names = [(at, each) for at, each in asked_of if _kind(each) != _ADDRESS]
    interrupt = Interrupt()
    parts = [_stays(at, texts[at], why, wanted) for at, why in kept.items()]
    with interrupt.watched(), _session(general, Bars(interrupt)) as session:
        asked = [(_ADDRESS, "PTR", [reverse_name(text) for _, text in addresses], addresses)]
        asked += [(_NAME, name, [text for _, text in names], names) for name in wanted]
        for kind, name, given, mine in asked:
            if mine:
                put = functools.partial(
                    record_rows, given, name, hosts, port, session, refresh=refresh
                )
                placed = _placed(_answered(put, given, interrupt), kind, mine)
                parts.append(placed.with_columns(rdtype=pl.lit(name.upper())))
    found = pl.concat(parts, how="diagonal").sort("at", maintain_order=True).drop("at", "kind")
    known = [name for name in DNS_COLUMNS if name in found.columns]
    if kept:
        note(f"{counted(len(kept), 'internal value')} not asked about; --internal asks")
    _give(found.select(known), writing, "What DNS says", interrupt)


def _inside(text: str) -> str:
    """Why a value would tell a name server something about the inside; empty if it would not."""
    host = host_of(text)
    if (address := parse_address(host)) is not None:
        scope = address_scope(address)
        told = str(scope).replace("_", " ")
        return "" if scope in ("public", "documentation") else f"a {told} address is internal"
    name = host.strip(".")
    if name and "." not in name:
        return "a name without a domain is internal"
    found = item_of(name, "dns")
    return found.reason if found.internal else ""


def _stays(at: int, text: str, why: str, wanted: Sequence[str]) -> pl.DataFrame:
    """The rows of a value that nobody is asked about."""
    address = _kind(text) == _ADDRESS
    types = ["PTR"] if address else [name.upper() for name in wanted]
    rows = [
        {"query": text, "status": "not asked", "rdtype": name, "problem": f"{why}; --internal asks"}
        for name in types
    ]
    return _placed(
        pl.DataFrame(rows, schema=DNS_COLUMNS),
        _ADDRESS if address else _NAME,
        [(at, text)] * len(rows),
    )


def screenshot(
    urls: Sequence[str],
    general: General,
    *,
    output: Path | None,
    size: str,
    timeout_s: float,
    browser: Path | None,
    unprotected: bool,
    force: bool,
) -> None:
    """A picture of each page."""
    texts = _texts(urls, "huntkit screenshot https://www.example.com/")
    width, height = _size(size)
    files = _files(texts, output)
    if general.show_python:
        show_python("import huntkit", "", f"huntkit.enrich.screenshot({texts[0]!r}, 'page.png')")
    taken = []
    with _session(general, None) as session:
        for text, file in zip(texts, files, strict=True):
            row: dict[str, object] = {"Url": text, "File": None, "Bytes": None, "Problem": None}
            try:
                take(
                    text, file, width=width, height=height, timeout_s=timeout_s, browser=browser,
                    unprotected=unprotected, force=force, session=session,
                )  # fmt: skip
                row |= {"File": str(file), "Bytes": file.stat().st_size}
                note(f"the picture of {defang(refang(text))} is in {file}")
            except HuntkitError as problem:
                if len(texts) == 1 or isinstance(problem, Offline):
                    raise
                row["Problem"] = problem.message
                note(f"huntkit: {defang(refang(text))}: {problem.message}")
            taken.append(row)
    if not to_terminal(Writing()):
        schema = {"Url": pl.String, "File": pl.String, "Bytes": pl.Int64, "Problem": pl.String}
        emit(pl.DataFrame(taken, schema=schema), Writing(), title="Pictures")
    failed = sum(row["Problem"] is not None for row in taken)
    if failed:
        raise typer.Exit(Code.FAILED if failed == len(taken) else Code.IN_PART)


def _session(general: General, progress: Progress | None) -> Session:
    given = Session() if progress is None else Session(progress=progress)
    return given.changed(frame="polars", offline=general.offline or given.offline)


def _texts(given: Sequence[str], example: str) -> list[str]:
    """Every value; ``-`` gives the lines of stdin, ``@FILE`` those of a file, without remarks."""
    if sum(each == "-" for each in given) > 1:
        raise UsageError("- (stdin) can be read only once")
    texts = [text for each in given for line in lines_of(each) if (text := line.strip())]
    if not texts:
        raise UsageError("there is nothing to look up", hint=example)
    return texts


def _kind(text: str) -> str:
    if parse_address(host_of(text)) is not None:
        return _ADDRESS
    return _NUMBER if asn_text(text) is not None else _NAME


def _answered(
    ask: Callable[..., pl.DataFrame], given: list[str], interrupt: Interrupt
) -> pl.DataFrame:
    """The answers; rows that say so, where somebody stopped it first."""
    if not interrupt.asked:
        with contextlib.suppress(Cancelled), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".* did not answer for")  # said once, for all, below
            return ask(tolerant=True)
    return pl.DataFrame({"query": given}).with_columns(
        status=pl.lit("failed"), problem=pl.lit("interrupted")
    )


def _placed(rows: pl.DataFrame, kind: str, mine: list[tuple[int, str]]) -> pl.DataFrame:
    """The rows with their place among all, and what was asked as it was written."""
    return rows.with_columns(
        pl.Series("at", [at for at, _ in mine], dtype=pl.Int64),
        pl.Series("query", [text for _, text in mine], dtype=pl.String),
        kind=pl.lit(kind),
    )


def _give(found: pl.DataFrame, writing: Writing, title: str, interrupt: Interrupt) -> None:
    emit(found, writing, title=title, eyes=_for_eyes)
    if interrupt.asked:
        raise Cancelled("interrupted: what was not answered by then says so, and what was is kept")
    failed = int((found["status"] == "failed").sum())
    if not failed:
        return
    note(f"huntkit: {counted(failed, 'question')} of {found.height:,} failed")
    reasons = found.filter(pl.col("status") == "failed")["problem"].drop_nulls()
    told = reasons.value_counts(sort=True).rows()
    for reason, count in told[:_REASONS]:
        note(f"  {count:,}: {' '.join(reason.split())[:300]}")
    if len(told) > _REASONS:
        note(f"  and {counted(len(told) - _REASONS, 'other reason')}, in the column problem")
    asked = int((found["status"] != "not asked").sum())
    raise typer.Exit(Code.FAILED if failed == asked else Code.IN_PART)


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """Without what is empty, and without what matters to programs only; nothing to click."""
    shown = [name for name in rows.columns if rows[name].null_count() < rows.height]
    shown = [name for name in shown if name not in _FOR_PROGRAMS]
    safe = pl.col("query").map_elements(defang, return_dtype=pl.String)
    return rows.select(shown).with_columns(safe)


_FOR_PROGRAMS = (
    "rrset",
    "nameserver",
    "checked_at",
    "handle",
    "qname",
    "raw",
    "asn_date",
    "states",
)


def _servers(given: Sequence[str]) -> tuple[list[str], int]:
    """Addresses of name servers, and the port that all of them listen on."""
    hosts, ports = [], set()
    for text in given:
        bare = parse_address(text)
        try:
            parts = urlsplit(f"//{text}")
            host, port = (str(bare), 53) if bare else (parts.hostname or "", parts.port or 53)
        except ValueError:
            host, port = "", 53
        if parse_address(host) is None:
            raise UsageError(
                f"{text!r} is no address of a name server", hint="--server 192.0.2.53, or [::1]:53"
            )
        hosts.append(host)
        ports.add(port)
    if len(ports) > 1:
        raise UsageError("name servers that are asked together listen on one port")
    return hosts, ports.pop() if ports else 53


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if found is None:
        raise UsageError(f"{text!r} is no size of a picture", hint="--size 1280x960")
    return int(found[1]), int(found[2])


def _files(texts: Sequence[str], output: Path | None) -> list[Path]:
    """Where each picture goes: the file that was named, or one after each host in a folder."""
    several = len(texts) > 1
    if output is not None and not output.is_dir():
        if several:
            raise UsageError(f"{str(output)!r} is no folder", hint="several pictures need one")
        if output.suffix.lower() != ".png":
            raise UsageError(f"-o {str(output)!r}: pictures are PNG", hint="-o page.png")
        return [output]
    folder = output if output is not None else Path()
    names: list[Path] = []
    for text in texts:
        stem = _NO_FILE_NAME.sub("-", host_of(text))[:100].strip(".-") or "page"
        name, number = folder / f"{stem}.png", 1
        while name in names:
            number += 1
            name = folder / f"{stem}-{number}.png"
        names.append(name)
    return names
