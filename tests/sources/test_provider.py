"""What people do with a provider: connect, find queries, ask them, and see where rows come from."""

import asyncio
import inspect
import json
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pytest

import huntkit
from huntkit.core.contracts import QueryRunner
from huntkit.core.errors import Cancelled, QueryError, TimeError, UnknownPlugin, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.kql import KqlError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request
from huntkit.sources.errors import NotConnected, PartialAnswer, PartialAnswerWarning, QueryRefused
from huntkit.sources.provider import QueryProvider
from huntkit.sources.queries.faults import QueryFileError
from huntkit.sources.shelf import QueryFilesWarning

SCHEMA = {"Events": {"TimeGenerated": "datetime", "Computer": "string", "EventID": "long"}}
FIRST = datetime(2024, 5, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    """Where to; a canary may stand in the token."""

    host: str
    token: Secret | None = None


@dataclass(frozen=True, kw_only=True)
class MemoryOptions:
    """What a call may say."""

    database: str = ""


class Memory(Driver):
    """Events in memory: one an hour, for ten days."""

    environments: ClassVar[Any] = {"Memory": ("Brain",), "Kusto": ()}
    language = "kql"
    settings: ClassVar[Any] = MemorySettings
    options: ClassVar[Any] = MemoryOptions
    limits = Limits(max_parallel=3, timeout_s=30, max_timeout_s=60)

    def __init__(self, environment: str, chosen: Any, session: Session) -> None:
        super().__init__(environment, chosen, session)
        self.asked: list[Request] = []
        self.connects = 0
        self.closes = 0
        self.answer: Callable[[Request], Answer] = self.events
        self._lock = threading.Lock()

    def connect(self) -> None:
        self.connects += 1

    def close(self) -> None:
        self.closes += 1

    def run(self, request: Request) -> Answer:
        request.cancel.check()
        with self._lock:
            self.asked.append(request)
        return self.answer(request)

    def events(self, request: Request) -> Answer:
        """The rows between the two instants that stand in the text."""
        bounds = [datetime.fromisoformat(each) for each in re.findall(_INSTANT, request.text)]
        start, end = bounds[:2] if len(bounds) > 1 else (FIRST, FIRST + timedelta(days=10))
        hours = [FIRST + timedelta(hours=n) for n in range(240)]
        times = [each for each in hours if start <= each < end]
        names = [f"pc{each.hour}" for each in times]
        return Answer(
            table=pa.table(
                {
                    "TimeGenerated": pa.array(times, pa.timestamp("us", "UTC")),
                    "Computer": pa.array(names, pa.string()),
                }
            ),
            statistics={"scanned": len(times)},
        )

    def schema(self) -> dict[str, dict[str, str]]:
        return SCHEMA

    @property
    def identity(self) -> str:
        return f"{self.chosen.host}"

    @property
    def now(self) -> datetime:
        return FIRST + timedelta(days=10)


_INSTANT = r"datetime\(['\"]?([0-9T:.+Z-]+)['\"]?\)"


@pytest.fixture(autouse=True)
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the package brings has tests of its own."""
    monkeypatch.setattr("huntkit.sources.provider.built_in", lambda: ())


@pytest.fixture
def memory() -> Memory:
    return Memory("Memory", MemorySettings(host="brain.example"), Session())


TEXT = (
    "declare query_parameters(start: datetime, end: datetime, host_name: string);\n"
    "{table}\n"
    "| where TimeGenerated >= start and TimeGenerated < end\n"
    "| where Computer startswith host_name\n"
    "{add_query_items}"
)
FILE = """
metadata:
  version: 1
  description: Tests
  data_environments: [Kusto]
  data_families: [Own]
  tags: [test]
defaults:
  parameters:
    start: {description: "first time", type: datetime}
    end: {description: "last time", type: datetime}
sources:
  list_own:
    description: Everything of a host
    metadata: {techniques: [T1078]}
    args:
      query: |
        declare query_parameters(start: datetime, end: datetime, host: string);
        Events | where TimeGenerated >= start and TimeGenerated < end | where Computer == host
    parameters:
      host: {description: the host, type: str, aliases: [hostname]}
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache_dir=tmp_path / "cache"))


@pytest.fixture
def provider(memory: Memory, session: Session) -> QueryProvider:
    made = QueryProvider("Memory", driver=memory, session=session, frame="polars")
    own(made)
    made.connect()
    return made


