"""Look-ups over real sockets: what each failure does, and what it does not do to others."""

import json
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import polars as pl
import pytest

from huntkit.core.errors import UnknownPlugin, UsageError
from huntkit.enrich.ti import Endpoint, Facts, HttpTIProvider, Lookup, TILookup, TIProvider
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer, Asked

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


@dataclass(frozen=True, kw_only=True)
class KnownSettings:
    base_url: str = ""
    auth_key: Secret | None = None


class Known(HttpTIProvider):
    """A provider that knows addresses and names."""

    name = "Known"
    takes: ClassVar = {"ipv4": ("", "passivedns"), "dns": ("",)}
    settings = KnownSettings
    base_url = "https://known.example"
    limits = Limits(concurrency=50, attempts=2)
    endpoints: ClassVar = {
        ("*", ""): Endpoint(path="/v1/{observable}"),
        ("ipv4", "passivedns"): Endpoint(path="/v1/{observable}/dns"),
    }

    def headers(self) -> dict[str, Any]:
        return {"X-Key": self.chosen.auth_key} if self.chosen.auth_key else {}

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        body = reply.json()
        score = body["score"]
        severity = "high" if score > 50 else "information"
        return Facts(severity=severity, reason=f"score {score}", details={"score": score},
                     raw=body, reference=f"https://known.example/{lookup.value}")  # fmt: skip


class Second(Known):
    """The same under another name."""

    name = "Second"


class Third(Known):
    """And once more."""

    name = "Third"


def service(asked: Asked) -> Answer:
    value = asked.path.split("/")[2]
    if value.startswith("9."):
        return Answer(404, json={"error": "not found"})
    return Answer(json={"score": 90 if value.endswith("6") else 10, "value": value})


@pytest.fixture
def session(tmp_path) -> Any:
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


def lookup_of(session: Session, *providers: TIProvider, **options: Any) -> TILookup:
    return TILookup(primary_providers=providers, session=session, **options)


def known(session: Session, url: str, kind: type[Known] = Known, **settings: Any) -> Known:
    return kind(KnownSettings(base_url=url, **settings), session)


SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ADDRESSES = [f"8.8.{n // 250}.{n % 250 + 1}" for n in range(200)]


def test_rows_say_what_was_answered_and_nothing_else_reads_as_clean(http_server, session):
    server = http_server(service)
    lookup = lookup_of(session, known(session, server.url))
    found = lookup.lookup_iocs(
        ["8.8.8.6", "8[.]8[.]8[.]8", "9.9.9.9", "10.0.0.1", "nonsense!", SHA256, "x.example.com"]
    )
    assert list(found.columns) == [
        "Ioc", "IocType", "SafeIoc", "QuerySubtype", "Provider", "Result", "Severity", "Details",
        "RawResult", "Reference", "Status", "StatusCode", "CheckedAt", "Cached",
    ]  # fmt: skip
    assert found.select("SafeIoc", "Result", "Severity", "Status", "StatusCode").rows() == [
        ("8.8.8.6", True, "high", "ok", 0),
        ("8.8.8.8", True, "information", "ok", 0),
        ("9.9.9.9", False, "unknown", "not found", 4),
        ("10.0.0.1", False, "unknown", "refused", 10),
        ("", False, "unknown", "bad input", 2),
        (SHA256, False, "unknown", "not supported", 1),
        ("x.example.com", True, "information", "ok", 0),
    ]  # fmt: skip
    assert found["Ioc"][1] == "8[.]8[.]8[.]8"
    assert json.loads(found["Details"][0]) == {"score": 90, "reason": "score 90"}
    assert "private address stays here" in found["Details"][3]
    assert {asked.path for asked in server.asked} == {
        "/v1/8.8.8.6", "/v1/8.8.8.8", "/v1/9.9.9.9", "/v1/x.example.com",
    }  # fmt: skip


