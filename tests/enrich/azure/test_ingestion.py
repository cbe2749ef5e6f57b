"""Rows into a stand-in that Microsoft's own client is proved on, too."""

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    Cancelled,
    Offline,
    RateLimited,
    RequestFailed,
    UnknownColumn,
    UsageError,
)
from huntkit.enrich.azure.ingestion import LogsIngestion
from huntkit.enrich.azure.ingestion_rows import (
    MOST_BYTES,
    body,
    checked,
    columns_of,
    planned,
)
from huntkit.runtime import Session, Settings
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

RULE = "dcr-00000000000000000000000000000017"
STREAM = "Custom-Hunt_CL"
PATH = f"/dataCollectionRules/{RULE}/streams/{STREAM}"
TOKEN = "t0ken-of-azure"
NOW = datetime.now(UTC)
COLUMNS = {
    "TimeGenerated": "datetime", "Computer": "string", "EventID": "int", "Size": "long",
    "Score": "real", "Known": "boolean", "Facts": "dynamic",
}  # fmt: skip


class Ingestion:
    """Takes rows as the service does: gzip, arrays of objects, at most 1 MB; else its errors.

    `first` are answers that come before it begins to work.
    """

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.first: list[Answer] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for call in self.calls for row in call]

    def __call__(self, asked: Asked) -> Answer:
        if self.first:
            return self.first.pop(0)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(401, "InvalidToken")
        if asked.method != "POST" or asked.params != {"api-version": "2023-01-01"}:
            return self.error(400, "UnsupportedApiVersion")
        if not asked.path.startswith(f"/dataCollectionRules/{RULE}/"):
            return self.error(404, "NotFound")
        if asked.path != PATH:
            return self.error(400, "InvalidStream")
        content = asked.body
        if asked.headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        if max(len(content), len(asked.body)) > 1024**2:
            return self.error(413, "ContentLengthLimitExceeded")
        rows = json.loads(content)
        if asked.headers["content-type"] != "application/json" or not isinstance(rows, list):
            return self.error(400, "InvalidPayload")
        self.calls.append(rows)
        return Answer(status=204)

    @staticmethod
    def error(status: int, code: str) -> Answer:
        said = {"error": {"code": code, "message": "said by the stand-in"}}
        return Answer(status=status, json=said, headers={"x-ms-error-code": code})


@pytest.fixture
def service() -> Ingestion:
    return Ingestion()


@pytest.fixture
def server(http_server: Callable[..., Any], service: Ingestion) -> Any:
    return http_server(service)


@pytest.fixture
def logs(server: Any, session: Session, identity: AzureIdentity) -> LogsIngestion:
    return LogsIngestion(server.url, RULE, identity=identity, session=session)


def many(rows: int = 30, size: int = 60_000) -> pl.DataFrame:
    """Rows that fill two chunks."""
    return pl.DataFrame({"n": range(rows), "text": ["x" * size] * rows})


def test_microsofts_client_finds_the_stand_in_right(
    http_server: Callable[..., Any], service: Ingestion
) -> None:
    library = pytest.importorskip("azure.monitor.ingestion")

    def closing(asked: Asked) -> Answer:
        answer = service(asked)
        return replace(answer, headers={**answer.headers, "Connection": "close"})

    server = http_server(closing, tls=True)
    credential = SimpleNamespace(
        get_token=lambda *_, **__: SimpleNamespace(token=TOKEN, expires_on=2**31)
    )
    client = library.LogsIngestionClient(
        server.url, credential, connection_verify=str(server.ca), retry_total=0
    )
    rows = [{"n": n, "text": "x" * 60_000} for n in range(30)]
    failed: list[Any] = []
    options: dict[str, Any] = {"on_error": failed.append}
    client.upload(RULE, STREAM, rows, **options)
    client.upload(RULE, "Custom-Other_CL", rows[:1], **options)
    client.upload("dcr-other", STREAM, rows[:1], **options)
    client.close()
    assert [len(call) for call in service.calls] == [17, 13]
    assert service.rows == rows
    assert [each.error.status_code for each in failed] == [400, 404]


