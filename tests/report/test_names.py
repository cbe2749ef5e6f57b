"""Which names of hosts mean the same machine."""

import pytest

from huntkit.core.errors import UsageError
from huntkit.report.names import hosts_meant, same_host

KNOWN = ["lark-ws01.larkspur.example", "lark-dc01.larkspur.example", "WEB"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lark-ws01", ["lark-ws01.larkspur.example"]),
        ("LARK-WS01.larkspur.example", ["lark-ws01.larkspur.example"]),
        (" web ", ["WEB"]),
        ("web.larkspur.example", ["WEB"]),
    ],
)
def test_short_and_full_names_in_any_case(given: str, meant: list[str]) -> None:
    assert hosts_meant(given, KNOWN) == meant


def test_an_unknown_host_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no host 'lark-ws1'") as told:
        hosts_meant("lark-ws1", KNOWN)
    assert "lark-ws01" in told.value.hint
    with pytest.raises(UsageError) as told:
        hosts_meant("zzz", KNOWN)
    assert told.value.hint.startswith("hosts: WEB, lark-dc01")


def test_addresses_are_no_short_names() -> None:
    assert same_host(["10", "10.0.0.1"]) == {}
