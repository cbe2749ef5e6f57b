"""Query files are read as people have them, and all faults are told at once with their lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import EvidenceError
from huntkit.sources.queries import Query, QueryFileError, in_folders, queries_of, read_queries

FILE = """
metadata:
  version: 1
  data_environments: [AzureSentinel, LogAnalytics]
  data_families: [WindowsSecurity, Hosts]
  tags: [logon]
  database: prod
defaults:
  metadata:
    data_source: security_event
  parameters:
    table:
      description: The table
      type: str
      default: SecurityEvent
    add_query_items:
      description: More
      type: str
      default: ''
    start:
      description: First time
      type: datetime
    end:
      description: Last time
      type: datetime
sources:
  list_host_logons:
    description: Logons
    metadata:
      data_families: [WindowsSecurity]
      techniques: T1078
      tactics: [InitialAccess]
      pivot: {short_name: logons}
    args:
      query: '
        {table}
        | where TimeGenerated >= datetime({start}) and TimeGenerated < datetime({end})
        | where Computer has "{host_name}" and LogonType in ({logon_types})
        | where $<ids>$
        {add_query_items}'
      uri: x
    parameters:
      host_name:
        description: The host
        type: str
        aliases: hostname
      logon_types:
        description: Types
        type: list
        default: [2, 10]
    query_macros:
      ids:
        description: Kinds of logon
        value: EventID in (4624, 4625)
"""


def only(text: str) -> Query:
    [query] = queries_of(text)
    return query


def faults(text: str, origin: str = "mine.yaml") -> list[tuple[int, str]]:
    with pytest.raises(QueryFileError) as caught:
        queries_of(text, origin=origin)
    assert str(caught.value).startswith(f"{origin}: ")
    return [(each.line, f"{each.message} ({each.hint})") for each in caught.value.faults]


def test_a_file_of_notebooks_is_read_as_it_is() -> None:
    query = only(FILE)
    assert (query.name, query.description, query.language) == ("list_host_logons", "Logons", "kql")
    assert query.environments == ("MSSentinel", "Local")
    assert query.families == ("WindowsSecurity",)
    assert (query.techniques, query.tactics, query.tags) == (
        ("T1078",),
        ("InitialAccess",),
        ("logon",),
    )
    assert query.metadata["database"] == "prod"
    assert query.metadata["data_source"] == "security_event"
    assert query.metadata["pivot"] == {"short_name": "logons"}
    assert query.arguments == {"uri": "x"}
    assert query.tables == ("SecurityEvent",)
    assert "where EventID in (4624, 4625)" in query.text
    assert query.required == ("host_name",)
    assert query.line == FILE[: FILE.index("list_host_logons")].count("\n") + 1
    assert {name: each.type for name, each in query.parameters.items()} == {
        "host_name": "str",
        "logon_types": "list",
        "table": "table",  # declared as text, as files of notebooks do
        "add_query_items": "kql",
        "start": "datetime",
        "end": "datetime",
    }
    assert query.parameter("hostname") is query.parameters["host_name"]


def test_a_text_that_starts_with_a_pipe_is_a_piece() -> None:
    text = """
metadata: {data_environments: [Splunk], data_families: [X]}
sources:
  q:
    description: d
    args: {query: "search a=1 {what}"}
    parameters: {what: {type: str, default: "| table a b"}}
"""
    assert only(text).parameters["what"].type == "kql"


def test_a_format_is_written_into_the_text() -> None:
    text = """
metadata: {data_environments: [Splunk], data_families: [X]}
sources:
  q:
    description: d
    args: {query: "search day={start} {{x}}"}
    parameters: {start: {type: datetime, format: '"{0:%Y-%m-%d}"'}}
"""
    assert only(text).text == 'search day="{start:%Y-%m-%d}" {{x}}'


def test_a_parameter_inherits_what_it_leaves_out() -> None:
    text = FILE.replace(
        "      logon_types:", "      add_query_items: {default: '| take 5'}\n      logon_types:"
    )
    parameter = only(text).parameters["add_query_items"]
    assert (parameter.type, parameter.default, parameter.description) == ("kql", "| take 5", "More")


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    text = """metadata:
  data_environments: [MSSentinal]
  data_familes: [X]
default:
  parameters: {}
sources:
  list hosts:
    args: {query: T}
  list_users:
    description: Users
    args: {query: "T | where u == {usr}"}
    parameters:
      user: {type: sting, description: who}
      days: {type: int, default: many}
      when: {description: no type}
