"""Velociraptor's collections as a place to query."""

import json
import zipfile
from pathlib import Path

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import UsageError
from huntkit.runtime.session import Session
from huntkit.sources.driver import Answer, Request
from huntkit.sources.drivers.velociraptor import (
    VelociraptorLogs,
    VelociraptorOptions,
    VelociraptorSettings,
)
from huntkit.testing import check_driver

PSLIST = '{"Pid":4,"Name":"System"}\n{"Pid":268,"Name":"smss.exe"}\n'


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    """An archive as an offline collector writes it."""
    with zipfile.ZipFile(tmp_path / "Collection-pc1.zip", "w") as archive:
        for name, content in {
            "results/Windows.System.Pslist.json": PSLIST,
            "results/Windows.System.Pslist.json.index": b"\x00\x01" * 16,
            "results/Windows.KapeFiles.Targets%2FAll File Metadata.json":
                '{"Created":"2024-01-01T00:00:00Z","SourceFile":"C:\\\\a"}\n',
            "results/DetectRaptor.Windows.Detection.Amcache.json": '{"Sha1":"aa"}\n',
            "uploads/auto/C%3A/Windows/x.bin": b"MZ\x00\x00\x01\x00",
            "client_info.json": '{"client_id":"C.1"}',
        }.items():  # fmt: skip
            archive.writestr(name, content)
    return tmp_path


def ask(folder: Path, text: str) -> Answer:
    driver = VelociraptorLogs("VelociraptorLogs", VelociraptorSettings(data=folder), Session())
    answer = driver.run(Request(text=text, options=VelociraptorOptions()))
    driver.close()
    return answer


def test_it_keeps_the_promises_of_drivers(collected):
    check_driver(
        VelociraptorLogs,
        settings={"data": str(collected)},
        query="Velociraptor_Windows_System_Pslist | project Pid, Name | order by Pid asc",
        empty="Velociraptor_Windows_System_Pslist | where Pid == 0",
        refused="Velociraptor_nothing | take 1",
    )


def test_each_artifact_of_an_archive_is_a_query(collected):
    provider = QueryProvider("Velociraptor", data_paths=[str(collected)], frame="polars")
    provider.connect()
    assert provider.list_queries() == [
        "velociraptor.DetectRaptor_Windows_Detection_Amcache",
        "velociraptor.Windows_KapeFiles_Targets_All_File_Metadata",
        "velociraptor.Windows_System_Pslist",
    ]
    rows = provider.velociraptor.Windows_System_Pslist()
    assert rows["Pid"].to_list() == [4, 268]
    assert rows["_file"][0].endswith("Collection-pc1.zip!results/Windows.System.Pslist.json")


def test_indexes_and_uploads_that_are_no_logs_do_not_make_answers_partial(collected):
    assert not ask(collected, "Velociraptor_Windows_System_Pslist").partial
    (collected / "Collection-pc2.zip").write_bytes(b"PK\x03\x04" + b"\x00" * 50)
    [gap] = ask(collected, "Velociraptor_Windows_System_Pslist").gaps
    assert "Collection-pc2.zip" in gap.reason


def test_rows_that_were_collected_as_json_and_csv_count_once(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    (results / "Windows.System.Pslist.json").write_text(PSLIST)
    (results / "Windows.System.Pslist.csv").write_text("Pid,Name\n4,System\n268,smss.exe\n")
    (results / "Windows.Sys.Users.csv").write_text("Uid,Name\n500,Administrator\n")
    provider = QueryProvider("VelociraptorLogs", data=tmp_path, frame="polars")
    assert provider.velociraptor.Windows_System_Pslist()["Pid"].to_list() == [4, 268]
    assert provider.velociraptor.Windows_Sys_Users()["Uid"].to_list() == [500]
    [gap] = ask(tmp_path, "Velociraptor_Windows_System_Pslist | count").gaps
    assert "twice" in gap.reason
    assert not ask(tmp_path, "Velociraptor_Windows_Sys_Users | count").partial


def test_several_hosts_stand_together_and_are_told_apart(tmp_path):
    for host, pid in (("pc1", 1), ("pc2", 2)):
        (tmp_path / host).mkdir()
        (tmp_path / host / "Linux.Sys.Pslist.json").write_text(json.dumps({"Pid": pid}))
    rows = ask(tmp_path, "Velociraptor_Linux_Sys_Pslist | project Pid, _file").table.to_pylist()
    assert {(Path(r["_file"]).parent.name, r["Pid"]) for r in rows} == {("pc1", 1), ("pc2", 2)}


def test_no_collection_is_a_clear_mistake(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"MZ\x00\x01")
    with pytest.raises(UsageError, match="nothing collected"):
        ask(tmp_path, "x")
    driver = VelociraptorLogs("VelociraptorLogs", VelociraptorSettings(), Session())
    assert driver.queries() == ()
    with pytest.raises(UsageError, match="which collections"):
        driver.connect()


@pytest.mark.data
def test_real_results_give_every_line(shared_data):
    folder = shared_data / "logs" / "velociraptor"
    provider = QueryProvider("VelociraptorLogs", data=folder, frame="polars")
    assert len(provider.list_queries()) == 12
    for path in sorted(folder.glob("*.json")):
        lines = [json.loads(each) for each in path.read_text().splitlines() if each.strip()]
        rows = getattr(provider.velociraptor, path.stem.replace(".", "_"))()
        assert rows.height == len(lines), path.name
        first = next(iter(lines[0]))
        assert len(rows[first].to_list()) == len(lines)
