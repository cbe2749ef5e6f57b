"""The innermost network holds, by the standard library's own arithmetic."""

import contextlib
import ipaddress
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich import Networks, ip_networks

V4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda pair: str(ipaddress.ip_network(pair, strict=False))
)
V6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda pair: str(ipaddress.ip_network(pair, strict=False))
)
FAR = ipaddress.ip_network("2000::/3")


@given(st.lists(st.one_of(V4, V6), max_size=30), st.lists(st.integers(0, 2**32 - 1), max_size=10))
def test_it_is_what_ipaddress_says(networks: list[str], more: list[int]) -> None:
    parsed = [ipaddress.ip_network(text) for text in networks]
    edges = [a for n in parsed for a in (n[0], n[-1])] + [ipaddress.IPv4Address(n) for n in more]
    # addresses that wrap an IPv4 address are looked up by the inner one
    edges = [a for a in edges if a.version == 4 or (a in FAR and a.sixtofour is None)]
    found = Networks((text, "") for text in networks).find([str(a) for a in edges])
    for address, network in zip(edges, found["network"].to_list(), strict=True):
        holding = [n for n in parsed if n.version == address.version and address in n]
        best = max(holding, key=lambda n: n.prefixlen, default=None)
        assert network == (None if best is None else str(best))


def test_equal_networks_keep_all_their_names() -> None:
    both = Networks([("192.0.2.0/24", "a"), ("192.0.2.9/24", "b"), ("192.0.2.0/24", "a")])
    assert both.find(["192.0.2.1"])["name"].to_list() == ["a; b"]
    assert len(both) == 1


def test_rows_and_columns_of_the_caller_stay() -> None:
    seen = pl.DataFrame({"ip": ["192.0.2.1", None, "x", "192.0.2.1"], "ip_Network": [1, 2, 3, 4]})
    found = ip_networks(seen, "ip", networks=["192.0.2.0/24"])
    assert found.select(seen.columns).equals(seen)
    assert found["ip_Network_ip"].to_list() == ["192.0.2.0/24", None, None, "192.0.2.0/24"]
    assert ip_networks(seen.clear(), "ip", networks=[]).width == 4


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(UsageError, match="'office' is no network"):
        Networks([("office", "")])


# Shaped by what each publishes.
FILES: dict[str, tuple[Any, str, str]] = {
    "aws": (
        {
            "prefixes": [
                {"ip_prefix": "3.5.140.0/22", "region": "ap-northeast-2", "service": "S3"}
            ],
            "ipv6_prefixes": [
                {"ipv6_prefix": "2600:1f14::/35", "region": "us-west-2", "service": "EC2"}
            ],
        },
        "2600:1f14::1",
        "AWS EC2 us-west-2",
    ),
    "azure": (
        {
            "values": [
                {
                    "name": "AzureCloud.westeurope",
                    "properties": {"addressPrefixes": ["13.69.0.0/17", "2603:1020::/40"]},
                }
            ]
        },
        "13.69.1.1",
        "Azure AzureCloud.westeurope",
    ),
    "google": (
        {"prefixes": [{"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "x-y1"}]},
        "34.1.208.9",
        "Google Google Cloud x-y1",
    ),
    "oracle": (
        {"regions": [{"region": "uk", "cidrs": [{"cidr": "129.146.0.0/21", "tags": ["OCI"]}]}]},
        "129.146.0.1",
        "Oracle OCI uk",
    ),
    "fastly": ({"addresses": ["23.235.32.0/20"]}, "23.235.32.1", "Fastly"),
}


@pytest.mark.parametrize("name", FILES)
def test_published_ranges_are_read(tmp_path: Path, name: str) -> None:
    body, address, wanted = FILES[name]
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(body))
    assert Networks.from_files(path).find([address])["name"].to_list() == [wanted]


def test_lists_of_lines_have_the_name_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "cloudflare.txt"
    path.write_text("# IPv4\n173.245.48.0/20\n\n2400:cb00::/32 # v6\n")
    assert Networks.from_files([path]).find(["2400:cb00::1"])["name"].to_list() == ["cloudflare"]


@pytest.mark.parametrize("body", ["", "{}", "{bad", "[1]", '{"prefixes": 5, "values": [{}]}'])
def test_files_without_networks_are_errors(tmp_path: Path, body: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(body)
    with pytest.raises(FormatError, match=r"x\.json"):
        Networks.from_files(path)


@given(st.binary(max_size=200))
def test_any_bytes_give_networks_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("nets") / "any"
    path.write_bytes(content)
    with contextlib.suppress(FormatError, UsageError):
        assert len(Networks.from_files(path)) > 0
