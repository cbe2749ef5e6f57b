"""Records of Azure's diagnostic settings become the rows that Sentinel would have made of them."""

from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import Mapper, azure, rules

TENANT = "11111111-2222-3333-4444-555555555555"
SIGN_IN: dict[str, Any] = {
    "time": "2024-05-06T07:08:09.1234567Z",
    "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
    "operationName": "Sign-in activity",
    "operationVersion": "1.0",
    "category": "SignInLogs",
    "tenantId": TENANT,
    "resultType": "50126",
    "resultSignature": "None",
    "resultDescription": "Invalid username or password.",
    "durationMs": 0,
    "callerIpAddress": "203.0.113.7",
    "correlationId": "c-1",
    "identity": "Ana Lima",
    "Level": 4,
    "location": "DE",
    "properties": {
        "id": "i-1",
        "createdDateTime": "2024-05-06T07:07:59.5+00:00",
        "userDisplayName": "Ana Lima",
        "userPrincipalName": "ana@corp.example",
        "userId": "u-1",
        "appId": "a-1",
        "appDisplayName": "Azure Portal",
        "ipAddress": "203.0.113.7",
        "status": {"errorCode": 50126, "failureReason": "Invalid username"},
        "clientAppUsed": "Browser",
        "userAgent": "Mozilla/5.0",
        "deviceDetail": {"deviceId": "", "operatingSystem": "Windows 10"},
        "location": {"city": "Bonn", "countryOrRegion": "DE"},
        "correlationId": "c-1",
        "conditionalAccessStatus": "failure",
        "appliedConditionalAccessPolicies": [{"displayName": "MFA"}],
        "isInteractive": True,
        "processingTimeInMilliseconds": 118,
        "riskEventTypes_v2": [],
        "riskLevelDuringSignIn": "none",
        "notYetKnown": {"a": 1},
    },
}
AUDIT: dict[str, Any] = {
    "time": "2024-05-06T07:09:00Z",
    "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
    "operationName": "Add member to role",
    "category": "AuditLogs",
    "tenantId": TENANT,
    "resultSignature": "None",
    "correlationId": "c-2",
    "properties": {
        "id": "Directory_1",
        "category": "RoleManagement",
        "correlationId": "c-2",
        "result": "success",
        "activityDisplayName": "Add member to role",
        "activityDateTime": "2024-05-06T07:08:59.9+00:00",
        "loggedByService": "Core Directory",
        "operationType": "Assign",
        "initiatedBy": {"user": {"userPrincipalName": "ana@corp.example"}},
        "targetResources": [{"type": "User"}],
    },
}
VAULT: dict[str, Any] = {
    "time": "2024-05-06T08:00:00Z",
    "category": "AuditEvent",
    "operationName": "SecretGet",
    "resultType": "Success",
    "callerIpAddress": "203.0.113.7",
    "identity": {"claim": {"appid": TENANT}},
    "properties": {
        "httpStatusCode": 200,
        "isAccessPolicyMatch": True,
        "startTime": "x",
        "tags": [1],
    },
    "resourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/rg/PROVIDERS/Microsoft.KeyVault/vaults/v",
}


def mapped(*records: dict[str, Any]) -> dict[str, pl.DataFrame]:
    mapper = Mapper(name="PT1H.json")
    found = mapper.map(
        Batch("json", range(1, len(records) + 1), records=[{**each} for each in records])
    )
    tables: dict[str, list[pl.DataFrame]] = {}
    for table, frame in found + mapper.finish():
        tables.setdefault(table, []).append(frame)
    return {name: pl.concat(each, how="diagonal_relaxed") for name, each in tables.items()}


