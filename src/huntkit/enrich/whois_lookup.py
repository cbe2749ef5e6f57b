"""Who holds addresses and names: RDAP first, whois where there is none, a row for each input."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.errors import Offline, RequestFailed, UsageError
from huntkit.enrich import rdap, whois_port
from huntkit.enrich.asking_each import Told, ask_each, texts_of
from huntkit.enrich.geolocation import GeoDatabases
from huntkit.enrich.name_parts import host_of
from huntkit.enrich.parsed_addresses import bare_address, texts_in
from huntkit.enrich.whois_facts import (
    NET_FIELDS,
    asn_facts,
    ip_facts,
    name_facts,
    nets,
    whois_facts,
)
from huntkit.entities.addresses import address_scope, address_text, parse_address
from huntkit.entities.domains import split_domain, to_ascii
from huntkit.entities.references import asn as asn_of
from huntkit.entities.references import asn_scope
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind, step

_KEPT_S: Final = 7 * 24 * 3600.0
_WORKERS: Final = 4

IP_COLUMNS: Final = {
    "query": pl.String(),
    "status": pl.String(),
    "asn": pl.String(),
    "asn_description": pl.String(),
    "asn_country_code": pl.String(),
    "asn_registry": pl.String(),
    "asn_date": pl.String(),
    "asn_cidr": pl.String(),
    "name": pl.String(),
    "handle": pl.String(),
    "cidr": pl.String(),
    "range": pl.String(),
    "organisation": pl.String(),
    "abuse_email": pl.String(),
    "created": pl.String(),
    "updated": pl.String(),
    "nets": pl.List(pl.Struct(dict.fromkeys(NET_FIELDS, pl.String()))),
    "source": pl.String(),
    "checked_at": pl.Datetime("us", "UTC"),
    "problem": pl.String(),
    "raw": pl.String(),
}
NAME_COLUMNS: Final = {
    "query": pl.String(),
    "status": pl.String(),
    "domain": pl.String(),
    "registrar": pl.String(),
    "registrant": pl.String(),
    "abuse_email": pl.String(),
    "created": pl.String(),
    "updated": pl.String(),
    "expires": pl.String(),
    "states": pl.String(),
    "name_servers": pl.String(),
    "source": pl.String(),
    "checked_at": pl.Datetime("us", "UTC"),
    "problem": pl.String(),
    "raw": pl.String(),
}
ASN_COLUMNS: Final = {
    "query": pl.String(),
    "status": pl.String(),
    "asn": pl.String(),
    "name": pl.String(),
    "handle": pl.String(),
    "organisation": pl.String(),
    "abuse_email": pl.String(),
    "asn_country_code": pl.String(),
    "asn_registry": pl.String(),
    "asn_date": pl.String(),
    "range": pl.String(),
    "created": pl.String(),
    "updated": pl.String(),
    "source": pl.String(),
    "checked_at": pl.Datetime("us", "UTC"),
    "problem": pl.String(),
    "raw": pl.String(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Registries:
    """Whom to ask; other places than the public ones are for tests and for mirrors.

    Attributes:
        iana: IANA's lists of registries.
        whois: the whois server that is asked first where RDAP gives no answer; None: none is.
        whois_port: where the servers listen that it refers to.
    """

    iana: str = rdap.IANA
    whois: whois_port.Place | None = whois_port.IANA
    whois_port: int = 43


def ip_whois(
    ip: str | Iterable[str] | None = None,
    ip_address: str | Iterable[str] | None = None,
    *,
    session: Session | None = None,
    registries: Registries | None = None,
    refresh: bool = False,
) -> Any:
    """Who holds addresses: a row for each, in the order given.

    Asked is the registry that IANA names, by RDAP over https; where that fails, whois on port 43.
    Only public addresses are asked about, each different one once; answers are kept for a week.

    Args:
        ip: one address or several, also defanged.
        ip_address: the same under its other name.
        session: network, progress, kept answers.
        registries: whom to ask.
        refresh: ask anew, whatever is kept.

    Returns:
        A frame with the columns of `IP_COLUMNS`. ``status`` is ``ok``, ``not found``, ``not asked``
        (no public address) or ``failed``; the reason stands in ``problem``. The autonomous system
        comes from the ranges that huntkit ships, since registries do not know who routes a network.

    Raises:
        Offline: the session may not use the network.
        RequestFailed: nothing at all could be asked.
    """
    used = session if session is not None else default_session()
    given = ip if ip is not None else ip_address
    if given is None:
        raise UsageError("which address?", hint='ip_whois("9.9.9.9")')
    texts = texts_of(given)
    return as_kind(ip_rows(texts, used, registries or Registries(), refresh=refresh), used.frame)


def get_whois_info(ip: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """The operator of one address in words, and everything known: the pair that notebooks know."""
    session = options.pop("session", None) or default_session()
    refresh = options.pop("refresh", False)
    registries = options.pop("registries", None) or Registries()
    if options:
        raise UsageError(f"get_whois_info takes no {next(iter(options))!r}")
    row = ip_rows([ip], session, registries, refresh=refresh).row(0, named=True)
    return row["asn_description"] or "No ASN Information", row


@step(split="row", columns=("ip_column",))
def get_whois_df(
    table: pl.DataFrame,
    ip_column: str,
    *,
    all_columns: bool = False,
    asn_col: str = "AsnDescription",
    whois_col: str | None = None,
    session: Session | None = None,
    registries: Registries | None = None,
    refresh: bool = False,
) -> pl.DataFrame:
    """The table with who holds a column's addresses; rows and their order stay. See `ip_whois`.

    Args:
        table: any frame.
        ip_column: the column with addresses.
        all_columns: add all of `IP_COLUMNS`, too.
        asn_col: the column for the operator.
        whois_col: a column for the raw answers.
        session: network, progress, kept answers.
        registries: whom to ask.
        refresh: ask anew, whatever is kept.

    Returns:
        The table with those columns, and ``whois_status`` and ``whois_problem``. A name that the
        table has already gets ``_whois``.
    """
    used = session if session is not None else default_session()
    values = texts_in(table, ip_column)
    distinct = values.drop_nulls().unique(maintain_order=True)
    rows = ip_rows(distinct.to_list(), used, registries or Registries(), refresh=refresh)
    wanted = [pl.col("asn_description").alias(asn_col)]
    wanted += [pl.col("raw").alias(whois_col)] if whois_col else []
    wanted += [pl.col(name) for name in IP_COLUMNS if all_columns and name not in _OWN]
    wanted += [pl.col("status").alias("whois_status"), pl.col("problem").alias("whois_problem")]
    found = rows.select(wanted)
    found = found.rename({name: _free(name, table.columns) for name in found.columns})
    key = "address" + "_" * sum(map(len, [*table.columns, *found.columns]))
    keyed = found.with_columns(distinct.alias(key))
    joined = values.alias(key).to_frame().join(keyed, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))


_OWN: Final = ("status", "problem")


def domain_whois(
    domain: str | Iterable[str],
    *,
    session: Session | None = None,
    registries: Registries | None = None,
    refresh: bool = False,
) -> Any:
    """Who registered names, and when: a row for each, in the order given. See `ip_whois`.

    The registrable part is asked for: ``example.com`` of ``www.example.com``.

    Returns:
        A frame with the columns of `NAME_COLUMNS`; a name under no public suffix is ``not asked``.
    """
    used = session if session is not None else default_session()
    given = texts_of(domain)
    return as_kind(name_rows(given, used, registries or Registries(), refresh=refresh), used.frame)


def name_rows(
    given: Sequence[str],
    session: Session,
    registries: Registries,
    *,
    refresh: bool,
    tolerant: bool = False,
) -> pl.DataFrame:
    """See `domain_whois`; always Polars, and `tolerant` as in `ask_each`."""
    names = {text: _registrable(text) for text in given}
    asked = [name for name in names.values() if name is not None]
    told = _asked(asked, "dns", session, registries, refresh=refresh, tolerant=tolerant)
    rows = []
    for text in given:
        name = names[text]
        if name is None:
            rows.append(_not_asked(text, "it is no name under a public suffix"))
        else:
            rows.append(_row(text, told[name], name_facts) | {"domain": name})
    return pl.DataFrame(rows, schema=NAME_COLUMNS, orient="row")


def asn_whois(
    asn: str | int | Iterable[str | int],
    *,
    session: Session | None = None,
    registries: Registries | None = None,
    refresh: bool = False,
) -> Any:
    """Who registered autonomous systems: a row for each, in the order given. See `ip_whois`.

    Args:
        asn: one or several: ``13335``, ``"AS13335"``, ``"13335"``.
        session: network, progress, kept answers.
        registries: whom to ask.
        refresh: ask anew, whatever is kept.

    Returns:
        A frame with the columns of `ASN_COLUMNS`; a number for private use, for documentation or
        reserved, and text that is no number, is ``not asked``.
    """
    used = session if session is not None else default_session()
    given = texts_of(asn)
    return as_kind(asn_rows(given, used, registries or Registries(), refresh=refresh), used.frame)


def asn_text(given: str) -> str | None:
    """An autonomous system as ``AS13335``, from a number, too; None if it is none.

    Examples:
        >>> asn_text("13335"), asn_text("as 13335"), asn_text("AS4294967296")
        ('AS13335', 'AS13335', None)
    """
    text = given.strip()
    return asn_of(f"AS{text}" if text.isascii() and text.isdecimal() else text)


def asn_rows(
    texts: Sequence[str],
    session: Session,
    registries: Registries,
    *,
    refresh: bool,
    tolerant: bool = False,
) -> pl.DataFrame:
    """See `asn_whois`; always Polars, and `tolerant` as in `ask_each`."""
    known = {text: asn_text(text) for text in texts}
    public = [name for name in known.values() if name and asn_scope(name) == "public"]
    told = _asked(public, "asn", session, registries, refresh=refresh, tolerant=tolerant)
    rows = []
    for text in texts:
        name = known[text]
        if name in told:
            row = _row(text, told[name], asn_facts)
        elif name is None:
            row = _not_asked(text, "it is no number of an autonomous system")
        else:
            row = _not_asked(text, f"it is a number for other use: {asn_scope(name)}")
        rows.append(row | {"asn": name})
    return pl.DataFrame(rows, schema=ASN_COLUMNS, orient="row")


def ip_rows(
    texts: Sequence[str],
    session: Session,
    registries: Registries,
    *,
    refresh: bool,
    tolerant: bool = False,
) -> pl.DataFrame:
    """See `ip_whois`; always Polars, and `tolerant` as in `ask_each`."""
    known = {text: _public(text) for text in dict.fromkeys(texts)}
    told: dict[str, Told] = {}
    for kind in ("ipv4", "ipv6"):
        mine = [ip for ip in known.values() if ip is not None and (":" in ip) == (kind == "ipv6")]
        told.update(_asked(mine, kind, session, registries, refresh=refresh, tolerant=tolerant))
    operators = GeoDatabases().locate([ip for ip in known.values() if ip is not None])
    rows = []
    for text in texts:
        ip = known[text]
        if ip is None:
            rows.append(_not_asked(text, "it is no public address"))
            continue
        row = _row(text, told[ip], ip_facts)
        routed = operators.get(ip, {})
        row["asn"] = str(routed["Asn"]) if "Asn" in routed else None
        row["asn_description"] = routed.get("AsnName")
        row["nets"] = nets(row)
        row["asn_country_code"] = row.get("asn_country_code") or routed.get("CountryCode")
        rows.append(row)
    return pl.DataFrame(rows, schema=IP_COLUMNS, orient="row")


def _public(text: str) -> str | None:
    address = parse_address(bare_address(text))
    if address is None or address_scope(address) != "public":
        return None
    return address_text(address).partition("%")[0]


def _registrable(text: str) -> str | None:
    parts = split_domain(host_of(text))
    return None if parts is None else to_ascii(parts.registrable)


def _asked(
    values: Sequence[str],
    kind: str,
    session: Session,
    registries: Registries,
    *,
    refresh: bool,
    tolerant: bool,
) -> dict[str, Told]:
    if not values:
        return {}
    client = rdap.Rdap(session, iana=registries.iana)
    listed: Exception | None = None
    kept_under = f"whois {registries.iana} {registries.whois}"
    kept = session.store.get_many(kept_under, list(values), max_age_s=_KEPT_S)
    if refresh or None in kept:  # else nobody needs to be asked, IANA neither
        try:
            client.prepare(kind)
        except RequestFailed as problem:
            nothing = not any(each is not None for each in kept)
            refused = isinstance(problem, Offline) or (registries.whois is None and not tolerant)
            if nothing and refused:
                raise
            listed = problem
    old = None
    if registries.whois is not None:
        old = whois_port.Whois(session, first=registries.whois, port=registries.whois_port)
    ask = functools.partial(_ask, client if listed is None else None, old, kind, listed)
    return ask_each(
        values, _Coroutine(ask), session=session, who="registries", kind=kept_under,
        kept_s=_KEPT_S, workers=_WORKERS, refresh=refresh, tolerant=tolerant,
    )  # fmt: skip


class _Coroutine:
    """A partial of a coroutine function that is known for one."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    async def __call__(self, value: str) -> Any:
        return await self._ask(value)


