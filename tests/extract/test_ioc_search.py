"""The step around the search: frames, columns, types, cost."""

import json

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import IoCExtract, OwnType, decode, iocs

COLUMNS = ["IoCType", "Observable", "SourceIndex", "Input", "input_column", "defanged", "scope"]


def test_empty_in_gives_empty_out_with_columns():
    found = iocs(pl.DataFrame({"text": []}), "text")
    assert found.columns == COLUMNS
    assert found.height == 0


def test_nulls_numbers_lists_structs_and_bytes_are_normal():
    frame = pl.DataFrame(
        {
            "number": [1, None],
            "list": [["192.0.2.1", None], None],
            "struct": [{"host": "evil.com"}, None],
            "bytes": [b"\xff bob@bad.org", None],
        },
        schema_overrides={"bytes": pl.Binary},
    )
    found = iocs(frame, ["number", "list", "struct", "bytes"])
    assert found.select("Observable", "input_column", "SourceIndex").rows() == [
        ("192.0.2.1", "list", 0),
        ("evil.com", "struct", 0),
        ("bob@bad.org", "bytes", 0),
        ("bad.org", "bytes", 0),
    ]


def test_each_indicator_once_for_each_text_and_again_for_each_row():
    found = iocs(pl.DataFrame({"a": ["192.0.2.1 192.0.2.1", "192.0.2.1", None]}), "a")
    assert found["SourceIndex"].to_list() == [0, 1]


def test_rows_stay_in_the_order_of_source_rows_and_columns():
    frame = pl.DataFrame({"a": ["192.0.2.1", "192.0.2.2"], "b": ["192.0.2.3", "192.0.2.1"]})
    found = iocs(frame, ["b", "a"])
    assert found.select("SourceIndex", "input_column", "Observable").rows() == [
        (0, "b", "192.0.2.3"),
        (0, "a", "192.0.2.1"),
        (1, "b", "192.0.2.1"),
        (1, "a", "192.0.2.2"),
    ]


def test_pandas_gets_its_own_index_values_back():
    frame = pd.DataFrame({"text": ["none", "192.0.2.1"]}, index=["x", "y"])
    found = iocs(frame, "text")
    assert list(found.columns) == COLUMNS
    assert found["SourceIndex"].to_list() == ["y"]
    assert frame.columns.to_list() == ["text"]


def test_one_text_gives_a_pandas_frame():
    assert iocs("ping 192.0.2.1")["Observable"].to_list() == ["192.0.2.1"]
    with pytest.raises(UsageError, match="one text has no columns"):
        iocs("ping", "text")


def test_only_the_types_that_were_asked_for():
    frame = pl.DataFrame({"text": ["http://evil.com/a"]})
    assert iocs(frame, "text", ioc_types=["dns"])["IoCType"].to_list() == ["dns"]
    assert iocs(frame, "text", ioc_types="url")["IoCType"].to_list() == ["url"]


def test_a_misspelt_type_or_column_is_named_with_the_nearest():
    frame = pl.DataFrame({"text": ["x"]})
    with pytest.raises(UsageError, match="did you mean 'ipv4'"):
        iocs(frame, "text", ioc_types=["ipv_4"])
    with pytest.raises(UnknownColumn, match="did you mean 'text'"):
        iocs(frame, "txt")
    with pytest.raises(UsageError, match="no column to search"):
        iocs(frame, [])


def test_columns_to_keep_are_carried_along():
    frame = pl.DataFrame({"text": ["-", "192.0.2.1"], "_file": ["a", "b"], "_record": [1, 2]})
    found = iocs(frame, "text", keep=["_file", "_record"], include_input=False)
    assert found.columns == [name for name in COLUMNS if name != "Input"] + ["_file", "_record"]
    assert found.row(0)[-2:] == ("b", 2)
    with pytest.raises(UnknownColumn, match="belongs to the result"):
        iocs(frame.with_columns(scope=pl.lit("x")), "text", keep=["scope"])


def test_all_text_columns_are_searched_when_none_is_named():
    frame = pl.DataFrame(
        {"a": ["192.0.2.1"], "n": [1], "b": ["evil.com"], "_file": ["192.0.2.9"], "_x": ["a.org"]}
    )
    found = iocs(frame)
    assert found.select("Observable", "input_column").rows() == [
        ("192.0.2.1", "a"),
        ("evil.com", "b"),
    ]
    assert iocs(frame.to_pandas())["Observable"].to_list() == ["192.0.2.1", "evil.com"]
    assert iocs(frame, "_file")["Observable"].to_list() == ["192.0.2.9"]
    with pytest.raises(UsageError, match="no column to search"):
        iocs(frame.select("n", "_file"))


