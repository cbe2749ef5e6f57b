"""Files of indicators: what is read of them, and what values they are compared with."""

import ipaddress
import json
import time
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import EvidenceError, UsageError
from huntkit.enrich.ti.feed_values import compared, typed_values
from huntkit.enrich.ti.feeds import Feeds, in_feeds
from huntkit.tables import as_kind, to_polars

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.fixture
def feeds(tmp_path):
    def make(content, name="feed.txt", **options):
        path = tmp_path / name
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Feeds(path, store=tmp_path / "store", **options)

    return make


def of(feed):
    return dict(feed.indicators.select("value", "ioc_type").iter_rows())


def test_a_plain_list_may_have_remarks_ports_and_brackets(feeds):
    feed = feeds(
        "\ufeff# remark\n; another\n\n9.9.9.9\nhxxp://evil[.]example[.]com/A?b=C\n"
        "8.8.8.8:443\n1.10.16.0/20 ; SBL1\n0.0.0.0 ads.example.com # hosts file\n"
        f"{SHA.upper()}\n2606:4700:0::1111\nbob[@]example[.]com\n"
    )
    assert of(feed) == {
        "9.9.9.9": "ipv4",
        "http://evil.example.com/A?b=C": "url",
        "8.8.8.8": "ipv4",
        "1.10.16.0/20": "cidr",
        "ads.example.com": "dns",
        SHA: "sha256_hash",
        "2606:4700::1111": "ipv6",
        "bob@example.com": "email",
    }
    assert feed.files.select("kind", "entries", "indicators", "skipped").row(0) == ("list", 8, 8, 0)


def test_what_is_no_indicator_is_counted_and_said(feeds):
    feed = feeds("9.9.9.9\n???\n0.0.0.0/0\n::1\n")
    with pytest.warns(UserWarning, match="3 of 4 entries are left out"):
        told = feed.files.row(0, named=True)
    assert (told["entries"], told["indicators"], told["skipped"]) == (4, 1, 3)
    assert "2 it would match everything" in told["reasons"]


def test_a_csv_of_abuse_ch_has_its_header_in_a_remark(feeds):
    feed = feeds(
        "####\n# ThreatFox IOCs\n####\n"
        '# "first_seen_utc","ioc_id","ioc_value","ioc_type","malware","confidence_level"\n'
        '"2026-11-20 10:00:00", "1", "9.9.9.9:4444", "ip:port", "win.bad", "75"\n'
        '"2026-11-20 10:00:00", "2", "evil.example.com", "domain", "win.bad", "40"\n'
        "# Number of entries: 2\n"
    )
    assert of(feed) == {"9.9.9.9": "ipv4", "evil.example.com": "dns"}
    hits = feed.find(["9.9.9.9", "evil.example.com"], now=NOW)
    assert hits["severity"].to_list() == ["high", "warning"]
    assert hits["reason"][0] == "the feed says confidence_level 75 of 100"
    assert json.loads(hits["details"][0])["malware"] == "win.bad"


def test_a_csv_of_hashes_gives_each_of_them(feeds):
    feed = feeds(f"sha256;md5;verdict\n{SHA};{MD5};malicious\n;;low\nonly\n")
    with pytest.warns(UserWarning, match="2 of 3 entries"):
        found = feed.find([SHA.upper(), MD5])
    assert found["severity"].to_list() == ["high", "high"]
    reasons = feed.files["reasons"][0]
    assert "1 no indicator in it" in reasons
    assert "1 a row with fewer cells than columns" in reasons


BUNDLE = {
    "type": "bundle",
    "id": "bundle--1",
    "objects": [
        {"type": "identity", "name": "x"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '9.9.9.9']", "pattern_type": "stix",
         "indicator_types": ["malicious-activity"], "name": "C2"},
        {"type": "indicator", "pattern": "[domain-name:value = 'old.example.com']",
         "confidence": 90, "valid_until": "2026-01-01T00:00:00Z"},
        {"type": "indicator", "pattern": "[url:value = 'http://part.example.com/' AND "
                                         "file:name = 'a']", "confidence": 90},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '8.8.8.8']", "revoked": True},
        {"type": "indicator", "pattern": "alert tcp any", "pattern_type": "snort"},
    ],
}  # fmt: skip


