"""A Windows machine that logs what happens on it, as Winlogbeat or NXLog would ship it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from huntkit.sources.demo.world import REALM, Chance, Machine, Person, guid, hashes

SYSTEM = Person("SYSTEM", 18)
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
POWERSHELL = ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell")
SERVICES = ("System", "Service Control Manager")
EVENTLOG = ("Security", "Microsoft-Windows-Eventlog")
_FAILURES = frozenset({4625})


@dataclass(frozen=True, slots=True)
class Process:
    """A started process, to be named as the parent of others."""

    pid: int
    image: str
    command_line: str
    user: Person
    guid: str


@dataclass(frozen=True, slots=True)
class _Event:
    when: datetime
    order: int
    source: tuple[str, str]
    event_id: int
    data: dict[str, str]


class WindowsHost:
    """Records events; `lines` gives them as NDJSON in the order of time."""

    def __init__(
        self, machine: Machine, chance: Chance, *, shape: Literal["winlogbeat", "nxlog"]
    ) -> None:
        self.machine = machine
        self._shape = shape
        self._chance = chance.stream(machine.short)
        self._events: list[_Event] = []
        self._next_pid = 2100
        self.explorer: dict[str, Process] = {}
        self.services = Process(
            644, r"C:\Windows\System32\services.exe", "services.exe", SYSTEM, guid(machine, 644)
        )

    def start(
        self,
        when: datetime,
        image: str,
        command_line: str,
        *,
        user: Person,
        parent: Process,
        integrity: str = "Medium",
    ) -> Process:
        """A process starts: Security 4688 and Sysmon 1."""
        self._next_pid += 4 * self._chance.randint(1, 9)
        process = Process(
            self._next_pid, image, command_line, user, guid(self.machine, self._next_pid)
        )
        self._security(
            when,
            4688,
            {
                **self._subject(user),
                "NewProcessId": hex(process.pid),
                "NewProcessName": image,
                "TokenElevationType": "%%1936" if integrity != "Medium" else "%%1938",
                "ProcessId": hex(parent.pid),
                "CommandLine": command_line,
                "TargetUserSid": "S-1-0-0",
                "TargetUserName": "-",
                "TargetDomainName": "-",
                "TargetLogonId": "0x0",
                "ParentProcessName": parent.image,
                "MandatoryLabel": "S-1-16-8192" if integrity == "Medium" else "S-1-16-12288",
            },
        )
        self._sysmon(
            when + timedelta(milliseconds=3),
            1,
            process,
            {
                "FileVersion": "10.0.19041.1",
                "OriginalFileName": image.rsplit("\\", 1)[-1],
                "CommandLine": command_line,
                "CurrentDirectory": "C:\\Windows\\System32\\",
                "User": _account(user),
                "LogonId": self._logon_id(user),
                "IntegrityLevel": integrity,
                "Hashes": hashes(image),
                "ParentProcessGuid": parent.guid,
                "ParentProcessId": str(parent.pid),
                "ParentImage": parent.image,
                "ParentCommandLine": parent.command_line,
                "ParentUser": _account(parent.user),
            },
        )
        return process

    def end(self, when: datetime, process: Process) -> None:
        """A process ends: Security 4689."""
        self._security(
            when,
            4689,
            {
                **self._subject(process.user),
                "Status": "0x0",
                "ProcessId": hex(process.pid),
                "ProcessName": process.image,
            },
        )

    def connect(
        self, when: datetime, process: Process, ip: str, port: int, *, name: str = "-"
    ) -> None:
        """A process connects outward: Sysmon 3."""
        self._sysmon(
            when,
            3,
            process,
            {
                "User": _account(process.user),
                "Protocol": "tcp",
                "Initiated": "true",
                "SourceIsIpv6": "false",
                "SourceIp": self.machine.ip,
                "SourceHostname": self.machine.name,
                "SourcePort": str(self._chance.randint(49152, 65535)),
                "DestinationIsIpv6": "false",
                "DestinationIp": ip,
                "DestinationHostname": name,
                "DestinationPort": str(port),
            },
        )

    def resolve(self, when: datetime, process: Process, name: str, ip: str) -> None:
        """A process looks up a name: Sysmon 22."""
        self._sysmon(
            when,
            22,
            process,
            {"QueryName": name, "QueryStatus": "0", "QueryResults": f"::ffff:{ip};"},
        )

    def create_file(self, when: datetime, process: Process, path: str) -> None:
        """A process writes a file: Sysmon 11."""
        self._sysmon(
            when, 11, process, {"TargetFilename": path, "CreationUtcTime": _utc_text(when)}
        )

    def set_value(self, when: datetime, process: Process, key: str, value: str) -> None:
        """A process sets a registry value: Sysmon 13."""
        self._sysmon(
            when, 13, process, {"EventType": "SetValue", "TargetObject": key, "Details": value}
        )

    def open_process(self, when: datetime, process: Process, target: str, target_pid: int) -> None:
        """A process opens another one: Sysmon 10."""
        self._record(
            when,
            SYSMON,
            10,
            {
                "RuleName": "-",
                "UtcTime": _utc_text(when),
                "SourceProcessGUID": process.guid,
                "SourceProcessId": str(process.pid),
                "SourceImage": process.image,
                "TargetProcessGUID": guid(self.machine, target_pid),
                "TargetProcessId": str(target_pid),
                "TargetImage": target,
                "GrantedAccess": "0x1FFFFF",
            },
        )

    def script_block(self, when: datetime, text: str) -> None:
        """PowerShell logs what it is about to run: 4104."""
        self._record(
            when,
            POWERSHELL,
            4104,
            {
                "MessageNumber": "1",
                "MessageTotal": "1",
                "ScriptBlockText": text,
                "ScriptBlockId": guid(self.machine, when, text).strip("{}"),
                "Path": "",
            },
        )

    def log_on(
        self, when: datetime, person: Person, *, kind: int, source: Machine | None = None
    ) -> None:
        """A successful logon: Security 4624."""
        self._security(
            when,
            4624,
            {
                "SubjectUserSid": "S-1-0-0",
                "SubjectUserName": "-",
                "SubjectDomainName": "-",
                "SubjectLogonId": "0x0",
                "TargetUserSid": person.sid,
                "TargetUserName": person.name,
                "TargetDomainName": REALM,
                "TargetLogonId": self._logon_id(person),
                "LogonType": str(kind),
                "LogonProcessName": "Kerberos" if kind == 3 else "User32",
                "AuthenticationPackageName": "Kerberos" if kind == 3 else "Negotiate",
                "WorkstationName": source.short.upper() if source else "-",
                "IpAddress": source.ip if source else "-",
                "IpPort": str(self._chance.randint(49152, 65535)) if source else "-",
                "ProcessId": "0x0" if kind == 3 else "0x2a4",
                "ProcessName": "-" if kind == 3 else r"C:\Windows\System32\winlogon.exe",
            },
        )

    def fail_to_log_on(self, when: datetime, person: Person, *, source: Machine) -> None:
        """A wrong password: Security 4625."""
        self._security(
            when,
            4625,
            {
                "SubjectUserSid": "S-1-0-0",
                "SubjectUserName": "-",
                "SubjectDomainName": "-",
                "SubjectLogonId": "0x0",
                "TargetUserSid": "S-1-0-0",
                "TargetUserName": person.name,
                "TargetDomainName": REALM,
                "Status": "0xc000006d",
                "SubStatus": "0xc000006a",
                "FailureReason": "%%2313",
                "LogonType": "3",
                "LogonProcessName": "NtLmSsp",
                "AuthenticationPackageName": "NTLM",
                "WorkstationName": source.short.upper(),
                "IpAddress": source.ip,
                "IpPort": str(self._chance.randint(49152, 65535)),
                "ProcessId": "0x0",
                "ProcessName": "-",
            },
        )

    def install_service(self, when: datetime, name: str, command: str, *, user: Person) -> None:
        """A new service: Security 4697 and System 7045."""
        service = {"ServiceName": name, "ServiceType": "0x10", "ServiceStartType": "3"}
        self._security(
            when,
            4697,
            {
                **self._subject(user),
                **service,
                "ServiceFileName": command,
                "ServiceAccount": "LocalSystem",
            },
        )
        self._record(
            when + timedelta(milliseconds=9),
            SERVICES,
            7045,
            {
                "ServiceName": name,
                "ImagePath": command,
                "ServiceType": "user mode service",
                "StartType": "demand start",
                "AccountName": "LocalSystem",
            },
        )

    def create_task(self, when: datetime, name: str, command: str, *, user: Person) -> None:
        """A new scheduled task: Security 4698."""
        content = (
            '<?xml version="1.0" encoding="UTF-16"?>\n'
            '<Task version="1.2"><Triggers><LogonTrigger/></Triggers><Actions><Exec>'
            f"<Command>powershell.exe</Command><Arguments>{command}</Arguments>"
            "</Exec></Actions></Task>"
        )
        self._security(
            when, 4698, {**self._subject(user), "TaskName": name, "TaskContent": content}
        )

    def create_user(self, when: datetime, person: Person, *, by: Person, group: str) -> None:
        """A new account that joins a group: Security 4720 and 4728."""
        self._security(
            when,
            4720,
            {
                "TargetUserName": person.name,
                "TargetDomainName": REALM,
                "TargetSid": person.sid,
                **self._subject(by),
                "SamAccountName": person.name,
            },
        )
        self._security(
            when + timedelta(seconds=6),
            4728,
            {
                "MemberName": f"CN={person.name},CN=Users,DC=larkspur,DC=example",
                "MemberSid": person.sid,
                "TargetUserName": group,
                "TargetDomainName": REALM,
                **self._subject(by),
            },
        )

    def clear_log(self, when: datetime, *, user: Person) -> None:
        """Somebody empties the Security log: 1102."""
        self._record(when, EVENTLOG, 1102, self._subject(user))

    def desktop(self, when: datetime, person: Person) -> Process:
        """Somebody sits down: a logon and the desktop that later programs hang below."""
        if person.name not in self.explorer:
            self.log_on(when, person, kind=2)
            parent = Process(
                1204, r"C:\Windows\System32\userinit.exe", "userinit.exe", person, guid("u", person)
            )
            self.explorer[person.name] = self.start(
                when + timedelta(seconds=4),
                r"C:\Windows\explorer.exe",
                r"C:\Windows\explorer.exe",
                user=person,
                parent=parent,
            )
        return self.explorer[person.name]

    def lines(self) -> list[str]:
        """All events as NDJSON lines, in the order of time."""
        shaped = self._winlogbeat if self._shape == "winlogbeat" else self._nxlog
        ordered = sorted(self._events, key=lambda event: (event.when, event.order))
        return [
            json.dumps(shaped(event, record), ensure_ascii=False)
            for record, event in enumerate(ordered, start=48_211)
        ]

    def _security(self, when: datetime, event_id: int, data: dict[str, str]) -> None:
        self._record(when, SECURITY, event_id, data)

    def _sysmon(
        self, when: datetime, event_id: int, process: Process, data: dict[str, str]
    ) -> None:
        known = {
            "RuleName": "-",
            "UtcTime": _utc_text(when),
            "ProcessGuid": process.guid,
            "ProcessId": str(process.pid),
            "Image": process.image,
        }
        self._record(when, SYSMON, event_id, {**known, **data})

    def _record(
        self, when: datetime, source: tuple[str, str], event_id: int, data: dict[str, str]
    ) -> None:
        self._events.append(_Event(when, len(self._events), source, event_id, data))

    def _subject(self, person: Person) -> dict[str, str]:
        if person is SYSTEM:
            own = {
                "SubjectUserSid": "S-1-5-18",
                "SubjectUserName": f"{self.machine.short.upper()}$",
            }
        else:
            own = {"SubjectUserSid": person.sid, "SubjectUserName": person.name}
        return {**own, "SubjectDomainName": REALM, "SubjectLogonId": self._logon_id(person)}

    def _logon_id(self, person: Person) -> str:
        return "0x3e7" if person is SYSTEM else hex(0x40000 + person.rid * 37)

    def _winlogbeat(self, event: _Event, record: int) -> dict[str, Any]:
        channel, provider = event.source
        values = "user_data" if event.event_id == 1102 else "event_data"
        return {
            "@timestamp": _iso(event.when),
            "event": {"code": str(event.event_id), "kind": "event", "provider": provider},
            "host": {"name": self.machine.name},
            "log": {"level": "information"},
            "winlog": {
                "channel": channel,
                "computer_name": self.machine.name,
                "event_id": str(event.event_id),
                "provider_name": provider,
                "provider_guid": guid(provider),
                "record_id": record,
                "keywords": ["Audit Failure" if event.event_id in _FAILURES else "Audit Success"]
                if channel == "Security"
                else [],
                "opcode": "Info",
                "process": {"pid": 4, "thread": {"id": 7012}},
                values: event.data,
            },
        }

    def _nxlog(self, event: _Event, record: int) -> dict[str, Any]:
        channel, provider = event.source
        return {
            "EventTime": event.when.strftime("%Y-%m-%d %H:%M:%S"),
            "@timestamp": _iso(event.when),
            "Hostname": self.machine.name,
            "Keywords": -9214364837600034816 if channel == "Security" else -9223372036854775808,
            "EventType": "AUDIT_FAILURE" if event.event_id in _FAILURES else "AUDIT_SUCCESS",
            "SeverityValue": 2,
            "Severity": "INFO",
            "EventID": event.event_id,
            "SourceName": provider,
            "ProviderGuid": guid(provider),
            "Version": 5,
            "RecordNumber": record,
            "ExecutionProcessID": 4,
            "ThreadID": 7012,
            "Channel": channel,
            **event.data,
            "SourceModuleName": "eventlog",
            "SourceModuleType": "im_msvistalog",
        }


def _account(person: Person) -> str:
    return r"NT AUTHORITY\SYSTEM" if person is SYSTEM else f"{REALM}\\{person.name}"


def _utc_text(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