def test_the_name_of_a_field_says_what_its_values_are_not():
    digest = "9f3f0f1d5c3a4b5c6d7e8f901234abcd"
    frame = pl.DataFrame(
        {"ProductVersion": ["2.7.0.6"], "ClientIP": ["2.7.0.6"], "ja3": [digest], "md5": [digest]}
    )
    assert iocs(frame).select("input_column", "Observable").rows() == [
        ("ClientIP", "2.7.0.6"),
        ("md5", digest),
    ]
    long = frame.unpivot(variable_name="field", value_name="text")
    assert iocs(long, "text", named_by="field")["SourceIndex"].to_list() == [1, 3]
    assert iocs(long, "text")["SourceIndex"].to_list() == [0, 1, 2, 3]


def test_a_mapped_address_is_ipv4_alone_and_still_shown_as_written():
    found = iocs(pl.DataFrame({"text": ["from ::ffff:203.0.113.45 port 4"]}))
    assert found.select("IoCType", "Observable", "Input", "scope").rows() == [
        ("ipv4", "203.0.113.45", "from ::ffff:203.0.113.45 port 4", "documentation")
    ]


def test_arrow_tables_and_duckdb_relations_give_the_same_rows():
    frame = pl.DataFrame({"text": ["-", "http://evil.com/a from 192.0.2.1"], "n": [1, 2]})
    wanted = iocs(frame, keep=["n"])
    arrow = iocs(frame.to_arrow(), keep=["n"])
    assert isinstance(arrow, pa.Table)
    assert pl.from_arrow(arrow).equals(wanted)
    with duckdb.connect() as connection:
        relation = iocs(connection.from_arrow(frame.to_arrow()), keep=["n"])
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert relation.pl().equals(wanted)
    pandas = iocs(frame.to_pandas(), keep=["n"])
    assert pl.from_pandas(pandas).rows() == wanted.rows()


def test_scope_marks_private_and_public_addresses():
    frame = pl.DataFrame({"text": ["10.0.0.1 8.8.8.8 http://100.64.0.1/ evil.com"]})
    found = iocs(frame, "text")
    assert dict(found.select("Observable", "scope").rows()) == {
        "10.0.0.1": "private",
        "8.8.8.8": "public",
        "http://100.64.0.1/": "cgnat",
        "100.64.0.1": "cgnat",
        "evil.com": "",
    }


def test_a_column_of_fingerprints_holds_fingerprints():
    digest = "6734f37431670b3ab4292b8f60f29984"
    frame = pl.DataFrame(
        {"ja3": [digest], "Imphash": [digest], "md5": [digest], "SessionId": [digest]}
    )
    found = iocs(frame, ioc_types="all").select("input_column", "IoCType").rows()
    assert found == [("ja3", "ja3_hash"), ("Imphash", "imphash"), ("md5", "md5_hash")]
    assert iocs(frame, ioc_types="ja3_hash").select("input_column", "IoCType").rows() == found[:1]
    assert iocs(frame)["input_column"].to_list() == ["md5"]
    empty = pl.DataFrame({"imphash": ["0" * 32]})
    told = iocs(empty, ioc_types="imphash", rejected=True)
    assert told.select("IoCType", "reason").rows() == [
        ("imphash", "all zeros: no hash was computed")
    ]


def test_groups_of_types_and_all_of_them():
    frame = pl.DataFrame({"t": [r"C:\\a\\b.exe /etc/passwd CVE-2021-44228 evil.com"]})
    assert set(iocs(frame, ioc_types="path")["IoCType"]) == {"windows_path", "linux_path"}
    assert set(iocs(frame)["IoCType"]) == {"cve", "dns"}
    assert set(iocs(frame, ioc_types="all")["IoCType"]) > {"cve", "dns", "linux_path"}
    assert iocs(frame, ioc_types=["hostname"])["IoCType"].to_list() == ["dns"]
    assert iocs(frame, ioc_types=[]).height == 0