def test_a_sign_in_has_sentinels_columns_and_types() -> None:
    tables = mapped(SIGN_IN)
    assert list(tables) == ["SigninLogs"]
    row = tables["SigninLogs"].to_dicts()[0]
    assert row["TimeGenerated"] == datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    assert row["CreatedDateTime"] == datetime(2024, 5, 6, 7, 7, 59, 500000, tzinfo=UTC)
    expected = {
        "ResultType": "50126",
        "UserPrincipalName": "ana@corp.example",
        "IPAddress": "203.0.113.7",
        "AADTenantId": TENANT,
        "AppDisplayName": "Azure Portal",
        "Location": "DE",
        "LocationDetails": '{"city":"Bonn","countryOrRegion":"DE"}',
        "Status": '{"errorCode":50126,"failureReason":"Invalid username"}',
        "ConditionalAccessPolicies": '[{"displayName":"MFA"}]',
        "ProcessingTimeInMilliseconds": "118",
        "IsInteractive": True,
        "DurationMs": 0,
        "Level": "4",
        "Category": "SignInLogs",
    }
    assert {name: row[name] for name in expected} == expected
    assert orjson.loads(row["_extra"]) == {"properties": {"notYetKnown": {"a": 1}}}
    known = schemas.known("SigninLogs") or {}
    assert [name for name in row if name not in known] == ["_record", "_extra"]


def test_the_address_of_the_envelope_is_the_callers() -> None:
    record = {**SIGN_IN, "properties": {"userPrincipalName": "ana@corp.example"}}
    assert mapped(record)["SigninLogs"]["IPAddress"].to_list() == ["203.0.113.7"]


def test_an_audit_event_has_its_own_category() -> None:
    row = mapped(AUDIT)["AuditLogs"].to_dicts()[0]
    assert row["Category"] == "RoleManagement"
    assert orjson.loads(row["_extra"]) == {"category": "AuditLogs"}
    assert row["AADOperationType"] == "Assign"
    assert row["ActivityDateTime"] == datetime(2024, 5, 6, 7, 8, 59, 900000, tzinfo=UTC)
    assert row["InitiatedBy"] == '{"user":{"userPrincipalName":"ana@corp.example"}}'
    assert row["OperationName"] == row["ActivityDisplayName"] == "Add member to role"


