"""Stand-ins of providers: replies as published, behind the key that the provider wants."""

import base64
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.catalog import provider_class
from huntkit.enrich.ti.provider import TIProvider
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer, Asked

KEY = "canary-key-0123456789abcdef"
DATA = Path(__file__).parents[2] / "data/enrich/ti/providers"

_NOT_WHAT = ("key", "limit", "cursor", "page_size", "organization_id")  # who asks, and how much


class StandIn:
    """Answers from ``replies.json`` of a provider; refuses whoever has not its key.

    Attributes:
        replies: path, with its parameters in order of names -> JSON.
        instead: given a request, another answer; None for the usual one.
        denied: how many requests came without the key.
    """

    def __init__(self, name: str) -> None:
        told = json.loads((DATA / name.lower() / "replies.json").read_text())
        self.name = name
        self.auth: dict[str, Any] = told["auth"]
        self.known: dict[str, str] = told["known"]
        self.unknown: dict[str, str] = told["unknown"]
        self.replies: dict[str, Any] = told["replies"]
        self.miss: dict[str, Any] = told["miss"]
        self.types: dict[str, str] = told["types"]
        self.instead: Callable[[Asked], Answer | None] = lambda asked: None
        self.denied = 0
        self.url = ""

    def __call__(self, asked: Asked) -> Answer:
        if not self._may_ask(asked):
            self.denied += 1
            return Answer(401, json={"error": "wrong key"})
        if (other := self.instead(asked)) is not None:
            return other
        plain = {k: v for k, v in asked.params.items() if k not in _NOT_WHAT}
        query = "&".join(f"{name}={value}" for name, value in sorted(plain.items()))
        path = asked.path.replace(KEY, self.auth.get("path", KEY))
        found = self.replies.get(f"{path}?{query}" if query else path)
        if found is None:
            return Answer(self.miss["status"], json=self.miss["json"])
        media = next((t for start, t in self.types.items() if path.startswith(start)), "")
        if media not in asked.headers.get("accept", ""):
            return Answer(406, json={"error": f"say that you accept {media}"})
        return Answer(json=found, headers={"Content-Type": media or "application/json"})

    def _may_ask(self, asked: Asked) -> bool:
        if "header" in self.auth:
            return asked.headers.get(self.auth["header"]) == KEY
        if "param" in self.auth:
            return asked.params.get(self.auth["param"]) == KEY
        if "path" in self.auth:
            return f"/{KEY}/" in asked.target
        if "basic" in self.auth:
            wanted = base64.b64encode(f"{KEY}-id:{KEY}".encode()).decode()
            return asked.headers.get("authorization") == f"Basic {wanted}"
        if "bearer" in self.auth:
            return asked.headers.get("authorization") == f"Bearer {KEY}"
        return True


def settings_of(kind: type[TIProvider], url: str, **more: Any) -> Any:
    """The settings that lead to a stand-in, without waits between requests."""
    chosen: dict[str, Any] = {"base_url": url}
    for each in fields(kind.settings):
        if each.name == "auth_key" and kind.name != "GreyNoise":
            chosen["auth_key"] = Secret.held(KEY)
        elif each.name == "api_id" and "Secret" in str(each.type):
            chosen["api_id"] = Secret.held(f"{KEY}-id")
        elif each.name.startswith("per_"):
            chosen[each.name] = 0
    return kind.settings(**{**chosen, **more})


@pytest.fixture
def session(tmp_path: Path) -> Any:
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


@pytest.fixture
def stand_in(http_server: Any) -> Callable[[str], StandIn]:
    """The stand-in of a provider, serving."""

    def start(name: str) -> StandIn:
        made = StandIn(name)
        server = http_server(made)
        made.url, made.asked = server.url, server.asked
        return made

    return start


@pytest.fixture
def provider_of(session: Session) -> Callable[..., TIProvider]:
    """The provider that asks a stand-in."""

    def make(stand: StandIn, **settings: Any) -> TIProvider:
        kind = provider_class(stand.name)
        return kind(settings_of(kind, stand.url, **settings), session)

    return make


@pytest.fixture
def ask(session: Session, provider_of: Callable[..., TIProvider]) -> Callable[..., Any]:
    """`ask(stand_in, value, subtype, **settings)`: the row of one look-up, as a dict."""

    def row(stand: StandIn, value: str, subtype: str = "", **settings: Any) -> dict[str, Any]:
        lookup = TILookup(primary_providers=[provider_of(stand, **settings)], session=session)
        found = lookup.lookup_ioc(value, ioc_query_type=subtype, refresh=True).to_dicts()[0]
        assert KEY not in str(found)
        found["Details"] = json.loads(found["Details"])
        return found

    return row
