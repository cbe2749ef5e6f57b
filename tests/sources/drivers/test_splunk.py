"""Splunk, on a stand-in whose form Splunk's own library confirms."""

import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import pytest

from huntkit.core.errors import AccessDenied, BadReply, SettingsError, TimedOut
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.splunk import Splunk, SplunkOptions, SplunkSettings
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked

ROWS = [
    {"_time": f"2024-05-01T1{n}:00:00.000+00:00", "host": f"ws0{n}", "EventCode": "4624",
     "user": ["ann", "bob"] if n == 2 else "ann"}
    for n in range(5)
]  # fmt: skip
COUNTS = [{"host": "ws01", "count": "7", "avg(x)": "1.5"}, {"host": "ws02", "count": "10"}]


class StandIn:
    """Jobs as Splunk's REST manual shows them: created, polled, read by page, cancelled."""

    def __init__(self, page_rows: int = 2, **told: Any) -> None:
        self.page_rows = page_rows
        self.told = told
        self.jobs: dict[str, str] = {}
        self.polls: dict[str, int] = {}
        self.cancelled: list[str] = []
        self.fail_results_at: int | None = None
        self.lose_rows = False
        self._numbers = itertools.count(1)

    def __call__(self, asked: Asked) -> Answer:
        answer = self._answer(asked)
        if asked.headers.get("connection", "").casefold() == "close":  # as splunkd says it, too
            answer.headers = {**answer.headers, "Connection": "close"}
        return answer

    def _answer(self, asked: Asked) -> Answer:
        path = re.sub(r"^/servicesNS/[^/]+/[^/]+/", "/services/", asked.path)
        if path == "/services/auth/login":
            form = dict(parse_qsl(asked.body.decode()))
            good = form.get("password") == "pw"
            return Answer(json={"sessionKey": "key"}) if good else Answer(401, json={})
        if asked.headers.get("authorization") not in ("Bearer good", "Splunk key"):
            return Answer(401, json={"messages": [{"type": "WARN", "text": "call not properly"}]})
        as_json = "json" in (asked.params.get("output_mode"), dict(
            parse_qsl(asked.body.decode())).get("output_mode"))  # fmt: skip
        parts = path.strip("/").split("/")
        if path == "/services/server/info":
            return entries({"server": {"version": "9.3.0", "build": "1"}}, as_json)
        if path == "/services/saved/searches":
            return entries({"Bad logons": {"search": "index=a {x}", "description": "d"}}, as_json)
        if path == "/services/data/indexes":
            return entries({"main": {}, "wineventlog": {}}, as_json)
        if parts[:4] != ["services", "search", "v2", "jobs"]:
            return Answer(404, json={"messages": [{"type": "ERROR", "text": "Not Found"}]})
        if len(parts) == 4 and asked.method == "POST":
            return self._create(dict(parse_qsl(asked.body.decode())), as_json)
        sid = parts[4]
        if sid not in self.jobs:
            return Answer(404, json={"messages": [{"type": "FATAL", "text": "Unknown sid."}]})
        if len(parts) == 5:
            return self._status(sid, as_json)
        if parts[5] == "control":
            self.cancelled.append(sid)
            return Answer(json={"messages": [{"type": "INFO", "text": "Search job cancelled."}]})
        return self._results(sid, asked)

    def _create(self, form: Mapping[str, str], as_json: bool) -> Answer:
        text = form["search"]
        assert text.startswith(("search ", "|")), text
        if "whre" in text:
            said = "Unknown search command 'whre'."
            return Answer(400, json={"messages": [{"type": "FATAL", "text": said}]})
        sid = f"1714550400.{next(self._numbers)}"
        self.jobs[sid] = text
        self.polls[sid] = 0
        if as_json:
            return Answer(201, json={"sid": sid})
        return Answer(201, body=f"<response><sid>{sid}</sid></response>")

    def _rows(self, sid: str) -> list[dict[str, Any]]:
        text = self.jobs[sid]
        return [] if "nothing" in text else COUNTS if "stats" in text else ROWS

    def _status(self, sid: str, as_json: bool) -> Answer:
        self.polls[sid] += 1
        done = self.polls[sid] > 1 and "slow" not in self.jobs[sid]
        told = {
            "sid": sid, "dispatchState": "DONE" if done else "RUNNING", "isDone": done,
            "isFailed": "fail" in self.jobs[sid], "isFinalized": False, "messages": [],
            "resultCount": len(self._rows(sid)), "scanCount": 9, "runDuration": 0.1,
            "doneProgress": 1.0, "eventCount": 5, **self.told,
        }  # fmt: skip
        if "stats" in self.jobs[sid]:
            told["reportSearch"] = "stats count by host"
        if told["isFailed"]:
            told["messages"] = [{"type": "FATAL", "text": "Search process died"}]
        return entries({self.jobs[sid]: told}, as_json, alone=True)

    def _results(self, sid: str, asked: Asked) -> Answer:
        said = asked.params | dict(parse_qsl(asked.body.decode()))
        offset, count = int(said["offset"]), int(said["count"]) or len(ROWS)
        if self.fail_results_at is not None and offset >= self.fail_results_at:
            return Answer(body=b"{cut")
        rows = self._rows(sid)
        page = (
            [] if self.lose_rows and offset else rows[offset : offset + min(count, self.page_rows)]
        )
        names = dict.fromkeys(name for row in rows for name in row) or {"host": None}
        return Answer(json={"preview": False, "init_offset": offset, "results": page,
                            "fields": [{"name": n} for n in names], "messages": []})  # fmt: skip