def test_a_table_goes_in_chunks_below_a_megabyte(
    service: Ingestion, server: Any, logs: LogsIngestion
) -> None:
    table = many()
    found = logs.upload(table, STREAM)
    assert service.rows == table.to_dicts()
    assert found.select("first_row", "last_row", "rows", "outcome", "status").rows() == [
        (0, 15, 16, "went", 204), (16, 29, 14, "went", 204),
    ]  # fmt: skip
    sizes = [len(gzip.decompress(asked.body)) for asked in server.asked]
    assert all(
        size <= planned <= MOST_BYTES
        for size, planned in zip(sizes, found["size_bytes"], strict=True)
    )
    assert len({asked.headers["x-ms-client-request-id"] for asked in server.asked}) == 2


def test_values_arrive_as_what_they_are(service: Ingestion, logs: LogsIngestion) -> None:
    table = pl.DataFrame({
        "TimeGenerated": [NOW.replace(microsecond=7), NOW.replace(microsecond=0)],
        "Computer": ["=1+1 </script>\u202e\x00\"'", None],
        "EventID": [1, -(2**31)],
        "Size": [2**63 - 1, None],
        "Score": [0.5, float("nan")],
        "Known": [True, None],
        "Facts": ['{"a": [1, 12345678901234567890123]}', "[no json"],
    })  # fmt: skip
    logs.upload(table, STREAM, columns=COLUMNS)
    assert service.rows == [
        {"TimeGenerated": NOW.strftime("%Y-%m-%dT%H:%M:%S") + ".000007Z",
         "Computer": "=1+1 </script>\u202e\x00\"'", "EventID": 1, "Size": 2**63 - 1,
         "Score": 0.5, "Known": True, "Facts": {"a": [1, 12345678901234567890123]}},
        {"TimeGenerated": NOW.strftime("%Y-%m-%dT%H:%M:%S") + ".000000Z", "EventID": -(2**31),
         "Facts": "[no json"},
    ]  # fmt: skip


def test_times_of_all_kinds_are_iso_in_utc(service: Ingestion, logs: LogsIngestion) -> None:
    table = pl.DataFrame({
        "a": ["2026-05-01T12:00:00+02:00"],
        "b": pl.Series([datetime(2026, 5, 1, 12)]).dt.replace_time_zone("Europe/Berlin"),
        "c": pl.Series([datetime(2026, 5, 1, 10)]),
        "d": pl.Series([datetime(2026, 5, 1, 10)]).dt.date(),
    })  # fmt: skip
    logs.upload(table, STREAM, columns=dict.fromkeys("abcd", "datetime"))
    time = "2026-05-01T10:00:00.000000Z"
    assert service.rows == [{"a": time, "b": time, "c": time, "d": "2026-05-01T00:00:00.000000Z"}]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series("EventID", [2**31]), "int does not hold"),
        (pl.Series("Size", [2**63], dtype=pl.UInt64), "long does not hold"),
        (pl.Series("Size", ["17"]), "declared as long, and holds String"),
        (pl.Series("Score", [float("inf")]), "no infinity"),
        (pl.Series("Known", [1]), "declared as boolean"),
        (pl.Series("Computer", [17]), "declared as string"),
        (pl.Series("Computer", ["x" * 65_537]), "longer than 64 KiB"),
        (pl.Series("TimeGenerated", ["soon"]), "are no time"),
        (pl.Series("Facts", [b"x"]), "can't be sent"),
        (pl.Series("Facts", [timedelta(1)]), "can't be sent"),
        (pl.Series("Computr", ["x"]), "did you mean 'Computer'"),
        (pl.Series("computer", ["x"]), "did you mean 'Computer'"),
    ],
)
def test_what_the_stream_cannot_hold_is_refused_before_anything_goes(
    server: Any, logs: LogsIngestion, column: pl.Series, said: str
) -> None:
    columns = {"TimeGenerated": [NOW]} if column.name != "TimeGenerated" else {}
    table = pl.DataFrame([*pl.DataFrame(columns), column])
    with pytest.raises(UsageError, match=said):
        logs.upload(table, STREAM, columns=COLUMNS)
    assert server.asked == []


