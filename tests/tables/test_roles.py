import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import roles


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            """UtcTime ProcessGuid ProcessId Image CommandLine User LogonId ParentProcessGuid
            ParentProcessId ParentImage ParentCommandLine Computer Hashes""",
            {
                "time": "UtcTime", "host": "Computer", "user": "User", "process_path": "Image",
                "process_id": "ProcessId", "process_key": "ProcessGuid",
                "command_line": "CommandLine", "parent_path": "ParentImage",
                "parent_id": "ParentProcessId", "parent_key": "ParentProcessGuid",
                "parent_command_line": "ParentCommandLine", "hashes": "Hashes",
            },
        ),
        (
            """TimeGenerated Computer Account SubjectUserName SubjectLogonId NewProcessId
            NewProcessName ProcessId CommandLine ParentProcessName EventID Activity""",
            {
                "time": "TimeGenerated", "host": "Computer", "user": "SubjectUserName",
                "process_path": "NewProcessName", "process_id": "NewProcessId",
                "parent_id": "ProcessId", "parent_path": "ParentProcessName",
                "logon_id": "SubjectLogonId", "event_id": "EventID", "process_key": None,
            },
        ),
        (
            """TimeGenerated Timestamp DeviceName ActionType FileName FolderPath ProcessId
            ProcessCommandLine AccountName LogonId InitiatingProcessFileName
            InitiatingProcessFolderPath InitiatingProcessId InitiatingProcessCommandLine
            SHA256""",
            {
                "time": "Timestamp", "host": "DeviceName", "user": "AccountName",
                "process_path": "FolderPath", "process_name": "FileName",
                "process_id": "ProcessId", "command_line": "ProcessCommandLine",
                "parent_path": "InitiatingProcessFolderPath", "parent_id": "InitiatingProcessId",
                "parent_command_line": "InitiatingProcessCommandLine", "sha256": "SHA256",
            },
        ),
        (
            """Timestamp DeviceName ActionType RemoteIP RemotePort RemoteUrl LocalIP LocalPort
            Protocol InitiatingProcessFileName InitiatingProcessId
            InitiatingProcessFolderPath InitiatingProcessCommandLine
            InitiatingProcessParentId InitiatingProcessAccountName""",
            {
                "user": "InitiatingProcessAccountName", "process_id": "InitiatingProcessId",
                "process_path": "InitiatingProcessFolderPath",
                "command_line": "InitiatingProcessCommandLine",
                "parent_id": "InitiatingProcessParentId", "source_ip": "LocalIP",
                "destination_ip": "RemoteIP", "destination_port": "RemotePort",
            },
        ),
        (
            """Timestamp DeviceName ActionType FileName FolderPath SHA1
            InitiatingProcessFileName InitiatingProcessFolderPath InitiatingProcessId
            InitiatingProcessCommandLine""",
            {
                "process_path": "InitiatingProcessFolderPath", "file_path": "FolderPath",
                "file_name": "FileName", "process_name": "InitiatingProcessFileName",
            },
        ),
        (
            """TimeGenerated Computer auid ppid pid comm exe cmdline ses success""",
            {
                "user": "auid", "process_path": "exe", "process_name": "comm",
                "process_id": "pid", "parent_id": "ppid", "command_line": "cmdline",
                "logon_id": "ses", "host": "Computer",
            },
        ),
        (
            """TimeGenerated Computer Facility SeverityLevel SyslogMessage ProcessName
            ProcessID HostIP""",
            {"message": "SyslogMessage", "process_name": "ProcessName", "process_id": "ProcessID"},
        ),
        (
            """@timestamp host.name user.name process.executable process.pid process.entity_id
            process.command_line process.parent.executable process.parent.entity_id
            source.ip""",
            {
                "time": "@timestamp", "host": "host.name", "process_path": "process.executable",
                "process_key": "process.entity_id", "parent_key": "process.parent.entity_id",
                "source_ip": "source.ip",
            },
        ),
        (
            """ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service orig_bytes
            resp_bytes""",
            {
                "time": "ts", "source_ip": "id.orig_h", "destination_ip": "id.resp_h",
                "destination_port": "id.resp_p", "bytes_sent": "orig_bytes",
            },
        ),
        (
            """TimeGenerated ts id_orig_h id_resp_h query""",
            {"time": "TimeGenerated", "source_ip": "id_orig_h", "dns_query": "query"},
        ),
        (
            """TimeGenerated EventName EventSource AWSRegion SourceIpAddress UserIdentityArn
            UserAgent""",
            {"action": "EventName", "source_ip": "SourceIpAddress", "user": "UserIdentityArn"},
        ),
        (
            """eventTime eventName eventSource sourceIPAddress userAgent awsRegion""",
            {"time": "eventTime", "action": "eventName", "source_ip": "sourceIPAddress"},
        ),
        (
            """TimeGenerated UserPrincipalName AppDisplayName IPAddress ResultType UserAgent""",
            {"user": "UserPrincipalName", "source_ip": "IPAddress", "result": "ResultType"},
        ),
        (
            """TimeGenerated OfficeWorkload Operation UserId ClientIP OfficeObjectId""",
            {"user": "UserId", "action": "Operation", "source_ip": "ClientIP"},
        ),
        (
            """timestamp #event_simpleName aid ComputerName UserName ImageFileName CommandLine
            TargetProcessId RawProcessId ParentProcessId ParentBaseFileName SHA256HashData""",
            {
                "host": "ComputerName", "process_path": "ImageFileName",
                "process_key": "TargetProcessId", "process_id": "RawProcessId",
                "parent_key": "ParentProcessId", "parent_name": "ParentBaseFileName",
            },
        ),
        ("COMPUTER commandline", {"host": "COMPUTER", "command_line": "commandline"}),
        ("Host HOST", {"host": "Host"}),
        ("a b", {"time": None, "host": None}),
        ("", {"time": None}),
    ],
)  # fmt: skip
def test_roles_are_found_per_product(columns: str, expected: dict[str, str | None]) -> None:
    names = columns.split()
    assert {role: roles.resolve(names, role) for role in expected} == expected