def own(provider: QueryProvider, text: str = TEXT, name: str = "list_events") -> None:
    make = provider.create_param
    parameters = [
        make("start", "datetime"),
        make("end", "datetime"),
        make("host_name", "str", "the host"),
        make("table", "table", "where", "Events"),
        make("add_query_items", "kql", "more", ""),
    ]
    provider.add_custom_query(name, text, "Things", "All events of a host", parameters)


# Connecting.


def test_a_misspelt_environment_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownPlugin, match="did you mean 'Local'"):
        QueryProvider("Lokal")
    assert "Local" in QueryProvider.list_data_environments()


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_time_limit_that_leaves_none_is_refused(provider: QueryProvider, seconds: float) -> None:
    with pytest.raises(UsageError, match="leaves no time"):
        provider.exec_query("Events | take 1", timeout_s=seconds)


def test_making_one_does_nothing_yet(memory: Memory) -> None:
    provider = QueryProvider("brain", driver=memory)
    assert memory.connects == 0
    assert provider.environment == "Memory"
    assert not provider.connected
    assert repr(provider) == "<QueryProvider Memory, not connected>"
    with pytest.raises(NotConnected, match="connect"):
        provider.exec_query("Events")
    with pytest.raises(NotConnected):
        _ = provider.schema


def test_settings_come_from_the_constructor_and_from_connect(session: Session) -> None:
    provider = QueryProvider("Memory", driver=Memory, session=session, host="one.example")
    provider.connect()
    assert provider.connection_string == "one.example"
    provider.connect(host="two.example")
    assert provider.list_connections() == ["Default: two.example, connected"]
    with pytest.raises(UsageError, match="host is missing"):
        QueryProvider("Memory", driver=Memory).connect()
    with pytest.raises(UsageError, match="did you mean 'host'"):
        QueryProvider("Memory", driver=Memory, hots="x")
    with pytest.raises(UsageError, match="'connection_str'"):
        provider.connect("a string that this driver does not take")


def test_connecting_again_ends_the_first_connection_only_if_the_second_one_works(
    memory: Memory, session: Session
) -> None:
    provider = QueryProvider("Memory", driver=memory, session=session)
    provider.connect()
    provider.connect()
    assert (memory.connects, memory.closes) == (2, 1)


def test_a_driver_for_something_else_is_refused(memory: Memory) -> None:
    with pytest.raises(UsageError, match="does not ask 'Splunk'"):
        QueryProvider("Splunk", driver=memory)