def test_a_stix_bundle_keeps_what_is_valid_and_says_the_rest(feeds):
    feed = feeds(BUNDLE)
    with pytest.warns(UserWarning, match="2 of 5"):
        hits = feed.find(
            ["9.9.9.9", "old.example.com", "http://part.example.com/", "8.8.8.8"], now=NOW
        )
    told = {row["value"]: (row["severity"], row["reason"]) for row in hits.to_dicts()}
    assert told == {
        "9.9.9.9": ("high", "the indicator is of the type malicious-activity"),
        "old.example.com": (
            "information",
            "its time was over on 2026-01-01; confidence 90 of 100",
        ),
        "http://part.example.com/": ("information", "only a part of its pattern"),
    }
    assert "1 revoked" in feed.files["reasons"][0]
    assert "another language" in feed.files["reasons"][0]


def test_a_misp_export_made_by_pymisp_is_read(feeds):
    pymisp = pytest.importorskip("pymisp")
    event = pymisp.MISPEvent()
    event.info, event.threat_level_id = "Phishing wave", 1
    event.add_tag("tlp:amber")
    event.add_attribute("ip-dst", "9.9.9.9", comment="C2", to_ids=True)
    event.add_attribute("domain|ip", "evil.example.com|8.8.4.4")
    event.add_attribute("ip-dst|port", "1.1.1.1|443")
    event.add_attribute("text", "just text")
    event.add_attribute("md5", MD5, to_ids=False)
    event.add_attribute("url", "http://gone.example.com/", deleted=True)
    holder = pymisp.MISPObject("file", strict=False)
    holder.add_attribute("sha256", value=SHA, type="sha256", to_ids=True)
    event.add_object(holder)
    feed = feeds({"response": [{"Event": json.loads(event.to_json())}]})
    with pytest.warns(UserWarning, match="2 of 7"):
        known = of(feed)
    assert known == {
        "9.9.9.9": "ipv4",
        "evil.example.com": "dns",
        "8.8.4.4": "ipv4",
        "1.1.1.1": "ipv4",
        MD5: "md5_hash",
        SHA: "sha256_hash",
    }
    hits = {row["value"]: row for row in feed.find([*known]).to_dicts()}
    assert hits["9.9.9.9"]["severity"] == "high"
    assert "threat level high" in hits["9.9.9.9"]["reason"]
    assert json.loads(hits["9.9.9.9"]["details"])["tags"] == ["tlp:amber"]
    assert hits[MD5]["severity"] == "information"


def test_json_lists_and_the_exports_of_abuse_ch_are_read(feeds, tmp_path):
    assert of(feeds(["9.9.9.9", "evil.example.com"])) == {
        "9.9.9.9": "ipv4",
        "evil.example.com": "dns",
    }
    export = {"17": [{"ioc_value": "8.8.8.8:80", "ioc_type": "ip:port", "confidence_level": 100}]}
    assert feeds(export, "b.json").find(["8.8.8.8"])["severity"].to_list() == ["high"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"type": "bundle", "obj', "no whole JSON"),
        (b'{"a": 1}', "no STIX bundle"),
        (b"\x1f\x8b\x08\x00rest", "compressed"),
        (b"abc\0def", "no text"),
    ],
)
def test_a_file_of_no_known_shape_is_refused_not_empty(feeds, content, words):
    with pytest.raises(EvidenceError, match=words):
        _ = feeds(content).indicators