"""
    found = faults(text)
    assert [line for line, _ in found] == [2, 3, 4, 7, 8, 11, 13, 14, 15]
    said = "\n".join(message for _, message in found)
    for part in (
        "there is no data environment 'MSSentinal' (did you mean 'MSSentinel'",
        "metadata has no 'data_familes' (did you mean 'data_families'",
        "the file has no 'default' (did you mean 'defaults'",
        "'list hosts' is no name of a query",
        "the query list hosts has no 'description'",
        "the query list_users names {usr}, and declares no such parameter (did you mean 'user'",
        "there is no type 'sting' (did you mean ",
        "the default of the parameter days of the query list_users: days= takes a whole number",
        "the parameter when of the query list_users has no 'type'",
    ):
        assert part in said


TEXT = "query: '"


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('"{host_name}"', '"{host_nam}"', TEXT, "did you mean 'host_name'?"),
        ("{add_query_items}'", "{add_query_items'", TEXT, "no name of a parameter in braces"),
        ("| where $<ids>$", "| where $<id>$", TEXT, "has no macro 'id' (did you mean 'ids'"),
        ("| where $<ids>$", "| were $<ids>$", TEXT, "there is no operator 'were'"),
        ("| where $<ids>$", "| where ) $<ids>$", TEXT, "the query list_host_logons:"),
        ("type: list", "type: int", "default: [2, 10]", "takes a whole number"),
        ("techniques: T1078", "techniques: T17", "", "write T1059 or T1059.001"),
        ("[InitialAccess]", "[InitalAccess]", "", "did you mean 'InitialAccess'"),
        ("aliases: hostname", "aliases: start", "  host_name:", "already means start"),
        ("host_name:\n        desc", "host-name:\n        desc", "", "is no name of a parameter"),
        ("families: [WindowsSecurity]\n", "families: [1]\n", "", "write '1' in quotes"),
        ("uri: x", "uri: x\n      uri: y", "uri: y", "stands twice, first on line "),
        (
            "default: [2, 10]",
            "default: [2, 10]\n        formt: x",
            "formt",
            "did you mean 'format'",
        ),
    ],
)
def test_a_fault_has_its_line_and_a_hint(old: str, new: str, at: str, said: str) -> None:
    assert old in FILE
    text = FILE.replace(old, new, 1)
    [line] = {line for line, message in faults(text) if said in message}
    assert line == text[: text.index(at or new)].count("\n") + 1


def test_a_fault_in_a_block_of_text_has_the_line_of_the_block() -> None:
    text = """metadata: {data_environments: [Kusto], data_families: [X]}
sources:
  q:
    description: d
    args:
      query: |
        T
        | where a == 1
        | were b == {c}
    parameters:
      c: {type: str}
"""
    assert [line for line, _ in faults(text)] == [9]
    assert [line for line, _ in faults(text.replace("were", "where").replace("{c}", "{d}"))] == [9]


@pytest.mark.parametrize(
    ("declared", "listed", "said"),
    [
        ("v: string", "v: {type: int}", "declared as string"),
        ("v: string, w: string", "v: {type: str}", "query parameter w"),
        ("v: string", "v: {type: str}\n      w: {type: str}", "declares w and never uses it"),
        ("x: string", "x: {type: str}", "also gives that name"),
    ],
)
def test_declared_parameters_must_fit(declared: str, listed: str, said: str) -> None:
    text = f"""
metadata: {{data_environments: [Kusto], data_families: [X]}}
sources:
  q:
    description: d
    args:
      query: |
        declare query_parameters({declared});
        T | extend x = 1 | where a == {declared[0]}
    parameters:
      {listed}
"""
    assert any(said in message for _, message in faults(text))


def test_a_parameter_may_be_unused_where_callers_know_it() -> None:
    text = FILE.replace(
        "      logon_types:", "      path_separator: {type: str, default: /}\n      logon_types:"
    )
    assert "path_separator" in only(text).parameters


def test_places_that_speak_two_languages_are_a_fault() -> None:
    text = FILE.replace("[AzureSentinel, LogAnalytics]", "[AzureSentinel, Splunk]")
    assert any("do not speak one language" in message for _, message in faults(text))
    text = FILE.replace("[AzureSentinel, LogAnalytics]", "[Sumologic]")
    assert any("nothing here can ask Sumologic" in message for _, message in faults(text))


BOMB = "a0: &a0 [1, 1]\n" + "".join(
    f"a{place}: &a{place} [*a{place - 1}, *a{place - 1}]\n" for place in range(1, 30)
)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "a", "1", "null", "{}", "sources:", "sources: []", "sources: {q: }", "{",
        "a: b: c", "sources: {q: {args: {query: }}}", "? [a]\n: b", "sources: {1: {}}",
        "a: &a [*a]",
        "sources: !!python/object:os.system {}", "!!python/name:os.system", "\x00", "a: 2024-99-99",
        "sources: {q: {description: d, args: {query: 'T {'}}}", "- sources: {}", "%YAML 9.9\n---\n",
        BOMB,
        "[" * 5000, "sources: {q: " + "{a: " * 100,
    ],
)  # fmt: skip
def test_broken_and_hostile_files_are_faults(text: str) -> None:
    assert faults(text)


@given(st.text(max_size=200), st.integers(0, len(FILE)), st.integers(0, 60))
def test_damaged_files_are_read_or_refused(more: str, at: int, gone: int) -> None:
    text = FILE[:at] + more + FILE[at + gone :]
    try:
        assert queries_of(text)
    except QueryFileError as problem:
        lines = [each.line for each in problem.faults]
        if not lines or min(lines) < 1:
            raise AssertionError(lines) from problem


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "good.yaml").write_text("\ufeff" + FILE, encoding="utf-8")
    (tmp_path / "bad.yml").write_text("sources: [", encoding="utf-8")
    (tmp_path / "latin.yaml").write_bytes(b"\xe9")
    (tmp_path / "other.txt").write_text("x", encoding="utf-8")
    queries, problems = in_folders([tmp_path, tmp_path / "absent"])
    assert [each.name for each in queries] == ["list_host_logons"]
    assert queries[0].origin == str(tmp_path / "sub" / "good.yaml")
    assert [type(each) for each in problems] == [QueryFileError, EvidenceError, EvidenceError]
    with pytest.raises(EvidenceError, match="absent"):
        read_queries(tmp_path / "absent.yaml")
