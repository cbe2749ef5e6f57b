import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.kinds.syslog import parse_line


def test_rfc3164_and_rsyslog_lines(read, sample):
    out = read(sample("kinds/syslog/rfc3164.log"), "messages")
    assert out.format == "syslog"
    by_line = dict(zip(out.numbers, out.records, strict=True))
    first = by_line[1]
    assert (first["facility"], first["severity"], first["host"], first["app"], first["pid"]) == (
        "auth", "crit", "web1", "su", "230",
    )  # fmt: skip
    assert first["message"] == "'su root' failed for eve on /dev/pts/8"
    assert first["year_missing"]
    assert first["zone_missing"]
    assert (by_line[2]["host"], by_line[2]["app"], by_line[2]["message"]) == (
        "192.0.2.99", "", "Use the side door!",
    )  # fmt: skip
    assert by_line[3]["priority"] is None
    assert by_line[3]["facility"] == ""
    assert by_line[4]["message"] == 'Traceback:\n   File "a.py", line 3\n\tValueError: no'
    assert (by_line[4]["app"], by_line[4]["pid"]) == ("app", "77")
    assert not by_line[7]["year_missing"]
    assert not by_line[7]["zone_missing"]
    assert by_line[7]["host"] == "fw.example.com"
    assert by_line[8]["timestamp"] == "2024-02-29T23:59:59.123456+01:00"
    assert (by_line[8]["app"], by_line[8]["pid"]) == ("postfix/smtpd", "9")
    assert (by_line[9]["priority"], by_line[9]["facility"]) == (999, "")
    assert by_line[10]["message"] == "last message repeated 3 times"
    assert out.rows == 10
    assert not out.skipped


def test_rfc5424_lines(read, sample):
    out = read(sample("kinds/syslog/rfc5424.log"), "x")
    assert out.format == "syslog"
    records = out.records
    assert records[0]["message"] == "'su root' failed for eve on /dev/pts/8"
    assert (records[0]["app"], records[0]["pid"], records[0]["msgid"]) == ("su", "", "ID47")
    assert records[2]["structured"] == {
        "sample@32473": {"iut": "3", "source": 'App]lication "x" \\', "id": "1011"},
        "prio@32473": {"class": "high"},
    }
    assert records[2]["message"] == "An event"
    assert records[3]["message"] == ""
    assert (records[4]["timestamp"], records[4]["host"], records[4]["zone_missing"]) == (
        "",
        "",
        False,
    )
    assert records[5]["zone_missing"]
    assert not any(record["year_missing"] for record in records)


def test_cef_and_leef_events_come_in_batches_of_their_own(read, sample):
    out = read(sample("kinds/syslog/cef.log"), "x")
    assert sorted(set(out.kinds)) == ["cef", "leef", "syslog"]
    cef = [r for r in out.records if "CEFVersion" in r]
    assert len(cef) == 3
    assert cef[0]["DeviceProduct"] == "Deep|Sec"
    assert cef[0]["Extensions"]["msg"] == "two words\nsecond line"
    assert cef[0]["Extensions"]["cs1"] == "C:\\Windows\\x.exe"
    assert cef[0]["Syslog"]["host"] == "sensor1"
    assert cef[1]["Syslog"] is None
    assert cef[2]["Syslog"]["app"] == "cefd"
    leef = [r for r in out.records if "LEEFVersion" in r]
    assert [e["Extensions"] for e in leef] == [
        {"src": "192.0.2.7", "usrName": "eve", "msg": "a b"},
        {"src": "192.0.2.7", "usrName": "eve"},
    ]
    broken = [r for r in out.records if "message" in r]
    assert [r["message"] for r in broken] == ["CEF:broken"]
    assert out.rows == 6


def test_lines_without_a_header_are_skipped(read):
    out = read(
        b"Jan  1 00:00:00 h a: one\nnonsense\nJan  1 00:00:01 h a: two\n" * 10, kind="syslog"
    )
    assert out.rows == 20
    assert out.skipped == {"not a syslog line": 10}


def test_an_unreadable_date_is_no_syslog():
    assert parse_line("Foo  1 00:00:00 host app: x") is None
    assert parse_line("hello world") is None


@pytest.mark.parametrize(
    "piece", ["<1>", "Jan  1 00:00:00 ", "a[", '[a b="', "1 ", "- ", "\\", ": "]
)
def test_half_a_megabyte_of_anything_is_quick(piece, read):
    data = ("<34>1 2003-10-11T22:14:15Z h a p m " + piece * (500_000 // len(piece))).encode()
    read(b"<34>Jan  1 00:00:00 h a: x\n" + data + b"\n", kind="syslog")


_parts = st.sampled_from(
    ["<34>", "1 ", "Jan  1 00:00:00 ", "2024-01-01T00:00:00Z ", "host ", "app[7]: ", '[id a="b"]',
     "- ", "CEF:0|a|b|c|d|e|f|", "LEEF:", "\n", " ", "x", "\x1b[2J", "\u202e", "\0"]
)  # fmt: skip


@given(parts=st.lists(_parts, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_lines_crash_the_reader(parts, read):
    out = read("".join(parts).encode(), kind="syslog")
    assert out.error is None


@pytest.mark.parametrize(
    ("line", "host", "app"),
    [
        ("<166>May 06 2024 07:08:09 fw1 : %ASA-6-302013: Built x", "fw1", "%ASA-6-302013"),
        ("<166>May 06 2024 07:08:09: %ASA-6-302013: Built x", "", "%ASA-6-302013"),
        ("<166>:May 06 07:08:09 UTC: %ASA-session-4-106023: Deny", "", "%ASA-session-4-106023"),
        ("<189>45: sw1: May  6 07:08:09.123 UTC: %SYS-5-CONFIG_I: x", "sw1", "%SYS-5-CONFIG_I"),
        ("<189>45: *May  6 07:08:09.123: %SYS-5-CONFIG_I: x", "", "%SYS-5-CONFIG_I"),
        ("000045: .May  6 07:08:09: %LINK-3-UPDOWN: x", "", "%LINK-3-UPDOWN"),
    ],
)
def test_cisco_devices_write_syslog_too(line, host, app):
    record = parse_line(line)
    assert record is not None
    assert (record["host"], record["app"]) == (host, app)
    assert record["timestamp"].startswith("May ")