def test_a_feed_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="there is no feed"):
        _ = Feeds(tmp_path / "no", store=tmp_path).indicators
    with pytest.raises(UsageError, match="no severity"):
        Feeds(tmp_path, severity="bad")  # type: ignore[arg-type]


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path):
    path, store = tmp_path / "f.txt", tmp_path / "store"
    path.write_text("9.9.9.9\n")
    assert of(Feeds(path, store=store)) == {"9.9.9.9": "ipv4"}
    kept = sorted(each.name for each in store.iterdir())
    assert of(Feeds(path, store=store)) == {"9.9.9.9": "ipv4"}
    assert sorted(each.name for each in store.iterdir()) == kept
    assert all(each.stat().st_mode & 0o077 == 0 for each in store.iterdir())
    path.write_text("9.9.9.9\n8.8.8.8\n")
    assert len(of(Feeds(path, store=store))) == 2
    for each in store.glob("*.parquet"):
        each.write_bytes(b"broken")
    assert len(of(Feeds(path, store=store))) == 2


def test_a_folder_is_all_its_files(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.txt").write_text("9.9.9.9\n")
    (tmp_path / "f" / "b.csv").write_text("ip,severity\n9.9.9.9,high\n")
    found = in_feeds(
        pl.DataFrame({"a": ["9.9.9.9"]}), "a", feeds=Feeds(tmp_path / "f", store=tmp_path / "s")
    )
    assert found.row(0, named=True) == {
        "a": "9.9.9.9",
        "feeds_severity": "high",
        "feeds_names": "b.csv; a.txt",
        "feeds_indicator": "9.9.9.9",
        "feeds_reason": "the feed says severity 'high'",
    }


def test_addresses_are_found_in_networks_also_in_nested_ones(feeds):
    feed = feeds("10.0.0.0/8\n10.1.0.0/16\n192.0.2.0/24\n2001:db8::/32\n")
    hits = feed.find(["10.1.2.3", "10.200.0.1", "11.0.0.0", "9.255.255.255", "192.0.2.255",
                      "2001:DB8:1::5", "2001:db9::1", "10.1.2.3.4", "x"])  # fmt: skip
    assert set(hits.select("key", "value").iter_rows()) == {
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.0.0/16"),
        ("10.200.0.1", "10.0.0.0/8"),
        ("192.0.2.255", "192.0.2.0/24"),
        ("2001:db8:1::5", "2001:db8::/32"),
    }


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 31)), min_size=1, max_size=12),
    st.lists(st.integers(0, 2**32 - 1), max_size=12),
)
def test_networks_agree_with_the_standard_library(tmp_path_factory, nets, extra):
    networks = {ipaddress.ip_network((start, size), strict=False) for start, size in nets}
    asked = {*extra, *(int(n[0]) for n in networks), *(int(n[-1]) for n in networks)}
    addresses = [str(ipaddress.ip_address(each)) for each in asked]
    folder = tmp_path_factory.mktemp("feed")
    (folder / "f.txt").write_text("\n".join(map(str, networks)) + "\n")
    hits = Feeds(folder / "f.txt", store=folder).find(addresses)
    assert set(hits.select("key", "value").iter_rows()) == {
        (address, str(network))
        for address in addresses
        for network in networks
        if ipaddress.ip_address(address) in network
    }


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_rows_their_order_and_names_stay(feeds, kind):
    feed = feeds("evil.example.com\n")
    names = ["a", None, "EVIL.example.com.", "evil.example.com"]
    table = as_kind(pl.DataFrame({"q": names, "feeds_names": [1] * 4}), kind)
    found = to_polars(in_feeds(table, "q", feeds=feed))
    assert found["q"].to_list() == ["a", None, "EVIL.example.com.", "evil.example.com"]
    assert found["feeds_severity"].to_list() == [None, None, "warning", "warning"]
    assert found["feeds_names_"].to_list() == [None, None, "feed.txt", "feed.txt"]
    assert found["feeds_reason"][2] == "on the list feed.txt, which gives no verdict"


