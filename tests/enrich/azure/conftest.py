"""A session for each test, somebody who is signed in, and a Sentinel workspace on loopback."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from huntkit.enrich.azure.sentinel import MicrosoftSentinel
from huntkit.runtime import Secret, Session, Settings
from huntkit.runtime.clock import Clock
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

TOKEN = "t0ken-of-azure"
WORKSPACE = (
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc"
)
BASE = f"{WORKSPACE}/providers/Microsoft.SecurityInsights/"
INDICATORS = "threatIntelligence/main/indicators"


class Quick(Clock):
    """Waits take no time, and are written down."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def ticks(self) -> float:
        return super().ticks() + sum(self.waited)

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def clock() -> Quick:
    return Quick()


@pytest.fixture
def session(tmp_path: Path, clock: Quick) -> Iterator[Session]:
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars")) as made:
        made.network.clock = clock
        yield made


@pytest.fixture
def identity() -> AzureIdentity:
    return AzureIdentity(token=Secret.held(TOKEN))


class Workspace:
    """Keeps what is put, by path; two things a page; refuses what was changed in between.

    Shaped by the examples that Microsoft publishes for api-version 2025-09-01.
    """

    def __init__(self) -> None:
        self.url = ""
        self.kept: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.refuses: Callable[[Asked], Answer | None] = lambda _: None

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        thing = {**body, "id": BASE + path, "name": path.rsplit("/", 1)[-1],
                 "etag": f'"{self.version}"'}  # fmt: skip
        self.kept[path] = thing
        return thing

    def __call__(self, asked: Asked) -> Answer:
        if (refused := self.refuses(asked)) is not None:
            return refused
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.path.startswith(WORKSPACE), asked.path
        path = asked.path.removeprefix(BASE).removeprefix(WORKSPACE + "/")
        if asked.method == "PUT":
            return self.change(path, asked)
        if asked.method == "DELETE":
            return Answer(status=200 if self.kept.pop(path, None) else 204)
        if asked.method == "POST":
            return self.act(path, asked)
        if path in self.kept:
            return Answer(json=self.kept[path])
        parts = path.split("/")
        if path == "threatIntelligence/main/metrics":
            counts = [{"metricName": "url", "metricValue": 20}]
            facts = {"lastUpdatedTimeUtc": "2020-09-01T19:44:44Z", "patternTypeMetrics": counts}
            return Answer(json={"value": [{"properties": facts}]})
        if len(parts) % 2 == 0 and path != INDICATORS.rsplit("/", 1)[0]:
            return Answer(status=404, json={"error": {"code": "NotFound", "message": path}})
        return self.page(self.below(path), asked, asked.params.get("$skipToken"))

    def change(self, path: str, asked: Asked) -> Answer:
        tag = asked.headers.get("if-match")
        if tag and tag != self.kept.get(path, {}).get("etag"):
            return Answer(status=412, json={"error": {"code": "PreconditionFailed"}})
        status = 200 if path in self.kept else 201
        return Answer(status=status, json=self.put(path, asked.json()))

    def act(self, path: str, asked: Asked) -> Answer:
        if path == "threatIntelligence/main/createIndicator":
            self.version += 1
            return Answer(json=self.put(f"{INDICATORS}/ti-{self.version}", asked.json()))
        if path == "threatIntelligence/main/queryIndicators":
            things = self.below(INDICATORS)
            return self.page(things, asked, asked.json().get("skipToken"))
        if path.endswith("/appendTags"):
            facts = self.kept[path.removesuffix("/appendTags")]["properties"]
            facts.setdefault("threatIntelligenceTags", []).extend(
                asked.json()["threatIntelligenceTags"]
            )
            return Answer(status=200)
        if path.endswith("/entities"):
            return Answer(json={"entities": [{"kind": "Account"}], "metaData": []})
        return Answer(json={"value": [{"kind": "SecurityAlert"}]})

    def below(self, path: str) -> list[dict[str, Any]]:
        return [t for p, t in self.kept.items() if re.fullmatch(re.escape(path) + "/[^/]+", p)]

    def page(self, things: list[dict[str, Any]], asked: Asked, token: str | None) -> Answer:
        start = int(token or 0)
        body: dict[str, Any] = {"value": things[start : start + 2]}
        if start + 2 < len(things):
            body["nextLink"] = f"{self.url}{asked.path}?$skipToken={start + 2}"
        return Answer(json=body)


@pytest.fixture
def server(http_server: Callable[..., Any]) -> Any:
    handler = Workspace()
    made = http_server(handler)
    handler.url = made.url
    made.workspace = handler
    return made


@pytest.fixture
def workspace(server: Any) -> Workspace:
    found: Workspace = server.workspace
    return found


@pytest.fixture
def sentinel(server: Any, session: Session, identity: AzureIdentity) -> MicrosoftSentinel:
    return MicrosoftSentinel(WORKSPACE, identity=identity, session=session, base_url=server.url)
