"""A server's certificate, trusted or not, and the list of bad ones."""

import hashlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import BadReply, Offline, RequestFailed, UsageError
from huntkit.enrich import DomainValidator, certificate
from huntkit.runtime import HttpSettings, Session, Settings
from servers import Answer


def test_a_trusted_certificate_says_whom_it_names(
    http_server: Callable[..., Any], tmp_path: Path
) -> None:
    server = http_server(Answer(), tls=True)
    http = HttpSettings(ca_bundle=server.ca)
    with Session(Settings(cache_dir=tmp_path, http=http)) as session:
        found = certificate("https://localhost/", port=server.port, session=session)
    assert found.trusted
    assert "localhost" in found.names
    assert found.not_before is not None
    assert found.not_before < found.not_after
    der = ssl.PEM_cert_to_DER_cert(ssl.DER_cert_to_PEM_cert(found.der))
    assert hashlib.sha1(der).hexdigest() == found.sha1


def test_an_untrusted_one_is_shown_with_the_reason(
    http_server: Callable[..., Any], session: Session
) -> None:
    server = http_server(Answer(), tls=True)
    found = certificate("localhost", port=server.port, session=session)
    assert not found.trusted
    assert "certificate" in found.problem
    assert found.subject is None
    assert len(found.sha256) == 64
    assert server.asked == []  # nothing was sent


@pytest.mark.parametrize("form", ["localhost:{}", "https://localhost:{}/a", "127[.]0.0.1:{}"])
def test_a_port_in_the_text_is_the_one_that_is_asked(
    form: str, http_server: Callable[..., Any], session: Session
) -> None:
    server = http_server(Answer(), tls=True)
    assert len(certificate(form.format(server.port), session=session).sha1) == 40


def test_what_shows_none_is_an_error(loopback: None, session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(RequestFailed, match="shows no certificate"):
        certificate("127.0.0.1", port=port, session=session)
    with pytest.raises(UsageError):
        certificate("", session=session)


def test_a_certificate_is_looked_up_in_the_list(
    http_server: Callable[..., Any], session: Session
) -> None:
    server = http_server(Answer(), tls=True)
    digest = certificate("localhost", port=server.port, session=session).sha1
    lists = http_server(Answer(body=f"# Listing date,SHA1\r\n2026-01-01,{digest},Bad C&C\r\n"))
    checks = DomainValidator(session=session, sslbl=lists.url)
    listed, shown = checks.in_abuse_list("localhost", port=server.port)
    assert listed
    assert shown.sha1 == digest
    checks.in_abuse_list("localhost", port=server.port)
    assert len(lists.asked) == 1  # kept for a day
    clean = http_server(Answer(body=f"2026-01-01,{'0' * 40},Other\n"))
    other = DomainValidator(session=session, sslbl=clean.url)
    assert other.in_abuse_list("localhost", port=server.port)[0] is False


@pytest.mark.parametrize("body", ["", "<html>maintenance</html>", "# only comments\n"])
def test_an_empty_list_never_reads_as_clean(
    http_server: Callable[..., Any], session: Session, body: str
) -> None:
    lists = http_server(Answer(body=body))
    with pytest.raises(BadReply):
        DomainValidator(session=session, sslbl=lists.url).in_abuse_list("localhost")


def test_offline_asks_nobody(tmp_path: Path) -> None:
    with Session(Settings(cache_dir=tmp_path, offline=True)) as session:
        with pytest.raises(Offline):
            certificate("www.example.com", session=session)
        with pytest.raises(Offline):
            DomainValidator(session=session).is_resolvable("www.example.com")
        assert DomainValidator(session=session).validate_tld("www.example.com")
