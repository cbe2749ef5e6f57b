import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats import Limits

IIS = b"""#Software: Microsoft Internet Information Services 10.0\r
#Version: 1.0\r
#Date: 2024-05-06 07:08:09\r
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\r
2024-05-06 07:08:09 10.0.0.5 POST /owa/auth.aspx a=b 443 CORP\\ana 203.0.113.7 Mozilla/5.0+(x) 200\r
2024-05-06 07:08:10 10.0.0.5 GET / - 80 - 203.0.113.7 - 404\r
2024-05-06 07:08:11 10.0.0.5 GET /cut\r
#Software: Microsoft Internet Information Services 10.0\r
#Date: 2024-05-06 09:00:00\r
#Fields: time c-ip cs-uri-stem s-ip\r
09:00:00 203.0.113.8 /x.aspx 10.0.0.5\r
"""  # noqa: E501  lines as long as IIS writes them


def test_the_fields_may_change_in_mid_file(read):
    out = read(IIS, "u_ex240506.log")
    assert out.format == "w3c"
    assert out.kinds == ["iis", "iis"]
    assert out.numbers == [5, 6, 11]
    first, second, third = out.records
    assert first["timestamp"] == "2024-05-06 07:08:09Z"
    assert (first["cs-username"], first["cs(User-Agent)"]) == ("CORP\\ana", "Mozilla/5.0+(x)")
    assert (second["cs-uri-query"], second["sc-status"]) == ("", "404")
    assert third == {
        "time": "09:00:00", "c-ip": "203.0.113.8", "cs-uri-stem": "/x.aspx", "s-ip": "10.0.0.5",
        "timestamp": "2024-05-06 09:00:00Z", "year_missing": False, "zone_missing": False,
    }  # fmt: skip
    assert out.skipped == {"wrong number of fields": 1}


def test_a_clock_without_a_date_passes_midnight(read):
    head = b"#Date: 2024-02-28 23:00:00\n#Fields: time c-ip\n"
    clocks = [b"23:59:59", b"00:00:01", b"23:00:00", b"22:59:59", b"01:00:00"]
    out = read(head + b"".join(clock + b" ::1\n" for clock in clocks))
    assert [record["timestamp"] for record in out.records] == [
        "2024-02-28 23:59:59Z", "2024-02-29 00:00:01Z", "2024-02-29 23:00:00Z",
        "2024-02-29 22:59:59Z", "2024-03-01 01:00:00Z",
    ]  # fmt: skip


def test_a_clock_without_any_date_is_no_time(read):
    out = read(b"#Software: x\n#Fields: time c-ip\n10:00:00 ::1\n")
    assert [record["timestamp"] for record in out.records] == [""]


def test_windows_firewall_writes_local_times(read):
    out = read(
        b"#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n"
        b"#Fields: date time action protocol src-ip dst-ip src-port dst-port\n\n"
        b"2024-05-06 07:08:09 DROP TCP 10.0.0.1 203.0.113.7 50000 443 \n"
    )
    assert out.kinds == ["firewall"]
    assert out.records[0]["timestamp"] == "2024-05-06 07:08:09"
    assert out.records[0]["zone_missing"] is True
    assert out.records[0]["dst-port"] == "443"


def test_exchange_separates_by_commas_and_cloudfront_by_tabs(read):
    exchange = (
        b"DateTime,RequestId,Url\n#Software: Microsoft Exchange Server\n"
        b"#Fields: DateTime,RequestId,Url\n"
        b'2024-05-06T07:08:09.123Z,r1,"/autodiscover/a,b"\n'
    )
    out = read(exchange)
    assert out.records[0]["Url"] == "/autodiscover/a,b"
    assert out.records[0]["timestamp"] == "2024-05-06T07:08:09.123Z"
    assert out.skipped == {"no #Fields line before it": 1}
    front = b"#Version: 1.0\n#Fields: date time c-ip cs-uri-stem\n2024-05-06\t07:08:09\t::1\t/a b\n"
    out = read(front)
    assert (out.kinds, out.records[0]["cs-uri-stem"]) == (["w3c"], "/a b")


def test_quoted_values_may_hold_blanks(read):
    out = read(b'#Fields: date time cs(User-Agent)\n2024-05-06 07:08:09 "a b c"\n')
    assert out.records[0]["cs(User-Agent)"] == "a b c"


def test_the_widest_header_is_refused(read):
    data = b"#Fields: " + b"f " * 200 + b"\n" + b"1 " * 200 + b"\n"
    out = read(data, limits=Limits(max_fields=100))
    assert out.records == []
    assert out.skipped == {
        "#Fields line with too many fields": 1, "no #Fields line before it": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"# Fields of wheat\n", b"#Fields: one\nx\n", b"a\nb\n#Fields: a b\n"]
)
def test_other_comments_are_no_header(data, read):
    assert read(data).format != "w3c"


parts = st.sampled_from(
    ["#Fields: date time c-ip", "#Date: 9999-12-31", "#Date: x", "#Software: a", "#Fields: time x",
     "99:99:99 x", "23:00:00 x", "00:00:00 x", "2024-01-01 00:00:00 x", '"', ",", "\t\t", "1 2 3"]
) | st.text(max_size=20)  # fmt: skip


@given(lines=st.lists(parts, max_size=12))
@settings(max_examples=30, deadline=None)
def test_every_line_is_a_record_or_skipped(lines, read):
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    out = read(data, kind="w3c")
    assert out.error is None
    assert all(isinstance(value, str | bool) for record in out.records for value in record.values())
