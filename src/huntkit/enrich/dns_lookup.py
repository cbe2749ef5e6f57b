"""Names to addresses and back, by DNS; a row for each input, and "no such name" is an answer."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename
import polars as pl

from huntkit.core.errors import RequestFailed, TimedOut, UsageError, did_you_mean
from huntkit.enrich.asking_each import Told, ask_each, texts_of
from huntkit.enrich.name_parts import host_of
from huntkit.entities.addresses import address_text, parse_address
from huntkit.entities.domains import to_ascii
from huntkit.runtime.session import Session, default_session
from huntkit.tables import as_kind

COLUMNS: Final = {
    "query": pl.String(),
    "status": pl.String(),
    "qname": pl.String(),
    "rdtype": pl.String(),
    "response": pl.String(),
    "canonical_name": pl.String(),
    "rrset": pl.List(pl.String()),
    "ttl": pl.Int64(),
    "nameserver": pl.String(),
    "checked_at": pl.Datetime("us", "UTC"),
    "problem": pl.String(),
}
RECORD_TYPES: Final = (
    "A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "HTTPS", "SVCB", "DS",
    "DNSKEY",
)  # fmt: skip
_KEPT_S: Final = 3600.0
_WORKERS: Final = 16
_PATIENCE_S: Final = 8.0

Servers = Sequence[str]


def dns_resolve(
    url_domain: str,
    rec_type: str = "A",
    *,
    nameservers: Servers = (),
    port: int = 53,
    session: Session | None = None,
    refresh: bool = False,
) -> dict[str, Any]:
    """What DNS says about a name, or the host of a URL: the columns of `dns_resolve_df`."""
    used = session if session is not None else default_session()
    rows = record_rows([url_domain], rec_type, nameservers, port, used, refresh=refresh)
    return rows.row(0, named=True)


def dns_resolve_df(
    url_domain: str | Iterable[str],
    rec_type: str = "A",
    *,
    nameservers: Servers = (),
    port: int = 53,
    session: Session | None = None,
    refresh: bool = False,
) -> Any:
    """What DNS says about names, or the hosts of URLs: a row for each, in the order given.

    Whoever runs the name server learns what you ask, and so may whoever owns the name.

    Args:
        url_domain: one or several, also defanged.
        rec_type: ``A AAAA CAA CNAME MX NS PTR SOA SRV TXT HTTPS SVCB DS DNSKEY``.
        nameservers: addresses of the servers that are asked; this machine's own by default.
        port: where they listen.
        session: progress, and where answers are kept for an hour.
        refresh: ask anew, whatever is kept.

    Returns:
        A frame with ``query status qname rdtype response canonical_name rrset ttl nameserver
        checked_at problem``. ``status``: ``ok``, ``not found`` (no such name), ``no data`` (the
        name has none of that type), ``not asked`` (no name), ``failed`` with the ``problem``.

    Raises:
        UsageError: no such type of record.
        Offline: the session may not use the network.
        RequestFailed: not one question was answered.
    """
    used = session if session is not None else default_session()
    given = texts_of(url_domain)
    return as_kind(
        record_rows(given, rec_type, nameservers, port, used, refresh=refresh), used.frame
    )


def ip_rev_resolve(ip_address: str, **options: Any) -> dict[str, Any]:
    """The name that is registered for an address: the columns of `dns_resolve_df`."""
    return dns_resolve(reverse_name(ip_address), "PTR", **options) | {"query": ip_address}


def ip_rev_resolve_df(
    ip_address: str | Iterable[str],
    *,
    nameservers: Servers = (),
    port: int = 53,
    session: Session | None = None,
    refresh: bool = False,
) -> Any:
    """The names that are registered for addresses: a row for each; see `dns_resolve_df`.

    Anybody who holds an address may register any name for it: check where the name leads.
    """
    used = session if session is not None else default_session()
    given = texts_of(ip_address)
    asked = [reverse_name(each) for each in given]
    rows = record_rows(asked, "PTR", nameservers, port, used, refresh=refresh)
    return as_kind(rows.with_columns(pl.Series("query", given, pl.String)), used.frame)


def reverse_name(ip: str) -> str:
    """The name under which an address is registered, or nothing if it is no address."""
    address = parse_address(host_of(ip))
    if address is None:
        return ""
    text = address_text(address).partition("%")[0]
    return str(dns.reversename.from_address(text)).rstrip(".")


def record_rows(
    given: list[str],
    rec_type: str,
    nameservers: Servers,
    port: int,
    session: Session,
    *,
    refresh: bool,
    tolerant: bool = False,
) -> pl.DataFrame:
    """See `dns_resolve_df`; always Polars, and `tolerant` as in `ask_each`."""
    rec_type = rec_type.upper()
    if rec_type not in RECORD_TYPES:
        raise UsageError(
            f"there is no type of record {rec_type!r}",
            hint=did_you_mean(rec_type, RECORD_TYPES) or "one of " + " ".join(RECORD_TYPES),
        )
    names = {text: _name(text) for text in given}
    servers = [str(each) for each in nameservers]
    asking = _Asking(rec_type, servers, port, session)
    told = ask_each(
        [name for name in names.values() if name],
        asking,
        session=session,
        who="DNS",
        kind=f"dns {rec_type} {','.join(servers)} {port}",
        kept_s=_KEPT_S,
        workers=_WORKERS,
        refresh=refresh,
        tolerant=tolerant,
    )
    rows = [_row(text, names[text], rec_type, told) for text in given]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _name(text: str) -> str | None:
    """The name as DNS carries it; None for addresses and for what is no name."""
    host = host_of(text)
    if not host or parse_address(host) is not None:
        return None
    name = to_ascii(host)
    labels = (name or "").split(".")
    fits = all(0 < len(label) <= 63 and label.isprintable() for label in labels)
    fits = fits and not labels[-1].isdecimal()  # 10.0.0.300: no top-level domain is a number
    return name if fits and not any(c.isspace() or c in "\\/@:" for c in name or "") else None


class _Asking:
    """Asks one question; the resolver is made with the first, since it reads the machine's own."""

    def __init__(self, rec_type: str, servers: list[str], port: int, session: Session) -> None:
        self._type = rec_type
        self._servers = servers
        self._port = port
        self._session = session
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def __call__(self, name: str) -> dict[str, Any]:
        self._session.network.check_online("DNS")
        try:
            if self._resolver is None:
                self._resolver = self._made()
            _HEARD.set(None)
            answer = await self._resolver.resolve(
                name + ".", self._type, lifetime=_PATIENCE_S, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return {"status": "not found", "nameserver": _HEARD.get()}
        except dns.exception.Timeout:
            raise TimedOut(f"DNS did not answer about {name!r} in time", service="DNS") from None
        except (dns.exception.DNSException, OSError, ValueError) as problem:
            reason = str(problem) or type(problem).__name__
            raise RequestFailed(f"DNS about {name!r}: {reason}"[:400], service="DNS") from problem
        return _found(answer)

    def _made(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = self._servers
            resolver.port = self._port
        resolver.nameservers = [
            _Server(each, resolver.port) if isinstance(each, str) else each
            for each in resolver.nameservers
        ]
        return resolver


_HEARD: ContextVar[str | None] = ContextVar("_HEARD", default=None)


class _Server(dns.nameserver.Do53Nameserver):
    """Leaves word who answered, since "no such name" is raised without it."""

    async def async_query(self, *args: Any, **options: Any) -> dns.message.Message:
        reply = await super().async_query(*args, **options)
        _HEARD.set(self.address)
        return reply


def _found(answer: dns.resolver.Answer) -> dict[str, Any]:
    told = {
        "qname": answer.qname.to_text(omit_final_dot=True),
        "canonical_name": answer.canonical_name.to_text(omit_final_dot=True),
        "nameserver": answer.nameserver,
    }
    if answer.rrset is None:
        return told | {"status": "no data"}
    records = sorted(record.to_text() for record in answer.rrset)
    return told | {
        "status": "ok",
        "response": "\n".join(records),
        "rrset": records,
        "ttl": answer.rrset.ttl,
    }


def _row(text: str, name: str | None, rec_type: str, told: dict[str, Told]) -> dict[str, Any]:
    row: dict[str, Any] = {"query": text, "rdtype": rec_type, "qname": name}
    if not name:
        return row | {"status": "not asked", "problem": "it is no name that DNS could hold"}
    said = told[name]
    row["checked_at"] = datetime.fromtimestamp(said.at, UTC)
    if said.problem:
        return row | {"status": "failed", "problem": said.problem}
    return row | {key: said.value.get(key) for key in COLUMNS if key in said.value}