def test_observables_can_be_written_so_that_nobody_can_click_them():
    frame = pl.DataFrame({"t": ["http://evil.com/a.b bob@evil.com 10.0.0.0/8 CVE-2021-44228"]})
    assert iocs(frame, defang=True)["Observable"].to_list() == [
        "hxxp://evil[.]com/a.b",
        "evil[.]com",
        "bob[@]evil[.]com",
        "10[.]0[.]0[.]0/8",
        "CVE-2021-44228",
    ]
    assert not iocs(frame, defang=True)["defanged"].any()


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
def test_a_spark_frame_gives_the_same_indicators_of_all_types(spark):
    texts = ["evil[.]com C:\\a\\b.exe", None, "T1059 INC12345", "http://192.0.2.1/"]
    frame = pl.DataFrame({"t": texts})
    given = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    own = [OwnType("ticket", r"INC\d{5}")]
    wanted = iocs(frame, "t", ioc_types="all", own_types=own, spans=True)
    found = iocs(given, "t", ioc_types="all", own_types=own, spans=True)
    columns = ["IoCType", "Observable", "Input", "defanged", "scope", "start", "end"]
    got = pl.DataFrame(pl.from_arrow(found.toArrow())).select(columns)
    assert sorted(got.rows()) == sorted(wanted.select(columns).rows())
    old = IoCExtract().extract_df(given, "t")
    assert old.columns == ["IoCType", "Observable", "SourceIndex", "Input"]
    assert old.count() == 4


UNITS = [
    "a",
    "f",
    ".",
    "@",
    "://",
    "a@b.com,",
    "a[.]com,",
    "http://a.com/",
    "fe80::1,",
    "%41.",
    "version=1.",
    "http://a_b.c_",
    "(",
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_of_anything_takes_no_quadratic_time(unit, hang_guard):
    text = (unit * (400_000 // len(unit) + 1))[:400_000]
    with hang_guard():
        iocs(pl.DataFrame({"text": [text]}), "text")


NAMES = [
    "wd-prod-cp-us-west-1-fe.westus.cloudapp.azure.com",
    "wd-prod-cp.trafficmanager.net",
    "wdcp.microsoft.com",
]


@pytest.mark.data
@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("atomic/windows/execution/host/empire_launcher_vbs.zip", "10.10.10.5"),
        ("compound/Log4Shell/*jndi_reference.zip", "192.168.2.6"),
    ],
)
def test_addresses_behind_encoded_commands_are_found(lines_of, pattern, address):
    lines = pl.DataFrame({"line": lines_of(pattern)})
    layers = decode(lines, "line", include_input=False).filter("Announced")
    assert address in iocs(layers, "Decoded")["Observable"].to_list()


@pytest.mark.data
def test_names_in_real_windows_events_are_names(lines_of):
    lines = lines_of("atomic/windows/execution/host/empire_launcher_vbs.zip")
    frame = pl.DataFrame({"Message": [json.loads(line).get("Message") for line in lines]})
    found = iocs(frame, "Message", ioc_types=["dns", "url", "email"])
    assert sorted(set(found["Observable"])) == NAMES


@pytest.mark.data
def test_versions_folders_and_files_of_real_windows_events_are_no_indicators(windows_events):
    found = iocs(pl.DataFrame({"text": sorted(windows_events.texts)}), include_input=False)
    names = found.filter(pl.col("IoCType") == "dns")["Observable"].unique()
    endings = set(names.str.extract(r"([^.]+)$"))
    assert endings <= {"com", "net", "edu", "org"}
    addresses = found.filter(pl.col("IoCType") == "ipv4")["Observable"].unique()
    assert addresses.str.contains(r"^0\.|\.0\.0$").sum() == 0
    assert "104.40.17.153" in addresses
    assert found["Observable"].str.starts_with("::ffff:").sum() == 0


@pytest.mark.data
def test_real_windows_events_hold_no_wallets_fuzzy_hashes_or_systems_by_chance(windows_events):
    frame = pl.DataFrame({"text": sorted(windows_events.texts)})
    types = ["wallet", "ssdeep_hash", "sha512_hash", "asn", "cve", "cidr", "attack_technique"]
    found = iocs(frame, ioc_types=types, include_input=False)
    techniques = {"T1110.003", "T1197", "T1135", "T1218.005", "T1021.006", "T1558.003"}
    assert set(found["IoCType"]) == {"attack_technique"}
    assert set(found["Observable"]) <= techniques  # in the paths of Atomic Red Team's tests
