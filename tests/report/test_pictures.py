"""Logons, connections, amounts and trails: what is told of them, and what is drawn."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.report import amounts, chart_sections, connections, logons, pictures, trails
from huntkit.report.facts import gather
from huntkit.report.layouts import layouts
from huntkit.report.section import chart_block

WHEN = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
Make = Callable[..., Any]


def timed(rows: list[dict[str, Any]], **base: Any) -> pl.DataFrame:
    """Rows a second apart, with what every row has unless it says otherwise."""
    whole = [
        {"TimeGenerated": WHEN + timedelta(seconds=n), **base, "_file": "a", "_record": n, **row}
        for n, row in enumerate(rows)
    ]
    return pl.DataFrame(whole, infer_schema_length=None).with_columns(
        pl.col("TimeGenerated").dt.cast_time_unit("us")
    )


@pytest.mark.parametrize(("events", "drawn"), [(2, False), (3, True)])
def test_a_timeline_of_notable_events_needs_a_few(evidence: Make, events: int, drawn: bool) -> None:
    rows = timed(
        [{"Provider": "Microsoft-Windows-Eventlog", "EventID": 1102}] * events,
        Computer="dc",
        EventData="",
    )
    facts = gather(evidence({"WindowsEvent": rows}))
    assert facts.notable.height == events
    assert (pictures.notable_timeline(facts) is not None) == drawn


def logon(account: str, host: str, source: str = "", action: str = "LogonSuccess") -> dict:
    return {"AccountName": account, "DeviceName": host, "RemoteIP": source, "ActionType": action,
            "LogonType": "Network"}  # fmt: skip


def test_logons_of_people_are_counted_and_those_of_machines_only_told(evidence: Make) -> None:
    rows = timed(
        [
            logon("al", "ws1", "10.0.0.7"),
            logon("al", "ws1", "10.0.0.7"),
            logon("al", "ws1", "10.0.0.7", "LogonFailed"),
            logon("al", "ws1", "127.0.0.1"),
            *(logon(name, "ws1") for name in ("WS1$", "SYSTEM", "DWM-2", "-", "umfd-0")),
        ]
    )
    made = evidence({"DeviceLogonEvents": rows})
    found = logons.logons(made, layouts(made))
    assert found.pairs.select("Account", "Host", "Source", "Logons", "Failed").rows() == [
        ("al", "ws1", "10.0.0.7", 2, 1),
        ("al", "ws1", "", 1, 0),
    ]
    assert found.others == 5


def test_an_address_is_named_where_only_one_host_ever_had_it(evidence: Make) -> None:
    network = timed(
        [{"DeviceName": "WS7", "LocalIP": "10.0.0.7"}, {"DeviceName": "a", "LocalIP": "10.0.0.8"},
         {"DeviceName": "b", "LocalIP": "10.0.0.8"}]
    )  # fmt: skip
    rows = timed([logon("al", "ws1", "10.0.0.7"), logon("al", "ws1", "10.0.0.8")])
    made = evidence({"DeviceLogonEvents": rows, "DeviceNetworkEvents": network})
    pairs = logons.logons(made, layouts(made)).pairs
    assert dict(pairs.select("Source", "SourceHost").rows()) == {
        "10.0.0.7": "ws7",
        "10.0.0.8": "",
    }


def session(event: int, number: str, second: int, account: str = "al") -> dict[str, Any]:
    return {
        "EventID": event, "Computer": "ws1", "TargetLogonId": number, "TargetUserName": account,
        "TimeGenerated": WHEN + timedelta(seconds=second),
    }  # fmt: skip


def test_a_session_ends_with_its_own_first_logoff_after_it_began(evidence: Make) -> None:
    rows = timed(
        [
            session(4634, "0x1", 0),  # of a logon before these logs begin
            session(4624, "0x1", 10),
            session(4634, "0x1", 40),
            session(4647, "0x1", 50),
            session(4624, "0x1", 60),  # the number is used again
            session(4624, "0x2", 70),
            session(4624, "0x3", 80, "WS1$"),
            session(4624, "0x5", 90),  # what ends later is the next session of that number
            session(4624, "0x5", 100),
            session(4634, "0x5", 110),
        ]
    )
    made = evidence({"SecurityEvent": rows})
    found = logons.logons(made, layouts(made)).sessions
    ends = [(end - start).seconds if end else None for start, end in found["Start", "End"].rows()]
    assert found["LogonId"].to_list() == ["0x1", "0x1", "0x2", "0x5", "0x5"]
    assert ends == [30, None, None, None, 10]
    chart = pictures.sessions(logons.Logons(sessions=found))
    assert chart is not None
    assert chart.summary.startswith("2 spans in 1 lane")


def test_no_matrix_of_one_account_or_one_host(evidence: Make) -> None:
    one = timed([logon("al", "ws1"), logon("bo", "ws1")])
    two = timed([logon("al", "ws1"), logon("al", "ws1"), logon("bo", "ws2")])
    for rows, drawn in ((one, False), (two, True)):
        made = evidence({"DeviceLogonEvents": rows})
        chart = pictures.logon_matrix(logons.logons(made, layouts(made)))
        assert (chart is not None) is drawn
    assert chart is not None
    assert chart.summary.startswith("3 logons: 2 values of Account")
    assert chart.data["sum of Logons"].to_list() == [2, 1]


def flow(program: str, source: str, target: str, port: int = 443) -> dict[str, Any]:
    return {"InitiatingProcessFileName": program, "LocalIP": source, "RemoteIP": target,
            "RemotePort": port, "DeviceName": "ws1"}  # fmt: skip


def test_programs_and_addresses_are_counted_exactly(evidence: Make) -> None:
    rows = timed(
        [
            flow("A.exe", "10.0.0.1", "10.0.0.2"),
            flow("a.exe", "10.0.0.1", "10.0.0.2", 80),
            flow("a.exe", "10.0.0.1", "fe80:0:0:0:0:0:0:9"),
            flow("a.exe", "10.0.0.1", "fe80::9"),
            *(flow("a.exe", "10.0.0.1", to) for to in
              ("127.0.0.1", "0:0:0:0:0:0:0:1", "239.255.255.250", "ff02::fb", "", "-")),
        ]
    )  # fmt: skip
    made = evidence({"DeviceNetworkEvents": rows})
    found = connections.connections(made, layouts(made), [])
    assert found.programs.select("source", "target", "rows", "ports").rows() == [
        ("a.exe", "10.0.0.2", 2, ["443", "80"]),
        ("a.exe", "fe80::9", 2, ["443"]),
    ]
    assert pictures.program_graph(found) is None  # three nodes are read faster in a table


def test_connections_without_a_port_or_host_are_drawn(evidence: Make) -> None:
    rows = timed([{"id_orig_h": f"10.0.0.{n}", "id_resp_h": "10.0.0.99"} for n in range(8)])
    made = evidence({"Zeek_conn": rows})
    chart = pictures.host_graph(connections.connections(made, layouts(made), []))
    assert chart is not None
    assert chart.spec["nodes"] == 9


def test_only_so_many_nodes_are_drawn_and_that_is_said(evidence: Make) -> None:
    rows = timed([flow(f"p{n}.exe", "10.0.0.1", f"10.1.{n}.1") for n in range(200)])
    made = evidence({"DeviceNetworkEvents": rows})
    chart = pictures.program_graph(connections.connections(made, layouts(made), []))
    assert chart is not None
    assert chart.spec["nodes"] == pictures.MOST_NODES
    assert "Drawn are the 120 most linked nodes" in chart.summary
    assert chart.data.height == 200


def test_addresses_outside_have_a_country_and_a_record_counts_once(evidence: Make) -> None:
    rows = timed(
        [
            flow("a", "10.0.0.1", "8.8.8.8"),
            flow("a", "8.8.8.8", "8.8.8.8"),
            flow("a", "10.0.0.1", "203.0.113.5:443"),
            flow("a", "10.0.0.1", "192.168.1.1"),
            flow("a", "10.0.0.1", "not.an.address"),
            flow("a", "10.0.0.1", "[2001:4860:4860::8888]:53"),
        ]
    )
    made = evidence({"DeviceNetworkEvents": rows})
    found = connections.connections(made, layouts(made), []).outside
    assert found.select("Address", "CountryCode", "Records").rows() == [
        ("2001:4860:4860::8888", "US", 1),
        ("203.0.113.5", None, 1),
        ("8.8.8.8", "US", 2),
    ]


def test_bytes_are_summed_up_exactly_per_source_and_step(evidence: Make) -> None:
    rows = timed(
        [{"id_orig_h": f"10.0.0.{n % 2}", "id_resp_h": "10.0.0.9", "orig_bytes": 100 + n,
          "TimeGenerated": WHEN + timedelta(seconds=n)} for n in range(3_000)]
    )  # fmt: skip
    made = evidence({"Zeek_conn": rows})
    found = connections.connections(made, layouts(made), [])
    assert found.hosts_table == "Zeek_conn"
    assert found.sent["bytes"].sum() == sum(100 + n for n in range(3_000))
    assert found.step == timedelta(seconds=2)
    chart = pictures.sent_bytes(found)
    assert chart is not None
    assert chart.spec["title"] == "Bytes sent per 2 s (Zeek_conn)"


def test_a_burst_and_a_silence_are_unusual_and_chance_is_not() -> None:
    times = [WHEN + timedelta(minutes=n) for n in range(200)]
    calm = [100 + (n * 7919) % 21 - 10 for n in range(200)]
    rows = pl.DataFrame({"TimeGenerated": times, "records": calm})
    assert amounts.judged(rows, timedelta(minutes=1))["anomalies"].abs().sum() == 0
    calm[50], calm[150] = 400, 0
    rows = pl.DataFrame({"TimeGenerated": times, "records": calm})
    found = amounts.judged(rows, timedelta(minutes=1)).filter(pl.col("anomalies") != 0)
    assert found.select("TimeGenerated", "anomalies").rows() == [(times[50], 1), (times[150], -1)]


def test_what_comes_every_morning_is_usual_on_the_fifth() -> None:
    times = [WHEN.replace(hour=0) + timedelta(hours=n) for n in range(6 * 24)]
    counts = [1_000 if time.hour == 8 else 10 for time in times]
    counts[5 * 24 + 3] = 1_000  # at another hour the same amount is not
    rows = pl.DataFrame({"TimeGenerated": times, "records": counts})
    found = amounts.judged(rows, timedelta(hours=1)).filter(pl.col("anomalies") != 0)
    assert found["TimeGenerated"].to_list() == [times[5 * 24 + 3]]


def test_a_gap_is_a_row_of_zeros() -> None:
    times = [WHEN + timedelta(minutes=n) for n in range(60) if not 20 <= n < 25]
    rows = pl.DataFrame({"TimeGenerated": times, "records": [50] * len(times)})
    found = amounts.judged(rows, timedelta(minutes=1))
    assert found.height == 60
    assert found.filter(pl.col("records") == 0)["anomalies"].to_list() == [-1] * 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**60), min_size=2, max_size=120))
def test_any_counts_have_finite_scores_and_a_band_around_the_baseline(counts: list[int]) -> None:
    times = [WHEN + timedelta(minutes=n) for n in range(len(counts))]
    rows = pl.DataFrame({"TimeGenerated": times, "records": counts})
    found = amounts.judged(rows, timedelta(minutes=1)).drop_nulls("baseline")
    assert found["score"].is_finite().all()
    assert (found["lower"] <= found["baseline"] + 1e-6).all()
    assert (found["upper"] >= found["baseline"] * (1 - 1e-9)).all()


def test_short_or_sparse_evidence_has_no_usual(evidence: Make) -> None:
    short = timed([{"a": "x"}] * 60)
    sparse = timed([{"TimeGenerated": WHEN + timedelta(days=n * 30)} for n in range(8)])
    for rows in (short, sparse):
        made = evidence({"T": rows})
        assert amounts.amounts(made, layouts(made)).height == 0
    assert pictures.amounts(gather(evidence({"T": short}))) is None


def test_amounts_count_a_record_of_several_tables_once(evidence: Make) -> None:
    rows = timed([{"TimeGenerated": WHEN + timedelta(minutes=n)} for n in range(90)])
    made = evidence({"A": rows, "B": rows})
    found = amounts.amounts(made, layouts(made))
    assert (found["records"].sum(), found["records"].max()) == (90, 1)


def test_a_trail_has_the_columns_that_tell(evidence: Make) -> None:
    rows = timed(
        [
            {
                "UserIdentityArn": f"arn:aws:iam::111122223333:user/u{n % 3}",
                "SourceIpAddress": f"203.0.113.{n % 2}:{n}",
                "EventSource": "s3.amazonaws.com",
                "EventName": "GetObject",
                "ErrorCode": "" if n % 5 else "AccessDenied",
            }
            for n in range(30)
        ]
    )
    made = evidence({"AWSCloudTrail": rows})
    [found] = trails.trails(made, layouts(made))
    assert found.rows.columns == ["UserIdentityArn", "SourceIpAddress", "ErrorCode"]
    assert set(found.rows["UserIdentityArn"]) == {"user/u0", "user/u1", "user/u2"}
    assert set(found.rows["SourceIpAddress"]) == {"203.0.113.0", "203.0.113.1"}
    assert pictures.trail(found).summary.startswith("30 rows in ")
    few = evidence({"AWSCloudTrail": rows.head(5)})
    assert trails.trails(few, layouts(few)) == []


@pytest.mark.parametrize(
    ("texts", "short"),
    [
        (["C:/Users/al/", "C:/Users/bo/"], ["C:/Users/al/", "C:/Users/bo/"]),
        (["https://login.example/a", "https://login.example/b", ""], ["…a", "…b", ""]),
        (["arn:aws:iam::1:user/a", "arn:aws:iam::2:user/a"],
         ["…1:user/a", "…2:user/a"]),
        ([""], [""]),
    ],
)  # fmt: skip
def test_shortened_texts_stay_different(texts: list[str], short: list[str]) -> None:
    assert trails.shortened(pl.Series("t", texts)).to_list() == short


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=12))
def test_shortening_never_makes_two_texts_one(texts: list[str]) -> None:
    short = trails.shortened(pl.Series("t", texts))
    assert short.n_unique() == len(set(texts))


def test_a_chart_that_fails_is_told_in_its_place() -> None:
    def fail() -> None:
        raise pictures_error

    from huntkit.core.errors import UsageError

    pictures_error = UsageError("no column holds <b>times</b>")
    [block] = chart_block(fail, "why")
    assert block["kind"] == "text"
    assert "no column holds" in block["text"]


def test_sections_without_anything_are_left_out(evidence: Make) -> None:
    facts = gather(evidence({"T": timed([{"a": "x"}])}))
    assert chart_sections.found(facts) == []
