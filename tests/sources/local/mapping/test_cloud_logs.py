"""Logs of clouds, of Linux's journal and of Suricata as their products export them."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper
from huntkit.sources.local.mapping.hosts import host_column

WHEN = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


def mapped(*records: dict[str, Any]) -> dict[str, pl.DataFrame]:
    mapper = Mapper(name="x.json")
    return dict(mapper.map(Batch("json", range(1, len(records) + 1), records=list(records))))


GCP: dict[str, Any] = {
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": {"principalEmail": "ana@corp.example"},
        "requestMetadata": {"callerIp": "203.0.113.7"},
        "serviceName": "iam.googleapis.com",
        "methodName": "google.iam.admin.v1.CreateServiceAccountKey",
        "resourceName": "projects/-/serviceAccounts/1",
        "status": {"code": 7, "message": "denied"},
    },
    "insertId": "i1",
    "resource": {"type": "service_account", "labels": {"project_id": "proj"}},
    "timestamp": "2024-05-06T07:08:09.123000Z",
    "severity": "ERROR",
    "logName": "projects/proj/logs/cloudaudit.googleapis.com%2Factivity",
}


def test_audit_entries_of_google_cloud_have_sentinels_names() -> None:
    request = {**GCP, "protoPayload": {"@type": "type.googleapis.com/x.RequestLog"}}
    tables = mapped(GCP, request)
    (row,) = tables["GCPAuditLogs"].to_dicts()
    expected = {
        "TimeGenerated": WHEN, "Timestamp": WHEN, "PrincipalEmail": "ana@corp.example",
        "MethodName": "google.iam.admin.v1.CreateServiceAccountKey", "ProjectId": "proj",
        "GCPResourceName": "projects/-/serviceAccounts/1", "StatusMessage": "denied",
        "RequestMetadata": '{"callerIp":"203.0.113.7"}', "GCPResourceType": "service_account",
        "Severity": "ERROR", "InsertId": "i1",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert tables["GCPLogs"]["_record"].to_list() == [2]
    assert tables["GCPLogs"]["TimeGenerated"].to_list() == [WHEN]


def test_events_of_okta_have_sentinels_names() -> None:
    record = {
        "uuid": "u1", "published": "2024-05-06T07:08:09.123Z", "version": "0",
        "eventType": "user.session.start", "displayMessage": "User login to Okta",
        "actor": {"id": "00u", "type": "User", "alternateId": "ana@corp.example"},
        "client": {
            "ipAddress": "203.0.113.7", "userAgent": {"rawUserAgent": "Mozilla", "os": "Linux"},
            "geographicalContext": {"city": "Bonn", "geolocation": {"lat": 50.7, "lon": 7.1}},
        },
        "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
        "securityContext": {"isProxy": False}, "target": None, "severity": "WARN",
    }  # fmt: skip
    (row,) = mapped(record)["OktaSystemLogs"].to_dicts()
    expected = {
        "TimeGenerated": WHEN, "ActorUsername": "ana@corp.example", "SrcIpAddr": "203.0.113.7",
        "EventOriginalType": "user.session.start", "EventResult": "Failure",
        "OriginalOutcomeResult": "FAILURE", "EventOriginalResultDetails": "INVALID_CREDENTIALS",
        "HttpUserAgent": "Mozilla", "SrcGeoCity": "Bonn", "SrcGeoLatitude": 50.7,
        "SecurityContextIsProxy": False,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_the_journal_is_syslog() -> None:
    record = {
        "__CURSOR": "c", "__REALTIME_TIMESTAMP": "1714979289123000", "_HOSTNAME": "web1",
        "SYSLOG_IDENTIFIER": "sshd", "_PID": "5", "PRIORITY": "6", "SYSLOG_FACILITY": "10",
        "MESSAGE": "Accepted publickey for ana",
    }  # fmt: skip
    raw = {**record, "MESSAGE": [104, 105], "_SOURCE_REALTIME_TIMESTAMP": "1714979289000000"}
    first, second = mapped(record, raw)["Syslog"].to_dicts()
    expected = {
        "TimeGenerated": WHEN, "Computer": "web1", "ProcessName": "sshd", "ProcessID": 5,
        "SeverityLevel": "info", "Facility": "authpriv",
        "SyslogMessage": "Accepted publickey for ana",
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert second["TimeGenerated"] == WHEN.replace(microsecond=0)
    assert second["SyslogMessage"] == "[104,105]"


def test_audit_events_of_kubernetes_have_sentinels_names() -> None:
    record = {
        "kind": "Event", "level": "Metadata", "auditID": "a1", "stage": "ResponseComplete",
        "requestURI": "/api/v1/secrets", "verb": "list", "user": {"username": "ana"},
        "sourceIPs": ["203.0.113.7"], "requestReceivedTimestamp": "2024-05-06T07:08:09.123000Z",
    }  # fmt: skip
    (row,) = mapped(record)["AKSAudit"].to_dicts()
    assert (row["TimeGenerated"], row["Verb"], row["User"], row["SourceIps"]) == (
        WHEN, "list", '{"username":"ana"}', '["203.0.113.7"]',
    )  # fmt: skip


@pytest.mark.parametrize("text", ["2024/05/06 07:08:09.123", "06/May/2024:09:08:09 +0200"])
def test_times_of_firewalls_and_web_servers_are_times(text: str) -> None:
    (frame,) = mapped({"when": text, "a": 1}).values()
    assert frame["when"].to_list()[0].replace(microsecond=123000) == WHEN


def test_flows_of_amazon_have_sentinels_names() -> None:
    flow = {
        "version": "2", "srcaddr": "10.0.0.1", "dstaddr": "203.0.113.7", "dstport": "22",
        "protocol": "6", "bytes": "4249", "start": "1714979289", "end": "1714979349",
        "action": "ACCEPT", "reject-reason": "BPA",
    }  # fmt: skip
    ((table, frame),) = Mapper(name="x").map(Batch("vpcflow", [2], records=[flow]))
    row = frame.to_dicts()[0]
    assert (table, row["SrcAddr"], row["DstPort"], row["Bytes"]) == (
        "AWSVPCFlow", "10.0.0.1", 22, 4249,
    )  # fmt: skip
    assert row["TimeGenerated"] == row["Start"] == WHEN.replace(microsecond=0)
    assert row["_extra"] == '{"reject-reason":"BPA"}'


def test_events_of_suricata_go_by_their_type() -> None:
    common = {"timestamp": "2024-05-06T09:08:09.123000+0200", "src_ip": "10.0.0.1", "host": "s1"}
    alert = {**common, "event_type": "alert", "alert": {"signature": "x", "severity": 1}}
    query = {**common, "event_type": "dns", "dns": {"rrname": "x.example"}}
    other = {**common, "event_type": "login", "user": "ana"}
    tables = mapped(alert, query, other)
    assert {name: frame["_record"].to_list() for name, frame in tables.items()} == {
        "Suricata_alert": [1], "Suricata_dns": [2], "x": [3],
    }  # fmt: skip
    (row,) = tables["Suricata_alert"].to_dicts()
    assert row["TimeGenerated"] == row["timestamp"] == WHEN
    assert row["alert"] == '{"signature":"x","severity":1}'
    assert host_column("Suricata_alert", list(row)) is None
