"""What the base of HTTP providers does with settings."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from huntkit.enrich.ti import Endpoint, Facts, HttpTIProvider, Lookup, TILookup
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer

pytestmark = pytest.mark.filterwarnings("ignore:not everything was answered")


@dataclass(frozen=True, kw_only=True)
class PlannedSettings:
    auth_key: Secret | None = None
    base_url: str = ""
    per_minute: float | None = None
    per_day: int | None = None


class Planned(HttpTIProvider):
    """Has the key in the path, and plans with other limits."""

    name = "Planned"
    takes: ClassVar = {"ipv4": ("",)}
    settings = PlannedSettings
    needs = ("auth_key",)
    base_url = "https://planned.example"
    limits = Limits(per_minute=4, per_day=500)
    endpoints: ClassVar = {("*", ""): Endpoint(path="/{key}/{observable}")}

    def fill(self) -> dict[str, Any]:
        return {"key": self.chosen.auth_key}

    def read(self, lookup: Lookup, reply: Any) -> Facts:
        return Facts(raw=reply.json(), details={"asked": reply.url})


def test_limits_of_a_plan_replace_the_declared_ones():
    session = Session()
    usual = Planned(PlannedSettings(), session)
    paid = Planned(PlannedSettings(per_minute=1000, per_day=0), session)
    assert (usual.limits.per_minute, usual.limits.per_day) == (4, 500)
    assert (paid.limits.per_minute, paid.limits.per_day) == (1000, None)
    assert Planned.limits.per_day == 500


def test_a_key_in_the_path_is_sent_and_never_shown(http_server, tmp_path):
    server = http_server(lambda asked: Answer(403 if "8.8.4.4" in asked.path else 200, json={}))
    key = Secret.held("canary/key ?0123456789")
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as session:
        provider = Planned(PlannedSettings(auth_key=key, base_url=server.url), session)
        lookup = TILookup(primary_providers=[provider], session=session)
        found = lookup.lookup_iocs(["8.8.8.8", "8.8.4.4"])
    targets = {asked.target for asked in server.asked}
    assert targets == {f"/canary%2Fkey%20%3F0123456789/{ip}" for ip in ("8.8.8.8", "8.8.4.4")}
    assert found["Status"].to_list() == ["ok", "failed"]
    assert "canary" not in str(found.to_dicts())