FAULTS = {
    "refused": (None, "failed"),
    "timeout": (Answer(wait_s=5), "failed"),
    "401": (Answer(401, json={}), "failed"),
    "403": (Answer(403, json={}), "failed"),
    "429 with Retry-After": (Answer(429, headers={"Retry-After": "900"}), "rate limited"),
    "429 without": (Answer(429, json={}), "rate limited"),
    "500": (Answer(500, json={}), "failed"),
    "cut body": (Answer(body=b'{"score": 1', length=100), "failed"),
    "HTML": (Answer(body="<html>login</html>", headers={"Content-Type": "text/html"}), "failed"),
    "wrong shape": (Answer(json=["score"]), "failed"),
}


@pytest.mark.parametrize(
    "place", [pytest.param(0, marks=pytest.mark.long), 1, pytest.param(2, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_providers_failure_costs_no_other_answer(http_server, session, fault, place):
    answer, status = FAULTS[fault]
    good = http_server(service)
    broken = http_server(answer) if answer is not None else None
    url = broken.url if broken else "http://127.0.0.1:1"
    kinds = [Known, Second, Third]
    providers = [known(session, good.url, kind) for kind in kinds]

    class Broken(kinds[place]):
        """The one that fails; impatient, so that the test is quick."""

        limits = Limits(
            concurrency=50, attempts=1, read_timeout_s=0.3 if fault == "timeout" else 20
        )

    providers[place] = known(session, url, Broken)
    found = lookup_of(session, *providers).lookup_iocs(ADDRESSES)
    assert found.height == 3 * len(ADDRESSES)
    assert found.select("SafeIoc", "Provider").is_duplicated().sum() == 0
    by_provider = dict(found.group_by("Provider").agg(pl.col("Status").unique()).iter_rows())
    name = kinds[place].name
    assert by_provider.pop(name) == [status]
    assert by_provider == {kind.name: ["ok"] for kind in kinds if kind.name != name}
    rows = found.filter(pl.col("Provider") == name)
    assert set(rows["Severity"]) == {"unknown"}
    assert not rows["Result"].any()
    assert all(json.loads(text)["reason"] for text in rows["Details"])


def test_answers_are_kept_with_their_age_and_failures_never_are(http_server, session):
    answers = {"8.8.8.8": Answer(500, json={})}
    server = http_server(
        lambda asked: answers.get(asked.path.split("/")[2]) or service(asked)
    )  # fmt: skip
    lookup = lookup_of(session, known(session, server.url))
    first = lookup.lookup_iocs(["8.8.8.6", "8.8.8.8", "9.9.9.9"])
    before = len(server.asked)
    answers.clear()
    second = lookup.lookup_iocs(["8.8.8.6", "8.8.8.8", "9.9.9.9"])
    assert [asked.path for asked in server.asked[before:]] == ["/v1/8.8.8.8"]
    assert second["Cached"].to_list() == [True, False, True]
    assert first["CheckedAt"][0] == second["CheckedAt"][0] < second["CheckedAt"][1]
    assert second["Status"].to_list() == ["ok", "ok", "not found"]
    assert first["Details"][0] == second["Details"][0]
    lookup.lookup_iocs(["8.8.8.6"], refresh=True)
    assert len(server.asked) == before + 2


def test_sub_queries_budget_and_dry_run(http_server, session):
    server = http_server(service)
    lookup = lookup_of(session, known(session, server.url))
    dns = lookup.lookup_iocs(["8.8.8.6", "x.example.com"], ioc_query_type="passivedns")
    assert dns.select("QuerySubtype", "Status").rows() == [
        ("passivedns", "ok"), ("passivedns", "not supported"),
    ]  # fmt: skip
    forecast = lookup.lookup_iocs(ADDRESSES, dry_run=True, budget=5)
    assert forecast.select("Plan", "Questions", "Indicators").rows() == [
        ("ask", 5, 5), ("over budget", 0, 195),
    ]  # fmt: skip
    assert forecast["Values"][0].to_list() == ADDRESSES[:5]
    assert len(server.asked) == 1
    some = lookup.lookup_iocs(ADDRESSES, budget={"known": 5})
    assert some["Status"].value_counts(sort=True).rows() == [("failed", 195), ("ok", 5)]
    assert "budget of 5" in some.filter(pl.col("Status") == "failed")["Details"][0]


def test_tlp_and_internal_providers(http_server, session):
    class Inside(Known):
        """Our own."""

        name = "Inside"
        internal = True

    server = http_server(service)
    lookup = lookup_of(session, known(session, server.url), known(session, server.url, Inside))
    red = lookup.lookup_iocs(["8.8.8.8"], tlp="red")
    assert red.select("Provider", "Status").rows() == [("Known", "refused"), ("Inside", "ok")]
    private = lookup.lookup_iocs(["10.0.0.1"])
    assert private["Status"].to_list() == ["refused", "ok"]
    open_to_all = lookup_of(session, known(session, server.url), tlp_max={"Known": "red"})
    assert open_to_all.lookup_iocs(["8.8.4.4"], tlp="red")["Status"].to_list() == ["ok"]


def test_offline_asks_nobody(http_server, tmp_path):
    server = http_server(service)
    with Session(Settings(cache_dir=tmp_path, frame="polars", offline=True)) as session:
        found = lookup_of(session, known(session, server.url)).lookup_iocs(["8.8.8.8"])
    assert found["Status"].to_list() == ["failed"]
    assert "offline" in found["Details"][0].casefold()
    assert not server.asked


def test_providers_are_switched_on_and_off(session):
    lookup = lookup_of(session, known(session, "https://known.example"))
    lookup.add_provider(known(session, "https://second.example", Second), primary=False)
    assert list(lookup.loaded_providers) == ["Known", "Second"]
    assert list(lookup.asked_providers(prov_scope="secondary")) == ["Second"]
    lookup.disable_provider("known")
    assert lookup.provider_status == ["Second - secondary", "Known - disabled"]
    lookup.set_provider_state({"Known": True, "Second": False})
    assert list(lookup.loaded_providers) == ["Known"]
    with pytest.raises(UnknownPlugin):
        lookup.disable_provider("Knwon")
    with pytest.raises(UnknownPlugin):
        lookup.lookup_iocs(["8.8.8.8"], providers=["nobody"])
    with pytest.raises(UsageError, match="prov_scope"):
        lookup.lookup_iocs(["8.8.8.8"], prov_scope="al")
    assert "Known: A provider that knows" in lookup.provider_usage()


def test_batches_are_asked_at_once_and_what_is_left_out_failed(session):
    class Many(TIProvider):
        """Takes fifty at once."""

        name = "Many"
        takes: ClassVar = {"ipv4": ("",)}
        batch = 50
        asked: ClassVar[list[int]] = []

        def ask(self, lookup: Lookup) -> Facts:
            raise AssertionError

        def ask_many(self, lookups: Any) -> Any:
            self.asked.append(len(lookups))
            return {each: Facts(severity="warning") for each in lookups[1:]}

    found = lookup_of(session, Many(None, session)).lookup_iocs(ADDRESSES[:120])
    assert sorted(Many.asked) == [20, 50, 50]
    assert found["Status"].value_counts(sort=True).rows() == [("ok", 117), ("failed", 3)]


def test_stopping_keeps_what_arrived(session):
    class Slow(TIProvider):
        """Somebody presses the button while it is asked."""

        name = "Slow"
        takes: ClassVar = {"ipv4": ("",)}
        limits = Limits(concurrency=1)

        async def ask(self, lookup: Lookup) -> Facts:
            return Facts(severity="warning")

    class Stopping:
        def task(self, *args: Any, **more: Any) -> Any:
            return self

        def __enter__(self) -> Any:
            self.count = 0
            return self

        def __exit__(self, *args: object) -> None: ...

        def advance(self, count: float = 1) -> None:
            self.count += 1

        def check_cancelled(self) -> None:
            if self.count == 3:
                raise KeyboardInterrupt

    session.progress = Stopping()
    found = lookup_of(session, Slow(None, session)).lookup_iocs(ADDRESSES[:10])
    assert found.height == 10
    assert found["Status"].value_counts(sort=True).rows()[0] == ("failed", 7)
    assert "stopped" in found["Details"][9]


def test_pandas_has_details_as_objects_and_hostile_values_stay_values(http_server, tmp_path):
    server = http_server(service)
    with Session(Settings(cache_dir=tmp_path)) as session:
        lookup = lookup_of(session, known(session, server.url))
        found = lookup.lookup_ioc("8.8.8.6")
        assert found["Details"][0] == {"score": 90, "reason": "score 90"}
        assert found["RawResult"][0]["value"] == "8.8.8.6"
        assert str(found["CheckedAt"].dtype) == "datetime64[us, UTC]"
        odd = lookup.lookup_ioc("http://evil.example.com/../../admin?x={observable}#y", "url")
    assert odd["Status"][0] == "not supported"
    assert len(server.asked) == 1


def test_a_failure_always_warns(http_server, session):
    lookup = lookup_of(session, known(session, "http://127.0.0.1:1"))
    with pytest.warns(UserWarning, match="Known: 1 failed"):
        lookup.lookup_iocs(["8.8.8.8"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lookup_of(session, known(session, http_server(service).url, Second)).lookup_iocs(
            ["1.1.1.1"]
        )


def test_keys_stay_secret(http_server, session):
    server = http_server(Answer(403, json={"message": "key canary-key-0123456789 is bad"}))
    provider = known(session, server.url, auth_key=Secret.held("canary-key-0123456789"))
    lookup = lookup_of(session, provider)
    found = lookup.lookup_iocs(["8.8.8.8"])
    assert server.asked[0].headers["x-key"] == "canary-key-0123456789"
    shown = f"{found.to_dicts()} {provider!r} {lookup.provider_status} {provider.chosen!r}"
    assert "canary" not in shown


def test_times_are_the_callers(session):
    class Timed(TIProvider):
        """Knows times."""

        name = "Timed"
        takes: ClassVar = {"ipv4": ("",)}
        takes_times = True
        seen: ClassVar[list[Lookup]] = []

        def ask(self, lookup: Lookup) -> Facts:
            self.seen.append(lookup)
            return Facts()

    lookup = lookup_of(session, Timed(None, session))
    lookup.lookup_iocs(["8.8.8.8"], start="2024-05-01", end="2024-05-02")
    (asked,) = Timed.seen
    assert asked.start == datetime(2024, 5, 1, tzinfo=UTC)
    assert asked.end == datetime(2024, 5, 2, tzinfo=UTC)


def test_one_end_of_a_range_is_enough(session):
    class Timed(TIProvider):
        """Knows times."""

        name = "Timed"
        takes: ClassVar = {"ipv4": ("",)}
        takes_times = True

        def ask(self, lookup: Lookup) -> Facts:
            return Facts(details={"asked": [str(lookup.start), str(lookup.end)]})

    lookup = lookup_of(session, Timed(None, session))

    def asked(**times: Any) -> tuple[list[str], bool]:
        row = lookup.lookup_ioc("8.8.8.8", **times).to_dicts()[0]
        return json.loads(row["Details"])["asked"], row["Cached"]

    first = "2019-05-01 00:00:00+00:00"
    assert asked(end="2019-05-01") == (["None", first], False)
    assert asked(start="2019-05-01") == ([first, "None"], False)
    assert asked(start="2019-05-01") == ([first, "None"], True)
    assert asked() == (["None", "None"], False)
    with pytest.raises(UsageError, match="before the start"):
        asked(start="2019-05-02", end="2019-05-01")


def test_what_can_not_be_meant_is_said(session):
    lookup = lookup_of(session, known(session, "https://known.example"))
    with pytest.raises(UsageError, match="below zero"):
        lookup.lookup_ioc("8.8.8.8", budget={"known": -1})
    with pytest.raises(UsageError, match="int holds no indicators"):
        lookup.lookup_iocs(7)
    with pytest.warns(UserWarning, match="no secondary provider is loaded"):
        assert lookup.lookup_ioc("8.8.8.8", prov_scope="secondary").is_empty()


def test_many_are_asked_at_once(http_server, session):
    server = http_server(lambda asked: Answer(json={"score": 1}, wait_s=0.2))
    providers = [known(session, server.url, kind) for kind in (Known, Second, Third)]
    found = lookup_of(session, *providers).lookup_iocs(ADDRESSES)
    assert set(found["Status"]) == {"ok"}
    assert server.most_under_way > 60  # of 150; one provider alone has 50
