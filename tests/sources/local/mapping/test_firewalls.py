"""Logs of firewalls, from their bytes to CommonSecurityLog."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import huntkit

PALO_ALTO = (
    "1,2024/03/04 10:13:00,001801,THREAT,url,2561,2024/03/04 10:12:33,10.1.2.3,203.0.113.7,0.0.0.0,"
    "0.0.0.0,Out,corp\\ana,,ssl,vsys1,trust,untrust,e1,e2,Fwd,2024/03/04 10:13:00,7,1,51422,"
    '443,0,0,x,tcp,block-url,"bad.example/",(9999),malware,informational,client-to-server'
)
WHEN = datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC)


def rows(path: Path, text: str, **options: Any) -> list[dict[str, Any]]:
    path.write_text(text)
    with huntkit.open(path, frame="polars", **options) as evidence:
        assert evidence.tables["name"].to_list() == ["CommonSecurityLog"]
        assert not evidence.problems
        return evidence.table("CommonSecurityLog").to_dicts()


def test_palo_alto_is_commonsecuritylog(tmp_path: Path) -> None:
    text = f"<14>Mar  4 10:13:01 pa-1 {PALO_ALTO}\n"
    (row,) = rows(tmp_path / "pa.log", text, assume_timezone="Europe/Berlin")
    expected = {
        "TimeGenerated": WHEN.replace(hour=9), "Computer": "pa-1", "_time_note": "zone assumed",
        "DeviceVendor": "Palo Alto Networks", "DeviceProduct": "PAN-OS", "Activity": "THREAT",
        "DeviceEventClassID": "url", "LogSeverity": "1", "OriginalLogSeverity": "informational",
        "SourceIP": "10.1.2.3", "SourcePort": 51422, "DestinationIP": "203.0.113.7",
        "DestinationPort": 443, "Protocol": "tcp", "DeviceAction": "block-url",
        "RequestURL": "bad.example/", "SourceUserName": "corp\\ana", "DeviceCustomString1": "Out",
        "DeviceCustomString1Label": "Rule", "FlexString2": "client-to-server",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert "THREAT,url,2561,2024/03/04 10:12:33" in row["_extra"]


def test_cisco_is_commonsecuritylog(tmp_path: Path) -> None:
    deny = "Deny tcp src outside:203.0.113.7/4000 dst dmz:10.0.0.5/22 by access-group acl"
    (row,) = rows(tmp_path / "asa.log", f"<164>Mar 04 2024 10:12:33 UTC: %ASA-4-106023: {deny}\n")
    expected = {
        "TimeGenerated": WHEN, "_time_note": "", "DeviceVendor": "Cisco", "DeviceProduct": "ASA",
        "DeviceEventClassID": "106023", "LogSeverity": "4", "DeviceAction": "Deny",
        "SourceIP": "203.0.113.7", "SourcePort": 4000, "DestinationIP": "10.0.0.5",
        "DestinationPort": 22, "Protocol": "tcp", "Message": deny,
        "DeviceInboundInterface": "outside",
        "DeviceCustomString1": "acl", "Activity": "Packet denied by an access list",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_messages_without_a_header_have_no_time(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "asa.log", "%ASA-6-199999: anything\n")
    assert (row["TimeGenerated"], row["Message"]) == (None, "anything")


def test_fortigate_is_commonsecuritylog(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path / "forti.log",
        'date=2024-03-04 time=11:12:33 devname="FGT-1" devid="FG1" tz="+0100" logid="0000000013" '
        'type="traffic" subtype="forward" level="warning" srcip=10.1.2.3 srcport=5 '
        'dstip=203.0.113.7 dstport=443 proto=6 action="deny" sentbyte=7 rcvdbyte=0 vd="root"\n',
    )
    expected = {
        "TimeGenerated": WHEN, "_time_note": "", "Computer": "FGT-1", "DeviceName": "FGT-1",
        "DeviceVendor": "Fortinet", "DeviceProduct": "Fortigate", "DeviceEventClassID": "00013",
        "Activity": "traffic:forward deny", "LogSeverity": "4", "OriginalLogSeverity": "warning",
        "SourceIP": "10.1.2.3", "DestinationPort": 443, "DeviceAction": "deny", "SentBytes": 7,
        "ReceivedBytes": 0, "Protocol": "6",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert '"vd":"root"' in row["_extra"]
