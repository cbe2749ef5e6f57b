"""Every real file of the shared data opens, and nothing of it is lost.

What a file holds is counted here by other means than the library's readers.
"""

import csv
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import evtx
import polars as pl
import pytest

import huntkit
from huntkit.sources.local.evidence import Evidence

pytestmark = pytest.mark.data

DATA = Path(os.environ.get("HUNTKIT_DATA") or Path(__file__).parents[4] / "shared" / "data")


def _files(*folders: str) -> list[str]:
    found = [path for folder in folders for path in sorted((DATA / folder).rglob("*"))]
    return [
        str(path.relative_to(DATA))
        for path in found
        if path.is_file() and "LICENSE" not in path.name and path.suffix != ".yaml"
    ]


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files behind a path, by the standard library alone."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield f"{path}!{entry.filename}", archive.read(entry)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for entry in archive:
                if file := archive.extractfile(entry):
                    yield f"{path}!{entry.name}", file.read()
    else:
        yield str(path), path.read_bytes()


def _records(name: str, data: bytes) -> int:
    """How many source records a file holds."""
    text = data.decode("utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if name.endswith(".evtx"):
        return sum(1 for _ in evtx.PyEvtxParser(io.BytesIO(data)).records())
    if name.endswith(".csv"):
        return sum(1 for row in csv.reader(io.StringIO(text)) if row) - 1
    if lines and lines[0].startswith("#separator"):
        return sum(1 for line in lines if not line.startswith("#"))
    if text.lstrip()[:1] in ("{", "["):
        return _json_records(text)
    return len(lines)


def _json_records(text: str) -> int:
    decoder = json.JSONDecoder(strict=False)
    place, count, end = 0, 0, len(text.rstrip())
    while place < end:
        value, place = decoder.raw_decode(text, place)
        count += len(value) if isinstance(value, list) else 1
        while place < len(text) and text[place].isspace():
            place += 1
    return count


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", _files("security-datasets", "logs"))
def test_what_a_file_holds_is_kept_or_counted_as_skipped(
    name: str, shared_data: Path, cache_dir: Path
) -> None:
    evidence = huntkit.open(shared_data / name, frame="polars", cache_dir=cache_dir)
    expected = {member: _records(member, data) for member, data in _members(shared_data / name)}
    files = evidence.files
    assert dict(files.select("path", "rows").iter_rows()) == expected
    assert (files["kept"] + files["skipped"]).equals(files["rows"], null_equal=False)
    assert files["skipped"].sum() == 0, evidence.problems
    assert evidence.tables["rows"].sum() > 0


def test_every_windows_event_of_the_archives_has_time_host_and_place(
    shared_data: Path, cache_dir: Path
) -> None:
    evidence = huntkit.open(
        shared_data / "security-datasets" / "atomic" / "windows",
        frame="polars",
        cache_dir=cache_dir,
    )
    events = evidence.table(
        "WindowsEvent",
        columns=["TimeGenerated", "Computer", "Channel", "Provider", "EventID", "_file", "_record"],
    )
    assert events.height == evidence.files["kept"].sum()
    assert events.select(pl.all().null_count()).row(0) == (0,) * 7
    for column in ("Computer", "Channel", "Provider"):
        assert events.filter(pl.col(column) == "").height == 0, column
    assert events["TimeGenerated"].dt.year().is_in([2019, 2020]).all()
    assert events.select("_file", "_record").is_duplicated().sum() == 0


def test_process_starts_have_users_and_command_lines(shared_data: Path, cache_dir: Path) -> None:
    evidence = huntkit.open(
        shared_data / "security-datasets" / "atomic" / "windows",
        frame="polars",
        cache_dir=cache_dir,
    )
    starts = evidence.sql(
        """
        SELECT count(*) AS starts,
               sum((ActionType = 'ProcessCreated')::int) AS created,
               sum((_merged_file <> '')::int) AS merged,
               avg((ProcessCommandLine <> '')::int) AS command_line,
               avg((AccountName <> '')::int) AS account,
               avg((InitiatingProcessFileName <> '')::int) AS parent,
               sum((ProcessId IS NULL)::int) AS no_pid
        FROM DeviceProcessEvents
        """
    ).row(0, named=True)
    raw = evidence.sql(
        """
        SELECT EventID, _file, TimeGenerated,
               lower(split_part(Computer, '.', 1)) AS host,
               CASE EventID WHEN 1 THEN EventData->>'ProcessId'
                            ELSE EventData->>'NewProcessId' END AS pid,
               lower(coalesce(EventData->>'Image', EventData->>'NewProcessName')) AS image,
               trim(EventData->>'CommandLine') AS line,
               CASE EventID WHEN 1 THEN EventData->>'ParentProcessId'
                            ELSE EventData->>'ProcessId' END AS parent
        FROM WindowsEvent
        WHERE (Channel LIKE '%Sysmon%' AND EventID = 1)
           OR (lower(Channel) = 'security' AND EventID = 4688)
        """
    ).with_columns(
        pl.col("pid", "parent").map_elements(lambda text: int(text, 0), return_dtype=pl.Int64)
    )
    sysmon, audit = raw.filter(pl.col("EventID") == 1), raw.filter(pl.col("EventID") == 4688)
    near = (pl.col("TimeGenerated") - pl.col("TimeGenerated_right")).abs() <= pl.duration(seconds=2)
    pairs = sysmon.join(audit, on=["_file", "host", "pid"]).filter(near)
    # Two NXLog exports lost the pid of Sysmon's events, and with it the rendered message.
    lost = sysmon.filter(pl.col("pid").is_null()).with_row_index()
    told = lost.join(audit, on=["_file", "host", "image", "line", "parent"]).filter(near)
    assert told["index"].n_unique() == told["pid_right"].n_unique() == told.height == 11
    assert starts["created"] == starts["starts"] == raw.height - starts["merged"]
    assert pairs.height > 50
    assert starts["merged"] == pairs.height + told.height
    assert (starts["no_pid"], raw["pid"].null_count()) == (0, 11)
    assert starts["command_line"] > 0.98
    assert starts["account"] > 0.98
    assert starts["parent"] > 0.98


def test_all_evtx_files_open_as_one_evidence(shared_data: Path, cache_dir: Path) -> None:
    folder = shared_data / "evtx"
    evidence = huntkit.open(str(folder / "**" / "*.evtx"), frame="polars", cache_dir=cache_dir)
    paths = sorted(folder.rglob("*.evtx"))
    expected = sum(_records(str(path), path.read_bytes()) for path in paths)
    assert evidence.files.height == len(paths) == 73
    assert evidence.files["kept"].sum() == expected
    assert evidence.problems == []
    assert evidence.table("WindowsEvent", columns=["EventID"]).height == expected


def test_opening_everything_at_once_loses_nothing(shared_data: Path, cache_dir: Path) -> None:
    evidence: Evidence = huntkit.open(
        [shared_data / "security-datasets", shared_data / "logs"],
        frame="polars",
        cache_dir=cache_dir,
    )
    kept = dict(evidence.files.filter(pl.col("format") != "").select("path", "kept").iter_rows())
    assert sum(kept.values()) > 100_000
    hits = evidence.search("launcher.vbs")
    assert "empire_launcher_vbs" in hits["_file"][0]


@pytest.mark.data
def test_columns_that_hunts_filter_by_are_filled(shared_data: Path, tmp_path: Path) -> None:
    sets = shared_data / "security-datasets"
    folders = [sets / "compound" / "Log4Shell", sets / "atomic" / "windows"]
    evidence = huntkit.open(folders, cache_dir=tmp_path, frame="polars")
    both = "countif(isempty({0}IP) != isempty({0}IPType))"
    found = evidence.kql(
        "DeviceNetworkEvents | summarize count(), "
        + ", ".join(both.format(side) for side in ("Remote", "Local"))
    )
    assert found.row(0)[1:] == (0, 0)
    assert found.row(0)[0] > 1000
    kinds = evidence.kql("DeviceNetworkEvents | distinct RemoteIPType")["RemoteIPType"].to_list()
    assert {"Public", "Private", "Loopback"} <= set(kinds)
    sets_seen = "WindowsEvent | where EventID == 13 and Channel has 'Sysmon' | count"
    told = "DeviceRegistryEvents | where ActionType == 'RegistryValueSet' | count"
    assert evidence.kql(told).item() == evidence.kql(sets_seen).item() > 2_000
    named = evidence.kql(
        "union withsource=T SecurityEvent, Event, Device* | where Type != T | count"
    )
    assert named.item() == 0
    logons = evidence.kql(
        "SecurityEvent | where EventID == 4624 and isempty(LogonTypeName) | count"
    )
    assert logons.item() == 0


@pytest.mark.data
def test_queries_written_for_the_old_agent_take_event_data_apart(
    shared_data: Path, tmp_path: Path
) -> None:
    sets = shared_data / "security-datasets" / "compound" / "Log4Shell"
    evidence = huntkit.open(sets, cache_dir=tmp_path, frame="polars")
    by_xml = evidence.kql(
        "Event | where EventID == 1 | extend d = parse_xml(EventData).DataItem.EventData.Data"
        " | mv-expand d | where d['@Name'] == 'CommandLine' | project x = tostring(d['#text'])"
    )
    by_json = evidence.kql(
        "WindowsEvent | where EventID == 1 and Channel has 'Sysmon'"
        " | project x = tostring(EventData.CommandLine)"
    )
    assert by_xml.height > 0
    assert sorted(by_xml["x"]) == sorted(by_json["x"])
