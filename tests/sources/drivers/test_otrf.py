"""Security-Datasets: a folder of it, and a stand-in of the place where it is published."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import EvidenceError, Offline, RequestFailed, UsageError
from huntkit.runtime.session import Session, Settings
from huntkit.sources.driver import Answer as Rows
from huntkit.sources.driver import Request
from huntkit.sources.drivers.otrf import OTRF, DataSetsWarning, OTRFOptions, OTRFSettings
from huntkit.sources.errors import NotConnected, PartialAnswerWarning, QueryRefused
from huntkit.testing import check_driver
from servers import Answer, Asked

LINK = "https://raw.githubusercontent.com/OTRF/Security-Datasets/master/datasets/"
HOST = "atomic/windows/credential_access/host/dump_lsass.zip"
NETWORK = "atomic/windows/credential_access/network/dump_lsass.zip"
METADATA = f"""
title: LSASS dump
id: SDWIN-1
platform: [Windows]
type: atomic
tags: [LSASS Memory]
description: Somebody read the memory of LSASS
attack_mappings:
- {{technique: T1003, sub-technique: "001", tactics: [TA0006, TA0002]}}
files:
- {{type: Host, link: "{LINK}{HOST}"}}
- {{type: Network, link: "{LINK}{NETWORK}"}}
- {{type: Host, link: "https://elsewhere.example/x.zip"}}
- {{type: Host, link: "{LINK}../../../etc/passwd"}}
"""
SCAN = f"""
{{title: Scan, id: SDLIN-2, platform: [Linux], type: atomic, tags: , description: ,
 attack_mappings: [{{technique: T1018, sub-technique: , tactics: [TA0007]}}],
 files: [{{type: Host, link: {LINK}atomic/linux/scan.zip}}]}}