ACL = (
    "<s:key name='eai:acl'><s:dict><s:key name='app'>search</s:key>"
    "<s:key name='owner'>admin</s:key><s:key name='sharing'>global</s:key></s:dict></s:key>"
)
SPACES = "xmlns='http://www.w3.org/2005/Atom' xmlns:s='http://dev.splunk.com/ns/rest'"


def entries(found: Mapping[str, Mapping[str, Any]], as_json: bool, alone: bool = False) -> Answer:
    """Entries of an Atom feed, or one that stands alone, or the same as JSON."""
    if as_json:
        listed = [{"name": name, "content": dict(told)} for name, told in found.items()]
        return Answer(json={"entry": listed, "messages": []})
    made = "".join(
        f"<entry><title>{escape(name)}</title><link href='/x' rel='list'/>"
        f"<content type='text/xml'><s:dict>"
        + "".join(f"<s:key name='{k}'>{escape(plain(v))}</s:key>" for k, v in told.items())
        + f"{ACL}</s:dict></content></entry>"
        for name, told in found.items()
    )
    if alone:
        whole = made.replace("<entry>", f"<entry {SPACES}>", 1)
    else:
        whole = f"<feed {SPACES}><title>x</title>{made}</feed>"
    return Answer(headers={"Content-Type": "text/xml"}, body=f"<?xml version='1.0'?>{whole}")


def plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


@pytest.fixture
def session() -> Any:
    with Session() as made:
        yield made


def connected(session: Session, server: Any, **settings: Any) -> Splunk:
    chosen = SplunkSettings(
        **{"host": "127.0.0.1", "port": server.port, "scheme": "http",
           "token": Secret.held("good")} | settings
    )  # fmt: skip
    made = Splunk("Splunk", chosen, session)
    now_of(made.connect())
    return made


def ask(driver: Splunk, text: str, **request: Any) -> Any:
    options = request.pop("options", SplunkOptions())
    return now_of(driver.run(Request(text=text, options=options, **request)))


def test_splunks_own_library_reads_the_stand_in_and_asks_as_we_do(http_server, session):
    client = pytest.importorskip("splunklib.client")
    results = pytest.importorskip("splunklib.results")
    server = http_server(StandIn(page_rows=100))
    theirs = client.connect(host="127.0.0.1", port=server.port, scheme="http",
                            splunkToken="good", autologin=False)  # fmt: skip
    job = theirs.jobs.create("search index=main", exec_mode="normal")
    while not job.is_done():
        pass
    rows = list(results.JSONResultsReader(job.results(output_mode="json", count=0, offset=0)))
    assert [row["host"] for row in rows] == [row["host"] for row in ROWS]
    their_paths = [asked.path.replace(job.sid, "SID") for asked in server.asked]
    before = len(server.asked)
    ours = ask(connected(session, server), "index=main")
    assert ours.table.column("host").to_pylist() == [row["host"] for row in ROWS]
    paths = {asked.path.rsplit(".", 1)[0] for asked in server.asked[before:]}
    assert any(path.startswith("/services/search/v2/jobs") for path in paths)
    assert "/services/search/v2/jobs/" in their_paths
    assert any(path.endswith("/search/v2/jobs/SID/results") for path in their_paths)


