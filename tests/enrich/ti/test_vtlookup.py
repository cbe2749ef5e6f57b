"""VirusTotal in depth over real sockets; pages are those that vt-py reads, too."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import AccessDenied, BadReply, RequestFailed, UsageError
from huntkit.enrich.ti import VTLookup
from huntkit.enrich.ti.providers.virustotal import VirusTotal
from huntkit.runtime.session import Session, Settings
from servers import Answer, Asked

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"
URL = "http://evil.example.com/a"
MD5 = "44d88612fea8a8f36de82e1278abb02f"
EDGES = [
    "id", "type", "detections", "scans", "source", "target", "relationship_type", "source_type",
    "target_type",
]  # fmt: skip
FILES = [
    {
        "type": "file",
        "id": f"{n:064x}",
        "attributes": {
            "last_analysis_stats": {"malicious": n, "undetected": 70 - n % 70},
            "meaningful_name": f"file{n}.exe",
        },
    }
    for n in range(95)
]


def paged(asked: Asked) -> Answer | None:
    """Related files, 40 at once, as VirusTotal pages them."""
    if not asked.path.endswith("/communicating_files"):
        return None
    start = int(asked.params.get("cursor") or 0)
    end = min(start + min(int(asked.params["limit"]), 40), len(FILES))
    meta: dict[str, Any] = {"count": len(FILES)}
    if end < len(FILES):
        meta["cursor"] = str(end)
    return Answer(json={"data": FILES[start:end], "meta": meta})


@pytest.fixture
def stand(stand_in):
    made = stand_in("VirusTotal")
    made.instead = paged
    return made


@pytest.fixture
def vt(stand, provider_of, session):
    return VTLookup(session=session, provider=provider_of(stand))


def test_every_value_is_one_row_with_its_detections(vt, stand):
    values = ["8.8.8.8", "hxxp://evil[.]example[.]com/a", MD5, "9.9.9.9", "10.0.0.1", "nonsense!"]
    found = vt.lookup_iocs(values)
    shown = ("id", "type", "detections", "scans", "observable", "status")
    assert found.columns[:4] == EDGES[:4]
    assert found.select(shown).rows() == [
        ("8.8.8.8", "ip_address", 12, 90, "8.8.8.8", "ok"),
        ("0" * 64, "url", 0, 92, "hxxp://evil[.]example[.]com/a", "ok"),
        (found["id"][2], "file", 0, 64, MD5, "ok"),
        (None, None, None, None, "9.9.9.9", "not found"),
        (None, None, None, None, "10.0.0.1", "refused"),
        (None, None, None, None, "nonsense!", "bad input"),
    ]
    assert found["severity"].to_list() == ["high", "warning", "information", None, None, None]
    assert found["reason"][4] == "a private address stays here"
    assert found["last_analysis_date"][0].isoformat() == "2023-11-14T22:13:20+00:00"
    assert not any("10.0.0.1" in asked.target for asked in stand.asked)
    assert all(asked.headers["x-apikey"] == KEY for asked in stand.asked)


def test_all_properties_are_json(vt):
    found = vt.lookup_ioc("8.8.8.8", "ip_address", all_props=True)
    assert json.loads(found["attributes"][0])["total_votes"]["malicious"] == 9


def test_types_are_checked(vt, stand):
    found = vt.lookup_ioc("evil.example.com", "file")
    assert found.select("status", "reason").row(0) == ("bad input", "it is no hash of a file")
    with pytest.raises(UsageError):
        vt.lookup_ioc("evil.example.com", "planet")
    frame = pl.DataFrame({"what": ["8.8.8.8", MD5, None], "kind": ["ip_address", "file", "file"]})
    rows = vt.lookup_iocs(frame, "what", "kind")
    assert rows["status"].to_list() == ["ok", "ok", "bad input"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pages_are_those_that_virustotals_own_client_reads(vt, stand):
    library = pytest.importorskip("vt")

    async def theirs() -> list[str]:
        async with library.Client(KEY, host=stand.url) as client:
            pages = client.iterator("/ip_addresses/8.8.8.8/communicating_files", batch_size=40)
            return [each.id async for each in pages]

    with ThreadPoolExecutor(1) as alone:  # this thread may have a loop already
        names = alone.submit(asyncio.run, theirs()).result()
    before = len(stand.asked)
    ours = vt.lookup_ioc_relationships("8.8.8.8", "ip_address", "communicating_files", limit=None)
    assert ours["id"].to_list() == names
    assert len(names) == 95
    asked = [each.params.get("cursor") for each in stand.asked[before:]]
    assert asked == [None, "40", "80"]


def test_edges_have_the_known_columns(vt):
    with pytest.warns(UserWarning, match="8.8.8.8 communicating_files: 40 of 95"):
        edges = vt.lookup_ioc_relationships("8.8.8.8", relationship="communicating_files")
    assert edges.columns == [*EDGES, "status", "reason"]
    assert edges.height == 40
    assert edges.select(EDGES).row(7) == (
        f"{7:064x}", "file", 7, 70, "8.8.8.8", f"{7:064x}", "communicating_files", "ip_address",
        "file",
    )  # fmt: skip
    with pytest.warns(UserWarning, match="more than limit"):
        related = vt.lookup_ioc_related("8.8.8.8", None, "communicating_files", limit=2)
    assert related["meaningful_name"].to_list() == ["file0.exe", "file1.exe"]


def test_resolutions_lead_to_the_other_end(vt, stand):
    del stand.replies["/api/v3/ip_addresses/8.8.8.8/resolutions"]["meta"]["cursor"]
    edges = vt.lookup_iocs_relationships(["8.8.8.8", "evil.example.com"], "resolutions")
    assert edges.select("source", "target", "source_type", "target_type", "detections").rows() == [
        ("8.8.8.8", "a.example.com", "ip_address", "domain", 3),
        ("8.8.8.8", "b.example.com", "ip_address", "domain", 3),
        ("evil.example.com", "93.184.216.34", "domain", "ip_address", 1),
    ]
    assert edges["type"].unique().to_list() == ["resolution"]


@pytest.mark.filterwarnings("ignore:there is more")
def test_what_has_no_edges_says_why(vt, stand):
    stand.replies["/api/v3/domains/evil.example.com/downloaded_files"] = {"data": [], "meta": {}}
    values = ["8.8.8.8", "8[.]8[.]8[.]8", "evil.example.com", "9.9.9.9", "10.0.0.1"]
    edges = vt.lookup_iocs_relationships(values, ["downloaded_files", "votes"])
    files = edges.filter(pl.col("relationship_type") == "downloaded_files")
    assert files.select("source", "target", "status").rows() == [
        ("8.8.8.8", "b" * 64, "ok"),
        ("evil.example.com", None, "not found"),
        ("9.9.9.9", None, "not found"),
        ("10.0.0.1", None, "refused"),
    ]
    assert files["reason"].to_list()[1:3] == ["there are none", "VirusTotal does not know it"]
    assert set(edges["relationship_type"]) == {"downloaded_files", "votes"}


def test_edges_can_be_followed(vt, stand):
    first = vt.lookup_ioc_relationships("evil.example.com", None, "resolutions")
    stand.replies["/api/v3/ip_addresses/93.184.216.34/votes"] = stand.replies[
        "/api/v3/ip_addresses/8.8.8.8/votes"
    ]
    second = vt.lookup_iocs_relationships(first, "votes")
    assert second.select("source", "type", "status").rows() == [("93.184.216.34", "vote", "ok")]


def test_failures_are_rows_and_warn(vt, stand):
    usual = stand.instead
    stand.instead = lambda asked: (
        Answer(403, json={"error": {"code": "ForbiddenError", "message": f"not with {KEY}"}})
        if "8.8.8.8" in asked.path
        else usual(asked)
    )
    with pytest.warns(UserWarning, match="VirusTotal: 1 failed"):
        found = vt.lookup_iocs(["8.8.8.8", "evil.example.com"])
    assert found["status"].to_list() == ["failed", "ok"]
    assert "403" in found["reason"][0]
    assert found["severity"].to_list() == [None, "warning"]
    assert "canary" not in str(found.to_dicts())


@pytest.mark.parametrize(
    "body",
    [
        {"data": FILES[:2], "meta": {"cursor": "same"}},
        {"data": [], "meta": {"cursor": "next"}},
        {"meta": {}},
        {"data": ["text"]},
        {"data": [{"id": "x", "attributes": "none"}]},
    ],
)
def test_lists_that_never_end_or_are_none_fail(vt, stand, body):
    stand.instead = lambda asked: Answer(json=body)
    found = vt.lookup_ioc_relationships("8.8.8.8", None, "urls", limit=None)
    assert found["status"].to_list() == ["failed"]
    assert len(stand.asked) <= 2


def test_relationships_and_sandboxes_never_leave_their_place_in_the_path(vt, stand):
    vt.lookup_ioc_relationships("8.8.8.8", None, "../../intelligence/search?query=x")
    assert stand.asked[0].target.startswith(
        "/api/v3/ip_addresses/8.8.8.8/..%2F..%2Fintelligence%2Fsearch%3Fquery%3Dx?"
    )


def test_attributes_and_behaviour(vt, stand):
    whole = vt.get_object(MD5, "file")
    told = dict(whole.rows())
    assert told["meaningful_name"] == "notes.txt"
    assert json.loads(told["names"]) == ["notes.txt"]
    seen = vt.get_file_behavior(MD5)
    assert seen.columns == ["id", "sandbox", "category", "value"]
    assert (MD5, None, "files_written", "C:\\Temp\\x.dll") in seen.rows()
    lookups = seen.filter(pl.col("category") == "dns_lookups")["value"][0]
    assert json.loads(lookups)["hostname"] == "c2.example.com"
    one = {"data": {"attributes": {"processes_tree": [{"name": "cmd.exe"}]}}}
    stand.replies[f"/api/v3/file_behaviours/{MD5}_Zenbox"] = one
    assert vt.get_file_behavior(MD5, "Zenbox")["sandbox"].to_list() == ["Zenbox"]


def test_single_questions_raise(vt, stand):
    with pytest.raises(UsageError, match="private address"):
        vt.get_object("10.0.0.1")
    with pytest.raises(UsageError, match="no hash"):
        vt.get_file_behavior("evil.example.com")
    assert not stand.asked
    with pytest.raises(RequestFailed, match="does not know it") as problem:
        vt.get_object("9.9.9.9")
    assert problem.value.status == 404


def test_search_pages_and_says_what_a_plan_forbids(vt, stand):
    def search(asked: Asked) -> Answer | None:
        if asked.path != "/api/v3/intelligence/search":
            return None
        assert asked.params["query"] == 'entity:file name:"x&y"'
        start = int(asked.params.get("cursor") or 0)
        more = {"cursor": str(start + 50)} if start + 50 < len(FILES) else {}
        return Answer(json={"data": FILES[start : start + 50], "meta": more})

    stand.instead = search
    found = vt.search('entity:file name:"x&y"')
    assert (found.height, found["status"].unique().to_list()) == (95, ["ok"])
    with pytest.warns(UserWarning, match="60 of more"):
        assert vt.search('entity:file name:"x&y"', limit=60).height == 60
    stand.instead = lambda asked: Answer(403, json={"error": {"code": "ForbiddenError"}})
    with pytest.raises(AccessDenied):
        vt.search("x")
    stand.instead = lambda asked: Answer(json={"status": "maintenance"})
    with pytest.raises(BadReply):
        vt.search("x")


def test_the_key_comes_from_settings_or_from_the_caller(http_server, tmp_path, monkeypatch):
    server = http_server(Answer(404, json={"error": {"code": "NotFoundError"}}))
    file = tmp_path / "huntkit.yaml"
    file.write_text(
        "TIProviders:\n  VirusTotal:\n    Args:\n      AuthKey: env:MY_VT_KEY\n"
        f"      BaseUrl: {server.url}\n      PerMinute: 0\n      PerDay: 0\n"
    )
    monkeypatch.setenv("MY_VT_KEY", "key-of-the-file-0123456789")
    monkeypatch.setenv("OTHER_KEY", "key-of-the-caller-012345")
    monkeypatch.setenv("HUNTKITCONFIG", str(file))
    with Session(Settings(cache_dir=tmp_path / "c", frame="polars")) as session:
        VTLookup(session=session).lookup_ioc("8.8.8.8")
        VTLookup("env:OTHER_KEY", session=session).lookup_ioc("8.8.8.8")
        keys = [asked.headers["x-apikey"] for asked in server.asked]
        assert keys == ["key-of-the-file-0123456789", "key-of-the-caller-012345"]
        assert VTLookup(session=session)._provider.limits.per_day is None
    assert VirusTotal.limits.per_day == 500


def test_no_key_is_said_in_every_row(tmp_path):
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as session:
        found = VTLookup(session=session).lookup_iocs(["8.8.8.8"])
    assert found["status"].to_list() == ["failed"]
    assert "AuthKey" in found["reason"][0]


def test_empty_in_gives_empty_out_with_columns(vt):
    assert vt.lookup_iocs([]).columns[:4] == EDGES[:4]
    assert vt.lookup_iocs_relationships([], "resolutions").columns[:9] == EDGES


HOSTILE = '</script><img src=x onerror="alert(1)">\u202e\x00'


def test_hostile_text_stays_text(vt, stand):
    attributes = {"meaningful_name": HOSTILE, "tags": [HOSTILE], "size": HOSTILE, "asn": 2**70,
                  "creation_date": HOSTILE, "first_submission_date": 1e300,
                  "last_analysis_stats": {"malicious": 1, "harmless": 1}}  # fmt: skip
    thing = {"type": HOSTILE, "id": HOSTILE, "attributes": attributes}
    stand.instead = lambda asked: Answer(json={"data": thing})
    row = vt.lookup_ioc("8.8.8.8").to_dicts()[0]
    assert (row["id"], row["meaningful_name"], row["tags"]) == (HOSTILE, HOSTILE, [HOSTILE])
    assert (row["size"], row["asn"], row["creation_date"]) == (None, None, None)
    edge = vt.lookup_ioc_relationships("8.8.8.8", None, "urls").to_dicts()[0]
    assert (edge["target"], edge["target_type"]) == (HOSTILE, HOSTILE)


def test_every_method_has_a_twin_that_is_awaited(vt):
    methods = [name for name in dir(vt) if name.startswith(("lookup_", "get_", "search"))]
    plain = [name for name in methods if not name.endswith("_async")]
    assert len(plain) == 9
    assert {f"{name}_async" for name in plain} == {*methods} - {*plain}

    async def both() -> list[pl.DataFrame]:
        edges = vt.lookup_ioc_relationships_async(
            "evil.example.com", relationship="communicating_files", limit=3
        )
        return list(await asyncio.gather(vt.lookup_iocs_async(["8.8.8.8", "10.0.0.1"]), edges))

    with pytest.warns(UserWarning, match="more than limit"):
        values, edges = asyncio.run(both())
    assert values["status"].to_list() == ["ok", "refused"]
    assert edges.height == 3


def test_an_object_without_attributes_is_no_answer(vt, stand):
    stand.replies["/api/v3/ip_addresses/8.8.8.8"] = {"data": {}}
    (row,) = vt.lookup_iocs(["8.8.8.8"]).to_dicts()
    assert (row["status"], row["detections"]) == ("failed", None)