"""
EVENTS = [
    {"EventID": 4688, "Channel": "Security", "Hostname": "pc1", "Message": "a",
     "EventTime": "2020-09-21 12:00:00", "Tags": ["x"], "Big": 1 << 70},
    {"EventID": 10, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "pc1",
     "SourceName": "Microsoft-Windows-Sysmon", "EventTime": "2020-09-21 12:00:01", "Big": 2},
]  # fmt: skip


def packed(*records: object) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("events.json", "".join(json.dumps(each) + "\n" for each in records))
    return raw.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, content in {
        "atomic/_metadata/SDWIN-1.yaml": METADATA.encode(),
        "atomic/_metadata/SDLIN-2.yaml": SCAN.encode(),
        HOST: packed(*EVENTS),
        "atomic/linux/scan.zip": packed(),
        "compound/apt/day 1/2.x.zip": packed(EVENTS[0]),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


@pytest.fixture
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Session(Settings(cache_dir=tmp_path_factory.mktemp("cache"))) as made:
        yield made


@pytest.fixture
def local(folder: Path, session: Session) -> Any:
    made = OTRF("OTRF", OTRFSettings(data=folder), session)
    made.connect()
    yield made
    made.close()


def ask(driver: OTRF, text: str, **options: Any) -> Rows:
    return driver.run(Request(text=text, options=OTRFOptions(**options)))


def test_it_keeps_the_promises_of_drivers(folder, session):
    check_driver(OTRF, settings={"data": str(folder)}, query="dump_lsass", empty="SDLIN-2",
                 refused="dump_lsas", session=session)  # fmt: skip


def test_a_data_set_gives_its_events_as_they_were_recorded(local):
    table = ask(local, "SDWIN-1").table
    assert table.to_pylist() == [
        {"EventID": 4688, "Channel": "Security", "Hostname": "pc1", "Message": "a",
         "EventTime": "2020-09-21 12:00:00", "Tags": '["x"]', "Big": str(1 << 70),
         "SourceName": None, "_file": f"{local.chosen.data / HOST}!events.json", "_record": 1},
        {"EventID": 10, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "pc1",
         "Message": None, "EventTime": "2020-09-21 12:00:01", "Tags": None, "Big": "2",
         "SourceName": "Microsoft-Windows-Sysmon",
         "_file": f"{local.chosen.data / HOST}!events.json", "_record": 2},
    ]  # fmt: skip
    for name in ("dump_lsass", "LSASS dump", HOST, "sdwin-1 ",
                 "atomic_windows_credential_access_host.dump_lsass"):  # fmt: skip
        assert ask(local, name).table.equals(table), name


def test_kql_asks_the_tables_of_the_data_sets_that_are_said(local):
    query = "SecurityEvent | project Computer, EventID"
    assert ask(local, query, dataset="SDWIN-1").table.to_pylist() == [
        {"Computer": "pc1", "EventID": 4688}
    ]
    both = ask(local, "SecurityEvent | count", dataset=["SDWIN-1", "compound/apt/day 1/2.x.zip"])
    assert both.table.to_pylist() == [{"Count": 2}]
    assert "SecurityEvent" in local.schema()
    with pytest.raises(QueryRefused, match="dataset="):
        ask(local, query)
    with pytest.raises(QueryRefused, match="did you mean"):
        ask(local, query, dataset="SDWIN-11")


def test_they_are_found_by_technique_tactic_and_words(local):
    found = "atomic_windows_credential_access_host.dump_lsass"
    scan = "atomic_linux.scan"
    assert local.search_queries("t1003") == [found]
    assert local.search_queries("CredentialAccess + memory") == [found]
    assert local.search_queries("T1018, TA0006") == [scan, found]
    assert local.search_queries("T1018 + LSASS") == []
    with pytest.raises(UsageError):
        local.search_queries(" , + ")
    techniques = local.mitre_techniques
    assert techniques.rows() == [("T1003.001", 1, [found]), ("T1018", 1, [scan])]
    assert local.mitre_tactics["Name"].to_list() == ["Execution", "CredentialAccess", "Discovery"]
    sets = local.data_sets().rows(named=True)
    assert [each["Id"] for each in sets] == ["SDLIN-2", "SDWIN-1", "compound/apt/day 1/2.x.zip"]
    assert sets[1]["Techniques"] == ["T1003.001"]
    assert local.paths("SDLIN-2") == [local.chosen.data / "atomic/linux/scan.zip"]


def test_each_file_is_a_query_of_the_provider(folder, session):
    provider = QueryProvider("Mordor", frame="polars", session=session)
    provider.connect(data=folder)
    assert provider.list_queries() == [
        "atomic_linux.scan", "atomic_windows_credential_access_host.dump_lsass",
        "compound_apt_day_1.n2_x",
    ]  # fmt: skip
    assert provider.search("T1003") == ["atomic_windows_credential_access_host.dump_lsass"]
    family = provider.atomic_windows_credential_access_host
    assert family.dump_lsass()["EventID"].to_list() == [4688, 10]
    with pytest.warns(PartialAnswerWarning, match="first 1 events"):
        assert family.dump_lsass(max_rows=1).height == 1
    rows = provider.exec_query("SecurityEvent | count", dataset="dump_lsass")
    assert rows.rows() == [(1,)]


def test_what_can_not_be_read_is_said(folder, session):
    (folder / HOST).write_bytes(packed(*EVENTS)[:-30])
    (folder / "atomic/_metadata/bad.yaml").write_text("id: [")
    (folder / "atomic/_metadata/evil.yaml").write_text("!!python/object/apply:os.system ['x']")
    driver = OTRF("OTRF", OTRFSettings(data=folder), session)
    with pytest.warns(DataSetsWarning, match="2 data sets are missing: bad.yaml"):
        driver.connect()
    assert ask(driver, "SDWIN-1").gaps[0].helps == "nothing"
    (folder / "empty").mkdir()
    for place in ("empty", "nothing"):
        with pytest.raises(EvidenceError):
            OTRF("OTRF", OTRFSettings(data=folder / place), session).connect()
    with pytest.raises(NotConnected):
        ask(OTRF("OTRF", OTRFSettings(), session), "x")


class GitHub:
    """A stand-in of GitHub's list of files and of the place where files are."""

    def __init__(self) -> None:
        self.files = {
            "atomic/_metadata/SDWIN-1.yaml": METADATA.encode(),
            "atomic/_metadata/SDLIN-2.yaml": SCAN.encode(),
            HOST: packed(*EVENTS),
            NETWORK: packed(),
            "atomic/linux/scan.zip": packed(),
        }
        self.truncated = False

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/repos/OTRF/Security-Datasets/git/trees/master":
            tree = [{"path": f"datasets/{each}", "type": "blob"} for each in self.files]
            tree.append({"path": "datasets/atomic/_metadata/../../../x.yaml", "type": "blob"})
            return Answer(json={"tree": tree if self.truncated else tree[:-1],
                                "truncated": self.truncated})  # fmt: skip
        path = asked.path.removeprefix("/OTRF/Security-Datasets/master/datasets/")
        if path not in self.files:
            return Answer(404)
        return Answer(body=self.files[path])


def remote(url: str, session: Session, **settings: Any) -> OTRF:
    made = OTRF("OTRF", OTRFSettings(api=url, raw=url, **settings), session)
    made.connect()
    return made


