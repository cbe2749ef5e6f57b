"""Logs of web servers and of Windows Firewall, from their bytes to Sentinel's tables."""

from datetime import UTC, datetime
from pathlib import Path

import huntkit

IIS = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2024-05-06 07:08:09
#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port \
cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus \
sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For
2024-05-06 07:08:09 W3SVC1 WEB1 10.0.0.5 POST /owa/auth.aspx cmd=whoami 443 CORP\\ana \
203.0.113.7 HTTP/1.1 Mozilla/5.0+(Windows+NT) - https://corp.example/ mail.corp.example 200 0 0 \
1532 877 15 198.51.100.4
2024-05-06 07:08:10 W3SVC1 WEB1 10.0.0.5 GET /x - 443 - 203.0.113.7 HTTP/1.1 - - - - 404 0 2 9 8 1 -
"""


def rows(path: Path, table: str, **options: str) -> list[dict[str, object]]:
    with huntkit.open(path, **options) as evidence:
        found = evidence.table(table, frame="polars")
        return found.to_dicts()


def test_iis_is_w3ciislog_in_utc(tmp_path: Path) -> None:
    (tmp_path / "u_ex240506.log").write_text(IIS)
    first, second = rows(tmp_path, "W3CIISLog", assume_timezone="Europe/Berlin")
    expected = {
        "TimeGenerated": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        "Computer": "WEB1", "sSiteName": "W3SVC1", "sIP": "10.0.0.5", "sPort": 443,
        "cIP": "203.0.113.7", "csUserName": "CORP\\ana", "csMethod": "POST",
        "csUriStem": "/owa/auth.aspx", "csUriQuery": "cmd=whoami", "csVersion": "HTTP/1.1",
        "csUserAgent": "Mozilla/5.0+(Windows+NT)", "csCookie": "",
        "csReferer": "https://corp.example/", "csHost": "mail.corp.example", "scStatus": "200",
        "scSubStatus": "0", "scWin32Status": "0", "scBytes": 1532, "csBytes": 877, "TimeTaken": 15,
        "_extra": '{"X-Forwarded-For":"198.51.100.4"}', "_record": 5,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["csUserName"], second["scStatus"], second["_extra"]) == ("", "404", "")


def test_windows_firewall_is_local_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "pfirewall.log").write_text(
        "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n"
        "#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags path\n\n"
        "2024-05-06 07:08:09 DROP TCP 10.0.0.1 203.0.113.7 50000 443 52 S SEND\n"
    )
    (row,) = rows(tmp_path, "WindowsFirewall", assume_timezone="Europe/Berlin")
    assert row["TimeGenerated"] == datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)
    assert (row["FirewallAction"], row["SourceIP"], row["DestinationPort"]) == (
        "DROP", "10.0.0.1", 443,
    )  # fmt: skip
    assert row["_time_note"] == "zone assumed"
    assert row["_extra"] == '{"tcpflags":"S"}'


def test_other_logs_of_the_format_are_tables_with_times(tmp_path: Path) -> None:
    (tmp_path / "httperr1.log").write_text(
        "#Software: Microsoft HTTP API 2.0\n#Version: 1.0\n#Date: 2024-05-06 07:08:09\n"
        "#Fields: date time c-ip c-port s-reason\n2024-05-06 07:08:09 203.0.113.7 5 Timer\n"
    )
    (row,) = rows(tmp_path, "httperr1")
    assert row["TimeGenerated"] == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (row["c-ip"], row["c-port"], row["s-reason"]) == ("203.0.113.7", 5, "Timer")
    assert not row.get("_time_note")


def test_access_logs_have_the_names_of_sentinels_parser(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(
        'www:80 203.0.113.7 - ana [06/May/2024:07:08:09 +0200] "GET /a?b=c HTTP/1.1" 200 5316 '
        '"https://corp.example/" "curl/8.0" 17\n'
        '203.0.113.8 - - [06/May/2024:07:08:10 +0200] "\\x16\\x03" 400 - "-" "-"\n'
    )
    first, second = rows(tmp_path, "ApacheHTTPServer")
    expected = {
        "TimeGenerated": datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC),
        "EventStartTime": datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC),
        "EventType": "AccessLog", "EventProduct": "", "SrcIpAddr": "203.0.113.7",
        "ClientIdentity": "", "SrcUserName": "ana", "HttpRequestMethod": "GET",
        "UrlOriginal": "/a?b=c", "HttpVersion": "HTTP/1.1", "HttpStatusCode": 200.0,
        "HttpResponseBodyBytes": 5316.0, "HttpReferrerOriginal": "https://corp.example/",
        "HttpUserAgentOriginal": "curl/8.0", "_extra": '{"VirtualHost":"www:80","_extra":"17"}',
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["UrlOriginal"], second["HttpResponseBodyBytes"]) == ("", None)
    assert second["_extra"] == '{"Request":"\\\\x16\\\\x03"}'


def test_load_balancers_of_amazon_are_awsalbaccesslogs(tmp_path: Path) -> None:
    (tmp_path / "alb.log").write_text(
        "https 2024-03-04T10:12:33Z app/web/1 203.0.113.7:2817 10.0.0.66:80 0.086 0.048 0.037 200 "
        '200 0 57 "GET https://corp.example:443/ HTTP/1.1" "curl/7.46" - TLSv1.2 arn:aws:tg/1 - '
        '"corp.example"\n'
    )
    (row,) = rows(tmp_path, "AWSALBAccessLogs", assume_timezone="Europe/Berlin")
    expected = {
        "TimeGenerated": datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC), "ALBType": "https",
        "ClientIp": "203.0.113.7", "ClientPort": 2817, "TargetIp": "10.0.0.66", "TargetPort": 80,
        "ElbStatusCode": 200, "TargetStatusCode": "200", "SentBytes": 57, "UserAgent": "curl/7.46",
        "RequestRaw": "GET https://corp.example:443/ HTTP/1.1", "DomainName": "corp.example",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_network_load_balancers_are_awsnlbaccesslogs(tmp_path: Path) -> None:
    (tmp_path / "nlb.log").write_text(
        "tls 2.0 2024-03-04T10:12:33 net/web/1 l1 203.0.113.7:51341 10.0.0.6:443 5 2 98 246 - "
        'arn:aws:acm:1 - ECDHE-RSA-AES128-SHA tlsv12 - corp.example h2 h2 "h2" '
        "2024-03-04T10:12:28 new\n"
    )
    (row,) = rows(tmp_path, "AWSNLBAccessLogs", assume_timezone="Europe/Berlin")
    expected = {
        "TimeGenerated": datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC), "NLBType": "tls",
        "ClientIPPort": "203.0.113.7:51341",
        "TargetIPPort": "10.0.0.6:443", "SentBytes": "246", "IncomingTLSAlert": "",
        "TLSCipher": "ECDHE-RSA-AES128-SHA", "ALPNClientPrefList": '"h2"',
        "TLSConnectionCreationTime": "2024-03-04T10:12:28", "_extra": '{"_extra":["new"]}',
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_squid_is_a_table_with_times(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(
        "1709547153.521 502 10.1.2.3 TCP_MISS/200 216 GET http://corp.example/a ana "
        "HIER_DIRECT/203.0.113.7 text/html\n"
    )
    (row,) = rows(tmp_path, "SquidProxy")
    expected = {
        "TimeGenerated": datetime(2024, 3, 4, 10, 12, 33, 521_000, tzinfo=UTC),
        "SrcIpAddr": "10.1.2.3", "SrcUserName": "ana", "HttpRequestMethod": "GET",
        "UrlOriginal": "http://corp.example/a", "HttpStatusCode": 200, "ResultCode": "TCP_MISS",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_error_logs_are_local_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "error.log").write_text(
        "[Mon Mar 04 10:12:33.5 2024] [core:error] [pid 7] [client 203.0.113.7:512] AH1: denied\n"
        "PHP Warning:  x\n"
    )
    (tmp_path / "nginx.log").write_text(
        '2024/03/04 10:12:33 [warn] 7#8: *9 x, client: 203.0.113.7, server: s, request: "GET /a '
        'HTTP/1.1"\n'
    )
    first, second = rows(tmp_path, "ApacheHTTPServer", assume_timezone="Europe/Berlin")
    expected = {
        "TimeGenerated": datetime(2024, 3, 4, 9, 12, 33, 500_000, tzinfo=UTC),
        "EventType": "ErrorLog", "EventProduct": "Apache", "EventSeverity": "error",
        "EventMessage": "AH1: denied", "SrcIpAddr": "203.0.113.7", "_time_note": "zone assumed",
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["EventMessage"], second["TimeGenerated"]) == ("PHP Warning:  x", None)
    (row,) = rows(tmp_path, "NGINXHTTPServer")
    assert (row["SrcIpAddr"], row["UrlOriginal"], row["ProcessId"]) == ("203.0.113.7", "/a", 7.0)
    assert row["TimeGenerated"] == datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC)