def test_the_callers_column_wins_and_must_exist() -> None:
    assert roles.resolve(["Computer", "x"], "host", "x") == "x"
    with pytest.raises(UnknownColumn, match="did you mean 'Computer'"):
        roles.resolve(["Computer"], "host", "Compuuter")


def test_an_unknown_role_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'host'"):
        roles.resolve(["Computer"], "hots")


def test_a_missing_role_says_what_was_wanted_and_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"the computer it happened on.*a, b"):
        roles.require(["a", "b"], "host")


def test_the_same_names_with_their_case_come_first() -> None:
    assert roles.resolve(["EVENTID", "EventID"], "event_id") == "EventID"


@given(st.lists(st.text(max_size=12), unique=True), st.sampled_from(sorted(roles.names())))
def test_a_role_is_one_of_the_columns_or_none(columns: list[str], role: str) -> None:
    found = roles.resolve(columns, role)
    assert found is None or found in columns


def test_the_data_file_is_sound() -> None:
    text = Path(roles.__file__).with_name("roles.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    assert list(data) == ["roles", "families"]
    seen = set()
    for family in data["families"]:
        assert set(family) <= {"name", "about", "general", "needs", "unless", "fields"}
        assert family["name"] not in seen
        seen.add(family["name"])
        assert set(family["fields"]) <= set(data["roles"]), family["name"]
        for role, names in family["fields"].items():
            assert all(isinstance(name, str) for name in names), (family["name"], role)
            assert len(names) == len(set(names)), (family["name"], role)
    every = data["families"][-1]
    assert every["name"] == "any"
    assert "needs" not in every
    assert set(every["fields"]) == set(data["roles"])


def csv_columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines))


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "family", "expected"),
    [
        ("alertlist.csv", "alerts", {"time": "TimeGenerated", "host": "CompromisedEntity"}),
        ("az_net_flows.csv", "network_flows", {"source_ip": "SrcIP", "destination_ip": "DestIP",
                                               "host": "VMName", "destination_port": "DestPort"}),
        ("demo_exchange_data.csv", "office_activity", {"user": "UserId", "source_ip": "ClientIP",
                                                       "action": "Operation"}),
        ("host_logons.csv", "windows", {"user": "TargetUserName", "logon_id": "TargetLogonId",
                                        "source_ip": "IpAddress", "host": "Computer"}),
        ("mde_proc_cs1.csv", "defender_created_process", {
            "time": "CreatedProcessCreationTime", "process_name": "CreatedProcessName",
            "process_id": "CreatedProcessId", "command_line": "CreatedProcessCommandLine",
            "parent_id": "InitiatingProcessId", "user": "CreatedProcessAccountName",
            "host": "ComputerDnsName"}),
        ("processes_on_host.csv", "security_process", {
            "process_path": "NewProcessName", "parent_id": "ProcessId",
            "parent_path": "ParentProcessName", "host": "Computer"}),
        ("sudo_session_test.csv", "syslog", {"user": "Sudoer", "command_line": "CommandCall",
                                             "host": "Computer"}),
        ("syslog_data.csv", "syslog", {"message": "SyslogMessage", "process_name": "ProcessName"}),
        ("time_series.csv", "any", {"time": "TimeGenerated", "bytes_sent": "TotalBytesSent"}),
    ],
)  # fmt: skip
def test_the_columns_of_real_exports(
    shared_data: Path, file: str, family: str, expected: dict[str, str]
) -> None:
    columns = csv_columns(shared_data / "logs" / file)
    assert roles.family_of(columns) == family
    assert {role: roles.resolve(columns, role) for role in expected} == expected


