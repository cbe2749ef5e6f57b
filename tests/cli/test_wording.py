"""What goes wrong is said in the words of the command line, whatever the library calls it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

import huntkit
from huntkit.cli.app import app
from huntkit.cli.drawing import catalog
from huntkit.cli.wording import _ALSO, _BESIDE_A_QUERY, Wording, speaking, spoken
from huntkit.core.errors import Offline, UnknownColumn, UsageError
from huntkit.runtime.session import Session

SOURCE = Path(huntkit.__file__).parent
# Keywords in what the library says of doors that no command opens.
ONLY_PYTHON = {
    *("caption", "alias", "certificate_password", "frame", "group", "may_name", "null_identities"),
    *("input_string", "data", "column", "risky_actions", "suspicious_actions", "overwrite"),
    *("prov_scope", "ioc_col", "tzinfo", "attribution", "tiles", "host_name", "where", "split"),
    *(
        "columnsConflict",
        "timeout_s",
        "password",
        "file",
        "method",
        "columns",
        "limit",
        "param",
        "roles",
        "size",
    ),
}


def _command(
    *,
    by: str = "",
    threshold: float = 1.0,
    no_cache: Annotated[bool, typer.Option("--no-cache")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
    external: Annotated[str, typer.Option(metavar="URI=FILE")] = "",
    values: Annotated[str, typer.Option("--set", "-s", metavar="NAME=VALUE")] = "",
    source: Annotated[str, typer.Option(metavar="COLUMN")] = "",
    geo: Annotated[str, typer.Option(metavar="FILE")] = "",
) -> None: ...


LONE = typer.Typer(add_completion=False)
LONE.command()(_command)
WORDING = Wording("huntkit x", typer.main.get_command(LONE).params)


@pytest.mark.parametrize(
    ("python", "here"),
    [
        ("name them with group_by=", "name them with --by"),
        ("score_threshold is 0", "--threshold is 0"),
        ("say by='a b' or by='c'", "say --by 'a b' or --by 'c'"),
        ("threshold=-1 is too low", "--threshold -1 is too low"),
        ("choose another name, or say force=True", "choose another name, or say --force"),
        ("use cache=False", "use --no-cache"),
        ("map it: externals={'watchlist:vip': path}", "map it: --external watchlist:vip=FILE"),
        ("map it: externals={uri: path}", "map it: --external URI=FILE"),
        ("give it: parameters={'host': ...}", "give it: --set host=VALUE"),
        ("name one: geo=huntkit.enrich.GeoDatabases('a.mmdb')", "name one: --geo a.mmdb"),
        # What evidence says is not ours to change.
        ("there is no column 'by='", "there is no column 'by='"),
        ('can\'t read "by=1"', 'can\'t read "by=1"'),
        ("name it with by=; the columns are: group_by, by=x", None),
        ("can't read /cases/by=7/force=True", "can't read /cases/by=7/force=True"),
        ("by the way", "by the way"),
        ("Expected = and found ==", "Expected = and found =="),
    ],
)
def test_keywords_become_options_and_what_is_quoted_stays(python: str, here: str | None) -> None:
    wanted = here or "name it with --by; the columns are: group_by, by=x"
    assert WORDING.said(python) == wanted


@pytest.mark.parametrize(
    ("problem", "message", "hint"),
    [
        (UsageError("no times", hint="name it with time_column="), "no times", "see huntkit x -"),
        (
            UsageError("no times", hint="name it with time_column=; the columns are: a, b"),
            "no times",
            "the columns are: a, b",
        ),
        (
            UsageError("it needs host_name=, pid=", context={"missing": ["host_name", "pid"]}),
            "it needs --set host_name=VALUE, --set pid=VALUE",
            "",
        ),
        (
            UsageError("pid= takes a number", context={"parameter": "pid"}),
            "--set pid= takes a number",
            "",
        ),
        (
            UsageError(
                "no column holds x (the role 'source_ip')",
                hint="name the column yourself; the columns are: a",
                context={"role": "source_ip"},
            ),
            "no column holds x",
            "name it with --source COLUMN; the columns are: a",
        ),
        (UnknownColumn("zzz", ["TimeGenerated", "_file"]), "no column 'zzz'", "columns: TimeG"),
    ],
)
def test_errors_leave_a_command_in_its_words(problem: UsageError, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised, speaking(WORDING):
        raise problem
    assert message in raised.value.message
    assert raised.value.hint.startswith(hint)
    assert bool(raised.value.hint) == bool(hint)
    assert spoken("by=") == "by="  # no command runs any more


LONG = pytest.mark.long
DECLARING = "declare query_parameters(n: long, t: string); print n + 1, t"
PYTHON = re.compile(r"(?<![\w'\"-])[a-z]+(?:_[a-z]+)*=(?:[\s;,'\"]|$)|[A-Za-z_]\(\)|\w\('")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [  # a few of them, and all in the long run
        (["series", "TIMELESS"], "the columns are: name"),
        pytest.param(
            ["rare", "TIMELESS", "--since", "-2d"], "leave out --since and --until", marks=LONG
        ),
        pytest.param(
            ["beacons", "TIMELESS", "-t", "timeless"], "name it with --source COLUMN", marks=LONG
        ),
        pytest.param(["chart", "timeline", "TIMELESS"], "name it with --time-column", marks=LONG),
        (["chart", "process_tree", "TIMELESS"], "name it by --columns pid=COLUMN"),
        pytest.param(
            ["chart", "process_tree", "TIMELESS", "--order", "x"],
            "--order 'rarest' or --order 't",
            marks=LONG,
        ),
        pytest.param(["chart", "geo_map", "TIMELESS"], "huntkit geo adds them", marks=LONG),
        pytest.param(
            ["chart", "timeline", "TIMELESS", "-q", DECLARING],
            "see huntkit chart timeline --help",
            marks=LONG,
        ),
        pytest.param(["query", DECLARING, "TIMELESS"], "--set n=VALUE", marks=LONG),
        (["query", DECLARING, "TIMELESS", "--set", "n=x", "-s", "t=1"], "--set n= takes a whole"),
        pytest.param(
            ["query", DECLARING, "TIMELESS", "--set", "tt=1"], "did you mean 't'", marks=LONG
        ),
        pytest.param(["query", "Foo", "TIMELESS"], "tables: timeless", marks=LONG),
        pytest.param(
            ["query", "timeless | take 1"],
            "huntkit query 'timeless | take 1' evidence/",
            marks=LONG,
        ),
        (["query", "_GetWatchlist('vip')", "TIMELESS"], "--external watchlist:vip=FILE"),
        pytest.param(
            ["query", "externaldata(a:string)['https://a.example']", "TIMELESS"],
            "--external URI=F",
            marks=LONG,
        ),
        pytest.param(
            ["query", "print geo_info_from_ip_address('1.1.1.1')", "TIMELESS"],
            "--geo GeoLite2-Cit",
            marks=LONG,
        ),
        (["queries", "run", "WindowsSecurity.list_host_logons", "TIMELESS"], "--set host_name=VAL"),
        (["queries", "search"], "huntkit queries search logon"),
        pytest.param(["queries", "show", "zzzz"], "huntkit queries lists", marks=LONG),
        (["geo", "--update"], "set MAXMIND_ACCOUNT_ID"),
        (["tables", "TIMELESS", "--assume-year", "20260"], "--assume-year 20260"),
        pytest.param(
            ["tables", "TIMELESS", "--cache-dir", "/proc/no"],
            "--cache-dir, or use --no-cache",
            marks=LONG,
        ),
    ],
)
def test_no_command_speaks_python(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAXMIND_AUTH", raising=False)
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "timeless.csv").write_text("name,n\na,1\nb,2\n", encoding="utf-8")
    given = [each.replace("TIMELESS", "timeless.csv") for each in arguments]
    done = CliRunner().invoke(app, given)
    assert done.exit_code != 0
    assert told in done.stderr
    said = re.sub(r"--set \w+=", "", done.stderr.replace(given[1], ""))
    assert not PYTHON.search(said), said
    assert "the role" not in done.stderr


def test_a_query_takes_the_values_that_it_declares(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,n\na,1\n", encoding="utf-8")
    given = ["query", DECLARING, str(tmp_path), "--set", "n=41", "--set", "t=1"]
    done = CliRunner().invoke(app, given)
    assert done.stdout == '{"print_0":42,"print_1":"1"}\n'


def test_whoever_is_offline_hears_of_the_option() -> None:
    session = Session().changed(offline=True)
    with pytest.raises(Offline) as raised, speaking(WORDING):
        session.network.check_online("IANA")
    assert raised.value.hint.startswith("leave out --offline")


def _said() -> Iterator[tuple[str, str]]:
    """The keywords in the errors of whatever a command may call, and where."""
    spoken_of = re.compile(r"(?<![\w.\-/?&'\"{(])([a-z]\w*)=(?=[\s,;'\"{)]|$|[A-Z\d.])")
    for folder in ("analyze", "charts", "extract", "kql", "report", "tables", "sources/local"):
        for path in sorted((SOURCE / folder).rglob("*.py")):
            for raised in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(raised, ast.Raise):
                    for text in ast.walk(raised):
                        if isinstance(text, ast.Constant) and isinstance(text.value, str):
                            for key in spoken_of.findall(text.value):
                                yield key, f"{path.relative_to(SOURCE)}:{text.lineno}"


@pytest.mark.long  # loads every chart
def test_every_keyword_that_the_library_speaks_of_has_an_option_or_no_command() -> None:
    commands = typer.main.get_command(app)
    known = {*_ALSO, *_BESIDE_A_QUERY, *ONLY_PYTHON}
    known |= {each.name for one in commands.commands.values() for each in one.params}  # type: ignore[attr-defined]
    chart = commands.commands["chart"]  # type: ignore[attr-defined]
    for kind in catalog().names():
        known |= {each.name for each in chart.get_command(None, kind).params}
    said = list(_said())
    assert len(said) > 10
    assert {key: where for key, where in said if key not in known} == {}
