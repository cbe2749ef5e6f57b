"""Mistakes end as one line, a hint and the right exit code."""

import io
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from huntkit.cli import frame, main
from huntkit.core.errors import Cancelled, EvidenceError, QueryError, UnknownTable

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def code_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def test_version_is_quick_and_loads_nothing_heavy(run: Run) -> None:
    probe = (
        "import sys\nfrom huntkit.cli import main\ntry:\n    main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'typer','rich','polars','pandas','duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"huntkit {frame_version()}", "[]"]


def frame_version() -> str:
    from huntkit import __version__

    return __version__


def test_help_loads_no_data_library() -> None:
    probe = (
        "import sys\nfrom huntkit.cli import main\ntry:\n    main(['open', '--help'])\n"
        "except SystemExit: pass\nprint(sorted({'polars','pandas','duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


COMMANDS = [
    *("open", "report", "tables", "search", "query", "iocs"),
    *("decode", "cmdline", "tree", "timeline", "chart", "doctor", "demo"),
    *("rare", "beacons", "series"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_two_examples_come_first_in_every_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(command, "--help") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0].startswith(f"Usage: huntkit {command}")
    assert all(command in line and "huntkit" in line for line in lines[1:3])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_speaks_of_files_and_tables_not_of_python(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(command, "--help") == 0
    told = capsys.readouterr().out
    assert re.findall(r"<\w+|\[\[|bool|list\[", told) == []
    if command == "search":
        assert "VALUE" in told
        assert "@FILE for one a line" in told


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["serch", "x"], "there is no command 'serch'", "did you mean 'search'?"),
        (["zzz"], "there is no command 'zzz'", "commands: open"),
        (["search", "--limt", "3"], "No such option: --limt", "huntkit search --help"),
        (["search"], "Missing argument", "huntkit search --help"),
        (["query", "."], "give the query first", "huntkit query 'SecurityEvent"),
        (["decode"], "either PATHS or --text", "huntkit decode evidence/"),
        (["tables", ".", "-o", "x.xls"], "does not say how to write", "endings: .parquet"),
        (["open", ".", "-o", "x.csv"], "does not say how to write", "endings: .html"),
    ],
)
def test_wrong_use_is_one_line_a_hint_and_code_2(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(*arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0].startswith("huntkit: ")
    assert message in lines[0]
    assert hint in lines[1]
    assert len(lines) == 2


def test_no_arguments_show_the_help_and_are_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of() == 2
    assert "huntkit open evidence/" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem", "code", "told"),
    [
        (UnknownTable("Sylog", ["Syslog"]), 2, "did you mean 'Syslog'?"),
        (QueryError("refused"), 1, "huntkit: refused"),
        (EvidenceError("gone", hint="look"), 1, "hint: look"),
        (Cancelled("stopped"), 130, "huntkit: stopped"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied: /x"),
        (MemoryError(), 1, "not enough memory"),
        (ZeroDivisionError("boom"), 1, "HUNTKIT_DEBUG=1"),
        (QueryError("bad \x1b[31m"), 1, "bad ␛[31m"),
    ],
)
def test_every_error_has_its_code_and_no_traceback(
    problem: BaseException,
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HUNTKIT_DEBUG", raising=False)

    def fail() -> None:
        raise problem

    assert frame._guarded(fail) == code
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err
    assert "\x1b" not in err


def test_debug_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUNTKIT_DEBUG", "1")
    assert frame._guarded(lambda: 1 // 0) == 1
    assert "Traceback" in capsys.readouterr().err


def test_warnings_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    frame._show_warning(UserWarning("only \x1b part"), UserWarning, "f", 1, io.StringIO())
    assert capsys.readouterr().err == "huntkit: warning: only ␛ part\n"


def test_offline_refuses_names_and_addresses_but_not_local_sockets() -> None:
    probe = textwrap.dedent(
        """
        import socket
        from huntkit.cli.frame import refuse_network
        refuse_network()
        a, b = socket.socketpair()
        for attempt in (lambda: socket.getaddrinfo("a.example", 80),
                        lambda: socket.create_connection(("127.0.0.1", 9))):
            try:
                attempt()
            except Exception as problem:
                print(type(problem).__name__, problem)
        """
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.count("HuntkitError --offline: refused") == 2