@pytest.mark.data
@pytest.mark.parametrize(
    ("archive", "wanted"),
    [
        ("atomic/windows/execution/host/empire_launcher_vbs.zip",
         {"time": "UtcTime", "host": "Hostname", "process_path": "Image", "event_id": "EventID"}),
        ("atomic/windows/execution/host/psh_powershell_httplistener.zip",
         {"time": "UtcTime", "host": "Hostname", "process_key": "ProcessGuid"}),
        ("atomic/aws/collection/ec2_proxy_s3_exfiltration.zip",
         {"time": "@timestamp", "action": "eventName", "source_ip": "sourceIPAddress"}),
        ("compound/Log4Shell/securityauditing_log4shell_cve2021_44228_java_serialized_object.zip",
         {"time": "TimeGenerated", "host": "Computer", "process_path": "NewProcessName",
          "parent_id": "ProcessId"}),
        ("compound/Log4Shell/vminsights_vmconnection_log4shell_cve2021_44228_jndi_reference.zip",
         {"time": "TimeGenerated", "host": "Computer", "source_ip": "SourceIp",
          "destination_ip": "DestinationIp"}),
        ("compound/Log4Shell/sysmon_log4shell_cve2021_44228_java_serialized_object.zip",
         {"time": "TimeGenerated", "host": "Computer", "event_id": "EventID"}),
    ],
)  # fmt: skip
def test_the_fields_of_real_events(shared_data: Path, archive: str, wanted: dict[str, str]) -> None:
    columns: dict[str, None] = {}
    with zipfile.ZipFile(shared_data / "security-datasets" / archive) as members:
        for name in members.namelist():
            for line in io.TextIOWrapper(members.open(name), encoding="utf-8"):
                columns.update(dict.fromkeys(json.loads(line)))
    assert {role: roles.resolve(columns, role) for role in wanted} == wanted


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("Windows.System.Pslist.json", {"process_id": "Pid", "parent_id": "Ppid",
                                        "process_path": "Exe", "user": "Username"}),
        ("Windows.Network.Netstat.json", {"time": "Timestamp", "source_ip": "Laddr.IP",
                                          "destination_ip": "Raddr.IP", "process_name": "Name"}),
        ("Windows.Forensics.Usn.json", {"time": "Timestamp", "file_path": "FullPath"}),
    ],
)  # fmt: skip
def test_the_fields_of_velociraptor(shared_data: Path, file: str, wanted: dict[str, str]) -> None:
    first = (shared_data / "logs" / "velociraptor" / file).read_text("utf-8").splitlines()[0]
    columns = list(json.loads(first))
    assert {role: roles.resolve(columns, role) for role in wanted} == wanted


@pytest.mark.data
@pytest.mark.parametrize("name", ["AWSCloudTrail", "OfficeActivity", "SigninLogs", "AuditLogs"])
def test_a_service_is_not_a_host(name: str, shared_data: Path) -> None:
    assert roles.resolve(_known_columns(shared_data, name), "host") is None


@pytest.mark.data
def test_the_process_of_a_whole_defender_table_is_the_started_one(shared_data: Path) -> None:
    columns = _known_columns(shared_data, "DeviceProcessEvents")
    found = {role: roles.resolve(columns, role) for role in ("process_id", "command_line", "user")}
    assert found == {
        "process_id": "ProcessId",
        "command_line": "ProcessCommandLine",
        "user": "AccountName",
    }
    network = _known_columns(shared_data, "DeviceNetworkEvents")
    assert roles.resolve(network, "process_id") == "InitiatingProcessId"


def _known_columns(shared_data: Path, table: str) -> list[str]:
    with gzip.open(shared_data / "kql" / "schemas.json.gz") as file:
        return list(json.load(file)["tables"][table]["columns"])
