"""Changes in Entra, Office 365 and Azure that an analyst is told first."""

import json
from pathlib import Path
from typing import Any

import pytest

import huntkit
from huntkit.report import notable
from huntkit.report.layouts import layouts

WHEN = "2026-03-03T09:12:31Z"
SYSTEM = "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"


def told(folder: Path, name: str, *rows: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    path = folder / f"{name}.json"
    path.write_text("\n".join(json.dumps({"TimeGenerated": WHEN, **row}) for row in rows))
    with huntkit.open(path, cache_dir=folder / "cache", frame="polars") as evidence:
        found = notable.notable(evidence, layouts(evidence))
    return found.select("Kind", "Tone", "Account", "Detail").rows()


def entra(operation: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AuditLogs",
        "OperationName": operation,
        "Result": "success",
        "LoggedByService": "Core Directory",
        "InitiatedBy": json.dumps({"user": {"userPrincipalName": "ana@corp.example"}}),
        "TargetResources": json.dumps([{"displayName": "payroll"}]),
        **more,
    }


def office(operation: str, user: str = "ana@corp.example", **parameters: str) -> dict[str, Any]:
    pairs = [{"Name": name, "Value": value} for name, value in parameters.items()]
    return {
        "Type": "OfficeActivity",
        "Operation": operation,
        "OfficeWorkload": "Exchange",
        "RecordType": "ExchangeAdmin",
        "UserId": user,
        "ClientIP": "203.0.113.9",
        "Parameters": json.dumps(pairs, indent=2),
    }


def azure(operation: str, status: str = "Success") -> dict[str, Any]:
    return {
        "Type": "AzureActivity",
        "OperationNameValue": operation,
        "ActivityStatusValue": status,
        "Caller": "ana@corp.example",
        "CallerIpAddress": "203.0.113.9",
    }


@pytest.mark.parametrize(
    ("operation", "kind", "tone"),
    [
        ("Set federation settings on domain", "Federation or domain changed", "alarm"),
        (
            "Update application – Certificates and secrets management ",
            "Credential added to application",
            "warn",
        ),
        ("Add service principal credentials", "Credential added to application", "warn"),
        ("Consent to application", "Permission granted to application", "warn"),
        ("Add member to role", "Directory role given", "warn"),
        (
            "Add eligible member to role in PIM completed (permanent)",
            "Directory role given",
            "warn",
        ),
        ("Delete conditional access policy", "Conditional access changed", "warn"),
        ("Disable Strong Authentication", "Strong authentication switched off", "alarm"),
        ("User registered security info", "Way to sign in changed", "plain"),
    ],
)
def test_changes_in_entra(tmp_path: Path, operation: str, kind: str, tone: str) -> None:
    assert told(tmp_path, "entra", entra(operation)) == [
        (kind, tone, "ana@corp.example", f"{operation.strip()}; on payroll; success")
    ]


@pytest.mark.parametrize(
    "operation",
    [
        "Update user",
        "Update application",
        "Add member to group",
        "Add member to role requested (PIM activation)",
        "Add member to role request denied (PIM activation)",
        "Remove member from role",
    ],
)
def test_what_happens_daily_in_entra_is_not_told(tmp_path: Path, operation: str) -> None:
    assert told(tmp_path, "entra", entra(operation)) == []


def test_a_change_by_an_application_or_by_nobody_known(tmp_path: Path) -> None:
    by_app = entra("Add member to role", InitiatedBy=json.dumps({"app": {"displayName": "sync"}}))
    by_nobody = entra("Add member to role", InitiatedBy="{", TargetResources="no JSON", Result="")
    assert told(tmp_path, "entra", by_app, by_nobody) == [
        ("Directory role given", "warn", "sync", "Add member to role; on payroll; success"),
        ("Directory role given", "warn", "", "Add member to role"),
    ]


@pytest.mark.parametrize(
    ("row", "kind", "tone"),
    [
        (office("New-InboundConnector", Name="relay"), "Mail flow changed", "warn"),
        (office("New-TransportRule", Name="copy"), "Mail flow changed", "warn"),
        (
            office("Set-Mailbox", Identity="ana", ForwardingSmtpAddress="smtp:eve@evil.example"),
            "Mail forwarded",
            "alarm",
        ),
        (
            office("New-InboxRule", Name="x", ForwardTo="eve@evil.example"),
            "Mail forwarded",
            "alarm",
        ),
        (office("New-InboxRule", Name="x", DeleteMessage="True"), "Inbox rule", "warn"),
        (office("Add-MailboxPermission", User="eve"), "Mailbox opened to another", "warn"),
        (
            office("Set-AdminAuditLogConfig", UnifiedAuditLogIngestionEnabled="False"),
            "Mail auditing switched off",
            "alarm",
        ),
        (
            office("Set-OrganizationConfig", AuditDisabled="True"),
            "Mail auditing switched off",
            "alarm",
        ),
        (office("New-ManagementRoleAssignment", User="eve"), "Exchange role given", "warn"),
        (office("New-ComplianceSearch", Name="all"), "Mail searched across boxes", "warn"),
    ],
)
def test_changes_in_office(tmp_path: Path, row: dict[str, Any], kind: str, tone: str) -> None:
    pairs = json.loads(row["Parameters"])
    detail = "; ".join(
        [row["Operation"], "from 203.0.113.9", *(f"{p['Name']}: {p['Value']}" for p in pairs)]
    )
    assert told(tmp_path, "office", row) == [(kind, tone, "ana@corp.example", detail)]


@pytest.mark.parametrize(
    "row",
    [
        office("Set-Mailbox", Identity="ana", ForwardingSmtpAddress=""),
        office("Set-Mailbox", Identity="ana", DisplayName="ForwardTo"),
        office("Set-AdminAuditLogConfig", AdminAuditLogEnabled="True"),
        office("New-InboundConnector", SYSTEM, Name="relay"),
        office("Add-MailboxPermission", SYSTEM, User="eve"),
        office(
            "Add-MailboxPermission",
            "",
            Identity="corp/DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}",
            User="corp/Discovery Management",
        ),
        office("MailItemsAccessed"),
    ],
)
def test_what_the_service_does_itself_in_office_is_not_told(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    assert told(tmp_path, "office", row) == []


@pytest.mark.parametrize(
    ("action", "kind"), [("Forward", "Mail forwarded"), ("Move", "Inbox rule")]
)
def test_rules_made_in_outlook_say_what_they_do_elsewhere(
    tmp_path: Path, action: str, kind: str
) -> None:
    does = [{"Name": "RuleActions", "Value": json.dumps([{"ActionType": action}])}]
    row = office("UpdateInboxRules") | {"OperationProperties": json.dumps(does)}
    assert [each[0] for each in told(tmp_path, "office", row)] == [kind]


def test_parameters_that_are_no_list_are_shown_as_they_are(tmp_path: Path) -> None:
    odd = office("New-InboundConnector") | {"Parameters": "Name=relay"}
    assert (
        told(tmp_path, "office", odd)[0][3] == "New-InboundConnector; from 203.0.113.9; Name=relay"
    )


@pytest.mark.parametrize(
    ("operation", "kind", "tone"),
    [
        ("MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", "Azure role given", "warn"),
        ("Microsoft.Insights/diagnosticSettings/delete", "Export of logs switched off", "warn"),
        (
            "MICROSOFT.COMPUTE/VIRTUALMACHINES/RUNCOMMAND/ACTION",
            "Command run on a virtual machine",
            "warn",
        ),
        (
            "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION",
            "Keys of a storage account read",
            "plain",
        ),
    ],
)
def test_changes_in_azure_count_when_they_are_done(
    tmp_path: Path, operation: str, kind: str, tone: str
) -> None:
    begun, done = azure(operation, "Start"), azure(operation)
    assert told(tmp_path, "azure", begun, done) == [
        (kind, tone, "ana@corp.example", f"{operation}; from 203.0.113.9; Success")
    ]
    assert told(tmp_path, "azure", azure("MICROSOFT.COMPUTE/VIRTUALMACHINES/START/ACTION")) == []


@pytest.mark.data
def test_the_open_relay_and_the_new_secret_of_the_real_exports_are_told(
    shared_data: Path, tmp_path: Path
) -> None:
    data = [shared_data / "logs" / "demo_exchange_data.csv"]
    data += [
        *(shared_data / "security-datasets" / "compound" / "GoldenSAMLADFSMailAccess").iterdir()
    ]
    with huntkit.open(data, cache_dir=tmp_path, frame="polars") as evidence:
        found = notable.notable(evidence, layouts(evidence))
    counts = dict(found["Kind"].value_counts().rows())
    assert counts["Mail flow changed"] == 1
    assert counts["Credential added to application"] == 2
    assert counts["Permission granted to application"] == 1
    assert counts["Mailbox opened to another"] == 1
