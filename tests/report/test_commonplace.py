"""What every machine has, and what only looks like it."""

import pytest

from huntkit.report.commonplace import commonplace


@pytest.mark.parametrize(
    ("kind", "value", "scope"),
    [
        ("dns", "v10.events.data.microsoft.com", ""),
        ("url", "http://www.w3.org/2001/XMLSchema", ""),
        ("url", "http://ocsp.digicert.com/a", ""),
        ("email", "a@microsoft.com", ""),
        ("ipv4", "168.63.129.16", "public"),
        ("ipv4", "127.0.0.1", "loopback"),
        ("ipv4", "9.9.9.9", "public"),
        ("md5_hash", "d41d8cd98f00b204e9800998ecf8427e", ""),
    ],
)
def test_every_machine_has_it(kind: str, value: str, scope: str) -> None:
    assert commonplace(kind, value, scope)


@pytest.mark.parametrize(
    ("kind", "value", "scope"),
    [
        ("dns", "evilmicrosoft.com", ""),
        ("dns", "microsoft.com.example.org", ""),
        ("url", "http://microsoft.com@bad.example.org/", ""),
        ("url", "http://bad.example.org/?u=microsoft.com", ""),
        ("url", "https://x.blob.core.windows.net/a", ""),
        ("dns", "a.trafficmanager.net", ""),
        ("dns", "graph.microsoft.com", ""),
        ("ipv4", "10.0.0.1", "private"),
        ("dns", "", ""),
    ],
)
def test_what_anybody_can_use_is_not_commonplace(kind: str, value: str, scope: str) -> None:
    assert commonplace(kind, value, scope) == ""