def test_no_hit_and_an_empty_table_give_the_same_columns(feeds):
    feed = feeds("9.9.9.9\n")
    missed = in_feeds(pl.DataFrame({"q": ["a"]}), "q", feeds=feed)
    assert missed.columns == ["q", "feeds_severity", "feeds_names", "feeds_indicator",
                              "feeds_reason"]  # fmt: skip
    nothing = in_feeds(pl.DataFrame({"q": []}), "q", feeds=feed)
    assert (nothing.height, nothing.columns) == (0, missed.columns)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it has no entries"),
        ("# nothing\n", "it has no entries"),
        ("ip,verdict\n", "it has no entries"),
        ("foo,bar\n203.0.113.45,x\n", "known to hold indicators: 'foo', 'bar'"),
        ("foo\tbar baz\n203.0.113.45\tx\n", "known to hold indicators: 'foo', 'bar baz'"),
        ("ip,verdict\nnonsense,high\n", "there is no indicator in it; of 1 entries"),
        ('{"type": "bundle", "objects": []}', "it has no entries"),
    ],
)
def test_a_feed_in_which_nothing_could_be_found_is_refused(feeds, content, words):
    with pytest.raises(EvidenceError, match=words):
        feeds(content).find(["203.0.113.45"])


def test_an_empty_feed_among_others_is_said_each_time(feeds, tmp_path):
    feeds("9.9.9.9\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    both = [tmp_path / "feed.txt", tmp_path / "empty.csv"]
    for _ in range(2):  # also where it was read and kept before
        with pytest.warns(UserWarning, match="empty.csv: it has no entries"):
            found = Feeds(both, store=tmp_path / "store").find(["9.9.9.9"])
        assert found["feed"].to_list() == ["feed.txt"]


@pytest.mark.parametrize(
    "name",
    ["Dest IP", "dst_ip", "DestinationIP", "source ip", "IP Address", "remote ip", "RemoteIP",
     "Host", "Domain Name", "ip-dst"],
)  # fmt: skip
def test_columns_are_known_however_they_are_spelt(feeds, name):
    feed = feeds(f"Added,{name},Verdict\n2026-01-01,evil.example.com,High\n")
    assert feed.find(["evil.example.com"])["severity"].to_list() == ["high"]


def test_a_file_hash_is_one(feeds):
    assert of(feeds(f"File Hash,Note\n{SHA},x\n")) == {SHA: "sha256_hash"}


def test_paths_tell_letters_apart_and_urls_do_after_the_host():
    given_ = ["HTTP://A.example/B", "/Tmp/X", "C:\\Users\\X", "A.EXAMPLE.", None, "[::1]"]
    assert compared(pl.Series(given_)).to_list() == [
        "http://a.example/B", "/Tmp/X", "c:\\users\\x", "a.example", None, "::1",
    ]  # fmt: skip


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_text_is_a_value_or_has_a_flaw(texts):
    values = pl.Series("value", texts, dtype=pl.String)
    found = typed_values(values, pl.Series("hint", [""] * len(texts), dtype=pl.String))
    assert found.height == len(texts)
    assert compared(values).len() == len(texts)
    for row in found.filter(pl.col("flaw").is_null()).to_dicts():
        assert row["value"]
        assert row["ioc_type"]


def test_what_is_normal_stays_what_it_is_compared_by():
    values = ["9.9.9.9", "2606:4700::1111", "a.example.com", "http://a.example.com/B", SHA, MD5]
    assert compared(pl.Series(values)).to_list() == values


def test_hostile_lines_are_bounded(feeds):
    feed = feeds("9.9.9.9\n" + "a." * 200_000 + "\n" + "[" * 100_000 + "\n" + "http://" * 50_000)
    started = time.perf_counter()
    with pytest.warns(UserWarning, match="left out"):
        assert feed.indicators.height == 1
    assert time.perf_counter() - started < 10