CATEGORIES = rules.data("azure")["categories"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_a_table_with_a_schema(category: str) -> None:
    table = CATEGORIES[category]
    found = mapped({**SIGN_IN, "category": category})
    assert list(found) == [table]
    assert schemas.known(table) is not None
    assert found[table]["TimeGenerated"].null_count() == 0


def test_every_named_column_is_one_of_some_table() -> None:
    raw = rules.data("azure")
    storage = next(iter(raw["resources"].values())).values()
    columns = {
        column
        for table in [*raw["categories"].values(), *storage, "AzureDiagnostics"]
        for column in schemas.known(table) or ()
    }
    unknown = {name for names in raw["fields"].values() for name in names} - columns
    assert unknown == set()


def test_properties_may_be_text() -> None:
    record = {**SIGN_IN, "properties": orjson.dumps(SIGN_IN["properties"]).decode()}
    assert mapped(record)["SigninLogs"].equals(mapped(SIGN_IN)["SigninLogs"])


def test_one_shape_of_record_may_be_of_several_tables() -> None:
    other = {**SIGN_IN, "category": "NonInteractiveUserSignInLogs"}
    broken = {**SIGN_IN, "properties": "none"}
    tables = mapped(broken, SIGN_IN, other)
    assert {name: frame["_record"].to_list() for name, frame in tables.items()} == {
        "PT1H": [1],
        "SigninLogs": [2],
        "AADNonInteractiveUserSignInLogs": [3],
    }


def test_the_activity_log_names_its_caller_by_the_claims() -> None:
    upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
    record = {
        "time": "2024-05-06T08:00:00Z",
        "resourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/RG",
        "operationName": "MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE",
        "category": "Administrative",
        "resultType": "Start",
        "callerIpAddress": "203.0.113.7",
        "identity": {"authorization": {"scope": "/x"}, "claims": {upn: "ana@corp.example"}},
        "level": "Information",
        "properties": {"eventCategory": "Administrative"},
    }
    row = mapped(record)["AzureActivity"].to_dicts()[0]
    assert row["Caller"] == "ana@corp.example"
    assert row["OperationNameValue"] == "MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE"
    assert row["ActivityStatusValue"] == "Start"
    assert row["Claims"] == f'{{"{upn}":"ana@corp.example"}}'
    assert row["Properties"] == '{"eventCategory":"Administrative"}'


def test_other_resources_are_azure_diagnostics_with_suffixes() -> None:
    frame = mapped(VAULT)["AzureDiagnostics"]
    row = {name: value for name, value in frame.to_dicts()[0].items() if value != ""}
    assert row == {
        "_record": 1,
        "TimeGenerated": datetime(2024, 5, 6, 8, tzinfo=UTC),
        "Category": "AuditEvent",
        "OperationName": "SecretGet",
        "ResultType": "Success",
        "CallerIPAddress": "203.0.113.7",
        "identity_claim_appid_g": TENANT,
        "httpStatusCode_d": 200.0,
        "isAccessPolicyMatch_b": True,
        "startTime_s": "x",
        "tags_s": "[1]",
        "ResourceId": VAULT["resourceId"],
        "SubscriptionId": "S1",
        "ResourceGroup": "RG",
        "ResourceProvider": "MICROSOFT.KEYVAULT",
        "ResourceType": "VAULTS",
        "Resource": "V",
    }


def test_storage_logs_go_by_their_service() -> None:
    account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
    record = {
        "time": "2024-05-06T08:00:00Z",
        "resourceId": f"{account}/blobServices/default",
        "category": "StorageRead",
        "operationName": "GetBlob",
        "statusCode": 200,
        "callerIpAddress": "203.0.113.7:4533",
        "identity": {"type": "OAuth", "requester": {"upn": "ana@corp.example"}},
        "properties": {"accountName": "a", "responseBodySize": 55, "objectKey": "/a/c/b"},
        "uri": "https://a.blob.core.example/c/b",
    }
    row = mapped(record)["StorageBlobLogs"].to_dicts()[0]
    assert (row["RequesterUpn"], row["AuthenticationType"]) == ("ana@corp.example", "OAuth")
    assert (row["StatusCode"], row["ResponseBodySize"], row["ObjectKey"]) == ("200", 55, "/a/c/b")
    assert row["CallerIpAddress"] == "203.0.113.7:4533"


def test_streamed_tables_of_defender_are_those_tables() -> None:
    record = {
        "time": "2024-05-06T08:05:00Z",
        "tenantId": TENANT,
        "operationName": "Publish",
        "category": "AdvancedHunting-DeviceProcessEvents",
        "properties": {
            "Timestamp": "2024-05-06T08:00:01Z", "DeviceName": "ws1", "FileName": "whoami.exe",
            "ProcessId": 5, "BrandNew": "x",
        },
    }  # fmt: skip
    row = mapped(record)["DeviceProcessEvents"].to_dicts()[0]
    when = datetime(2024, 5, 6, 8, 0, 1, tzinfo=UTC)
    assert (row["Timestamp"], row["TimeGenerated"]) == (when, when)
    assert (row["DeviceName"], row["ProcessId"], row["BrandNew"]) == ("ws1", 5, "x")
    assert orjson.loads(row["_extra"])["time"] == "2024-05-06T08:05:00Z"


def test_a_category_alone_makes_no_azure_record() -> None:
    assert list(mapped({"time": 1, "category": "SignInLogs", "properties": {}})) == ["PT1H"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
field_names = st.sampled_from([*SIGN_IN, *SIGN_IN["properties"], "identity"]) | st.text(max_size=6)


@settings(max_examples=20, deadline=None)
@given(
    category=st.sampled_from([*CATEGORIES, "StorageRead", "AdvancedHunting-x", "other"]),
    outer=st.dictionaries(field_names, anything, max_size=6),
    inner=st.dictionaries(field_names, anything, max_size=6),
)
def test_any_record_in_the_envelope_is_one_row(category, outer, inner) -> None:
    given = {"time": "2024-05-06T08:00:00Z", "tenantId": 1, **outer}
    tables = mapped({**given, "category": category, "properties": inner})
    assert sum(frame.height for frame in tables.values()) == 1


def test_depths_that_cannot_be_compared_are_kept_twice() -> None:
    deep, same = (orjson.loads(b"[" * 1_000 + b"]" * 1_000) for _ in range(2))
    record = {**SIGN_IN, "status": deep, "properties": {"status": same}}
    ((row,), (rest,)) = azure.taken("SigninLogs", [record])
    assert row["Status"] is same
    assert rest["status"] is deep
