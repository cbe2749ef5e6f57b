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
_CONTINUED = ": (command continued) "
_LONGEST = 200_000  # characters of a command that is joined
_CUT_WORD = 900  # a piece without a blank that is as long was cut within a word
_WHOLE = "_huntkit_whole"
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


def sql_rows(layout: Layout, source: str) -> str:
    """The rows of a table of syslog lines, a command that sudo cut into several lines in the first.

    The pieces follow one another in a file, of one host and account; it cuts at a blank if it can.
    """
    message, host = layout.sql_text("SyslogMessage"), layout.sql_text(layout.host)
    more = f"contains({message}, '{_CONTINUED}')"
    after = f"CASE WHEN contains(piece, ' ') OR length(piece) < {_CUT_WORD} THEN ' ' ELSE '' END"
    pieces = f"""SELECT _file, _record, {host} AS host,
                        regexp_extract({message}, '{_WHO}', 1) AS who, {more} AS is_more,
                        CASE WHEN {more} THEN split_part({message}, '{_CONTINUED}', 2)
                        ELSE {message} END AS piece
                 FROM {source}
                 WHERE {layout.sql_text("ProcessName")} = 'sudo' AND contains({message}, ' : ')
                 AND _record IS NOT NULL"""  # noqa: S608  quoted
    numbered = f"""SELECT *, count(*) FILTER (NOT is_more) OVER (
                           PARTITION BY _file, host, who ORDER BY _record) AS command
                   FROM ({pieces})"""  # noqa: S608  quoted
    bounded = f"""SELECT * FROM ({numbered}) WHERE command > 0
                  WINDOW its AS (PARTITION BY _file, host, who, command)
                  QUALIFY count(*) OVER its > 1
                  AND sum(length(piece)) OVER its <= {_LONGEST}"""  # noqa: S608  quoted
    whole = f"""SELECT _file, list(_record ORDER BY _record) AS records,
                       trim(string_agg(piece || {after}, '' ORDER BY _record)) AS told
                FROM ({bounded}) GROUP BY _file, host, who, command"""  # noqa: S608  quoted
    return f"""(SELECT * REPLACE (coalesce({_WHOLE}, {message}) AS "SyslogMessage")
                FROM {source} LEFT JOIN
                (SELECT unnest(records) AS _record, _file, CASE WHEN
                        generate_subscripts(records, 1) = 1 THEN told ELSE '' END AS {_WHOLE}
                 FROM ({whole})) USING (_file, _record))"""  # noqa: S608  quoted


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
