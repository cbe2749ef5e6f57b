"""The certificate that a server shows; reading it needs a connection to that server."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any, Final

import anyio
import anyio.abc
from anyio.streams.tls import TLSAttribute

from huntkit.core.errors import RequestFailed, TimedOut, UsageError
from huntkit.enrich.name_parts import host_of, url_components
from huntkit.entities.domains import to_ascii
from huntkit.runtime.portal import portal
from huntkit.runtime.session import Session, default_session

_PATIENCE_S: Final = 10.0
_HTTPS: Final = 443


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What a server showed.

    Attributes:
        host: who was asked.
        trusted: whether it is valid for that name, now, by an authority that is trusted here.
        problem: why it is not trusted.
        subject: whom it names; None where it is not trusted, since nothing vouches for it then.
        issuer: who issued it; as subject.
        names: the names that it holds for; as subject.
        not_before: from when on; as subject.
        not_after: until when; as subject.
        sha1: fingerprint, as lists of bad certificates have it.
        sha256: fingerprint.
        der: the certificate itself.
    """

    host: str
    trusted: bool
    problem: str
    subject: str | None
    issuer: str | None
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    sha1: str
    sha256: str
    der: bytes


def certificate(
    host: str, *, port: int | None = None, session: Session | None = None
) -> Certificate:
    """The certificate of a server, and whether it is trusted.

    The server learns that you asked. One that is not trusted is read by a second connection,
    over which nothing is sent.

    Args:
        host: a name, an address or a URL, also with a port.
        port: where it listens; by default where `host` says, else 443.
        session: whether the network may be used, and which authorities are trusted.

    Raises:
        UsageError: no host.
        Offline: the session may not use the network.
        RequestFailed: it can't be reached, or speaks no TLS.
    """
    used = session if session is not None else default_session()
    name = to_ascii(host_of(host))
    if port is None:
        port = _port_of(host)
    if not name or not 0 < port < 65_536:
        raise UsageError(f"{host!r:.80} is no host with a certificate", hint="www.example.com")
    used.network.check_online(f"the server {name}")
    bundle = used.settings.http.ca_bundle
    return portal().run(_read, name, port, str(bundle) if bundle else None)


def _port_of(text: str) -> int:
    """The port of ``host:8443`` or of a URL; that of https where it names none."""
    url = text if "://" in text else f"https://{text}"
    return url_components(url)["port"] or _HTTPS


async def _read(host: str, port: int, bundle: str | None) -> Certificate:
    context = ssl.create_default_context()
    if bundle:
        context.load_verify_locations(bundle)
    try:
        der, facts = await _shown(host, port, context)
    except ssl.SSLCertVerificationError as problem:
        lax = ssl.create_default_context()
        lax.check_hostname = False
        lax.verify_mode = ssl.CERT_NONE  # only to see what is shown; nothing is sent
        der, _ = await _shown(host, port, lax)
        return _certificate(host, der, {}, problem.verify_message or str(problem))
    return _certificate(host, der, facts, "")


async def _shown(host: str, port: int, context: ssl.SSLContext) -> tuple[bytes, dict[str, Any]]:
    name = f"the server {host}"
    try:
        with anyio.fail_after(_PATIENCE_S):
            stream = await anyio.connect_tcp(
                host, port, tls=True, ssl_context=context, tls_hostname=host,
                tls_standard_compatible=False,
            )  # fmt: skip
            async with stream:
                der = stream.extra(TLSAttribute.peer_certificate_binary)  # noqa: S610  no database
                facts = stream.extra(TLSAttribute.peer_certificate)  # noqa: S610  no database
    except ssl.SSLCertVerificationError:
        raise
    except TimeoutError:
        raise TimedOut(f"{name} did not answer in {_PATIENCE_S:.0f} s", service=name) from None
    except (OSError, anyio.BrokenResourceError, anyio.EndOfStream) as problem:
        raise RequestFailed(f"{name} shows no certificate: {problem}", service=name) from problem
    if der is None:
        raise RequestFailed(f"{name} shows no certificate", service=name)
    return der, dict(facts or {})


def _certificate(host: str, der: bytes, facts: dict[str, Any], problem: str) -> Certificate:
    return Certificate(
        host=host,
        trusted=not problem,
        problem=problem,
        subject=_who(facts.get("subject")),
        issuer=_who(facts.get("issuer")),
        names=tuple(value for _, value in facts.get("subjectAltName", ())),
        not_before=_time(facts.get("notBefore")),
        not_after=_time(facts.get("notAfter")),
        sha1=sha1(der, usedforsecurity=False).hexdigest(),
        sha256=sha256(der).hexdigest(),
        der=der,
    )


def _who(name: Any) -> str | None:
    return ", ".join(f"{key}={value}" for part in name for key, value in part) if name else None


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