def test_all_faults_are_told_at_once(logs: LogsIngestion) -> None:
    table = pl.DataFrame({"TimeGenerated": ["soon"], "Size": ["x"]})
    with pytest.raises(UsageError) as caught:
        logs.upload(table, STREAM, columns=COLUMNS)
    assert len(caught.value.context["faults"]) == 2  # type: ignore[arg-type]
    with pytest.raises(UnknownColumn, match="needs the time of each row"):
        logs.upload(pl.DataFrame({"Computer": ["x"]}), STREAM, columns=COLUMNS)
    with pytest.raises(UsageError, match="did you mean 'string'"):
        logs.upload(table, STREAM, columns={"TimeGenerated": "strng"})


def test_times_that_the_service_would_replace_need_a_word(
    service: Ingestion, logs: LogsIngestion
) -> None:
    table = pl.DataFrame({"TimeGenerated": [NOW, NOW - timedelta(days=3), NOW + timedelta(2)]})
    with pytest.raises(UsageError, match="2 rows are older than two days or in the future"):
        logs.upload(table, STREAM)
    logs.upload(table, STREAM, old_times=True)
    assert len(service.rows) == 3


def test_a_dry_run_plans_and_sends_nothing(server: Any, logs: LogsIngestion) -> None:
    found = logs.upload(many(), STREAM, dry_run=True)
    assert found["outcome"].to_list() == ["not sent", "not sent"]
    assert found["rows"].to_list() == [16, 14]
    assert server.asked == []


def test_no_rows_are_no_calls(server: Any, logs: LogsIngestion, session: Session) -> None:
    found = logs.upload(pl.DataFrame({"a": []}, schema={"a": pl.String}), STREAM)
    assert (found.height, server.asked) == (0, [])
    pandas = LogsIngestion(
        server.url, RULE, identity=logs._identity, session=session.changed(frame="pandas")
    )
    assert list(pandas.upload(many(1).to_pandas(), STREAM)["outcome"]) == ["went"]


def test_a_busy_service_is_asked_again_and_nothing_comes_twice(
    service: Ingestion, logs: LogsIngestion
) -> None:
    service.first = [
        Answer(status=429, headers={"Retry-After": "0"}),
        Answer(status=503, headers={"Retry-After": "0"}),
    ]
    assert logs.upload(many(), STREAM)["outcome"].to_list() == ["went", "went"]
    assert [row["n"] for row in service.rows] == list(range(30))


def test_what_went_and_what_did_not_is_told(service: Ingestion, logs: LogsIngestion) -> None:
    table = many(60)
    service.first = [
        service.error(413, "ContentLengthLimitExceeded"),
        Answer(hang_up=True),
        Answer(status=200, json={"error": {"code": "Odd"}}),
    ]
    with pytest.warns(UserWarning, match="16 failed, 32 unknown of 60"):
        found = logs.upload(table, STREAM)
    assert found["outcome"].to_list() == ["failed", "unknown", "unknown", "went"]
    assert found["status"].to_list() == [413, None, 200, 204]
    assert "ContentLengthLimitExceeded" in found["error"][0]
    assert [row["n"] for row in service.rows] == list(range(48, 60))
    again = pl.concat(
        table.slice(row["first_row"], row["rows"])
        for row in found.filter(pl.col("outcome") == "failed").to_dicts()
    )
    assert again["n"].to_list() == list(range(16))


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (403, AccessDenied, "Monitoring Metrics Publisher"),
        (404, RequestFailed, ""),
        (500, RequestFailed, "may have arrived"),
        (400, RequestFailed, ""),
    ],
)
def test_where_nothing_went_it_is_an_error(
    service: Ingestion, server: Any, logs: LogsIngestion, status: int, error: type, hint: str
) -> None:
    service.first = [service.error(status, "Code")] * 9
    with pytest.raises(error, match=hint or "answered"):
        logs.upload(many(), STREAM)
    stops = status in (403, 404)
    assert len(server.asked) == (1 if stops else 2)
    second = "not sent" if stops else "unknown" if status == 500 else "failed"
    assert logs.last["outcome"].to_list() == ["unknown" if status == 500 else "failed", second]


