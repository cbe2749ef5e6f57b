"""Lines of Palo Alto's and Fortinet's firewalls, by their published formats; and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.formats import firewalls
from huntkit.formats.kinds.syslog import parse_line

TRAFFIC = (
    "1,2024/03/04 10:12:34,001801000001,TRAFFIC,end,2561,2024/03/04 10:12:33,10.1.2.3,203.0.113.7,"
    '198.51.100.9,0.0.0.0,"Web, out",corp\\ana,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,'
    "Fwd,2024/03/04 10:12:33,84213,1,51422,443,40001,0,0x400053,tcp,allow,148920,4210,144710,182,"
    "2024/03/04 10:08:31,216,business,,73,0x80,10.0.0.0-10.255.255.255,United States,,90,92,"
    "tcp-fin,12,0,0,0,vsys1,pa-1,from-policy,,,0"
)
THREAT = (
    "1,2024/03/04 10:13:00,001801000001,THREAT,vulnerability,2561,2024/03/04 10:13:00,203.0.113.66,"
    "10.1.2.9,0.0.0.0,0.0.0.0,In,,,web-browsing,vsys1,untrust,dmz,ethernet1/2,ethernet1/3,Fwd,"
    '2024/03/04 10:13:00,84214,1,41234,80,0,0,0x2000,tcp,reset-both,"corp.example/a,b",'
    "Log4j(91991),any,critical,client-to-server,74,0x80,NL,10.0.0.0-10.255.255.255,,text/html,0,ab12,,1,"
    "curl/8.0,,,,,,,0,12,0,0,0,vsys1,pa-1,,,,POST"
)
SYSTEM = (
    "1,2024/03/04 10:14:00,001801000001,SYSTEM,general,0,2024/03/04 10:14:00,,auth-fail,,0,0,"
    'general,medium,"failed authentication, bad password",55,0x0,0,0,0,0,,pa-1'
)
FORTI = (
    'date=2024-03-04 time=10:12:33 devname="FGT-1" devid="FG100E01" eventtime=1709543553521786372 '
    'tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=10.1.2.3 '
    'srcport=51422 dstip=203.0.113.7 dstport=443 proto=6 action="close" policyname="Out Web" '
    'transip=198.51.100.9 sentbyte=1463 rcvdbyte=11972 app="HTTPS" service="HTTPS" '
    'msg="a \\"b\\" c=d"'
)


def event(text: str, head: str = "") -> dict:
    line = head + text
    found = firewalls.Firewalls().event(parse_line(line), line)
    assert found is not None
    return found


def test_traffic_of_palo_alto() -> None:
    found = event(TRAFFIC)
    extensions = found["Extensions"]
    expected = {
        "src": "10.1.2.3", "spt": "51422", "dst": "203.0.113.7", "dpt": "443", "proto": "tcp",
        "act": "allow", "out": "4210", "in": "144710", "cs1": "Web, out", "cs1Label": "Rule",
        "suser": "corp\\ana", "app": "ssl", "sourceTranslatedAddress": "198.51.100.9",
        "reason": "tcp-fin", "dvchost": "pa-1", "deviceExternalId": "001801000001",
        "DestinationLocation": "United States", "externalId": "73",
    }  # fmt: skip
    assert {key: extensions.get(key) for key in expected} == expected
    assert "destinationTranslatedAddress" not in extensions
    assert (found["DeviceVendor"], found["DeviceProduct"]) == ("Palo Alto Networks", "PAN-OS")
    assert (found["Name"], found["DeviceEventClassID"], found["Severity"]) == ("TRAFFIC", "end", "")
    assert found["Original"] == TRAFFIC
    assert found["Syslog"]["host"] == "pa-1"


def test_threats_of_palo_alto() -> None:
    found = event(THREAT)
    extensions = found["Extensions"]
    expected = {
        "request": "corp.example/a,b", "cat": "Log4j(91991)", "cs2": "any", "act": "reset-both",
        "flexString2": "client-to-server", "fileHash": "ab12", "requestMethod": "POST",
        "requestClientApplication": "curl/8.0", "requestContext": "text/html", "dvchost": "pa-1",
    }  # fmt: skip
    assert {key: extensions.get(key) for key in expected} == expected
    assert (found["Severity"], found["OriginalSeverity"]) == ("5", "critical")
    assert event(SYSTEM)["Extensions"]["msg"] == "failed authentication, bad password"


@pytest.mark.parametrize(
    ("head", "text", "time", "zone_missing"),
    [
        ("", TRAFFIC, "2024-03-04T10:12:33", True),
        ("<14>", TRAFFIC, "2024-03-04T10:12:33", True),
        ("<14>Mar  4 10:12:35 pa-1 ", TRAFFIC, "2024-03-04T10:12:33", True),
        ("<14>1 2024-03-04T10:12:35+01:00 pa-1 - - - - ", TRAFFIC, "2024-03-04T10:12:35+01:00",
         False),
        ("", f"{TRAFFIC},,2024-03-04T10:12:33.443+08:00,", "2024-03-04T10:12:33+08:00", False),
        ("", f"{TRAFFIC},2023-03-04T10:12:33.443+08:00", "2024-03-04T10:12:33", True),
        ("", FORTI, "2024-03-04T10:12:33+01:00", False),
        ("<189>Mar  4 10:12:35 fgt ", FORTI, "2024-03-04T10:12:33+01:00", False),
        ("", FORTI.replace('tz="+0100" ', ""), "2024-03-04T09:12:33+00:00", False),
        ("", FORTI.replace('tz="+0100" ', "").replace("eventtime=", "x="), "2024-03-04T10:12:33",
         True),
    ],
)  # fmt: skip
def test_the_devices_own_time_counts(head: str, text: str, time: str, zone_missing: bool) -> None:
    record = event(text, head)["Syslog"]
    assert (record["timestamp"], record["zone_missing"], record["year_missing"]) == (
        time, zone_missing, False,
    )  # fmt: skip


@pytest.mark.parametrize("text", [FORTI, FORTI.replace(" ", ","), FORTI.replace(" time", ",time")])
def test_fortigate(text: str) -> None:
    found = event(text)
    assert found["DeviceEventClassID"] == "00013"
    assert (found["Name"], found["Severity"]) == ("traffic:forward close", "3")
    assert found["OriginalSeverity"] == "notice"
    assert found["Original"] == text
    assert found["Syslog"]["host"] == "FGT-1"


def test_fields_of_fortigate() -> None:
    expected = {
        "src": "10.1.2.3", "spt": "51422", "dst": "203.0.113.7", "dpt": "443", "proto": "6",
        "act": "close", "out": "1463", "in": "11972", "sourceTranslatedAddress": "198.51.100.9",
        "cat": "traffic:forward", "cs1": "Out Web", "msg": 'a \\"b\\" c=d',
        "deviceExternalId": "FG100E01",
        "dvchost": "FGT-1",
    }  # fmt: skip
    extensions = event(FORTI)["Extensions"]
    assert {key: extensions.get(key) for key in expected} == expected
    assert extensions["app"] == "HTTPS"


@pytest.mark.parametrize(
    "text",
    [
        "1,2024/03/04 10:12:34,0018,INVOICE,end,1,2024/03/04 10:12:33,a",
        "1,2024/03/04 10:12:34,0018,TRAFFIC,end,1,yesterday,a",
        "1,2024/03/04 10:12:34,0018,TRAFFIC,end",
        "date=2024-03-04 time=10:12:33 what=ever",
        'date=2024-03-04 time=10:12:33 devid="FE100" logid=1 type=event',
        "date=2024-03-04,amount=5,logid=3",
        "2024-03-04 10:12:33 something logid=3",
        "the firewall said %ASA-6-302013: Built",
    ],
)
def test_other_lines_are_none(text: str) -> None:
    assert firewalls.Firewalls().event(None, text) is None


def test_an_exported_table_is_no_log(read) -> None:
    names = ["Domain", "Receive Time", "Serial #", "Type", *(f"f{at}" for at in range(5, 65))]
    header = ",".join(names)
    assert read(f"{header}\n{TRAFFIC},,,,,\n{THREAT}\n".encode()).format == "csv"
    assert read(f"{TRAFFIC}\n{THREAT}\n".encode()).kinds == ["cef"]


def test_lines_of_all_kinds_in_one_file(read) -> None:
    asa = "%ASA-6-302013: Built inbound TCP connection 1"
    lines = [
        TRAFFIC, f"<189>{FORTI}", f"Mar 04 2024 10:12:33: {asa}", f"<166>{asa}",
        f"<166>Mar 04 2024 10:12:33 fw1 : {asa}", "Mar  4 10:12:33 web1 sshd[5]: hello",
        f"<134>1 2024-03-04T10:12:33Z fw asa 1 - - {asa}", "junk",
    ]  # fmt: skip
    out = read("\n".join(lines).encode())
    assert (out.format, sorted(set(out.kinds))) == ("syslog", ["cef", "syslog"])
    assert sorted(out.numbers) == [1, 2, 3, 4, 5, 6, 7]
    assert out.skipped == {"not a syslog line": 1}
    products = [row["DeviceProduct"] for row in out.records if "DeviceProduct" in row]
    assert products == ["PAN-OS", "Fortigate", "ASA", "ASA", "ASA", "ASA"]


HEADS = st.sampled_from(["", "<14>", "1,2024/03/04 10:12:34,0,TRAFFIC,end,", FORTI[:80], FORTI])
TAILS = st.one_of(
    st.text(max_size=60),
    st.builds(lambda y: f",2024/03/04 10:12:33,2024-99-99T99:99:99Z,{y}", st.text(max_size=9)),
    st.builds(lambda n: f" eventtime={n} logid=1 tz=+", st.integers(0, 10**22)),
)


@given(HEADS, TAILS)
def test_no_line_crashes_it(head: str, tail: str) -> None:
    line = head + tail
    firewalls.is_line(line)
    firewalls.is_palo_alto(line)
    found = firewalls.Firewalls().event(parse_line(line), line)
    assert found is None or found["DeviceVendor"]
