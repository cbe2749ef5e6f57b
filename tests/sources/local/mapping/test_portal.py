"""Files that the download buttons of Entra's, Defender's and Sentinel's portals give.

The columns are the portals' of 2024 and 2025, the values invented.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import huntkit
from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper
from huntkit.sources.local.mapping.portal import audit_row, sign_in_row

WHEN = datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC)
SIGN_IN = {
    "Date (UTC)": "2024-03-04T10:12:33Z", "Request ID": "r-1", "User agent": "Mozilla/5.0",
    "Correlation ID": "c-1", "User ID": "u-1", "User": "Ana Ruiz", "Username": "ana@corp.example",
    "User type": "Member", "Cross tenant access type": "None", "Incoming token type": "None",
    "Authentication Protocol": "Device code", "Application": "Exchange", "Application ID": "app-1",
    "Resource": "Microsoft Graph", "IP address": "203.0.113.7",
    "Location": "Bonn, Nordrhein-Westfalen, DE", "Status": "Success", "Sign-in error code": "",
    "Failure reason": "Other.", "Client app": "Browser", "Browser": "Edge 122", "Compliant": "No",
    "Managed": "Yes", "Authentication requirement": "Multifactor authentication",
    "Autonomous system  number": "64496", "Flagged for review": "No",
    "Conditional Access": "Not Applied", "Federated Token Id": "f-1",
}  # fmt: skip
FAILED = {**SIGN_IN, "Status": "Failure", "Sign-in error code": "50126", "Location": "somewhere"}
SERVICE = {
    "Date (UTC)": "2024-03-04T10:12:33Z", "Request ID": "r-1", "Correlation ID": "c-1",
    "Service principal ID": "sp-1", "Service principal name": "backup", "Application": "Backup",
    "Resource": "Graph", "IP address": "203.0.113.7", "Location": "Bonn, NRW, DE",
    "Status": "Success", "Sign-in error code": "", "Failure reason": "",
}  # fmt: skip
AUDIT = {
    "Date (UTC)": "2024-03-04T10:12:33Z", "CorrelationId": "c-1", "Service": "Core Directory",
    "Category": "RoleManagement", "Activity": "Add member to role", "Result": "success",
    "ResultReason": "", "ActorType": "User", "ActorDisplayName": "Ana", "ActorObjectId": "u-1",
    "ActorUserPrincipalName": "ana@corp.example", "IPAddress": "203.0.113.7",
    "Target1Type": "User", "Target1DisplayName": "", "Target1ObjectId": "u-2",
    "Target1UserPrincipalName": "eve@corp.example",
    "Target1ModifiedProperty1Name": "Role.DisplayName", "Target1ModifiedProperty1OldValue": "",
    "Target1ModifiedProperty1NewValue": '"Global Administrator"', "Target2Type": "",
    "AdditionalDetail1Key": "User-Agent", "AdditionalDetail1Value": "x", "Target1Colour": "red",
}  # fmt: skip


def mapped(*rows: dict[str, str], name: str) -> dict[str, list[dict[str, Any]]]:
    columns = {field: [row[field] for row in rows] for field in rows[0]}
    mapper = Mapper(name=name)
    frames = mapper.map(Batch("csv", range(2, len(rows) + 2), columns=columns)) + mapper.finish()
    return {table: frame.to_dicts() for table, frame in frames}


def test_sign_ins_of_the_portal_are_signinlogs() -> None:
    tables = mapped(SIGN_IN, FAILED, name="InteractiveSignIns_2024-03-04.csv")
    first, second = tables.pop("SigninLogs")
    assert not tables
    expected = {
        "TimeGenerated": WHEN, "CreatedDateTime": WHEN, "Id": "r-1", "UserAgent": "Mozilla/5.0",
        "UserPrincipalName": "ana@corp.example", "UserDisplayName": "Ana Ruiz", "UserId": "u-1",
        "AppDisplayName": "Exchange", "IPAddress": "203.0.113.7", "Location": "DE",
        "LocationDetails": '{"city":"Bonn","state":"Nordrhein-Westfalen","countryOrRegion":"DE"}',
        "ResultType": "0", "ResultDescription": "Other.", "AutonomousSystemNumber": "64496",
        "Status": '{"errorCode":0,"failureReason":"Other."}', "CrossTenantAccessType": "none",
        "DeviceDetail": '{"browser":"Edge 122","isCompliant":false,"isManaged":true}',
        "AuthenticationRequirement": "multiFactorAuthentication", "FlaggedForReview": False,
        "AuthenticationProtocol": "deviceCode", "ConditionalAccessStatus": "notApplied",
        "_extra": '{"Status":"Success","Federated Token Id":"f-1"}',
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["ResultType"], second["Location"]) == ("50126", "")
    assert json.loads(second["_extra"])["Location"] == "somewhere"


@pytest.mark.parametrize(
    ("row", "name", "table"),
    [
        (SIGN_IN, "signins.csv", "SigninLogs"),
        (SIGN_IN, "NonInteractiveSignIns_2024.csv", "AADNonInteractiveUserSignInLogs"),
        (SIGN_IN, "c:\\non-interactive\\a.zip!x/InteractiveSignIns.csv", "SigninLogs"),
        (SERVICE, "ApplicationSignIns_2024.csv", "AADServicePrincipalSignInLogs"),
        (SERVICE, "MSISignIns_2024.csv", "AADManagedIdentitySignInLogs"),
    ],
)
def test_kinds_of_sign_ins_are_told_by_columns_and_by_the_files_name(
    row: dict[str, str], name: str, table: str
) -> None:
    ((found, (made,)),) = mapped(row, name=name).items()
    assert found == table
    assert (made["TimeGenerated"], made["ResultType"], made["Location"]) == (WHEN, "0", "DE")
    assert "_status" not in made["_extra"]
    if row is SERVICE:
        assert (made["ServicePrincipalName"], made["AppId"]) == ("backup", "")


def test_audit_events_of_the_portal_are_auditlogs() -> None:
    by_app = {
        **dict.fromkeys(AUDIT, ""), "Date (UTC)": "2024-03-04T10:12:34Z",
        "ActorType": "Application", "ActorDisplayName": "Sync", "Activity": "Update user",
        "Result": "failure",
    }  # fmt: skip
    first, second = mapped(AUDIT, by_app, name="AuditLogs_2024-03-04.csv")["AuditLogs"]
    expected = {
        "TimeGenerated": WHEN, "ActivityDateTime": WHEN, "OperationName": "Add member to role",
        "ActivityDisplayName": "Add member to role", "LoggedByService": "Core Directory",
        "Result": "success", "Identity": "Ana", "CorrelationId": "c-1",
        "_extra": '{"ActorType":"User","Target1Colour":"red"}',
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert json.loads(first["InitiatedBy"]) == {
        "user": {
            "id": "u-1", "displayName": "Ana", "userPrincipalName": "ana@corp.example",
            "ipAddress": "203.0.113.7",
        }
    }  # fmt: skip
    assert json.loads(first["TargetResources"]) == [
        {
            "type": "User", "id": "u-2", "userPrincipalName": "eve@corp.example",
            "modifiedProperties": [
                {"displayName": "Role.DisplayName", "newValue": '"Global Administrator"'}
            ],
        }
    ]  # fmt: skip
    assert json.loads(first["AdditionalDetails"]) == [{"key": "User-Agent", "value": "x"}]
    assert json.loads(second["InitiatedBy"]) == {"app": {"displayName": "Sync"}}
    assert second["TargetResources"] == ""


@pytest.mark.parametrize(
    "lacking", ["Date (UTC)", "Request ID", "Username", "Application", "IP address"]
)
def test_other_tables_are_no_sign_ins(lacking: str) -> None:
    row = {name: value for name, value in SIGN_IN.items() if name != lacking}
    assert "SigninLogs" not in mapped(row, name="x.csv")


def test_portals_of_defender_and_sentinel_write_times_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "AdvancedHunting.csv").write_text(
        "Timestamp,DeviceName,ActionType,FileName,ProcessId,ProcessCommandLine,AccountName\n"
        '"Mar 4, 2024 10:12:33 AM",pc1,ProcessCreated,cmd.exe,4242,cmd /c whoami,ana\n'
        '"Mar 4, 2024 2:12:33 PM",pc1,ProcessCreated,cmd.exe,4243,cmd /c net user,ana\n'
    )
    (tmp_path / "query_data.csv").write_text(
        '"TimeGenerated [UTC]",UserPrincipalName,IPAddress,AppDisplayName,ResultType\n'
        '"3/4/2024, 10:12:33.123 AM",ana@corp.example,203.0.113.7,Graph,50126\n'
    )
    with huntkit.open(tmp_path, frame="polars") as evidence:
        seen = {row["name"]: (row["first"], row["last"]) for row in evidence.tables.to_dicts()}
    assert seen == {
        "DeviceProcessEvents": (WHEN, WHEN.replace(hour=14)),
        "SigninLogs": (WHEN.replace(microsecond=123_000),) * 2,
    }


NAMES = st.one_of(
    st.text(max_size=20),
    st.sampled_from([*AUDIT, *SIGN_IN, "Target999ModifiedProperty999Name", "Target1Type"]),
)
VALUES = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.lists(st.text(max_size=2)))


@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_no_row_crashes_it_and_none_is_changed(row: dict[str, Any]) -> None:
    before = json.dumps(row)
    for make in (sign_in_row, audit_row):
        make(row)
    assert json.dumps(row) == before
