"""Look-ups of context over real sockets: what each says, what is kept, who is asked."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pytest

from huntkit.core.errors import UnknownPlugin, UsageError
from huntkit.enrich.context import ContextLookup, ContextProvider, HttpContextProvider
from huntkit.enrich.context.catalog import CONTEXT_PROVIDERS
from huntkit.enrich.ti import Endpoint, Facts, HttpTIProvider, Lookup, TILookup
from huntkit.enrich.ti.catalog import TI_PROVIDERS
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_context_provider
from servers import Answer, Asked

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")

KEY = "canary-key-0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class InventorySettings:
    auth_key: Secret | None = None
    base_url: str = ""


class Inventory(HttpContextProvider):
    """Our own list of machines."""

    name = "Inventory"
    takes: ClassVar = {"hostname": ("", "disks"), "ipv4": ("",)}
    settings = InventorySettings
    needs = ("auth_key",)
    base_url = "https://inventory.corp.example"
    limits = Limits(concurrency=4, attempts=1)
    endpoints: ClassVar = {
        ("*", ""): Endpoint(path="/machines/{observable}"),
        ("hostname", "disks"): Endpoint(path="/disks/{observable}"),
    }

    def headers(self) -> dict[str, Any]:
        return {"Key": self.chosen.auth_key}

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        return Facts(details={"owner": reply.json()["owner"]}, raw=reply.json())


def machines(asked: Asked) -> Answer:
    if asked.headers.get("key") != KEY:
        return Answer(403, json={"error": f"{asked.headers} {KEY}"})
    value = asked.path.split("/")[2]
    if value in ("10.0.0.1", "web01"):
        return Answer(json={"owner": "web-team"})
    return Answer(500, json={}) if value == "10.0.0.9" else Answer(404, json={})


@pytest.fixture
def server(http_server: Any) -> Any:
    return http_server(machines)


@pytest.fixture
def lookup(server: Any, session: Session) -> ContextLookup:
    chosen = InventorySettings(auth_key=Secret.held(KEY), base_url=server.url)
    return ContextLookup(primary_providers=[Inventory(chosen, session)], session=session)


def test_each_value_has_a_row_with_the_known_columns(server, lookup):
    found = lookup.lookup_observables(
        ["10.0.0.1", "WEB01", "10.0.0.2", "10.0.0.9", r"CORP\jdoe", "x^y", "WEB01"]
    )
    assert list(found.columns) == [
        "Observable", "ObservableType", "SafeObservable", "QuerySubtype", "Provider", "Result",
        "Details", "RawResult", "Reference", "Status", "StatusCode", "CheckedAt", "Cached",
    ]  # fmt: skip
    assert found.select("SafeObservable", "ObservableType", "Result", "Status").rows() == [
        ("10.0.0.1", "ipv4", True, "ok"),
        ("web01", "hostname", True, "ok"),
        ("10.0.0.2", "ipv4", False, "not found"),
        ("10.0.0.9", "ipv4", False, "failed"),
        (r"corp\jdoe", "user", False, "not supported"),
        ("", "unknown", False, "bad input"),
    ]  # fmt: skip
    assert json.loads(found["Details"][0]) == {"owner": "web-team"}
    assert "canary" not in str(found.to_dicts())
    assert len(server.asked) == 4


def test_frames_types_sub_queries_and_rows_left_out(server, lookup):
    frame = pl.DataFrame({"DeviceName": ["web01", None, "web02"], "Kind": ["host", None, "user"]})
    found = lookup.lookup_observables(frame, "DeviceName", "Kind")
    assert found["Status"].to_list() == ["ok", "bad input", "not supported"]
    few = lookup.lookup_observables(frame, "DeviceName", "Kind", show_not_supported=False)
    assert few["Status"].to_list() == ["ok", "bad input"]
    disks = lookup.lookup_observable("web01", query_type="disks")
    assert server.asked[-1].path == "/disks/web01"
    assert disks["QuerySubtype"].to_list() == ["disks"]
    with pytest.raises(UsageError, match="sub-query"):
        lookup.lookup_observable("web01", query_type="disk")
    with pytest.raises(UsageError, match="hostnam"):
        lookup.lookup_observable("web01", "hostnam")
    with pytest.raises(UsageError, match="which value"):
        lookup.lookup_observable()


def test_answers_are_kept_and_failures_are_not(server, lookup):
    lookup.lookup_observables(["10.0.0.1", "10.0.0.9"])
    again = lookup.lookup_observables(["10.0.0.1", "10.0.0.9"])
    assert again["Cached"].to_list() == [True, False]
    assert len(server.asked) == 3


def test_budgets_dry_runs_levels_and_twins(server, lookup):
    plan = lookup.lookup_observables(["10.0.0.1", "web01", "x^y"], dry_run=True, budget=1)
    assert plan.select("Plan", "Indicators").rows() == [
        ("ask", 1), ("bad input", 1), ("over budget", 1),
    ]  # fmt: skip
    assert not server.asked
    red = lookup.lookup_observables(["10.0.0.1"], tlp="red")
    assert red["Status"].to_list() == ["ok"]
    awaited = asyncio.run(lookup.lookup_observables_async(["web01"]))
    one = asyncio.run(lookup.lookup_observable_async("web01"))
    assert awaited["Status"].to_list() == one["Status"].to_list() == ["ok"]
    assert lookup.lookup_observables_sync(["web01"])["Cached"].to_list() == [True]
    assert lookup.result_to_df(one) is one
    with pytest.raises(UsageError, match="budget=-1 is below zero"):
        lookup.lookup_observables(["web01"], budget=-1)


def test_where_no_provider_is_loaded_it_says_that_nobody_is_asked(session):
    lookup = ContextLookup(session=session)
    with pytest.warns(UserWarning, match="nobody is asked: no primary provider is loaded"):
        assert lookup.lookup_observables(["web01"]).height == 0


def test_nobody_outside_is_asked_about_ones_own(server, session, lookup):
    class Outside(Inventory):
        """Somebody else's list."""

        internal = False

    class Judge(HttpTIProvider):
        """Somebody who judges indicators."""

        name = "Judge"
        takes: ClassVar = {"ipv4": ("",)}
        base_url = server.url
        endpoints: ClassVar = {("*", ""): Endpoint(path="/machines/{observable}")}

        def read(self, lookup: Lookup, reply: Reply) -> Facts:
            return Facts()

    chosen = InventorySettings(auth_key=Secret.held(KEY), base_url=server.url)
    outside = ContextLookup(primary_providers=[Outside(chosen, session)], session=session)
    found = outside.lookup_observables(["10.0.0.1", "web01", "8.8.8.8"])
    assert set(found["Status"]) == {"refused"}
    with pytest.raises(UsageError, match="is no context provider"):
        lookup.add_provider(Judge(None, session))
    with pytest.raises(UsageError, match="is no TI provider"):
        TILookup(providers=[], session=session).add_provider(Inventory(chosen, session))
    assert not server.asked