def test_a_service_that_stays_busy_ends_it(service: Ingestion, logs: LogsIngestion) -> None:
    service.first = [Answer(status=204), *[Answer(status=429, headers={"Retry-After": "999"})] * 9]
    with pytest.warns(UserWarning, match="28 not sent"):
        found = logs.upload(many(60), STREAM)
    assert found["outcome"].to_list() == ["went", "failed", "not sent", "not sent"]
    service.first = [Answer(status=429, headers={"Retry-After": "999"})]
    with pytest.raises(RateLimited):
        logs.upload(many(), STREAM)


def test_an_old_token_is_renewed_once(service: Ingestion, server: Any, session: Session) -> None:
    class Signed:
        asked = 0

        def get_token(self, scope: str) -> Any:
            assert scope == "https://monitor.azure.com/.default"
            self.asked += 1
            return SimpleNamespace(token="old" if self.asked == 1 else TOKEN, expires_on=2**31)

    identity = AzureIdentity(credential=Signed())
    LogsIngestion(server.url, RULE, identity=identity, session=session).upload(many(1), STREAM)
    assert len(service.rows) == 1


class Stopping:
    """Progress that wants the work to stop after one chunk."""

    def task(self, title: str, *, total: int | None = None) -> Any:
        from contextlib import nullcontext

        return nullcontext(self)

    def __init__(self) -> None:
        self.rows = 0

    def advance(self, n: int = 1, /) -> None:
        self.rows += n

    def check_cancelled(self) -> None:
        if self.rows:
            raise Cancelled("stopped")


def test_what_had_gone_before_a_stop_is_known(
    server: Any, identity: AzureIdentity, tmp_path: Path
) -> None:
    with Session(Settings(cache_dir=tmp_path, frame="polars"), progress=Stopping()) as session:
        logs = LogsIngestion(server.url, RULE, identity=identity, session=session)
        with pytest.raises(Cancelled):
            logs.upload(many(), STREAM)
        assert logs.last["outcome"].to_list() == ["went", "not sent"]


def test_the_rule_tells_where_to_and_what_it_takes(
    http_server: Callable[..., Any], service: Ingestion, session: Session, identity: AzureIdentity
) -> None:
    group = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Insights"
    rule: dict[str, Any] = {
        "immutableId": RULE,
        "dataCollectionEndpointId": f"{group}/dataCollectionEndpoints/dce",
        "streamDeclarations": {STREAM: {"columns": [{"name": "n", "type": "int"},
                                                    {"name": "text", "type": "string"}]}},
    }  # fmt: skip
    taking = http_server(service)
    known: dict[str, Any] = {
        f"{group}/dataCollectionRules/r": {"properties": rule},
        f"{group}/dataCollectionEndpoints/dce": {
            "properties": {"logsIngestion": {"endpoint": taking.url}}
        },
    }
    azure = http_server(lambda asked: Answer(json=known[asked.path]))

    def made() -> LogsIngestion:
        return LogsIngestion.of_rule(
            f"{group}/dataCollectionRules/r", identity=identity, session=session, base_url=azure.url
        )

    logs = made()
    assert (logs.endpoint, logs.rule_id) == (taking.url, RULE)
    logs.upload(many(2), STREAM)
    assert len(service.rows) == 2
    with pytest.raises(UnknownColumn):
        logs.upload(many(2).rename({"n": "m"}), STREAM)
    with pytest.raises(UsageError, match="declares no stream 'Custom-Hunt' did you mean"):
        logs.upload(many(2), "Custom-Hunt")
    rule["endpoints"] = {"logsIngestion": "https://rule.example"}
    assert made().endpoint == "https://rule.example"
    rule.clear()
    with pytest.raises(BadReply, match="no address for logs"):
        made()