def test_rows_come_page_by_page_and_the_job_is_deleted(http_server, session):
    made = StandIn()
    driver = connected(session, http_server(made))
    answer = ask(driver, "index=main")
    assert answer.table.to_pylist()[2] == {
        "_time": datetime(2024, 5, 1, 12, tzinfo=UTC), "host": "ws02", "EventCode": "4624",
        "user": '["ann","bob"]',
    }  # fmt: skip
    assert (answer.table.num_rows, answer.partial) == (5, False)
    assert answer.statistics["scanCount"] == 9
    assert made.cancelled == list(made.jobs)
    nothing = ask(driver, "index=main nothing")
    assert (nothing.table.num_rows, nothing.table.column_names) == (0, ["host"])


def test_numbers_that_a_command_made_are_numbers_and_fields_stay_text(http_server, session):
    driver = connected(session, http_server(StandIn()))
    counted = ask(driver, "index=main | stats count avg(x) by host").table.to_pylist()
    assert counted == [
        {"host": "ws01", "count": 7, "avg(x)": 1.5}, {"host": "ws02", "count": 10, "avg(x)": None},
    ]  # fmt: skip
    assert ask(driver, "index=main").table.column("EventCode")[0].as_py() == "4624"


def test_what_is_sent(http_server, session):
    server = http_server(StandIn())
    driver = connected(session, server)
    ask(driver, "search index=main", start=datetime(2024, 5, 1, tzinfo=UTC),
        end=datetime(2024, 5, 2, tzinfo=UTC), options=SplunkOptions(max_rows=3))  # fmt: skip
    form = next(
        dict(parse_qsl(each.body.decode()))
        for each in reversed(server.asked)
        if each.path.endswith("/jobs")
    )
    assert form["search"] == "search index=main"
    assert (form["earliest_time"], form["latest_time"]) == (
        "1714521600.000000",
        "1714608000.000000",
    )
    assert ask(driver, "| makeresults").table.num_rows == 5
    assert now_of(driver.schema()) == {"main": {}, "wineventlog": {}}
    (saved,) = driver.queries()
    assert (saved.name, saved.text, saved.families) == (
        "Bad_logons", "index=a {{x}}", ("SavedSearches",),
    )  # fmt: skip


def test_it_keeps_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("SPLUNK_TOKEN", "good")
    server = http_server(StandIn())
    with Session() as session:
        check_driver(
            Splunk,
            settings={"host": "127.0.0.1", "port": server.port, "scheme": "http",
                      "token": "env:SPLUNK_TOKEN"},
            query="index=main", empty="nothing", refused="index=main | whre x=1",
            session=session,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"isFinalized": "1"}, "before it had seen everything"),
        ({"messages": [{"type": "ERROR", "text": "peer idx2 is down"}]}, "peer idx2 is down"),
        ({"messages": {"warn": ["results may be incomplete"], "info": ["x"]}}, "may be incomplete"),
    ],
)
def test_what_the_job_says_is_missing_is_a_gap(http_server, session, told, words):
    answer = ask(connected(session, http_server(StandIn(**told))), "index=main")
    assert answer.table.num_rows == 5
    assert [words in each.reason for each in answer.gaps] == [True]


def test_rows_that_stop_coming_leave_those_that_came(http_server, session):
    made = StandIn()
    driver = connected(session, http_server(made))
    made.fail_results_at = 2
    cut = ask(driver, "index=main")
    assert (cut.table.num_rows, "after 2 of 5 rows" in cut.gaps[0].reason) == (2, True)
    made.fail_results_at, made.lose_rows = None, True
    lost = ask(driver, "index=main")
    assert (lost.table.num_rows, lost.gaps[0].reason) == (
        2, "Splunk gave 2 of the 5 rows that it had found",
    )  # fmt: skip
    made.fail_results_at = 0
    with pytest.raises(BadReply):
        ask(driver, "index=main")
    assert made.cancelled == list(made.jobs)


def test_refusals_failures_and_patience(http_server, session):
    made = StandIn()
    driver = connected(session, http_server(made))
    with pytest.raises(QueryRefused, match="Unknown search command"):
        ask(driver, "index=main | whre x=1")
    with pytest.raises(QueryRefused, match="Search process died"):
        ask(driver, "fail")
    with pytest.raises(TimedOut, match="did not finish"):
        ask(driver, "slow", timeout_s=0.2)
    assert made.cancelled == list(made.jobs)


def test_signing_in_with_a_password_or_not_at_all(http_server, session):
    server = http_server(StandIn())
    ask(connected(session, server, token=None, user="ann", password=Secret.held("pw")), "x")
    assert server.asked[-1].headers["authorization"] == "Splunk key"
    with pytest.raises(AccessDenied):
        connected(session, server, token=None, user="ann", password=Secret.held("no"))
    with pytest.raises(SettingsError, match="token, or a user"):
        connected(session, server, token=None)
