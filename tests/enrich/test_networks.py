"""The innermost network holds, by the standard library's own arithmetic."""

import ipaddress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
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


def test_lists_of_lines_have_the_name_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "cloudflare.txt"
    path.write_text("# IPv4\n173.245.48.0/20\n\n2400:cb00::/32 # v6\n")
    assert Networks.from_files([path]).find(["2400:cb00::1"])["name"].to_list() == ["cloudflare"]


def test_files_may_be_named(tmp_path: Path) -> None:
    for name, line in (("ips-v4", "173.245.48.0/20"), ("ips-v6", "2400:cb00::/32")):
        (tmp_path / name).write_text(line)
    named = Networks.from_files({tmp_path / "ips-v4": "Cloudflare", tmp_path / "ips-v6": ""})
    found = named.find(["173.245.48.1", "2400:cb00::1"])["name"].to_list()
    assert found == ["Cloudflare", "ips-v6"]
    with pytest.raises(UsageError, match="no file"):
        Networks.from_files([])
