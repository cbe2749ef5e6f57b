"""Each form in which ranges are published, shaped by what each publishes today."""

import contextlib
import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich import Networks
from huntkit.enrich.published_ranges import published_ranges

FILES: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "ip-ranges.json": (
        {
            "syncToken": "1700000000",
            "createDate": "2026-11-01-00-00-00",
            "prefixes": [
                {"ip_prefix": "3.5.140.0/22", "region": "ap-northeast-2", "service": "S3",
                 "network_border_group": "ap-northeast-2"},
            ],
            "ipv6_prefixes": [
                {"ipv6_prefix": "2600:1f14::/35", "region": "us-west-2", "service": "EC2",
                 "network_border_group": "us-west-2"},
            ],
        },
        [("3.5.140.0/22", "AWS S3 ap-northeast-2"), ("2600:1f14::/35", "AWS EC2 us-west-2")],
    ),
    "ServiceTags_Public_20261116.json": (
        {
            "changeNumber": 300,
            "cloud": "Public",
            "values": [
                {"name": "AzureCloud.westeurope", "id": "AzureCloud.westeurope",
                 "properties": {"region": "westeurope", "platform": "Azure", "systemService": "",
                                "addressPrefixes": ["13.69.0.0/17", "2603:1020::/40"]}},
                {"name": "AzureFrontDoor", "properties": {"addressPrefixes": ["13.69.0.0/17"]}},
            ],
        },
        [("13.69.0.0/17", "Azure AzureCloud.westeurope"),
         ("2603:1020::/40", "Azure AzureCloud.westeurope"),
         ("13.69.0.0/17", "Azure AzureFrontDoor")],
    ),
    "worldwide.json": (
        [{"id": 1, "serviceArea": "Exchange", "ips": ["13.107.6.152/31"], "tcpPorts": "80,443"},
         {"id": 2, "serviceArea": "Common", "urls": ["*.example.com"]}],
        [("13.107.6.152/31", "Microsoft 365 Exchange")],
    ),
    "cloud.json": (
        {"syncToken": "1", "creationTime": "2026-11-01T00:00:00", "prefixes": [
            {"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "africa-south1"}]},
        [("34.1.208.0/20", "Google Cloud africa-south1")],
    ),
    "goog.json": (
        {"prefixes": [{"ipv4Prefix": "8.8.4.0/24"}, {"ipv6Prefix": "2001:4860::/32"}]},
        [("8.8.4.0/24", "Google"), ("2001:4860::/32", "Google")],
    ),
    "bingbot.json": (
        {"creationTime": "2026", "prefixes": [{"ipv4Prefix": "157.55.39.0/24"}]},
        [("157.55.39.0/24", "bingbot")],
    ),
    "public_ip_ranges.json": (
        {"last_updated_timestamp": "2026", "regions": [
            {"region": "uk-london-1", "cidrs": [{"cidr": "129.146.0.0/21", "tags": ["OCI"]},
                                                {"cidr": "130.35.0.0/22", "tags": []}]}]},
        [("129.146.0.0/21", "Oracle OCI uk-london-1"), ("130.35.0.0/22", "Oracle uk-london-1")],
    ),
    "public-ip-list": (
        {"addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"]},
        [("23.235.32.0/20", "Fastly"), ("2a04:4e40::/32", "Fastly")],
    ),
    "cloudflare-api.json": (
        {"success": True, "errors": [], "result": {
            "ipv4_cidrs": ["173.245.48.0/20"], "ipv6_cidrs": ["2400:cb00::/32"], "etag": "x"}},
        [("173.245.48.0/20", "Cloudflare"), ("2400:cb00::/32", "Cloudflare")],
    ),
    "meta": (
        {"verifiable_password_authentication": False, "ssh_keys": ["ssh-ed25519 AAAA"],
         "ssh_key_fingerprints": {"SHA256_RSA": "x"}, "hooks": ["192.30.252.0/22"],
         "actions": ["4.148.0.0/16", "2a01:111:f403::/48"],
         "domains": {"website": ["*.example.com"]}},
        [("192.30.252.0/22", "GitHub hooks"), ("4.148.0.0/16", "GitHub actions"),
         ("2a01:111:f403::/48", "GitHub actions")],
    ),
    "mine.json": (["192.0.2.0/24"], [("192.0.2.0/24", "mine")]),
}  # fmt: skip
TEXTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "ips-v4": ("173.245.48.0/20\n103.21.244.0/22\n",
               [("173.245.48.0/20", "ips-v4"), ("103.21.244.0/22", "ips-v4")]),
    "digitalocean.csv": ("5.101.96.0/21,NL,NL-NH,Amsterdam,1098 XH\r\n",
                         [("5.101.96.0/21", "digitalocean NL NL-NH Amsterdam")]),
    "relay.csv": ('\ufeffip_prefix,country\n# comment\n2a02:26f7::/48,DE,DE-BY,"Munich, Old",\n',
                  [("2a02:26f7::/48", "relay DE DE-BY Munich, Old")]),
    "tor.txt": ("203.0.113.9\n\n2001:db8::1 # exit\n",
                [("203.0.113.9", "tor"), ("2001:db8::1", "tor")]),
}  # fmt: skip


@pytest.mark.parametrize("name", [*FILES, *TEXTS])
def test_every_network_of_a_published_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    body, wanted = FILES.get(name) or TEXTS[name]
    path.write_text(body if name in TEXTS else json.dumps(body), encoding="utf-8")
    assert list(published_ranges(path)) == wanted
    known = Networks.from_files(path)
    for network, whose in wanted:
        first = str(ipaddress.ip_network(network)[0])
        assert whose in known.find([first])["name"][0].split("; ")


@pytest.mark.parametrize("name", [*FILES, *TEXTS])
def test_a_given_name_wins_where_the_file_does_not_say(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    body, wanted = FILES.get(name) or TEXTS[name]
    path.write_text(body if name in TEXTS else json.dumps(body), encoding="utf-8")
    found = list(published_ranges(path, name="Mine"))
    assert [network for network, _ in found] == [network for network, _ in wanted]
    if name in (*TEXTS, "bingbot.json", "goog.json", "mine.json"):
        assert all(whose.startswith("Mine") for _, whose in found)


@pytest.mark.parametrize("body", ["", "{}", "{bad", "[1]", '{"prefixes": 5, "values": [{}]}'])
def test_files_without_networks_are_errors(tmp_path: Path, body: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(body)
    with pytest.raises(FormatError, match=r"x\.json"):
        published_ranges(path)


@pytest.mark.parametrize(
    "body",
    ["192.0.2.0/24\n<html>\n", '{"addresses": ["192.0.2.0/24", "nonsense"]}', "192.0.2.0/99",
     '{"prefixes": [{"ip_prefix": "192.0.2.0/24"}, {"ip_prefix": null}]}'],
)  # fmt: skip
def test_one_line_that_is_no_network_is_named(tmp_path: Path, body: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(body)
    with pytest.raises(FormatError, match="is no network"):
        published_ranges(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.json"):
        published_ranges(tmp_path / "nowhere.json")


@given(
    st.one_of(st.binary(max_size=200), st.text('{}[]",:prefixvalus0123456789./ab').map(str.encode))
)
def test_any_bytes_give_networks_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    with contextlib.suppress(FormatError, UsageError):
        assert len(Networks.from_files(path)) > 0
