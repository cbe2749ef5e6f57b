import json
import os
import shutil
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import huntkit
from huntkit.core.errors import (
    Cancelled,
    EvidenceError,
    QueryError,
    ResultTooLarge,
    TimeError,
    UnknownColumn,
    UnknownTable,
    UsageError,
)
from huntkit.sources.local import planning, reading, workers
from huntkit.sources.local.evidence import AbsentTableWarning, Evidence, PartialEvidenceWarning


def logon(number: int, **more: object) -> dict[str, object]:
    return {
        "EventID": 4624,
        "Channel": "Security",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "Hostname": f"pc{number % 3}.corp.example",
        "TimeCreated": f"2026-03-0{number % 7 + 1}T10:00:{number % 60:02d}.123Z",
        "TargetUserName": f"user{number}",
        "LogonType": "3",
        **more,
    }


def write_lines(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    write_lines(folder / "logons.json", [logon(n) for n in range(10)])
    (folder / "things.csv").write_text("when,what,n\n2026-01-02T03:04:05Z,ä,1\n,b,2\n", "utf-8")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("in/logons.json", json.dumps(logon(100)) + "\n")
    return folder


@pytest.fixture
def evidence(folder: Path) -> Evidence:
    return huntkit.open(folder, frame="polars")


def test_a_folder_becomes_known_tables(evidence: Evidence) -> None:
    rows = dict(evidence.tables.select("name", "rows").iter_rows())
    assert rows["SecurityEvent"] == 11
    assert rows["WindowsEvent"] == 11
    assert rows["DeviceLogonEvents"] == 11
    assert rows["things"] == 2
    assert not evidence.partial
    assert evidence.problems == []


def test_every_row_says_its_file_and_record(evidence: Evidence, folder: Path) -> None:
    rows = evidence.table("SecurityEvent", columns=["TargetUserName", "_file", "_record"])
    assert rows.filter(pl.col("TargetUserName") == "user7").row(0)[1:] == (
        str(folder / "logons.json"),
        8,
    )
    assert rows.filter(pl.col("TargetUserName") == "user100").row(0)[1:] == (
        f"{folder / 'more.zip'}!in/logons.json",
        1,
    )


def test_files_say_what_was_read(evidence: Evidence, folder: Path) -> None:
    files = evidence.files
    assert files["path"].to_list() == [
        str(folder / "logons.json"),
        f"{folder / 'more.zip'}!in/logons.json",
        str(folder / "things.csv"),
    ]
    assert files["rows"].to_list() == [10, 1, 2]
    assert files["kept"].to_list() == [10, 1, 2]
    assert files["sha256"].str.len_chars().to_list() == [64, 64, 64]


def test_results_are_pandas_unless_another_kind_is_wanted(folder: Path) -> None:
    evidence = huntkit.open(folder)
    assert type(evidence.tables).__module__.startswith("pandas")
    assert type(evidence.sql("SELECT 1 AS one")).__module__.startswith("pandas")
    assert isinstance(evidence.table("SecurityEvent", frame="polars"), pl.DataFrame)
    assert type(evidence.files.iloc[0]["rows"].item()) is int


def test_rows_can_be_picked_by_time_and_condition(evidence: Evidence) -> None:
    def count(**picked: object) -> int:
        return evidence.table("SecurityEvent", columns=["EventID"], **picked).height

    assert count(start="2026-03-02", end="2026-03-03") == 2
    assert count(start=datetime(2026, 3, 7, tzinfo=UTC)) == 1
    assert count(start="-1d") == 1  # before the last event, not before today
    assert count(where="TargetUserName = 'user3' OR TargetUserName = 'user4'") == 2
    assert count(where={"TargetUserName": ["user3", "it's"], "EventID": 4624}) == 1
    assert count(where={"TargetUserName": []}) == 0
    with pytest.raises(TimeError):
        count(start="next week sometime")
    with pytest.raises(TimeError):
        count(start="2026-03-03", end="2026-03-02")
    with pytest.raises(UnknownColumn, match="did you mean 'TargetUserName'"):
        count(where={"TargetUsrName": "x"})


TIMES = [
    ([1704067200, 1704067260.5], "2024-01-01T00:00:00+00:00", 1),
    ([1704067200123, 1704067260123], "2024-01-01T00:00:00.123000+00:00", 1),
    (["2024-01-01T00:00:00Z", "2024-01-01 02:01+02:00"], "2024-01-01T00:00:00+00:00", 1),
    (["2024-01-01 01:00:00"] * 9 + ["2024-01-01 01:01", "-"], "2024-01-01T00:00:00+00:00", 1),
    (["2024-01-01"] * 10 + ["?"], "2023-12-31T23:00:00+00:00", 0),
    ([5, 7], None, 0),
]


@pytest.mark.parametrize(("times", "first", "later"), TIMES)
@pytest.mark.filterwarnings("ignore::huntkit.sources.local.evidence.PartialEvidenceWarning")
def test_times_as_numbers_and_texts_are_read_for_a_span(tmp_path, times, first, later) -> None:
    write_lines(tmp_path / "t.json", [{"time": time, "n": 1} for time in times])
    evidence = huntkit.open(tmp_path, frame="polars", assume_timezone="Europe/Berlin")
    said = evidence.tables["first"].item()
    assert (said and said.isoformat()) == first
    assert evidence.table("t", start="2024-01-01T00:00:30Z").height == later


def test_rows_whose_time_cannot_be_read_are_left_out_of_a_span_with_a_word(tmp_path) -> None:
    write_lines(tmp_path / "t.json", [{"time": "2024-01-01T00:00:00Z"}, {"time": "yesterday"}])
    evidence = huntkit.open(tmp_path, frame="polars")
    with pytest.warns(
        PartialEvidenceWarning, match="1 of 2 rows of 't' are left out: their 'time'"
    ):
        assert evidence.table("t", start="2020-01-01").height == 1
    write_lines(tmp_path / "t.json", [{"time": "today"}, {"time": "yesterday"}])
    with pytest.raises(TimeError, match="no time of 't' can be read"):
        huntkit.open(tmp_path).table("t", end="2020-01-01")


def test_missing_values_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,n\na,1\n,2\nb,\n")
    evidence = huntkit.open(tmp_path, frame="polars")

    def numbers(**where: object) -> list[int]:
        return evidence.table("t", columns=["_record"], where=where)["_record"].to_list()

    assert numbers(name=None) == [3]
    assert numbers(n=None) == [4]
    assert numbers(n=[None, 1]) == [2, 4]
    assert numbers(name=[]) == []
    with pytest.raises(QueryError, match="Could not convert string 'x'"):
        numbers(n="x")
    with pytest.raises(UsageError, match="where=5 is no condition"):
        evidence.table("t", where=5)
    with pytest.raises(UsageError, match="no column is named"):
        evidence.table("t", columns=[])
    assert evidence.table("t", columns=["n", "n"]).columns == ["n"]


@pytest.mark.parametrize("how", ["closed", "removed"])
def test_evidence_that_is_gone_says_so(folder: Path, tmp_path: Path, how: str) -> None:
    evidence = huntkit.open(folder, frame="polars", cache_dir=tmp_path / "kept")
    if how == "closed":
        evidence.close()
    else:
        shutil.rmtree(tmp_path / "kept")
    for ask in (
        lambda: evidence.table("SecurityEvent"),
        lambda: evidence.sql("SELECT * FROM things"),
        lambda: evidence.search("user1"),
        lambda: evidence.kql("things | count"),
    ):
        with pytest.raises(EvidenceError, match="parsed evidence is gone"):
            ask()


def test_a_known_table_without_rows_is_empty_and_an_unknown_one_an_error(
    evidence: Evidence,
) -> None:
    empty = evidence.table("DeviceRegistryEvents")
    assert empty.height == 0
    assert empty.schema["RegistryKey"] == pl.String
    assert empty.schema["Timestamp"] == pl.Datetime("us", "UTC")
    with pytest.raises(UnknownTable, match="did you mean 'SecurityEvent'"):
        evidence.table("SecurtyEvent")
    with pytest.raises(UnknownTable, match=r"tables: .*SecurityEvent"):
        evidence.table("Nope")
    with pytest.raises(UnknownColumn, match="did you mean 'Computer'"):
        evidence.table("SecurityEvent", columns=["Computr"])


def test_text_is_never_null_and_the_schema_says_the_types(evidence: Evidence) -> None:
    rows = evidence.table("SecurityEvent")
    assert all(rows[name].null_count() == 0 for name, t in rows.schema.items() if t == pl.String)
    types = evidence.schema("SecurityEvent")
    assert list(types) == rows.columns
    assert types["TimeGenerated"] == "datetime"
    assert evidence.schema("WindowsEvent")["EventData"] == "dynamic"


def test_opening_again_reads_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = huntkit.open(folder, frame="polars")
    monkeypatch.setattr(reading, "run_jobs", lambda jobs, **_: (_ for _ in [1 / 0 for _ in jobs]))
    again = huntkit.open(folder, frame="polars")
    assert again.tables.equals(first.tables)
    assert again.files.equals(first.files)


def test_a_moved_file_is_known_by_its_content(folder: Path, monkeypatch) -> None:
    huntkit.open(folder)
    moved = folder / "renamed.json"
    (folder / "logons.json").rename(moved)
    monkeypatch.setattr(reading, "run_jobs", lambda jobs, **_: (_ for _ in [1 / 0 for _ in jobs]))
    rows = huntkit.open(moved, frame="polars").table("SecurityEvent", columns=["_file"])
    assert rows["_file"].unique().to_list() == [str(moved)]


@pytest.mark.parametrize("cache", [True, False])
def test_a_table_is_named_after_its_own_file_whatever_was_read_before(tmp_path, cache) -> None:
    for name in ("hosts.csv", "copy.csv"):
        (tmp_path / name).write_text("host,n\na,1\n")
    assert list(huntkit.open(tmp_path / "hosts.csv", cache=cache).tables["name"]) == ["hosts"]
    (tmp_path / "hosts.csv").rename(tmp_path / "renamed.csv")
    for _ in range(2):
        evidence = huntkit.open(tmp_path, frame="polars", cache=cache)
        assert evidence.tables["name"].to_list() == ["copy", "renamed"]
        assert evidence.table("renamed")["_file"].to_list() == [str(tmp_path / "renamed.csv")]


def test_without_a_cache_nothing_stays(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "never"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    with huntkit.open(folder, cache=False, frame="polars") as evidence:
        assert evidence.table("things").height == 2
    assert list((tmp_path / "temp").iterdir()) == []
    assert not (tmp_path / "never").exists()


def test_the_same_content_twice_counts_twice_under_both_paths(folder: Path) -> None:
    (folder / "copy.json").write_bytes((folder / "logons.json").read_bytes())
    rows = huntkit.open(folder, frame="polars").table("SecurityEvent", columns=["_file"])
    assert rows["_file"].value_counts().sort("_file")["count"].to_list() == [10, 10, 1]


def test_many_small_files_are_one_table(tmp_path: Path) -> None:
    for number in range(40):
        write_lines(tmp_path / f"{number:02d}.json", [logon(number)])
    evidence = huntkit.open(tmp_path, frame="polars")
    rows = evidence.table("SecurityEvent", columns=["TargetUserName", "_file"])
    assert rows.height == 40
    assert all(Path(file).name == f"{int(user[4:]):02d}.json" for user, file in rows.iter_rows())


def test_columns_that_differ_only_in_case_are_both_there(tmp_path: Path) -> None:
    write_lines(tmp_path / "odd.json", [{"LogonId": "a", "LogonID": "b", "x": 1}])
    evidence = huntkit.open(tmp_path, frame="polars")
    rows = evidence.table("odd")
    assert (rows["LogonId"].to_list(), rows["LogonID"].to_list()) == (["a"], ["b"])
    assert evidence.sql("SELECT LogonId, LogonID_2 FROM odd").rows() == [("a", "b")]
    assert evidence.table("odd", columns=["LogonID"], where={"LogonID": "b"}).height == 1


@pytest.mark.parametrize("fault", [ZeroDivisionError, pl.exceptions.PanicException])
def test_a_fault_of_ours_costs_its_file_only(
    folder: Path, tmp_path: Path, monkeypatch, fault: type[BaseException]
) -> None:
    from huntkit.sources.local import ingest

    class Faulty(ingest.Mapper):
        def map(self, batch):
            if batch.kind == "csv":
                raise fault("oops")
            return super().map(batch)

    monkeypatch.setattr(ingest, "Mapper", Faulty)
    evidence = huntkit.open(folder, frame="polars", cache_dir=tmp_path / "c")
    assert evidence.partial
    assert evidence.problems == [
        f"{folder / 'things.csv'}: huntkit failed on this file: {fault.__name__}: oops"
    ]
    assert evidence.table("SecurityEvent").height == 11


def test_an_export_without_the_usual_columns_is_read(tmp_path: Path) -> None:
    (tmp_path / "dpe.csv").write_text(
        "Timestamp,DeviceName,FileName,ProcessId,ProcessCommandLine,"
        "InitiatingProcessFileName,InitiatingProcessId\n"
        '2024-05-01T10:00:00Z,ws1,cmd.exe,5,"cmd /c x",explorer.exe,4\n'
    )
    rows = huntkit.open(tmp_path, frame="polars").table("DeviceProcessEvents")
    assert rows.select("DeviceName", "ProcessId", "ActionType").rows() == [("ws1", 5, "")]


def test_every_table_comes_whole_even_where_a_known_schema_has_twins(evidence: Evidence) -> None:
    assert {"LogonId", "LogonID"} <= set(evidence.table("DeviceProcessEvents").columns)
    for name in evidence.tables["name"]:
        assert list(evidence.table(name).columns) == list(evidence.schema(name))


def test_event_data_that_is_no_json_object_breaks_no_query(tmp_path: Path) -> None:
    event = {
        "Type": "WindowsEvent", "Provider": "p", "Channel": "c", "EventID": 1, "Computer": "h",
        "TimeGenerated": "2024-03-01T10:00:00Z",
    }  # fmt: skip
    odd = ["<Data>x</Data>", "[1]", "7", '{"a": 1, "a": 2}', '{"a":', "null", ""]
    lines = [json.dumps({**event, "EventData": data}) for data in [*odd, '{"a": "<1>"}']]
    (tmp_path / "exported.json").write_text("\n".join(lines))
    with huntkit.open(tmp_path, cache=False, frame="polars") as evidence:
        found = evidence.kql("Event | sort by _record asc | project EventData")["EventData"]
        assert found.to_list()[:-1] == odd
        assert '<Data Name="a">&lt;1&gt;</Data>' in found[-1]


def test_the_old_agents_table_is_a_view_without_security_events(folder: Path) -> None:
    write_lines(folder / "system.json", [logon(1, Channel="System", EventID=7036)])
    evidence = huntkit.open(folder, frame="polars")
    events = evidence.table("Event")
    assert events["EventLog"].to_list() == ["System"]
    assert events["_file"].to_list() == [str(folder / "system.json")]
    assert dict(evidence.tables.select("name", "rows").iter_rows())["Event"] == 1


def test_pieces_and_workers_give_the_same_rows(tmp_path: Path, monkeypatch) -> None:
    path = write_lines(tmp_path / "big.json", [logon(n, Message="x" * 500) for n in range(2000)])
    path.write_bytes(path.read_bytes().replace(b'"user777"', b'"user777'))  # one broken line
    whole = huntkit.open(path, frame="polars", cache_dir=tmp_path / "one")
    monkeypatch.setattr(planning, "SPLIT_BYTES", 1000)
    monkeypatch.setattr(planning, "PIECE_BYTES", 200_000)
    monkeypatch.setattr(planning, "BLOCK_BYTES", 50_000)
    monkeypatch.setattr(reading, "POOL_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pieces = huntkit.open(path, frame="polars", cache_dir=tmp_path / "two")
    assert pieces.files.equals(whole.files)
    assert pieces.files["skipped"].item() == 1
    assert "record 778" in pieces.files["reasons"].item()
    for name in whole.tables["name"]:
        order = ["_record"]
        assert pieces.table(name).sort(order).equals(whole.table(name).sort(order)), name


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_workers_take_file_names_that_are_not_utf8(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(2):
        path = write_lines(folder / f"{number}.json", [logon(number)])
        path.rename(os.fsdecode(os.fsencode(path.with_suffix("")) + b"-\xff\xe9.json"))
    monkeypatch.setattr(reading, "POOL_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    evidence = huntkit.open(folder, frame="polars", cache_dir=tmp_path / "c")
    assert evidence.problems == []
    assert evidence.table("SecurityEvent").height == 2


def test_a_worker_that_dies_costs_its_file_only(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "POOL_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    real = workers._Worker.run

    def run(self, job):
        if job.path.name == "logons.json":
            self._running().kill()
        return real(self, job)

    monkeypatch.setattr(workers._Worker, "run", run)
    evidence = huntkit.open(folder, frame="polars", cache_dir=tmp_path / "c")
    assert evidence.partial
    assert "the reader broke down" in evidence.problems[0]
    assert evidence.table("SecurityEvent").height == 1
    monkeypatch.setattr(workers._Worker, "run", real)
    assert huntkit.open(folder, frame="polars", cache_dir=tmp_path / "c").problems == []


def test_stopping_keeps_what_is_done(folder: Path, tmp_path: Path) -> None:
    class Stopper:
        calls = 0

        def task(self, title, *, total=None):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def advance(self, n=1):
            pass

        def check_cancelled(self):
            self.calls += 1
            if self.calls > 5:
                raise Cancelled("stop")

    evidence = huntkit.open(folder, frame="polars", progress=Stopper(), cache_dir=tmp_path / "c")
    assert evidence.stopped
    assert evidence.partial
    stopped = [line for line in evidence.problems if "stopped by the caller" in line]
    assert len(stopped) == 2
    assert evidence.tables["rows"].sum() > 0


def test_search_finds_every_place(evidence: Evidence, folder: Path, tmp_path: Path) -> None:
    hits = evidence.search("USER7")
    assert set(hits["Table"]) >= {"SecurityEvent", "WindowsEvent", "DeviceLogonEvents"}
    assert set(hits["_record"]) == {8}
    assert set(hits["Value"]) == {"USER7"}
    assert all("user7" in text for text in hits["Text"])
    numbers = evidence.search(4624).filter(pl.col("Column") == "EventID")
    assert numbers.height == 22
    (tmp_path / "list.txt").write_text("# names\nuser3\n\nuser4\n")
    hits = evidence.search(tmp_path / "list.txt").filter(pl.col("Table") == "SecurityEvent")
    assert set(hits["Value"]) == {"user3", "user4"}
    assert evidence.search("Ä")["Table"].to_list() == ["things"]
    assert evidence.search("nothing like it").height == 0
    with pytest.raises(UsageError):
        evidence.search(["", " "])


def test_a_list_that_windows_saved_is_searched_for(evidence: Evidence, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("# names\r\nuser3\r\nÄ\r\n".encode("utf-16"))
    assert set(evidence.search(tmp_path / "list.txt")["Value"]) == {"user3", "Ä"}


def test_numbers_are_found_whole_in_columns_of_any_kind(tmp_path: Path) -> None:
    lines = [f'{{"big": {(1 << 63) - 1}, "n": 14, "x": 2.5}}', '{"big": -7, "n": 4, "x": 10.0}']
    (tmp_path / "odd.json").write_text("\n".join(lines))
    evidence = huntkit.open(tmp_path, frame="polars")

    def found(*values: object) -> list[tuple[str, str, int]]:
        hits = evidence.search(list(values))
        return sorted(hits.select("Value", "Column", "_record").rows())

    assert found((1 << 63) - 1) == [("9223372036854775807", "big", 1)]
    assert found(4, 14) == [("14", "n", 1), ("4", "n", 2)]
    assert found("2.50", -7, 10) == [("-7", "big", 2), ("10", "x", 2), ("2.50", "x", 1)]
    assert found("--5", "1e3", "²", "0x4") == []
    for odd in (None, b"x", 5j):
        with pytest.raises(UsageError, match="can't be searched for"):
            evidence.search(odd)


def test_a_search_that_finds_too_much_says_so(evidence: Evidence) -> None:
    with pytest.warns(PartialEvidenceWarning, match="more than 5 hits"):
        assert evidence.search("user", limit=5).height == 5


def test_bad_files_are_said_and_the_rest_is_read(folder: Path) -> None:
    good = (folder / "more.zip").read_bytes()
    (folder / "cut.zip").write_bytes(good[: len(good) // 2])
    (folder / "junk.json").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.log").write_bytes(b"")
    write_lines(folder / "mixed.json", [{"v": 1}, {"v": "x"}, {"v": [1, {"a": None}]}, {"v": None}])
    evidence = huntkit.open(folder, frame="polars")
    assert evidence.partial
    text = "\n".join(evidence.problems)
    assert "cut.zip" in text
    assert "junk.json: not a known log format" in text
    assert evidence.table("mixed", columns=["v"])["v"].to_list() == ["1", "x", '[1,{"a":null}]', ""]
    assert evidence.table("SecurityEvent").height == 11


def test_a_file_that_can_not_be_read_is_said(folder: Path, monkeypatch) -> None:
    closed = folder / "logons.json"
    closed.chmod(0)
    if os.access(closed, os.R_OK):  # root may read everything: refuse in its place
        real = Path.open

        def refuse(self, *args, **kwargs):
            if self == closed:
                raise PermissionError(13, "Permission denied")
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refuse)
    evidence = huntkit.open(folder, frame="polars")
    closed.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert evidence.partial
    assert f"{closed}: Permission denied" in evidence.problems
    assert evidence.table("SecurityEvent").height == 1


@pytest.mark.parametrize(
    ("magic", "name"), [(b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"\x28\xb5\x2f\xfd", "Zstandard")]
)
def test_archives_that_are_not_read_are_named(tmp_path: Path, magic: bytes, name: str) -> None:
    (tmp_path / "logs.bin").write_bytes(magic + bytes(range(256)))
    evidence = huntkit.open(tmp_path, cache=False)
    assert evidence.problems[0].endswith(f"logs.bin: a {name} archive: unpack it first")


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    evidence = huntkit.open(tmp_path, frame="polars")
    assert evidence.problems == ["no log records were found"]
    assert evidence.tables.height == 0
    assert evidence.sql("SELECT count(*) AS n FROM SecurityEvent")["n"].item() == 0


def test_a_name_in_an_archive_is_only_text(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("../../up.json", "/abs.json", "C:\\x\\y.json", "esc\x1b[31m.json"):
            archive.writestr(name, json.dumps(logon(1)) + "\n")

    def written() -> list[Path]:
        found = tmp_path.parent.rglob("*.json")
        return sorted(path for path in found if "cache" not in path.parts)

    before = written()
    evidence = huntkit.open(tmp_path / "a.zip", frame="polars")
    assert evidence.table("SecurityEvent").height == 4
    assert written() == before


def test_what_may_be_held_can_be_set(evidence: Evidence) -> None:
    with pytest.raises(UsageError, match="max_result_bytes"):
        evidence.max_result_bytes = 0
    most = evidence.max_result_bytes
    assert most > 100_000_000
    evidence.max_result_bytes = 10
    for ask in (evidence.kql, evidence.table):
        with pytest.raises(ResultTooLarge):
            ask("SecurityEvent")
    with pytest.raises(ResultTooLarge):
        evidence.sql("FROM SecurityEvent")
    [kql] = evidence.kql_pieces("SecurityEvent", frame="polars")
    [sql] = evidence.sql_pieces("FROM SecurityEvent", frame="polars")
    evidence.max_result_bytes = most
    assert kql.equals(evidence.kql("SecurityEvent", frame="polars"))
    assert sql.equals(evidence.sql("FROM SecurityEvent", frame="polars"))


def test_pieces_say_that_a_table_is_not_there(evidence: Evidence) -> None:
    with pytest.warns(AbsentTableWarning, match="AuditLogs"):
        [none] = evidence.kql_pieces("AuditLogs", frame="polars")
    assert none.is_empty()