def test_the_list_is_fetched_once_and_files_when_they_are_asked_for(http_server, session):
    server = http_server(GitHub())
    driver = remote(server.url, session)
    assert [each.name for each in driver.queries()] == ["scan", "dump_lsass", "dump_lsass"]
    assert len(server.asked) == 3
    kept = session.cache_dir / "security-datasets" / "metadata.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    again = remote(server.url, session)
    assert len(server.asked) == 3
    assert again.queries() == driver.queries()
    full = "atomic_windows_credential_access_host.dump_lsass"
    assert ask(again, full).table.column("EventID").to_pylist() == [4688, 10]
    assert len(server.asked) == 4
    assert ask(again, HOST).table.num_rows == 2
    assert len(server.asked) == 4
    assert remote(server.url, session, refresh=True)
    assert len(server.asked) == 7


def test_files_stay_where_they_are_wanted(http_server, session, tmp_path):
    driver = remote(http_server(GitHub()).url, session, save_folder=tmp_path / "mordor")
    assert driver.paths("SDLIN-2") == [tmp_path / "mordor" / "atomic" / "linux" / "scan.zip"]
    assert zipfile.is_zipfile(driver.paths("SDLIN-2")[0])


def test_an_old_or_broken_list_is_fetched_again(http_server, session):
    server = http_server(GitHub())
    remote(server.url, session)
    kept = session.cache_dir / "security-datasets" / "metadata.json"
    said = json.loads(kept.read_bytes())
    old = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    for content in (json.dumps(said | {"fetched": old}), "{", "[]", json.dumps({"version": 1}),
                    json.dumps(said | {"data_sets": [{"id": "x", "evil": "y"}]})):  # fmt: skip
        before = len(server.asked)
        kept.write_text(content)
        remote(server.url, session)
        assert len(server.asked) == before + 3, content


def test_a_list_with_parts_missing_is_used_said_and_not_kept(http_server, session):
    github = GitHub()
    github.truncated = True
    github.files["atomic/_metadata/SDLIN-2.yaml"] = b"id: ["
    with pytest.warns(DataSetsWarning, match="3 data sets are missing"):
        driver = remote(http_server(github).url, session)
    assert [each.of.id for each in driver._files] == ["SDWIN-1", "SDWIN-1"]
    assert not (session.cache_dir / "security-datasets" / "metadata.json").exists()


def test_a_list_can_not_lead_out_of_the_folder(http_server, session):
    server = http_server(GitHub())
    remote(server.url, session)
    kept = session.cache_dir / "security-datasets" / "metadata.json"
    text = kept.read_text().replace("atomic/linux/scan.zip", "../../../evil.zip")
    kept.write_text(text)
    driver = remote(server.url, session)
    before = len(server.asked)
    with pytest.raises(Exception, match="no path of a data set"):
        ask(driver, "SDLIN-2")
    assert len(server.asked) == before


def test_files_that_are_gone_too_large_or_not_allowed(http_server, session):
    github = GitHub()
    server = http_server(github)
    driver = remote(server.url, session)
    del github.files["atomic/linux/scan.zip"]
    with pytest.raises(RequestFailed):
        ask(driver, "SDLIN-2")
    small = remote(server.url, session, max_bytes=10)
    with pytest.raises(RequestFailed):
        ask(small, HOST)
    assert not list((session.cache_dir / "security-datasets" / "files").rglob("*.zip"))
    away = Settings(offline=True, cache_dir=session.cache_dir / "other")
    with Session(away) as offline, pytest.raises(Offline):
        remote(server.url, offline)


@pytest.mark.data
def test_real_data_sets_give_every_line(shared_data, session):
    root = shared_data / "security-datasets"
    provider = QueryProvider("OTRF", frame="polars", session=session)
    provider.connect(data=root)
    assert len(provider.list_queries()) == 29
    for place in (
        "atomic/windows/credential_access/host/empire_mimikatz_logonpasswords.zip",
        "atomic/windows/discovery/host/cmd_seatbelt_group_user.zip",
        "compound/Log4Shell/sysmon_log4shell_cve2021_44228_java_serialized_object.zip",
    ):
        with zipfile.ZipFile(root / place) as archive:
            lines = [line for name in archive.namelist() for line in archive.read(name).splitlines()
                     if line.strip()]  # fmt: skip
        rows = provider.exec_query(place)
        assert rows.height >= 400
        records = [json.loads(each) for each in lines]
        if len(records) == 1:  # one document that lists them
            records = records[0]
        assert rows.height == len(records)
        key = "EventID" if "EventID" in records[0] else next(iter(records[0]))
        assert rows[key].cast(str).to_list() == [str(each[key]) for each in records]