def test_secrets_are_never_shown(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRAIN_TOKEN", "canary-4471")
    provider = QueryProvider(
        "Memory", driver=Memory, session=session, host="h.example", token="env:BRAIN_TOKEN"
    )
    provider.connect()
    rows = provider.exec_query("Events")
    shown = [repr(provider), str(provider.list_connections()), provider.connection_string,
             str(rows.attrs), repr(provider.last), str(provider.driver_help()),
             repr(vars(provider)), repr(session.history[0])]  # fmt: skip
    assert "canary-4471" not in "".join(shown)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(b"canary-4471" not in each for each in files)


def test_several_connections_are_all_asked_and_rows_say_whose_they_are(session: Session) -> None:
    provider = QueryProvider("Memory", driver=Memory, session=session, frame="polars", host="a")
    provider.connect()
    provider.add_connection(alias="second", host="b")
    rows = provider.exec_query("Events | where TimeGenerated > datetime(2024-05-10)")
    assert rows.columns == ["TimeGenerated", "Computer", "_connection"]
    assert rows["_connection"].value_counts().sort("_connection").rows() == [
        ("Default", 240),
        ("second", 240),
    ]
    with pytest.raises(UsageError, match="already"):
        provider.add_connection(alias="second", host="c")
    assert provider.list_connections() == ["Default: a, connected", "second: b, connected"]


def test_a_connection_that_fails_makes_the_answer_partial(session: Session) -> None:
    class Half(Memory):  # type: ignore[misc]
        """Answers from one host."""

        def run(self, request: Request) -> Answer:
            if self.chosen.host == "b":
                raise QueryError("the disk is full")
            answer: Answer = super().run(request)
            return answer

    provider = QueryProvider("Memory", driver=Half, session=session, frame="polars", host="a")
    provider.connect()
    provider.add_connection(alias="bad", host="b")
    with pytest.warns(PartialAnswerWarning, match="bad gave nothing: the disk is full"):
        rows = provider.exec_query("Events")
    assert set(rows["_connection"]) == {"Default"}
    provider = QueryProvider("Memory", driver=Half, session=session, host="b")
    provider.connect()
    with pytest.raises(QueryError, match="the disk is full"):
        provider.exec_query("Events")


# Asking.


def test_a_result_says_where_it_comes_from(memory: Memory, session: Session) -> None:
    provider = QueryProvider("Memory", driver=memory, session=session)
    own(provider)
    provider.connect()
    frame = provider.Things.list_events(
        start="2024-05-01", end="2024-05-02", host_name="pc", database="logs"
    )
    said = frame.attrs["huntkit"]
    assert said["provider"] == "Memory"
    assert said["query"] == "Things.list_events"
    assert (said["start"], said["end"]) == ("2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z")
    assert said["parameters"]["host_name"] == "pc"
    assert (said["rows"], said["partial"], said["gaps"]) == (24, False, [])
    assert '"pc"' in said["text"]
    assert said["statistics"] == {"scanned": 24}
    assert datetime.fromisoformat(said["run_at"]).tzinfo is not None
    assert json.loads(json.dumps(said)) == said
    assert memory.asked[0].options.database == "logs"
    assert [(each.what, each.rows) for each in session.history] == [
        ("Memory Things.list_events", 24)
    ]


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_the_kind_of_frame_is_the_callers_choice(provider: QueryProvider, kind: str) -> None:
    rows = provider.exec_query("Events", frame=kind)  # type: ignore[arg-type]
    assert type(rows).__module__.startswith({"arrow": "pyarrow"}.get(kind, kind))
    if kind == "arrow":
        assert json.loads(rows.schema.metadata[b"huntkit"])["provider"] == "Memory"
    assert provider.last is not None
    assert provider.last.rows == 240


def test_values_are_literals_that_can_not_change_the_query(
    provider: QueryProvider, memory: Memory
) -> None:
    hostile = 'x" or true | union Secrets //'
    provider.Things.list_events(start=-1, end=0, host_name=hostile)
    assert r"\" or true | union Secrets //" in memory.asked[0].text
    with pytest.raises(UsageError):
        provider.Things.list_events(host_name="x", add_query_items="| take 1; Secrets")
    assert len(memory.asked) == 1


def test_pieces_of_query_come_by_name_and_never_from_objects(
    provider: QueryProvider, memory: Memory
) -> None:
    alert = {"host_name": "pc1", "add_query_items": "| take 0", "table": "Secrets"}
    provider.Things.list_events(alert)
    assert "take 0" not in memory.asked[0].text
    assert "Secrets" not in memory.asked[0].text
    provider.Things.list_events(alert, add_query_items="| take 7")
    assert "take 7" in memory.asked[1].text


def test_objects_give_values_and_names_win(provider: QueryProvider, memory: Memory) -> None:
    class Host:
        HostName = "from-object"

    span = TimeSpan(FIRST, FIRST + timedelta(hours=2))
    provider.Things.list_events(Host(), span)
    assert '"from-object"' in memory.asked[0].text
    assert provider.last is not None
    assert provider.last.span == span
    provider.Things.list_events(Host(), span, host_name="named")
    assert '"named"' in memory.asked[1].text


@pytest.mark.parametrize("word", ["print", "print_query", "debug_query"])
def test_print_gives_the_text_and_asks_nothing(memory: Memory, session: Session, word: str) -> None:
    provider = QueryProvider("Memory", driver=memory, session=session)
    own(provider)
    text = provider.Things.list_events(word, start="2024-05-01", end="2024-05-02", host_name="x")
    assert 'startswith "x"' in text
    assert "datetime(2024-05-01" in text
    assert repr(text) == str(text)
    assert not memory.asked


def test_as_code_gives_a_call_that_asks_the_same(provider: QueryProvider, memory: Memory) -> None:
    code = provider.Things.list_events(host_name='it\'s "x"\n\u202e', start=-1, as_code=True)
    assert not memory.asked
    assert code.isascii()
    eval(code, {"provider": provider})
    provider.Things.list_events(host_name='it\'s "x"\n\u202e', start=-1, refresh=True)
    assert memory.asked[0].text == memory.asked[1].text


def test_help_words_give_help(provider: QueryProvider, memory: Memory) -> None:
    said = provider.Things.list_events("?")
    assert said == provider.Things.list_events("help") == provider.query_help("list_events")
    assert "host_name (str, required): the host" in said
    assert not memory.asked


def test_a_word_by_itself_is_a_mistake(provider: QueryProvider) -> None:
    with pytest.raises(UsageError, match="'pc1' by itself"):
        provider.Things.list_events("pc1")


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({}, UsageError, "needs host_name="),
        ({"host_name": "x", "hots": 1}, UsageError, "takes no hots="),
        ({"host_name": 5}, UsageError, "host_name= takes text"),
        ({"host_name": "x", "start": "gestern"}, TimeError, "'gestern'"),
        ({"host_name": "x", "start": "2024-05-02", "end": "2024-05-01"}, TimeError, "before"),
        ({"host_name": "x", "on_partial": "ignore"}, UsageError, "on_partial is str, not one of"),
        ({"host_name": "x", "frame": "panda"}, UsageError, "frame is"),
        ({"host_name": "x", "refresh": "yes"}, UsageError, "refresh is str"),
        ({"host_name": "x", "database": 5}, UsageError, "database is int"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_sent(
    provider: QueryProvider, memory: Memory, values: dict[str, Any], error: type, said: str
) -> None:
    with pytest.raises(error, match=said):
        provider.Things.list_events(**values)
    assert not memory.asked


def test_times_that_are_not_said(provider: QueryProvider) -> None:
    now = FIRST + timedelta(days=10)

    def span(**values: object) -> TimeSpan:
        provider.Things.list_events(host_name="x", **values)
        assert provider.last is not None
        assert provider.last.span is not None
        return provider.last.span

    assert span() == TimeSpan(now - timedelta(days=1), now)
    assert span(start=-3) == TimeSpan(now - timedelta(days=3), now)
    assert span(end=-3) == TimeSpan(now - timedelta(days=4), now - timedelta(days=3))
    assert span(start="2024-06-01").start == datetime(2024, 6, 1, tzinfo=UTC)
    provider.query_time = ("-5d", "-4d")
    assert span() == TimeSpan(now - timedelta(days=5), now - timedelta(days=4))
    assert span(start=-9) == TimeSpan(now - timedelta(days=9), now - timedelta(days=4))
    assert span(start=-2) == TimeSpan(now - timedelta(days=2), now)
    provider.query_time = None
    assert provider.query_time == TimeSpan(now - timedelta(days=1), now)
    with pytest.raises(UsageError):
        provider.query_time = "yesterday"


def test_a_text_may_declare_its_parameters(provider: QueryProvider, memory: Memory) -> None:
    text = (
        "declare query_parameters(start: datetime, end: datetime, ids: dynamic);\n"
        "Events | where TimeGenerated >= start and TimeGenerated < end | where EventID in (ids)"
    )
    provider.exec_query(text, start="2024-05-01", end="2024-05-02", parameters={"ids": [1, 2]})
    assert "declare" not in memory.asked[0].text
    assert "2024-05-01" in memory.asked[0].text
    with pytest.raises(UsageError, match="did you mean 'ids'"):
        provider.exec_query(text, parameters={"idz": [1]})
    with pytest.raises(UsageError, match="'ids', which has no value"):
        provider.exec_query(text)


def test_what_a_text_would_not_use_is_refused(provider: QueryProvider, memory: Memory) -> None:
    for wrong in ({"start": -1}, {"end": 0}, {"parameters": {"x": 1}}):
        with pytest.raises(UsageError, match="would not be used"):
            provider.exec_query("Events", **wrong)  # type: ignore[arg-type]
    for text in ("", "  ", None, 5):
        with pytest.raises(UsageError, match="no text"):
            provider.exec_query(text)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="did you mean 'database'"):
        provider.exec_query("Events", databse="x")
    assert not memory.asked


def test_it_is_a_query_runner_and_can_be_awaited(provider: QueryProvider) -> None:
    assert isinstance(provider, QueryRunner)
    rows = asyncio.run(provider.aexec_query("Events", frame="polars"))
    assert rows.height == 240


def test_a_timeout_stays_within_what_the_driver_bears(
    provider: QueryProvider, memory: Memory
) -> None:
    provider.exec_query("Events")
    provider.exec_query("Events", timeout_s=5, refresh=True)
    provider.exec_query("Events", timeout_s=9999, refresh=True)
    assert [each.timeout_s for each in memory.asked] == [30, 5, 60]


# What is missing.


def test_a_partial_answer_warns_or_is_raised_and_is_never_kept(
    provider: QueryProvider, memory: Memory
) -> None:
    whole = memory.answer
    memory.answer = lambda request: Answer(
        table=whole(request).table, gaps=[Gap("workspace w2 did not answer", helps="nothing")]
    )
    with pytest.warns(PartialAnswerWarning, match="240 rows.*w2 did not answer") as caught:
        rows = provider.exec_query("Events", frame="pandas")
    assert caught[0].filename == __file__
    assert rows.attrs["huntkit"]["partial"]
    assert rows.attrs["huntkit"]["gaps"] == ["workspace w2 did not answer"]
    with pytest.raises(PartialAnswer, match="w2") as raised:
        provider.exec_query("Events", on_partial="raise")
    assert raised.value.rows.height == 240
    memory.answer = whole
    provider.exec_query("Events")
    assert len(memory.asked) == 3


def test_as_many_rows_as_the_source_ever_gives_count_as_cut_off(
    provider: QueryProvider, memory: Memory
) -> None:
    memory.limits = type(memory.limits)(max_rows=240)
    with pytest.warns(PartialAnswerWarning, match="240 rows are the most"):
        provider.exec_query("Events")


def test_a_refusal_is_the_sources_own_error(provider: QueryProvider, memory: Memory) -> None:
    def refuse(request: Request) -> Answer:
        raise QueryRefused("there is no column 'x'", hint="did you mean 'y'?")

    memory.answer = refuse
    with pytest.raises(QueryRefused, match="did you mean 'y'"):
        provider.exec_query("Events")
    assert len(memory.asked) == 1


# Kept answers.


def test_the_same_question_is_asked_once(provider: QueryProvider, memory: Memory) -> None:
    how = {"start": "2024-05-01", "end": "2024-05-02", "host_name": "x"}
    first = provider.Things.list_events(**how)
    assert provider.last is not None
    assert (provider.last.kept, provider.last.age) == (0, None)
    again = provider.Things.list_events(**how)
    assert len(memory.asked) == 1
    assert first.equals(again)
    assert provider.last.kept == 1
    assert provider.last.age is not None
    assert "; refresh=True asks again" in str(provider.last)
    assert provider.last.as_dict()["statistics"] == {"scanned": 24}
    provider.Things.list_events(**how, refresh=True)
    assert len(memory.asked) == 2
    provider.Things.list_events(**{**how, "host_name": "y"})
    assert len(memory.asked) == 3


def test_another_place_is_another_question(session: Session) -> None:
    for host in ("a", "b", "a"):
        provider = QueryProvider("Memory", driver=Memory, session=session, host=host)
        provider.connect()
        provider.exec_query("Events", frame="polars")
        assert provider.last is not None
    assert provider.last.kept == 1
    provider = QueryProvider("Memory", driver=Memory, session=session, host="b")
    provider.connect()
    provider.exec_query("Events", database="other")
    assert provider.last is not None
    assert provider.last.kept == 0


def test_what_depends_on_now_is_not_kept_for_ever(
    provider: QueryProvider, memory: Memory, tmp_path: Path
) -> None:
    how = {"start": "2024-05-01", "end": "2024-05-02", "host_name": "x"}
    provider.Things.list_events(**how, add_query_items="| where TimeGenerated < ago(1h)")
    [file] = (tmp_path / "cache" / "queries").iterdir()
    table = pa.parquet.read_table(file)
    said = json.loads(table.schema.metadata[b"huntkit"])
    said["asked_at"] = "2024-06-01T00:00:00+00:00"  # long after the range, and long ago
    pa.parquet.write_table(table.replace_schema_metadata({"huntkit": json.dumps(said)}), file)
    provider.Things.list_events(**how, add_query_items="| where TimeGenerated < ago(1h)")
    assert len(memory.asked) == 2


# Split queries.


def test_a_split_query_gives_the_same_rows_in_order(
    provider: QueryProvider, memory: Memory
) -> None:
    how = {"start": "2024-05-01", "end": "2024-05-03", "host_name": "pc"}
    whole = provider.Things.list_events(**how)
    pieces = provider.Things.list_events(**how, split_by="5h")
    assert pieces.equals(whole)
    assert len(memory.asked) == 1 + 10
    spans = sorted((each.start, each.end) for each in memory.asked[1:])
    assert (spans[0][0], spans[-1][1]) == (FIRST, FIRST + timedelta(days=2))
    assert provider.last is not None
    report = provider.last.as_dict()["chunks"]
    assert [each["status"] for each in report] == ["done"] * 10
    assert sum(each["rows"] for each in report) == 48
    again = provider.Things.list_events(**how, split_query_by="5h")
    assert again.equals(whole)
    assert len(memory.asked) == 11
    assert provider.last.kept == 10


def test_the_order_of_the_query_is_the_order_of_the_rows(provider: QueryProvider) -> None:
    own(provider, TEXT + "\n| order by Computer asc, TimeGenerated desc", "ordered")
    rows = provider.Things.ordered(
        start="2024-05-01", end="2024-05-03", host_name="pc", split_by="7h"
    )
    assert rows.rows() == rows.sort("Computer", "TimeGenerated", descending=[False, True]).rows()
    assert rows.height == 48


def test_what_can_not_be_split_exactly_is_refused(provider: QueryProvider, memory: Memory) -> None:
    own(provider, TEXT + "\n| summarize count() by Computer", "counts")
    with pytest.raises(UsageError, match="can't be split by time: summarize"):
        provider.Things.counts(host_name="x", split_by="1h")
    with pytest.raises(UsageError, match="has no range of time"):
        provider.exec_query("Events", split_by="1h")
    with pytest.raises(UsageError, match="not understood"):
        provider.Things.list_events(host_name="x", table="Unknown", split_by="1h")
    with pytest.raises(UsageError, match="split_by='soon'"):
        provider.Things.list_events(host_name="x", split_by="soon")
    assert not memory.asked


def test_a_piece_that_is_missing_is_told_with_its_time(
    provider: QueryProvider, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huntkit.sources.driver.Cancel.wait", lambda *_: None)  # no pauses
    whole = memory.answer

    def burn(request: Request) -> Answer:
        if request.start == FIRST + timedelta(hours=6):
            raise QueryError("on fire")
        return whole(request)

    memory.answer = burn
    with pytest.warns(PartialAnswerWarning, match="2024-05-01T06:00:00Z to .* on fire"):
        rows = provider.Things.list_events(
            start="2024-05-01", end="2024-05-02", host_name="pc", split_by="6h"
        )
    assert rows.height == 18
    assert provider.last is not None
    assert [each.status for each in provider.last.chunks] == ["done", "failed", "done", "done"]


class Stopping:
    """Progress that stops when it has seen two pieces."""

    def __init__(self, how: BaseException) -> None:
        self.how, self.done = how, 0

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator["Stopping"]:
        yield self

    def advance(self, n: int = 1, /) -> None:
        self.done += n

    def check_cancelled(self) -> None:
        if self.done >= 2:
            raise self.how


def test_stopping_keeps_what_had_arrived(memory: Memory, tmp_path: Path) -> None:
    memory.limits = type(memory.limits)(max_parallel=1)
    how = {"start": "2024-05-01", "end": "2024-05-02", "host_name": "pc", "split_by": "1h"}
    for error in (Cancelled("enough"), KeyboardInterrupt()):
        session = Session(Settings(cache_dir=tmp_path), progress=Stopping(error))
        provider = QueryProvider("Memory", driver=memory, session=session, frame="polars")
        own(provider)
        provider.connect()
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                provider.Things.list_events(**how)
            assert 2 <= provider.rescued.height < 24
        else:
            with pytest.warns(PartialAnswerWarning, match="was not asked"):
                rows = provider.Things.list_events(**how)
            assert 2 <= rows.height < 24


# The queries that there are.


def test_queries_are_found_by_completion(provider: QueryProvider) -> None:
    assert "Things" in dir(provider)
    assert dir(provider.Things) == ["list_events"]
    assert dir(provider.all_queries).count("list_events") == 1
    signature = inspect.signature(provider.Things.list_events)
    assert list(signature.parameters)[:4] == ["objects", "start", "end", "host_name"]
    assert signature.parameters["host_name"].default is inspect.Parameter.empty
    assert signature.parameters["table"].default == "Events"
    assert "split_by" in signature.parameters
    doc = inspect.getdoc(provider.Things.list_events)
    assert doc is not None
    assert doc.startswith("All events of a host")
    assert "provider.Things.list_events(start=..., end=..., host_name=...)" in doc
    assert provider.Things.list_events.__name__ == "list_events"


def test_misspelt_families_and_queries_get_the_nearest(provider: QueryProvider) -> None:
    with pytest.raises(AttributeError, match="did you mean 'Things'"):
        _ = provider.Thing
    with pytest.raises(AttributeError, match="did you mean 'list_events'"):
        _ = provider.Things.list_event
    assert not hasattr(provider, "_repr_html_")
    assert not hasattr(provider.Things, "__array__")


def test_listing_is_without_regard_to_case_and_knows_globs(provider: QueryProvider) -> None:
    own(provider, name="find_hosts")
    assert provider.list_queries(family="things") == ["Things.find_hosts", "Things.list_events"]
    assert provider.list_queries("LIST_EV") == ["Things.list_events"]
    assert provider.list_queries("things.*") == ["Things.find_hosts", "Things.list_events"]
    assert provider.list_queries("list_*", family="Things") == ["Things.list_events"]
    assert provider.list_queries("*_host?") == ["Things.find_hosts"]
    with pytest.raises(UsageError, match="did you mean 'Things'"):
        provider.list_queries(family="Thing")


def test_searching_wants_everything_that_is_said(provider: QueryProvider) -> None:
    own(provider, name="find_hosts")
    assert provider.search("ALL events", table="^Events$") == [
        "Things.find_hosts",
        "Things.list_events",
    ]
    assert provider.search("list_e", param="host") == ["Things.list_events"]
    assert provider.search(["nothing", "find_"]) == ["Things.find_hosts"]
    assert provider.search("LIST_E", ignore_case=False) == []
    with pytest.raises(UsageError, match="say what"):
        provider.search()
    with pytest.raises(UsageError, match="no regular expression"):
        provider.search("(")


def test_browsing_gives_a_table(provider: QueryProvider) -> None:
    table = provider.browse_queries(frame="polars").filter(pl.col("Family") == "Things")
    [row] = table.to_dicts()
    assert row["Query"] == "list_events"
    assert row["Required"] == ["host_name"]
    assert "start" in row["Optional"]
    assert provider.browse(frame="pandas")["Query"].str.len().min() > 0


def test_a_querys_text_and_help_are_found_by_name(provider: QueryProvider) -> None:
    assert provider.get_query("Things.LIST_EVENTS") == TEXT
    with pytest.raises(UsageError, match=r"did you mean 'Things.list_events'"):
        provider.get_query("Things.list_evants")
    provider.add_custom_query("list_events", "Events | take 3", "Other")
    with pytest.raises(UsageError, match=r"say which: Other.list_events, Things.list_events"):
        provider.get_query("list_events")


def test_files_of_queries_are_added(memory: Memory, session: Session, tmp_path: Path) -> None:
    provider = QueryProvider("Kusto", driver=memory, session=session)
    provider.connect()
    (tmp_path / "own.yaml").write_text(FILE)
    assert provider.import_query_file(tmp_path / "own.yaml") == ["Own.list_own"]
    provider.Own.list_own(hostname="pc3", start="2024-05-01", end="2024-05-02")
    assert '"pc3"' in memory.asked[0].text
    (tmp_path / "other.yaml").write_text(FILE.replace("[Kusto]", "[M365D]"))
    with pytest.raises(UsageError, match="no queries for Kusto"):
        provider.import_query_file(tmp_path / "other.yaml")
    (tmp_path / "broken.yaml").write_text("metadata: [")
    with pytest.raises(QueryFileError):
        provider.import_query_file(tmp_path / "broken.yaml")
    with pytest.raises(QueryFileError):
        provider.import_query_file(tmp_path)


def test_query_paths_give_what_they_can_and_warn_of_the_rest(
    memory: Memory, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(FILE)
    (tmp_path / "broken.yaml").write_text("metadata: [")
    provider = QueryProvider("Kusto", driver=memory, query_paths=str(tmp_path))
    with pytest.warns(QueryFilesWarning, match=r"broken\.yaml"):
        assert "Own.list_own" in provider.list_queries()


@pytest.mark.parametrize(
    ("name", "text", "family", "said"),
    [
        ("list it", "T", "F", "can't be called"),
        ("_x", "T", "F", "can't be called"),
        ("x", "T", "my family", "can't be called"),
        ("x", "T", (), "no family"),
        ("x", " ", "F", "no text"),
        ("x", "T | where A == {hots}", "F", "did you mean 'host'"),
    ],
)
def test_an_own_query_that_could_not_be_called_is_refused(
    provider: QueryProvider, name: str, text: str, family: Any, said: str
) -> None:
    parameters = [provider.create_param("host", "str")]
    with pytest.raises(UsageError, match=said):
        provider.add_custom_query(name, text, family, parameters=parameters)


def test_a_parameters_description_is_no_default(provider: QueryProvider) -> None:
    made = provider.create_param("host_name", "str", "Name of the host", "pc1")
    assert (made.description, made.default) == ("Name of the host", "pc1")
    with pytest.raises(UsageError, match="did you mean 'str'"):
        provider.create_param("x", "sttr")
    with pytest.raises(UsageError, match="name of a parameter"):
        provider.create_param("x y", "str")


def test_drivers_say_what_they_take(provider: QueryProvider) -> None:
    said = str(provider.driver_help())
    assert "host: str, required" in said
    assert "database: str = ''" in said


# Local evidence.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "evidence"
    place.mkdir()
    events = [
        {
            "EventID": 4624,
            "Channel": "Security",
            "Computer": f"pc{hour % 3}.example",
            "TimeCreated": f"2026-01-02T{hour:02}:00:00Z",
            "TargetUserName": "ann",
        }
        for hour in range(12)
    ]
    (place / "events.json").write_text("\n".join(map(json.dumps, events)))
    return place


def local(folder: Path, **more: Any) -> QueryProvider:
    return huntkit.QueryProvider("Local", data=folder, frame="polars", **more)


def test_local_evidence_needs_no_connecting(folder: Path) -> None:
    provider = local(folder)
    assert provider.connected
    assert provider.exec_query("SecurityEvent | count").rows() == [(12,)]
    assert provider.query_time == TimeSpan(
        datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, 11, 0, 0, 1, tzinfo=UTC)
    )
    assert "SecurityEvent" in provider.schema_tables
    assert provider.list_connections()[0].startswith("Default: Local ")
    assert not list((folder.parent).glob("**/queries/*.parquet"))


def test_local_evidence_takes_values_as_declared_parameters_and_is_split_exactly(
    folder: Path,
) -> None:
    provider = local(folder)
    own(provider)
    whole = provider.Things.list_events(table="SecurityEvent", host_name="pc1")
    assert whole.height == 4
    pieces = provider.Things.list_events(table="SecurityEvent", host_name="pc1", split_by="90m")
    assert pieces.equals(whole)
    assert provider.Things.list_events(table="SecurityEvent", host_name='"').height == 0


def test_relative_times_count_from_the_last_event(folder: Path) -> None:
    provider = local(folder)
    own(provider)
    rows = provider.Things.list_events(table="SecurityEvent", host_name="pc", start="-2h")
    assert rows["TimeGenerated"].dt.hour().to_list() == [9, 10, 11]


def test_a_wrong_query_is_the_languages_own_error(folder: Path) -> None:
    with pytest.raises(KqlError, match="Computr"):
        local(folder).exec_query("SecurityEvent | project Computr")


def test_no_evidence_is_said_when_it_is_needed(session: Session) -> None:
    provider = QueryProvider("LocalData", session=session)
    with pytest.raises(UsageError, match="say which evidence"):
        provider.exec_query("print 1")
    own(provider)
    assert "startswith" in provider.Things.list_events("print", host_name="x")


def test_evidence_with_holes_warns_each_time(folder: Path) -> None:
    (folder / "broken.zip").write_bytes(b"PK\x03\x04" + b"\0" * 60)
    provider = local(folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        provider.exec_query("SecurityEvent | count")
    assert [each.category for each in caught] == [PartialAnswerWarning]
    assert "broken.zip" in str(caught[0].message)


def test_settings_of_the_session_hold(folder: Path) -> None:
    session = Session(Settings(frame="arrow"))
    provider = QueryProvider("Local", data=folder, session=session)
    assert isinstance(provider.exec_query("print x = 1"), pa.Table)
    assert MemorySettings(host="x").token is None


def test_the_driver_is_at_hand_for_what_only_it_can_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Computer,EventID\npc1.example,1\n")
    provider = huntkit.QueryProvider("Local", data=str(tmp_path))
    assert provider.driver.environment == "Local"
