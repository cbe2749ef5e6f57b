"""Changes of accounts and of cron, and refusals of sudo, that syslog tells of."""

from pathlib import Path

import pytest

import huntkit
from huntkit.report import notable
from huntkit.report.layouts import layouts

NEW = "useradd[7]: new user: name=eve, UID={uid}, GID=1001, home=/home/eve, shell={shell}"


def told(folder: Path, *lines: str) -> list[tuple[str, str, str, str]]:
    path = folder / "auth.log"
    path.write_text("".join(f"2026-03-03T09:12:31+00:00 web1 {line}\n" for line in lines))
    with huntkit.open(path, cache_dir=folder / "cache", frame="polars") as evidence:
        found = notable.notable(evidence, layouts(evidence))
    assert found["Host"].unique().to_list() in ([], ["web1"])
    return found.select("Kind", "Tone", "Account", "Detail").rows()


@pytest.mark.parametrize(
    ("line", "kind", "tone", "account"),
    [
        (NEW.format(uid=1001, shell="/bin/bash, from=/dev/pts/0"), "User created", "warn", ""),
        (NEW.format(uid=1001, shell="/bin/bash"), "User created", "warn", ""),
        (NEW.format(uid=0, shell="/usr/sbin/nologin, from=none"), "User created", "alarm", ""),
        (NEW.format(uid=998, shell="/usr/sbin/nologin, from=none"), "User created", "plain", ""),
        ("userdel[7]: delete user 'eve'", "User deleted", "plain", ""),
        ("userdel[7]: delete user `eve'", "User deleted", "plain", ""),
        ("groupadd[7]: new group: name=ops, GID=1002", "Group created", "plain", ""),
        ("usermod[7]: add 'eve' to group 'sudo'", "Added to group", "warn", ""),
        ("useradd[7]: add 'eve' to group 'wheel'", "Added to group", "warn", ""),
        ("usermod[7]: add 'eve' to group 'games'", "Added to group", "plain", ""),
        ("gpasswd[7]: user eve added by ana to group docker", "Added to group", "warn", "ana"),
        ("gpasswd[7]: members of group sudo set by ana to eve", "Added to group", "warn", "ana"),
        ("usermod[7]: change user 'eve' UID from '1001' to '0'", "User changed", "alarm", ""),
        ("usermod[7]: change user 'eve' shell from '/usr/sbin/nologin' to '/bin/sh'",
         "User changed", "warn", ""),
        ("usermod[7]: change user 'eve' shell from '/bin/sh' to '/bin/bash'", "User changed",
         "plain", ""),
        ("usermod[7]: unlock user 'eve' password", "User changed", "warn", ""),
        ("usermod[7]: lock user 'eve' password", "User changed", "plain", ""),
        ("usermod[7]: change user 'eve' password", "Password changed", "plain", ""),
        ("passwd[7]: pam_unix(passwd:chauthtok): password changed for eve", "Password changed",
         "plain", ""),
        ("chpasswd[7]: pam_unix(chpasswd:chauthtok): password changed for root",
         "Password changed", "warn", ""),
        ("passwd[7]: password for 'eve' changed by 'root'", "Password changed", "plain", "root"),
        ("passwd[7]: password for 'root' changed by 'root'", "Password changed", "warn", "root"),
        ("sudo:      eve : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
         "Refused by sudo", "warn", "eve"),
        ("sudo: eve : command not allowed ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
         "Refused by sudo", "warn", "eve"),
        ("sudo: eve : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/x",
         "Refused by sudo", "plain", "eve"),
        ("crontab[7]: (www-data) REPLACE (www-data)", "Crontab changed", "warn", "www-data"),
        ("crontab[7]: (root) DELETE (eve)", "Crontab changed", "plain", "root"),
    ],
)  # fmt: skip
def test_a_change_is_told_with_who_made_it(
    tmp_path: Path, line: str, kind: str, tone: str, account: str
) -> None:
    message = line.partition(": ")[2].strip()
    assert told(tmp_path, line) == [(kind, tone, account, message)]


def test_a_new_user_in_a_group_is_told_once_each(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        "useradd[7]: new group: name=eve, GID=1001",
        NEW.format(uid=1001, shell="/bin/bash, from=/dev/pts/0"),
        "useradd[7]: add 'eve' to group 'sudo'",
        "useradd[7]: add 'eve' to shadow group 'sudo'",
        "gpasswd[8]: user eve added by root to group adm in /etc/gshadow",
        "passwd[9]: pam_unix(passwd:chauthtok): password changed for eve",
    )
    assert sorted(kind for kind, *_ in found) == [
        "Added to group",
        "Password changed",
        "User created",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "sshd[7]: Invalid user new user: name=x, UID=0, from 203.0.113.9 port 22",
        "sshd[7]: Failed password for pam_unix(passwd:chauthtok): password changed for root",
        "useradd[7]: failed adding user 'eve', exit code: 9",
        "sudo: ana : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo x : command not allowed ; ",
        "sudo: ana : a password is required ; TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        "crontab[7]: (root) LIST (root)",
        "crontab[7]: (root) BEGIN EDIT (root)",
        "cron[7]: (root) RELOAD (crontabs/root)",
        "passwd[7]: pam_unix(passwd:chauthtok): authentication failure; user=eve",
    ],
)
def test_what_changes_nothing_is_not_told(tmp_path: Path, line: str) -> None:
    assert told(tmp_path, line) == []
