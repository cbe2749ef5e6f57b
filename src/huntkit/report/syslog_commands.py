r"""Commands that programs tell of in syslog, with the account that gave them.

The texts are those of the programs' own sources: sudo's ``new_logline`` (a line that is too long
goes on in "(command continued)"), ``log_it`` of the crons, and pkexec's ``log_message``. What sudo
refused stands there, too: it is judged, for it was tried.
"""

from huntkit.report.layouts import Layout

_SUDO = ("sudo",)
_CRON = ("CRON", "CROND", "cron", "crond", "/usr/sbin/cron", "/USR/SBIN/CRON", "/usr/sbin/crond")
_WHO = r"^\s*(.+?) : "
# Programs, a word that is looked for first, the command, the account. The first "COMMAND=" counts:
# a folder or variable that holds such words can add to the text, and hide nothing of it.
_KINDS = (
    (_SUDO, "COMMAND=", r"(?s)[; ] COMMAND=(.*)$", _WHO),
    (_SUDO, "(command continued)", r"(?s) : \(command continued\) (.*)$", _WHO),
    (_CRON, " CMD (", r"(?s)^\s*\([^)]*\) CMD \((.*)\)\s*$", r"^\s*\(([^)]*)\)"),
    (("pkexec",), "COMMAND=", r"(?s) \[COMMAND=(.*)\]\s*$", r"^\s*(.+?): Executing "),
)
_REPEATED = r"(?s)^message repeated [0-9]+ times: \[ ?(.*)\]\s*$"
_NEEDED = {"ProcessName", "SyslogMessage"}
# Folders of sudo's usual secure_path: without them a command is what audit logs say was typed.
# Only root can write there.
FOLDERS = r"^/(?:usr/local/|usr/|snap/)?s?bin/"


def tells_commands(layout: Layout) -> bool:
    """Whether a table is one of syslog lines.

    A table of that name in an export may lack the columns.
    """
    return layout.name == "Syslog" and layout.columns.keys() >= _NEEDED


def sql_command(layout: Layout) -> str:
    """The command of a line as an expression; empty where it tells of none."""
    return _told(layout, [(programs, word, text) for programs, word, text, _ in _KINDS])


def sql_account(layout: Layout) -> str:
    """Who gave the command of a line, as an expression; empty where it tells of none."""
    return _told(layout, [(programs, word, account) for programs, word, _, account in _KINDS])


def _told(layout: Layout, kinds: list[tuple[tuple[str, ...], str, str]]) -> str:
    message, program = layout.sql_text("SyslogMessage"), layout.sql_text("ProcessName")
    plain = (
        f"CASE WHEN starts_with({message}, 'message repeated ') "
        f"THEN regexp_extract({message}, '{_REPEATED}', 1) ELSE {message} END"
    )
    cases = " ".join(  # the words are looked for first: most lines tell of no command
        f"WHEN {program} IN ({', '.join(repr(each) for each in programs)}) "
        f"AND contains({message}, '{word}') THEN trim(regexp_extract({plain}, '{pattern}', 1))"
        for programs, word, pattern in kinds
    )
    return f"CASE {cases} ELSE '' END"