def test_names_that_are_none_are_refused(logs: LogsIngestion) -> None:
    with pytest.raises(UsageError, match="no immutable id"):
        LogsIngestion("https://x.example", "/subscriptions/1")
    for stream in ("Hunt_CL", "Custom-../x", "Custom-a b", ""):
        with pytest.raises(UsageError, match="is no stream"):
            logs.upload(many(1), stream)


def test_offline_nobody_is_asked(server: Any, session: Session, identity: AzureIdentity) -> None:
    with session.changed(offline=True) as offline:
        logs = LogsIngestion(server.url, RULE, identity=identity, session=offline)
        with pytest.raises(Offline):
            logs.upload(many(1), STREAM)
        assert logs.upload(many(1), STREAM, dry_run=True)["outcome"].to_list() == ["not sent"]
    assert server.asked == []


def test_the_token_is_shown_nowhere(service: Ingestion, logs: LogsIngestion) -> None:
    service.first = [Answer(status=400, body=f"bad {TOKEN}")]
    with pytest.raises(RequestFailed) as caught:
        logs.upload(many(1), STREAM)
    assert TOKEN not in f"{caught.value}{logs.last['error'].to_list()}{logs!r}"


def test_a_row_that_is_larger_than_a_call_is_refused(server: Any, logs: LogsIngestion) -> None:
    table = pl.DataFrame({f"c{n}": ["x", "y" * 60_000] for n in range(17)})
    with pytest.raises(UsageError, match="row 1 has 1,020,"):
        logs.upload(table, STREAM)
    assert server.asked == []


VALUES = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(['{"a":1}', "[", "[1]", "{}"]))


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": st.none() | st.integers(-9, 9)})))
def test_every_row_stands_in_one_chunk_in_its_order(rows: list[dict[str, Any]]) -> None:
    table = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.Int64})
    sent = checked(table, None, now=NOW, old_times=False)
    arrived = []
    for chunk in planned(sent, frozenset()):
        content = body(sent, chunk, frozenset())
        assert len(content) <= chunk.size_bytes
        arrived += json.loads(content)
    assert arrived == [{k: v for k, v in row.items() if v is not None} for row in rows]


def test_types_of_columns_are_named_as_a_rule_names_them() -> None:
    table = pl.DataFrame({"t": [NOW], "d": [[1]], "b": [True], "s": ["x"], "r": [1.5], "l": [1]})
    assert columns_of(table) == {
        "t": "datetime", "d": "dynamic", "b": "boolean", "s": "string", "r": "real", "l": "long",
    }  # fmt: skip
    assert columns_of(table) == LogsIngestion.columns_for(table.to_pandas())


@pytest.mark.data
def test_real_logs_arrive_as_they_are(
    service: Ingestion, logs: LogsIngestion, shared_data: Path
) -> None:
    path = shared_data / "logs" / "processes_on_host.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        expected = [
            {name: text for name, text in row.items() if name and text}
            for row in csv.DictReader(file)
        ]
    table = pl.read_csv(path, infer_schema=False, encoding="utf8")
    with pytest.raises(UsageError, match="column 0 has no name"):
        logs.upload(table, STREAM, old_times=True)
    found = logs.upload(table.drop(""), STREAM, old_times=True)
    assert len(expected) == 363
    assert service.rows == expected
    assert set(found["outcome"]) == {"went"}