def test_offline_asks_nobody(server, tmp_path):
    with Session(Settings(cache_dir=tmp_path / "own", frame="polars", offline=True)) as session:
        chosen = InventorySettings(auth_key=Secret.held(KEY), base_url=server.url)
        own = ContextLookup(primary_providers=[Inventory(chosen, session)], session=session)
        assert own.lookup_observable("web01")["Status"].to_list() == ["failed"]
    assert not server.asked


def test_settings_say_who_is_loaded_and_faults_are_told(tmp_path, server):
    file = tmp_path / "huntkit.yaml"
    file.write_text(
        "ContextProviders:\n  ServiceNow:\n    Primary: false\n    Args:\n      Instance: acme\n"
        "      ApiID: hunter\n      AuthKey: env:SNOW\n  AzureResources:\n    Args:\n"
        "      Subscriptions: {a: b}\n"
    )
    with Session(settings_file=file) as session:
        with pytest.warns(UserWarning, match=r"line 10.*Subscriptions"):
            lookup = ContextLookup(session=session)
        assert lookup.configured_providers == ["AzureResources", "ServiceNow"]
        assert list(lookup.loaded_providers) == ["ServiceNow"]
        assert lookup.provider_status[0] == "ServiceNow - secondary"
        assert "AzureResources - not loaded" in lookup.provider_status[1]
        assert lookup.provider("servicenow").chosen.api_id == "hunter"
        assert "serial_number" in lookup.provider_usage()
        with pytest.raises(UnknownPlugin):
            lookup.lookup_observable("web01", providers=["ServiceNew"])


PROVIDER = '''
from huntkit.enrich.context import ContextProvider
from huntkit.enrich.ti import Facts

class Desks(ContextProvider):
    """Who sits where."""
    name = "Desks"
    takes = {"user": ("",)}

    def ask(self, lookup):
        return Facts(details={"desk": 7})
'''


def test_providers_come_from_folders_and_are_switched_off_by_settings(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "desks.py").write_text(PROVIDER)
    (tmp_path / "huntkit.yaml").write_text(
        f"huntkit:\n  frame: polars\n  cache_dir: {tmp_path}\n"
        "  disabled_plugins: [context_provider.servicenow]\n"
    )
    with Session(settings_file=tmp_path / "huntkit.yaml") as session:
        lookup = ContextLookup(provider_folders=[tmp_path / "mine"], session=session)
        assert lookup.available_providers == ["AzureResources", "Desks"]
        found = lookup.lookup_observable("jdoe", "user", providers=["Desks"])
        assert found["Details"].to_list() == ['{"desk":7}']
        with pytest.raises(UsageError, match="switched off"):
            lookup.lookup_observable("jdoe", "user", providers=["ServiceNow"])
        everybody = list(TI_PROVIDERS.available())
        assert TILookup(session=session).available_providers == everybody


def test_every_provider_declares_what_the_contract_asks_for():
    names = CONTEXT_PROVIDERS.modules().names()
    kinds = CONTEXT_PROVIDERS.available()
    assert sorted(name.casefold() for name in kinds) == names
    for kind in kinds.values():
        check_context_provider(kind)


def test_a_provider_of_ones_own_is_checked_too(server, session):
    chosen = InventorySettings(auth_key=Secret.held(KEY), base_url=server.url)
    known = {"10.0.0.1": "ipv4", "web01": "hostname"}
    unknown = {"10.0.0.2": "ipv4"}
    check_context_provider(
        Inventory, settings=chosen, known=known, unknown=unknown, session=session
    )

    class Judging(Inventory):
        """Context that judges."""

        def read(self, lookup: Lookup, reply: Reply) -> Facts:
            return Facts(severity="high", reason="it is bad", details={"a": 1})

    class Silent(Inventory):
        """Context that says nothing."""

        def read(self, lookup: Lookup, reply: Reply) -> Facts:
            return Facts()

    class Elsewhere(Inventory):
        """Of another section."""

        section = "TIProviders"

    class Outside(ContextProvider):
        """Of somebody else."""

        name = "Outside"
        takes: ClassVar = {"host": ("",)}

        def ask(self, lookup: Lookup) -> Facts:
            return Facts()

    for kind, why in ((Judging, "no verdict"), (Silent, "no details"), (Elsewhere, "section")):
        with pytest.raises(AssertionError, match=why):
            check_context_provider(kind, settings=chosen, known=known, session=session)
    with pytest.raises(AssertionError, match="no type of value"):
        check_context_provider(Outside)
