"""ServiceNow as a provider of context, on an instance that its own client reads first."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import SettingsError, UsageError
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.context.encoded_query import Condition, any_of
from huntkit.enrich.context.providers.servicenow import ServiceNow, ServiceNowSettings
from huntkit.enrich.context.values import context_item
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_context_provider
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"
KNOWN = {
    "10.0.0.1": "ipv4", "2001:db8::5": "ipv6", "web01.corp.example": "hostname",
    "SN-0003": "serial_number", "jdoe": "user", "mmuster@corp.example": "email",
    f"{1:032x}": "sys_id",
}  # fmt: skip
UNKNOWN = {
    "10.0.0.2": "ipv4", "2001:db8::7": "ipv6", "web02": "hostname", "SN-9999": "serial_number",
    "nobody": "user", "nobody@corp.example": "email", f"{77:032x}": "sys_id",
}  # fmt: skip


def client_of(server: Any, auth: Any) -> Any:
    pysnc = pytest.importorskip("pysnc")
    return pysnc.ServiceNowClient(server.url, auth, verify=str(server.ca), auto_retry=False)


def test_servicenows_own_client_reads_the_stand_in(http_server, snow, monkeypatch):
    pysnc = pytest.importorskip("pysnc")
    server = http_server(snow, tls=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))
    client = client_of(server, ("api.user", KEY))
    rows = client.GlideRecord("cmdb_ci_computer", batch_size=2)
    rows.add_query("ip_address", "LIKE", "10.").add_or_condition("name", "db01")
    rows.order_by("sys_id")
    rows.query()
    found = [(row.get_value("name"), row.get_display_value("assigned_to")) for row in rows]
    names = ["WEB01", "WEB10", "db01", "app01.lab.example", "twin", "twin"]
    assert found == [(name, "Jane Doe") for name in names]
    user = client.GlideRecord("sys_user")
    user.add_encoded_query("user_name=jdoe^active=true")
    user.query()
    assert len(user) == 1
    stranger = client_of(server, ("api.user", "wrong"))
    with pytest.raises(pysnc.exceptions.AuthenticationException):
        stranger.GlideRecord("sys_user").query()
    snow.auth = "oauth"
    flow = pysnc.ServiceNowClientCredentialsFlow("app", KEY)
    signed_in = client_of(server, flow)
    rows = signed_in.GlideRecord("sys_user")
    rows.query()
    assert len(rows) == 3
    for each in (client, stranger, signed_in):
        each.session.close()


@pytest.mark.parametrize("auth", ["basic", "key", "oauth"])
def test_it_keeps_the_promises_of_context_providers(snow, servicenow, session, auth):
    snow.auth = auth
    check_context_provider(
        ServiceNow, settings=servicenow().chosen, known=KNOWN, unknown=UNKNOWN, session=session
    )
    assert snow.tokens == (1 if auth == "oauth" else 0)


def test_a_computer_says_who_has_it_and_when(servicenow, ask):
    details = ask(servicenow(), "10.0.0.1")["Details"]
    assert (details["records"], details["name"], details["matched_by"]) == (
        1, "WEB01", "ip_address",
    )  # fmt: skip
    assert (details["assigned_to"], details["support_group"]) == ("Jane Doe", "Windows")
    assert details["sys_updated_on"] == "2026-10-01T07:08:09Z"
    assert ask(servicenow(fields=("u_badge",)), "jdoe", "user")["Details"]["u_badge"] == "B101"


def test_an_address_is_itself_and_no_other_that_begins_like_it(servicenow, ask):
    both = ask(servicenow(), "10.0.0.10")["Details"]
    assert (both["records"], both["name"]) == (1, "WEB10")
    assert ask(servicenow(), "192.168.7.7")["Details"]["name"] == "WEB10"
    assert ask(servicenow(), "10.0.0.100")["Status"] == "not found"
    assert ask(servicenow(), "2001:db8::6")["Details"]["name"] == "db02"
    twins = ask(servicenow(), "10.7.7.7")["Details"]
    assert twins["records"] == 2
    assert [each["name"] for each in twins["matches"]] == ["twin", "twin"]


def test_names_of_hosts_are_short_or_full_and_never_another_domains(servicenow, ask):
    def how(name: str) -> str:
        found = ask(servicenow(), name, "hostname")
        return str(found["Details"].get("matched_by", found["Status"]))

    assert how("web01") == how("WEB01") == "name"
    assert how("WEB01.corp.example") == "name and its domain"
    assert how("web01.lab.example") == "not found"
    assert how("db01.corp.example") == "fqdn"
    assert how("db01.lab.example") == "not found"
    assert how("db02.corp.example") == "name, which says no domain"
    assert how("app01") == how("app01.lab.example") == "name"
    assert how(r"CORP\WEB01$") == "name"


def test_users_are_known_with_and_without_a_domain(servicenow, ask):
    assert ask(servicenow(), "JDoe", "user")["Details"]["matched_by"] == "user_name"
    known = ask(servicenow(), r"CORP\jdoe")
    assert known["ObservableType"] == "user"
    assert known["Details"]["matched_by"] == "user_name, whatever the domain"
    assert known["Details"]["manager"] == "Max Muster"
    assert ask(servicenow(), f"{101:032x}")["Details"]["user_name"] == "jdoe"


def test_all_pages_are_asked_for_also_where_rows_are_hidden(snow, servicenow, ask):
    rows = snow.tables["cmdb_ci_computer"]
    rows += [{**rows[0], "sys_id": f"{n:032x}", "name": f"c{n}"} for n in range(1000, 1249)]
    snow.hidden = {f"{n:032x}" for n in range(1000, 1150)}
    details = ask(servicenow(), "10.0.0.1")["Details"]
    assert details["records"] == 100
    assert details["note"] == "150 more that this user may not read"
    assert [asked.params["sysparm_offset"] for asked in snow.asked] == ["0", "100", "200"]
    snow.counts = False
    assert ask(servicenow(), "10.0.0.10")["Details"]["name"] == "WEB10"
    rows += [{**rows[0], "sys_id": f"{n:032x}"} for n in range(2000, 2900)]
    for counts in (True, False):
        snow.counts = counts
        many = ask(servicenow(), "10.0.0.1")
        assert many["Status"] == "failed"
        assert "more than 1,000 rows" in many["Details"]["reason"]


def test_rows_that_may_not_be_read_are_no_miss(snow, servicenow, ask):
    snow.hidden = {f"{1:032x}"}
    found = ask(servicenow(), "web01.corp.example")
    assert (found["Status"], found["Result"]) == ("failed", False)
    assert "1 rows about it" in found["Details"]["reason"]


def test_a_condition_that_the_instance_drops_is_no_answer(snow, servicenow, ask):
    for row in snow.tables["cmdb_ci_computer"]:
        del row["serial_number"]  # the table has no such column: all rows are given
    found = ask(servicenow(), "SN-0003", "serial_number")
    assert (found["Status"], found["Result"]) == ("failed", False)
    assert "do not show the value in serial_number" in found["Details"]["reason"]


ERROR = {"error": {"message": "Transaction cancelled: maximum execution time exceeded",
                   "detail": "Check logs"}, "status": "failure"}  # fmt: skip
GONE = {"error": {"message": "No Record found", "detail": "Record doesn't exist or ACL restricts"
                  " the record retrieval"}, "status": "failure"}  # fmt: skip
URI = {"error": {"message": "Requested URI does not represent any resource", "detail": None},
       "status": "failure"}  # fmt: skip
ACL = {"error": {"message": "Operation against file 'sys_user' was aborted by ACL", "detail": ""}}
FAULTS = {
    "error with 200": (Answer(json=ERROR), "failed"),
    "error beside rows": (Answer(json={"result": [], **ERROR}), "failed"),
    "refused with 200": (Answer(json=ACL), "failed"),
    "no record": (Answer(404, json=GONE), "not found"),
    "no such address": (Answer(404, json=URI), "failed"),
    "404 of a proxy": (Answer(404, body="<html>", headers={"Content-Type": "text/html"}), "failed"),
    "401": (Answer(401, json=URI), "failed"),
    "403": (Answer(403, json=ACL), "failed"),
    "429": (Answer(429, headers={"Retry-After": "3600", "X-RateLimit-Limit": "100"},
                   json={"error": {"message": "Rate limit exceeded"}}), "rate limited"),
    "429 without": (Answer(429, json={}), "rate limited"),
    "500": (Answer(500, json={}), "failed"),
    "asleep": (Answer(body="<html>Instance Hibernating page</html>",
                      headers={"Content-Type": "text/html"}), "failed"),
    "signs in elsewhere": (Answer(302, headers={"Location": "https://idp.example/"}), "failed"),
    "cut": (Answer(body=b'{"result": [', length=500), "failed"),
    "list": (Answer(json=["result"]), "failed"),
    "rows are texts": (Answer(json={"result": ["a"]}), "failed"),
    "null": (Answer(json={"result": None}), "failed"),
    "empty": (Answer(json={}), "failed"),
    "one row": (Answer(json={"result": {"name": "web01"}}), "failed"),
}  # fmt: skip


def test_no_failure_reads_as_an_answer(snow, servicenow, tmp_path):
    told = {}
    for fault, (answer, status) in FAULTS.items():
        snow.instead = lambda asked, answer=answer: answer
        with Session(Settings(cache_dir=tmp_path / "own", frame="polars")) as session:
            provider = ServiceNow(servicenow().chosen, session)
            provider.limits = Limits(concurrency=4, attempts=1)
            lookup = ContextLookup(primary_providers=[provider], session=session)
            found = lookup.lookup_observables(["10.0.0.1", "web01"], refresh=True)
        told[fault] = (set(found["Status"]), status)
        assert not found["Result"].any(), fault
    assert {fault: got for fault, (got, want) in told.items() if got != {want}} == {}


def test_a_token_that_ends_is_got_anew_and_a_refused_application_says_so(snow, servicenow, ask):
    snow.auth = "oauth"
    provider = servicenow()
    assert ask(provider, "10.0.0.1")["Status"] == "ok"
    snow.tokens = 7  # the instance has forgotten the first one
    assert ask(provider, "10.0.0.1")["Status"] == "ok"
    assert snow.tokens == 8
    wrong = servicenow(client_id="other")
    found = ask(wrong, "10.0.0.1")
    assert found["Status"] == "failed"
    assert "401" in found["Details"]["reason"]


@pytest.mark.parametrize("auth", ["basic", "key", "oauth"])
def test_keys_that_an_instance_repeats_are_hidden(snow, servicenow, tmp_path, caplog, auth):
    caplog.set_level(0)
    snow.auth = auth
    for status, as_json in ((200, True), (200, False), (400, True), (403, True), (500, False)):

        def echo(asked: Any, status: int = status, as_json: bool = as_json) -> Answer:
            text = f"wrong: {asked.target} {asked.headers} {KEY}"
            if as_json:
                return Answer(status, json={"error": {"message": text, "detail": text}})
            return Answer(status, body=text, headers={"Content-Type": "text/plain"})

        snow.instead = echo
        with Session(Settings(cache_dir=tmp_path / "own", frame="polars")) as session:
            provider = ServiceNow(servicenow().chosen, session)
            provider.limits = Limits(concurrency=4, attempts=1)
            lookup = ContextLookup(primary_providers=[provider], session=session)
            found = lookup.lookup_observables(["10.0.0.1"], refresh=True)
            shown = [str(found.to_dicts()), repr(provider), str(lookup.provider_status),
                     provider.identity, repr(provider.chosen), caplog.text]  # fmt: skip
        assert set(found["Status"]) == {"failed"}
        assert [text for text in shown if "canary" in text] == [], (status, as_json)


HOSTILE = [
    "web01^ORnameISNOTEMPTY", "x^NQsys_idISNOTEMPTY", "jdoe\n^OR1=1", "javascript:gs.log()", "a,b",
    "NULL", "x=y", "=", "web01\x00", "^", "a\u2028b", "10.0.0.1^OR", "fe80::1%^OR1",
    "jdoe^", "a b^",
]  # fmt: skip


def test_hostile_values_never_reach_the_query(snow, servicenow, session):
    lookup = ContextLookup(primary_providers=[servicenow()], session=session)
    for kind in (None, *TYPES):
        found = lookup.lookup_observables(HOSTILE, observable_type=kind)
        assert found.height == len(HOSTILE)
        assert set(found["Status"]) <= {"bad input", "failed", "not found"}, kind
    for asked in snow.asked:
        assert "ISNOTEMPTY" not in asked.params["sysparm_query"]
        assert "javascript" not in asked.params["sysparm_query"]


TYPES = ["ipv4", "ipv6", "hostname", "email", "user", "serial_number", "sys_id"]


@given(st.text(max_size=30), st.sampled_from(TYPES))
def test_no_text_changes_the_query(text: str, kind: str):
    item = context_item(text, kind)
    if item.problem:
        return
    try:
        query = str(any_of([Condition("name", "=", item.value)]))
    except UsageError:
        return
    first, order = query.split("^")
    assert order == "ORDERBYsys_id"
    assert first == f"name={item.value}"
    assert not set(first) & set("^,\n\r\x00")


def test_hostile_text_of_the_instance_stays_text(snow, servicenow, ask):
    hostile = (
        "</script><img src=x onerror=alert(1)>[x](javascript:alert(1))=cmd|' /C calc'!A0\u202e"
    )
    row = snow.tables["cmdb_ci_computer"][0]
    row |= {
        "os": hostile,
        "serial_number": hostile,
        "sys_class_name": "x.do?a=<b>",
        "name": hostile,
    }
    found = ask(servicenow(), "10.0.0.1")
    assert (found["Details"]["os"], found["Details"]["serial_number"]) == (hostile, hostile)
    row["sys_id"] = "../../evil?x=" + hostile
    found = ask(servicenow(), "10.0.0.1")
    assert (found["Status"], found["Reference"]) == ("ok", "")


def test_pages_of_people_lead_to_the_record(snow, session):
    provider = ServiceNow(ServiceNowSettings(instance="acme"), session)
    row = {"sys_id": f"{1:032x}", "sys_class_name": "cmdb_ci_server"}
    assert provider._page("cmdb_ci_computer", row) == (
        f"https://acme.service-now.com/nav_to.do?uri=cmdb_ci_server.do%3Fsys_id%3D{1:032x}"
    )
    row["sys_class_name"] = "x.do?a=<b>"
    assert "uri=cmdb_ci_computer.do" in provider._page("cmdb_ci_computer", row)


def test_settings_that_are_missing_or_wrong_say_so(session, servicenow, snow, ask):
    nobody = ServiceNow(ServiceNowSettings(instance="acme"), session)
    assert "ClientId and ClientSecret, or ApiKey, or ApiID" in nobody.lacking()
    found = ask(nobody, "10.0.0.1")
    assert found["Status"] == "failed"
    assert "ContextProviders: ServiceNow: Args" in found["Details"]["reason"]
    assert ServiceNow(ServiceNowSettings(), session).lacking() == "ServiceNow needs Instance"
    wrong = servicenow(base_url="acme/../x")
    with pytest.raises(SettingsError, match="no name of an instance"):
        _ = wrong.base_url
    assert "no name of an instance" in ask(wrong, "10.0.0.1")["Details"]["reason"]
    assert ask(servicenow(table="cmdb^x"), "10.0.0.1")["Status"] == "failed"
    assert not snow.asked


def rows_of(servicenow: Any, session: Session, values: dict[str, str]) -> dict[str, Any]:
    """Value -> status, name or reason, of one look-up of all."""
    lookup = ContextLookup(primary_providers=[servicenow()], session=session)
    found = lookup.lookup_observables(values, refresh=True).to_dicts()
    details = {row["Observable"]: json.loads(row["Details"]) for row in found}
    return {
        row["Observable"]: (
            row["Status"],
            details[row["Observable"]].get("name") or details[row["Observable"]].get("reason"),
        )
        for row in found
    }


def test_many_values_take_few_questions_and_answers_stay_apart(snow, servicenow, session):
    alone = {}
    for value, kind in {**KNOWN, **UNKNOWN}.items():
        alone |= rows_of(servicenow, session, {value: kind})
    before = len(snow.asked)
    together = rows_of(servicenow, session, {**KNOWN, **UNKNOWN})
    assert together == alone
    assert len(snow.asked) - before <= 9
    before = len(snow.asked)
    many = rows_of(servicenow, session, {f"10.3.0.{n}": "ipv4" for n in range(250)})
    assert set(many.values()) == {("not found", None)}
    assert len(snow.asked) - before == 10
    assert max(len(asked.params["sysparm_query"]) for asked in snow.asked) < 5000


def test_long_values_share_a_question_only_as_far_as_it_holds_them(snow, servicenow, session):
    names = {f"{'h' * 40}{n}.{'d' * 60}.example": "hostname" for n in range(25)}
    assert {status for status, _ in rows_of(servicenow, session, names).values()} == {"not found"}
    assert len(snow.asked) > 1
    assert max(len(asked.params["sysparm_query"]) for asked in snow.asked) < 6000


def test_what_is_hidden_or_too_much_is_one_values_alone(snow, servicenow, session):
    rows = snow.tables["cmdb_ci_computer"]
    rows += [{**rows[6], "sys_id": f"{n:032x}"} for n in range(3000, 4100)]  # 10.7.7.7
    snow.hidden = {f"{1:032x}"}
    values = {"10.0.0.1": "ipv4", "10.0.0.10": "ipv4", "10.7.7.7": "ipv4", "10.0.0.3": "ipv4"}
    told = rows_of(servicenow, session, values)
    assert told["10.0.0.10"] == ("ok", "WEB10")
    assert told["10.0.0.3"] == ("not found", None)
    assert (told["10.0.0.1"][0], told["10.7.7.7"][0]) == ("failed", "failed")
    assert "may not read" in told["10.0.0.1"][1]
    assert "more than 1,000" in told["10.7.7.7"][1]


def test_a_column_that_is_not_there_costs_no_other_type_its_answer(snow, servicenow, session):
    for row in snow.tables["cmdb_ci_computer"]:
        del row["serial_number"]
    told = rows_of(servicenow, session, {"SN-0001": "serial_number", "db01": "hostname"})
    assert (told["SN-0001"][0], told["db01"]) == ("failed", ("ok", "db01"))
    snow.tables["cmdb_ci"] = [
        {name: text for name, text in row.items() if name != "host_name"}
        for row in snow.tables["cmdb_ci_computer"]
    ]
    assert rows_of(lambda: servicenow(table="cmdb_ci"), session, {"db01": "hostname"}) == {
        "db01": ("ok", "db01")
    }


def test_a_question_that_the_instance_can_not_take_is_asked_in_halves(snow, servicenow, session):
    def picky(asked: Any) -> Answer | None:
        bad = "10.0.0.13" in asked.params.get("sysparm_query", "")
        return Answer(400, json={"error": {"message": "Invalid query"}}) if bad else None

    snow.instead = picky
    told = rows_of(servicenow, session, {f"10.0.0.{n}": "ipv4" for n in (1, 10, 13, 2, 3)})
    assert [status for status, _ in told.values()] == ["ok", "ok", "failed", "not found",
                                                       "not found"]  # fmt: skip
