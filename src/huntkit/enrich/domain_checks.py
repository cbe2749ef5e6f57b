"""Is it a name, does it lead anywhere, and is it or its certificate on a list of bad ones?"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from huntkit.core.errors import BadReply
from huntkit.enrich.abuse_lists import AbuseLists
from huntkit.enrich.certificates import Certificate, certificate
from huntkit.enrich.dns_lookup import Servers, dns_resolve
from huntkit.enrich.name_parts import host_of
from huntkit.entities.domains import is_top_level
from huntkit.runtime.http_client import Service
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session, default_session

SSLBL: Final = "https://sslbl.abuse.ch"
_LIST: Final = "/blacklist/sslblacklist.csv"
_KEPT_S: Final = 24 * 3600.0
_DIGITS: Final = 40


class DomainValidator:
    """Checks of a name or of the host of a URL; only `validate_tld` needs no network.

    Args:
        session: network, and where the list is kept for a day.
        nameservers: addresses of the name servers that are asked; this machine's own by default.
        dns_port: where they listen.
        sslbl: where abuse.ch's list of certificates is.
        lists: lists of bad names and certificates that you have, as files or `AbuseLists`; they
            are asked instead of abuse.ch's.
    """

    def __init__(
        self,
        *,
        session: Session | None = None,
        nameservers: Servers = (),
        dns_port: int = 53,
        sslbl: str = SSLBL,
        lists: AbuseLists | str | Path | Sequence[str | Path] | None = None,
    ) -> None:
        self._session = session
        self._nameservers = nameservers
        self._dns_port = dns_port
        self._sslbl = sslbl
        self._given = lists
        self._lists: AbuseLists | None = None

    @property
    def session(self) -> Session:
        """Network, and kept answers."""
        return self._session if self._session is not None else default_session()

    @staticmethod
    def validate_tld(url_domain: str) -> bool:
        """Whether a name ends in a top-level domain that there is; offline.

        Examples:
            >>> [DomainValidator.validate_tld(n) for n in ("a.example.com", "setup.exe", "com")]
            [True, False, False]
        """
        host = host_of(url_domain)
        left, dot, last = host.rpartition(".")
        return bool(left and dot) and is_top_level(last)

    def is_resolvable(self, url_domain: str) -> bool:
        """Whether a name leads to an address, of either kind.

        Raises:
            RequestFailed: DNS could not be asked, which is no answer.
        """
        return any(
            dns_resolve(
                url_domain, kind, nameservers=self._nameservers, port=self._dns_port,
                session=self.session,
            )["status"] == "ok"
            for kind in ("A", "AAAA")
        )  # fmt: skip

    @property
    def lists(self) -> AbuseLists | None:
        """The lists that were given; read on first use."""
        if self._lists is None and self._given is not None:
            given = self._given
            self._lists = given if isinstance(given, AbuseLists) else AbuseLists(given)
        return self._lists

    def in_abuse_list(
        self, url_domain: str, *, port: int | None = None
    ) -> tuple[bool, Certificate | None]:
        """Whether a name or its server's certificate is on a list, and the certificate.

        Without lists of your own, abuse.ch's list of certificates is asked. Where your lists hold
        the name, or hold no certificates, nobody is asked, and no certificate is given. Else the
        server is asked for its certificate, so it learns of you. What is not listed is not good
        for that.

        Raises:
            Offline: certificates are to be compared, and the session may not use the network.
            RequestFailed: the list or the server could not be asked, which is no answer.
        """
        lists = self.lists
        if lists is not None:
            if lists.find(url_domain) is not None:
                return True, None
            if not lists.has_certificates:
                return False, None
            shown = certificate(url_domain, port=port, session=self.session)
            return lists.find_certificate(shown) is not None, shown
        bad = self._bad_certificates()
        shown = certificate(url_domain, port=port, session=self.session)
        return shown.sha1 in bad, shown

    def _bad_certificates(self) -> set[str]:
        kept = self.session.store.get("sslbl", self._sslbl, max_age_s=_KEPT_S)
        if kept is not None:
            return set(kept.value)
        service = Service(name="SSLBL", base_url=self._sslbl, limits=Limits(concurrency=1))
        text = self.session.http(service).get(_LIST).text
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        found = {row[1].strip().lower() for row in csv.reader(lines) if len(row) > 1}
        bad = {digest for digest in found if len(digest) == _DIGITS and digest.isalnum()}
        if not bad:  # an empty list would read as "clean"
            raise BadReply("SSLBL sent a list without certificates", service="SSLBL")
        self.session.store.put("sslbl", self._sslbl, sorted(bad))
        return bad
