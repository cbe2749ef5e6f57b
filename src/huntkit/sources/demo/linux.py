"""A Linux server: auditd text and RFC 5424 syslog."""

from dataclasses import dataclass, field
from datetime import datetime

from huntkit.sources.demo.world import Chance, Machine

_USERS = {"root": 0, "www-data": 33, "svc-backup": 1004}


@dataclass(slots=True)
class LinuxHost:
    """Records commands and messages; `audit_lines` and `syslog_lines` give the two logs."""

    machine: Machine
    chance: Chance
    _audit: list[tuple[datetime, int, list[str]]] = field(default_factory=list)
    _syslog: list[tuple[datetime, int, str]] = field(default_factory=list)
    _pid: int = 3_100

    def run(
        self, when: datetime, exe: str, *arguments: str, user: str, cwd: str = "/", ppid: int = 1
    ) -> int:
        """A command is run: SYSCALL, EXECVE, CWD, PATH and PROCTITLE of one audit event."""
        self._pid += self.chance.stream("linux").randint(1, 14)
        uid = _USERS[user]
        name = arguments[0].rsplit("/", 1)[-1]
        told = " ".join(f"a{i}={_audit_text(a)}" for i, a in enumerate(arguments))
        title = "\0".join(arguments).encode().hex().upper()
        self._add_audit(
            when,
            "type=SYSCALL msg={id}: arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d4 "
            f"a2=55d8 a3=8 items=2 ppid={ppid} pid={self._pid} auid={uid} uid={uid} gid={uid} "
            f"euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=pts0 ses=4 "
            f'comm="{name}" exe="{exe}" key="exec"',
            f"type=EXECVE msg={{id}}: argc={len(arguments)} {told}",
            f'type=CWD msg={{id}}: cwd="{cwd}"',
            f'type=PATH msg={{id}}: item=0 name="{exe}" inode=1311 dev=fd:00 mode=0100755 ouid=0 '
            "ogid=0 rdev=00:00 nametype=NORMAL",
            f"type=PROCTITLE msg={{id}}: proctitle={title}",
        )
        return self._pid

    def log_in(self, when: datetime, user: str, *, source: str, success: bool) -> None:
        """Somebody comes in by SSH, or does not: USER_LOGIN and sshd's own message."""
        result = "success" if success else "failed"
        self._add_audit(
            when,
            f"type=USER_LOGIN msg={{id}}: pid={self._pid} uid=0 auid={_USERS[user]} ses=4 "
            f'msg=\'op=login acct="{user}" exe="/usr/sbin/sshd" hostname={source} '
            f"addr={source} terminal=sshd res={result}'",
        )
        said = "Accepted password" if success else "Failed password"
        self.say(when, "sshd", f"{said} for {user} from {source} port 50122 ssh2", facility=10)

    def say(
        self, when: datetime, program: str, message: str, *, facility: int = 3, severity: int = 6
    ) -> None:
        """A program writes to syslog."""
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        line = (
            f"<{facility * 8 + severity}>1 {stamp} {self.machine.short} {program} {self._pid} - - "
            f"{message}"
        )
        self._syslog.append((when, len(self._syslog), line))

    def audit_lines(self) -> list[str]:
        """The audit log, in the order of time, serial numbers rising."""
        lines: list[str] = []
        for serial, (when, _, templates) in enumerate(sorted(self._audit), start=20_417):
            identity = f"audit({when.timestamp():.3f}:{serial})"
            lines.extend(template.replace("{id}", identity, 1) for template in templates)
        return lines

    def syslog_lines(self) -> list[str]:
        """The syslog, in the order of time."""
        return [line for _, _, line in sorted(self._syslog)]

    def _add_audit(self, when: datetime, *templates: str) -> None:
        self._audit.append((when, len(self._audit), list(templates)))


def _audit_text(value: str) -> str:
    """Text as auditd writes it: quoted, or in hex as soon as it holds a blank or a quote."""
    if all(0x20 < ord(c) < 0x7F and c != '"' for c in value):
        return f'"{value}"'
    return value.encode().hex().upper()
