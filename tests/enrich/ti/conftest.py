"""Stand-ins of providers: replies as published, behind the key that the provider wants."""

import base64
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.catalog import available, provider_class
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.provider import TIProvider
from huntkit.runtime.limits import Limits
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


class Everyone:
    """Every provider that has a service, all behind one address, each below its own name.

    Attributes:
        known: provider -> the indicators that it knows, with their types.
        text: what stands in place of a text of a reply, by the text's number and the keys that
            came with the request; None leaves it.
        echo: repeat what was sent, with this status, instead of answering.
        asked: the names of those that were asked with their key.
    """

    def __init__(self) -> None:
        names = [path.parent.name for path in sorted(DATA.glob("*/replies.json"))]
        self.stands = {each.name: each for each in (StandIn(provider_class(n).name) for n in names)}
        told = json.loads((DATA / "others.json").read_text())
        self.others, self.deciding = told["others"], {*told["deciding"]}
        self.known = {name: stand.known for name, stand in self.stands.items()}
        self.known |= {n: {o["asked"]: _type_of(o["asked"])} for n, o in self.others.items()}
        self.text: Callable[[int, str], str] | None = None
        self.echo: int | None = None
        self.asked: set[str] = set()
        self.url = ""

    def __call__(self, asked: Asked) -> Answer:
        name, _, rest = asked.target.removeprefix("/").partition("/")
        here = replace(asked, target=f"/{rest}")
        keys = _keys_in(f"{rest} {asked.headers} {asked.body!r}", asked.headers)
        if keys:
            self.asked.add(name)
        if self.echo is not None:
            text = f"wrong: {asked.target} {asked.headers} {asked.body!r} {keys}"
            return Answer(self.echo, json={"error": text, "message": text, "data": text})
        kept = {*self.stands[name].known} if name in self.stands else self.deciding
        answer = (
            self.stands[name](here)
            if name in self.stands
            else Answer(json=self.others[name]["reply"])
        )
        if self.text is None or answer.status != 200:
            return answer
        return replace(answer, json=self._changed(answer.json, kept, [0], keys))

    def settings(self, name: str, *, keyed: bool = False) -> dict[str, Any]:
        """What leads that provider here, as the arguments of its settings."""
        kind = provider_class(name)
        chosen: dict[str, Any] = {}
        for each in fields(kind.settings):
            if each.name == "base_url":
                chosen["base_url"] = f"{self.url}/{name}"
            elif each.name == "auth_key" and (keyed or name != "GreyNoise"):
                chosen["auth_key"] = Secret.held(KEY)
            elif "Secret" in str(each.type) and each.name != "auth_key":
                chosen[each.name] = Secret.held(KEY if each.name != "api_id" else f"{KEY}-id")
            elif each.name.startswith("per_"):
                chosen[each.name] = 0
        if name == "TAXII":
            chosen |= {"user": "analyst", "collections": ("c-1",)}
        return chosen

    def providers(self, session: Session, *, keyed: bool = False) -> dict[str, TIProvider]:
        """All of them, in no hurry to try again."""
        made = {}
        for name in self.known:
            kind = provider_class(name)
            made[name] = kind(kind.settings(**self.settings(name, keyed=keyed)), session)
            made[name].limits = Limits(concurrency=8, attempts=1)
        return made

    def _changed(self, value: Any, kept: set[str], count: list[int], keys: str) -> Any:
        if isinstance(value, dict):
            return {key: self._changed(each, kept, count, keys) for key, each in value.items()}
        if isinstance(value, list):
            return [self._changed(each, kept, count, keys) for each in value]
        if isinstance(value, str) and value not in kept and self.text is not None:
            count[0] += 1
            return self.text(count[0], keys)
        return value


def _keys_in(sent: str, headers: dict[str, str]) -> str:
    """The keys that came with a request, in the spelling in which they came and bare."""
    name, _, word = headers.get("authorization", "").partition(" ")
    if name == "Basic" and KEY in base64.b64decode(word).decode():
        return f"{KEY} {word}"
    return KEY if KEY in sent else ""


def _type_of(value: str) -> str:
    return item_of(value).ioc_type


@pytest.fixture
def everyone(http_server: Any) -> Everyone:
    """Every provider that has a service; all of them, or the test of all says nothing."""
    made = Everyone()
    services = {n for n, kind in available().items() if hasattr(kind, "base_url")}
    assert services | {"TAXII"} == set(made.known)
    made.url = http_server(made).url
    return made


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
