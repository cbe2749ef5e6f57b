"""The old class, and the faults that analysts know from its ancestor (one test for each)."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import IoCExtract

COLUMNS = ["IoCType", "Observable", "SourceIndex", "Input"]


def found(text: str, *types: str) -> set[tuple[str, str]]:
    values = IoCExtract().extract(text, ioc_types=types or None)
    return {(name, value) for name, those in values.items() for value in those}


def test_a_text_gives_a_set_for_each_type_and_empty_sets_for_the_others():
    values = IoCExtract().extract(r"C:\a\b.exe http://192.0.2.7/x 192.0.2.7")
    assert values["ipv4"] == {"192.0.2.7"}
    assert values["windows_path"] == {r"C:\a\b.exe"}
    assert values["email"] == set()


def test_a_frame_gives_a_frame_of_its_kind_with_the_four_columns():
    frame = pd.DataFrame({"a": ["192.0.2.7", None], "b": ["evil.com", 5]}, index=[7, 8])
    result = IoCExtract().extract(data=frame, columns=["a", "b"])
    assert list(result.columns) == COLUMNS
    assert result["SourceIndex"].to_list() == [7, 7]
    assert IoCExtract().extract_df(pl.from_pandas(frame[["a"]]), "a").columns == COLUMNS
    arrow = IoCExtract().extract_df(pa.table({"a": ["192.0.2.7"]}), "a")
    assert isinstance(arrow, pa.Table)
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT 'evil.com' AS a")
        assert IoCExtract().extract_df(relation, "a").fetchall()[0][:2] == ("dns", "evil.com")


def test_paths_of_frames_only_on_demand_and_of_one_system_only():
    frame = pl.DataFrame({"a": [r"C:\a\b.exe /etc/passwd"]})
    extract = IoCExtract()
    assert extract.extract_df(frame, "a").height == 0
    assert extract.extract_df(frame, "a", include_paths=True).height == 2
    linux = extract.extract_df(frame, "a", include_paths=True, os_family="Linux")
    assert linux["IoCType"].to_list() == ["linux_path"]
    assert extract.extract_df(frame, "a", ioc_types=["windows_path"]).height == 1
    assert extract.extract(r"C:\a\b.exe", include_paths=False) == {}
    with pytest.raises(UsageError, match="Windows or Linux"):
        extract.extract("x", os_family="Solaris")


def test_defanged_ones_are_left_out_on_demand():
    text = "evil[.]example.com and good.example.com"
    assert IoCExtract(defanged=False).extract(text)["dns"] == {"good.example.com"}
    assert IoCExtract().extract(text, defanged=False)["dns"] == {"good.example.com"}
    assert len(IoCExtract().extract(text)["dns"]) == 2


def test_nothing_to_search_is_refused():
    with pytest.raises(UsageError, match="nothing to search"):
        IoCExtract().extract("  ")
    with pytest.raises(UsageError, match="no columns"):
        IoCExtract().extract(data=pl.DataFrame({"a": ["x"]}))
    with pytest.raises(UnknownColumn, match="did you mean 'text'"):
        IoCExtract().extract_df(pl.DataFrame({"text": ["x"]}), "txt")


def test_types_of_ones_own_belong_to_one_object():
    one, other = IoCExtract(), IoCExtract()
    one.add_ioc_type("ticket", r"\bINC(?P<n>\d{5})\b", priority=1, group="n")
    assert one.extract("see inc12345")["ticket"] == {"12345"}
    assert "ticket" not in other.extract("see INC12345")
    assert one.ioc_types["ticket"][2:] == (1, "n")
    assert set(other.ioc_types) == set(one.ioc_types) - {"ticket"}
    assert one.extract("INC12345 evil.com", ioc_types=["ticket"]) == {"ticket": {"12345"}}
    assert one.extract_df(pl.DataFrame({"t": ["INC12345"]}), "t")["IoCType"].to_list() == ["ticket"]
    assert one.get_ioc_type("12345") == "unknown"
    with pytest.raises(UsageError, match="built-in"):
        one.add_ioc_type("ipv4", r"\d+")


def test_validation_of_whole_texts():
    extract = IoCExtract()
    assert extract.validate("evil[.]example.com", "dns")
    assert not IoCExtract(defanged=False).validate("evil[.]example.com", "dns")
    assert extract.validate("evil.example.com", "hostname")
    assert extract.validate("d41d8cd98f00b204e9800998ecf8427e", "file_hash")
    assert not extract.validate("999.1.2.3", "ipv4")
    with pytest.raises(KeyError, match="did you mean 'ipv4'"):
        extract.validate("x", "ip4")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("192.0.2.1", "ipv4"),
        ("2001:db8::1", "ipv6"),
        ("192.0.2.0/24", "cidr"),
        ("hxxps://evil[.]com/a", "url"),
        ("bob@evil.com", "email"),
        ("evil.com", "dns"),
        ("d41d8cd98f00b204e9800998ecf8427e", "md5_hash"),
        ("CVE-2021-44228", "cve"),
        (r"C:\Windows\a.exe", "windows_path"),
        ("/etc/passwd", "linux_path"),
        (r"HKLM\SOFTWARE\a", "registry_key"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "btc_wallet"),
        ("anything else", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_type_of_a_whole_text(text, wanted):
    assert IoCExtract().get_ioc_type(text) == wanted


def test_hash_types_by_length():
    assert IoCExtract.file_hash_type(" " + "ab12" * 10) == "unknown"  # too few different digits
    assert IoCExtract.file_hash_type("da39a3ee5e6b4b0d3255bfef95601890afd80709") == "sha1_hash"
    assert IoCExtract.file_hash_type("abc") == "unknown"


# --- faults of the ancestor, each by the text that shows it


def test_a_row_of_nothing_or_of_a_number_is_no_error():
    frame = pd.DataFrame({"a": ["192.0.2.1", None, 5, float("nan"), ["evil.com"]]})
    result = IoCExtract().extract_df(frame, "a")
    assert result["SourceIndex"].to_list() == [0, 4]


@pytest.mark.parametrize("text", ["10:20:30", "12:34:56:78", "00:1a:2b:3c:4d:5e"])
def test_times_and_interfaces_are_no_ipv6(text):
    assert found(text) == set()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("fe80::1%eth0", {("ipv6", "fe80::1%eth0")}),
        ("::ffff:1.2.3.4", {("ipv4", "1.2.3.4")}),
        ("http://[2001:db8::1]:8080/",
         {("url", "http://[2001:db8::1]:8080/"), ("ipv6", "2001:db8::1")}),
    ],
)  # fmt: skip
def test_zones_mapped_addresses_and_brackets(text, wanted):
    assert found(text) == wanted


def test_ipv4_is_checked_and_versions_ports_and_networks_are_known():
    assert found("999.1.2.3 and FileVersion 6.2.1.3") == set()
    assert found("192.0.2.7:443") == {("ipv4", "192.0.2.7")}
    assert found("192.0.2.0/24") == {("cidr", "192.0.2.0/24")}


def test_international_names_are_whole():
    assert found("http://пример.рф/") == {("url", "http://пример.рф/"), ("dns", "пример.рф")}
    assert found("münchen.de") == {("dns", "münchen.de")}
    assert found("xn--e1afmkfd.xn--p1ai") == {("dns", "xn--e1afmkfd.xn--p1ai")}


@pytest.mark.parametrize(
    "text", ["System.Net", "setup.py", "main.rs", "foo.sh", "run.zip", "a.mov", "user.name"]
)
def test_code_and_files_are_no_names(text):
    assert found(text) == set()


def test_percent_escapes_onions_and_dots_at_the_end():
    assert found("a=%2Fevil.com%2F", "dns") in ({("dns", "evil.com")}, set())
    assert found("u=%2F%2Fevil.com%2F", "dns") == {("dns", "evil.com")}
    onion = "facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion"
    assert found(f"{onion} {onion}.") == {("dns", onion)}
    assert found("evil.com.") == {("dns", "evil.com")}


def test_urls_keep_no_punctuation_and_credentials_are_no_mail():
    text = "(http://evil.com/a), http://evil.com/b; http://evil.com/c."
    assert {value for name, value in found(text, "url")} == {
        f"http://evil.com/{page}" for page in "abc"
    }
    assert found("http://user:pw@h.com/", "email") == set()


def test_paths_are_no_sentences_tails_of_urls_or_registry():
    assert found("and/or a w/o b, see http://a.com/usr/bin/x", "linux_path") == set()
    assert found(r"HKLM\SOFTWARE\Microsoft\Windows", "windows_path") == set()
    assert found(r"HKLM:\SOFTWARE\Microsoft", "windows_path") == set()


@pytest.mark.parametrize("text", ["evil[.]com", "evil[dot]com", "evil(.)com", "evil(dot)com"])
def test_all_forms_of_defanging_are_known_and_given_whole(text):
    assert found(text) == {("dns", "evil.com")}


def test_a_full_name_is_no_mail_address():
    assert found("host.example.com", "email") == set()


def test_the_types_that_were_missing():
    digest = "6734f37431670b3ab4292b8f60f29984"
    text = "\n".join([
        "ab34cd56" * 15 + "ab34ce57", "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", f"ja3={digest}",
        "CVE-2021-44228", "T1059.001", "AS64500", "192.0.2.0/24", "00:1a:2b:3c:4d:5e",
        r"HKLM\SOFTWARE\a", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", r"Global\evilmutex",
        "72f988bf-86f1-41af-91ab-2d7cd011db47", "curl/7.68.0",
    ])  # fmt: skip
    assert {name for name, _ in found(text, "all")} >= {
        "sha512_hash", "ssdeep_hash", "ja3_hash", "cve", "attack_technique", "asn", "cidr",
        "mac_address", "registry_key", "btc_wallet", "mutex", "guid", "user_agent",
    }  # fmt: skip