async def _ask(
    client: rdap.Rdap | None,
    old: whois_port.Whois | None,
    kind: str,
    problem: Exception | None,
    value: str,
) -> dict[str, Any]:
    """The answer as it is kept: by which way it came, and what it was."""
    if client is not None:
        try:
            asked = value.removeprefix("AS") if kind == "asn" else value
            return {"by": "rdap", "record": await client.ask(kind, asked)}
        except Offline:
            raise
        except (LookupError, RequestFailed) as failure:
            problem = failure
    if old is None:
        if isinstance(problem, RequestFailed):
            raise problem
        raise RequestFailed(str(problem or "nobody is left to ask")) from problem
    try:
        return {"by": "whois", "record": await old.ask(value)}
    except RequestFailed as failure:
        if problem is None or isinstance(failure, Offline):
            raise
        raise RequestFailed(f"{problem}; and {failure}") from failure


def _not_asked(text: str, why: str) -> dict[str, Any]:
    return {"query": text, "status": "not asked", "problem": why}


def _row(text: str, told: Told, facts: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"query": text, "checked_at": datetime.fromtimestamp(told.at, UTC)}
    if told.problem:
        return row | {"status": "failed", "problem": told.problem}
    record = told.value["record"]
    if not record:
        return row | {"status": "not found"}
    raw = {name: value for name, value in record.items() if name != "_asked"}
    source = f"{'RDAP' if told.value['by'] == 'rdap' else 'whois'} {record['_asked']}"
    found = facts(record) if told.value["by"] == "rdap" else whois_facts(record)
    if told.value["by"] == "whois" and not any(found.values()):
        return row | {"status": "not found", "source": source, "raw": record.get("_text")}
    text_of = record["_text"] if "_text" in record else orjson.dumps(raw).decode()
    return {**row, **found, "status": "ok", "source": source, "raw": text_of}


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_whois"
    return name
